import { drizzleJournal } from "../../packages/drizzle-deploy/src/model/journal-table.ts";
import type { Plan } from "../../packages/drizzle-deploy/src/model/step.ts";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { beginDeployment, ensureRecords } from "../../packages/drizzle-deploy/src/records/records.ts";
import type { DeploymentEvent } from "../../packages/drizzle-deploy/src/run/events.ts";
import {
  type ExecuteOptions,
  type Execution,
  executePlan,
} from "../../packages/drizzle-deploy/src/run/execute.ts";
import { openSession } from "../../packages/drizzle-deploy/src/run/session.ts";
import { spfpNames } from "../../src/spfp.ts";

/** Runs a plan as a deployment of its own. */
export async function execute(
  url: DatabaseUrl,
  plan: Plan,
  options: Partial<ExecuteOptions> = {},
): Promise<Execution> {
  const session = await openSession(url, { kind: "deploy", names: spfpNames });
  try {
    await ensureRecords(session.sql, spfpNames);
    await beginDeployment(session.sql, spfpNames, {
      id: session.id,
      kind: "deploy",
      project: plan.project,
      mode: "quick",
      executor: "test",
      plan,
    });
    return await executePlan(session, plan, {
      names: spfpNames,
      journal: drizzleJournal,
      lockTimeout: 1000,
      blockTimeout: 5000,
      giveUpAfter: 30_000,
      parallel: 2,
      observer: () => {},
      ...options,
    });
  } finally {
    await session.end();
  }
}

/** Events of a deployment, which can be waited for. */
export function listen() {
  const events: DeploymentEvent[] = [];
  const waiting: { isIt: (event: DeploymentEvent) => boolean; tell: (event: DeploymentEvent) => void }[] = [];
  return {
    events,
    observer: (event: DeploymentEvent): void => {
      events.push(event);
      for (const { isIt, tell } of waiting) if (isIt(event)) tell(event);
    },
    /** The events of a type that have been. */
    of: <Type extends DeploymentEvent["type"]>(type: Type): Extract<DeploymentEvent, { type: Type }>[] =>
      events.filter((event): event is Extract<DeploymentEvent, { type: Type }> => event.type === type),
    /** Resolves with the next event of a type, or the first that was already. */
    next: (type: DeploymentEvent["type"]): Promise<DeploymentEvent> =>
      new Promise((resolve) => {
        const isIt = (event: DeploymentEvent) => event.type === type;
        const already = events.find(isIt);
        if (already) resolve(already);
        else waiting.push({ isIt, tell: resolve });
      }),
  };
}
