import postgres from "postgres";
import type { PreflightOutcome, ProjectPreflight } from "../model/project.ts";
import { type ItemReport, itemReportSchema, type PreflightContext, type PreflightItem } from "./item.ts";
import { activity } from "./items/activity.ts";
import { approvals } from "./items/approvals.ts";
import { dependencies } from "./items/dependencies.ts";
import { replication } from "./items/replication.ts";
import { restorePoint } from "./items/restore-point.ts";
import { rights } from "./items/rights.ts";
import { server } from "./items/server.ts";
import { space } from "./items/space.ts";
import { state } from "./items/state.ts";
import { traffic } from "./items/traffic.ts";

/** The engine's own, around those of the project, in the order in which they are told. */
const before: readonly PreflightItem[] = [server, rights, state];
const after: readonly PreflightItem[] = [
  dependencies,
  activity,
  traffic,
  space,
  replication,
  restorePoint,
  approvals,
];

/** What keeps from looking, by SQLSTATE: rights, or somebody's lock on a whole table. */
const obstacles: Readonly<Record<string, { expected: string; remedy: string }>> = {
  "42501": { expected: "visible to this role", remedy: "Connect as the owner of the tables." },
  "55P03": { expected: "readable", remedy: "Wait until the session that holds the table is done." },
};

/** An item that cannot be looked at is not known to be well: it blocks. */
async function look(item: PreflightItem, context: PreflightContext): Promise<PreflightOutcome> {
  try {
    // Else a statement that fails would take the transaction, and every later item, with it.
    return await context.sql.savepoint((sql) => item.run({ ...context, sql }));
  } catch (error) {
    const obstacle = error instanceof postgres.PostgresError ? obstacles[error.code] : undefined;
    if (!(error instanceof postgres.PostgresError) || obstacle === undefined) throw error;
    return {
      evidence: "could not be looked at",
      findings: [
        {
          check: `${item.id}.unknown`,
          severity: "error",
          object: item.title,
          actual: error.message,
          ...obstacle,
        },
      ],
    };
  }
}

function verdict({ findings }: PreflightOutcome): ItemReport["verdict"] {
  if (findings.some(({ severity }) => severity === "error")) return "block";
  return findings.some(({ severity }) => severity === "warning") ? "warn" : "pass";
}

/** Looks at every item in turn, the project's among them. Writes nothing: see `PreflightContext.sql`. */
export async function runItems(
  own: readonly ProjectPreflight[],
  context: PreflightContext,
): Promise<ItemReport[]> {
  const items: readonly PreflightItem[] = [
    ...before,
    ...own.map(({ id, title, run }): PreflightItem => ({ id, title, run: ({ sql }) => run(sql) })),
    ...after,
  ];
  const reports: ItemReport[] = [];
  for (const item of items) {
    const outcome = await look(item, context);
    const { evidence, findings } = outcome;
    const { id, title } = item;
    reports.push(itemReportSchema.parse({ id, title, verdict: verdict(outcome), evidence, findings }));
  }
  return reports;
}
