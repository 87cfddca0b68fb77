import { z } from "zod";
import {
  type RehearsalRecord,
  recordRehearsal,
  rehearsalRecordSchema,
} from "../approvals/rehearsal-record.ts";
import { runOnScratch } from "../catalog/index.ts";
import { deploy } from "../deploy/deploy.ts";
import { DeployError } from "../findings/errors.ts";
import { deploymentReportSchema } from "../model/deployment-report.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Project } from "../model/project.ts";
import { hazardNames } from "../model/step.ts";
import { planFor } from "../plan/plan.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import { writeJournal } from "../records/journal.ts";
import { readState } from "../records/migration-state.ts";
import { rollback, rollbackReportSchema } from "../rollback/rollback.ts";

/** What a rehearsal saw, as `--json` prints it. */
export const rehearsalReportSchema = z.strictObject({
  /** Whether it went there, back and there again, with everything as it should be each time. */
  ok: z.boolean(),
  project: z.string(),
  from: z.string().nullable(),
  /** The last migration; null where none is pending. */
  to: z.string().nullable(),
  /** Whether the rehearsed plan is the one that the database gets: it differs where the database has drifted. */
  isSamePlan: z.boolean(),
  deployment: deploymentReportSchema.nullable(),
  rollback: rollbackReportSchema.nullable(),
  /** Why it could not be rolled back, where it was refused. */
  refusal: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }).nullable(),
  again: deploymentReportSchema.nullable(),
  /** That the plan ran to its end: what enterprise mode asks for. Null where it did not. */
  record: rehearsalRecordSchema.nullable(),
});

export type RehearsalReport = z.infer<typeof rehearsalReportSchema>;

/** What is told while it goes on. */
export type RehearsalPhase = "prepare" | "deploy" | "roll back" | "deploy again";

/** Brings an empty database to where another one stands, as Drizzle would have. */
async function prepare(
  sql: Sql,
  project: Project,
  applied: Parameters<typeof writeJournal>[1],
): Promise<void> {
  if (applied.length === 0) return;
  const connection = await sql.reserve();
  try {
    await runOnScratch(connection, applied, async () => {});
    await writeJournal(connection, applied, journalTableOf(project));
  } finally {
    connection.release();
  }
}

/**
 * Rehearses what a deployment to a database would do: in an empty database that is brought to where it stands, the
 * pending migrations are deployed and validated, rolled back, and deployed again. The database itself is only read.
 *
 * @param target the database that the plan is for
 * @param scratch an empty database that is used for nothing else
 * @param options.allow hazards that the deployment accepts, as of `deploy`
 * @throws DeployError as `planFor` and `deploy`; PLAN_BLOCKED for a hazard that is not allowed
 */
export async function rehearse(
  project: Project,
  target: Sql,
  scratch: DatabaseUrl,
  {
    allow = [],
    tell = () => {},
  }: {
    readonly allow?: readonly string[];
    readonly tell?: (phase: RehearsalPhase) => void;
  } = {},
): Promise<RehearsalReport> {
  const { applied, pending } = await readState(target, project);
  const plan = await planFor(target, project, allow);
  const nothing = {
    ok: true,
    project: project.name,
    from: plan.from,
    to: plan.to,
    isSamePlan: true,
    deployment: null,
    rollback: null,
    refusal: null,
    again: null,
    record: null,
  };
  if (pending.length === 0) return nothing;
  tell("prepare");
  const sql = await connect(scratch, { applicationName: `${project.names.command} rehearse` });
  await prepare(sql, project, applied).finally(() => sql.end());
  const options = { mode: "quick", backupId: "a rehearsal: nothing to restore", allow } as const;
  tell("deploy");
  const deployment = await deploy(project, scratch, options);
  const isDeployed = deployment.ok;
  const record: RehearsalRecord | null = isDeployed ? recordRehearsal(deployment) : null;
  const so = { ...nothing, isSamePlan: deployment.plan.id === plan.id, deployment, record };
  if (!isDeployed) return { ...so, ok: false };
  tell("roll back");
  let back: Awaited<ReturnType<typeof rollback>>;
  try {
    back = await rollback(project, scratch, {
      scope: "all",
      approvedBy: "a rehearsal",
      // There are no clients, and no rows, that could suffer.
      allow: hazardNames.filter((name) => name !== "unsupported"),
    });
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    const { code, message, remedy } = error;
    return { ...so, ok: false, refusal: { code, message, remedy } };
  }
  if (!back.ok) return { ...so, ok: false, rollback: back };
  tell("deploy again");
  const again = await deploy(project, scratch, options);
  return { ...so, ok: again.ok, rollback: back, again };
}
