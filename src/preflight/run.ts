import postgres from "postgres";
import {
  type ItemReport,
  itemReportSchema,
  type Outcome,
  type PreflightContext,
  type PreflightItem,
} from "./item.ts";
import { activity } from "./items/activity.ts";
import { approvals } from "./items/approvals.ts";
import { dependencies } from "./items/dependencies.ts";
import { duplicates } from "./items/duplicates.ts";
import { replication } from "./items/replication.ts";
import { restorePoint } from "./items/restore-point.ts";
import { rights } from "./items/rights.ts";
import { server } from "./items/server.ts";
import { space } from "./items/space.ts";
import { state } from "./items/state.ts";
import { traffic } from "./items/traffic.ts";

const items: readonly PreflightItem[] = [
  server,
  rights,
  state,
  duplicates,
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
  "55P03": { expected: "readable", remedy: "Wait until whoever holds the table is done." },
};

/** An item that cannot be looked at is not known to be well: it blocks. */
async function look(item: PreflightItem, context: PreflightContext): Promise<Outcome> {
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

function verdict({ findings }: Outcome): ItemReport["verdict"] {
  if (findings.some(({ severity }) => severity === "error")) return "block";
  return findings.some(({ severity }) => severity === "warning") ? "warn" : "pass";
}

/** Looks at every item in turn. Writes nothing: see `PreflightContext.sql`. */
export async function runItems(context: PreflightContext): Promise<ItemReport[]> {
  const reports: ItemReport[] = [];
  for (const item of items) {
    const outcome = await look(item, context);
    const { evidence, findings } = outcome;
    const { id, title } = item;
    reports.push(itemReportSchema.parse({ id, title, verdict: verdict(outcome), evidence, findings }));
  }
  return reports;
}
