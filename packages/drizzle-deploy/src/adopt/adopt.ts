import { randomUUID } from "node:crypto";
import { type Catalog, compareCatalogs, readCatalog } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Project } from "../model/project.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import type { Accepted } from "../records/acceptance.ts";
import { defaultExecutor } from "../records/executor.ts";
import { writeJournal } from "../records/journal.ts";
import { beginDeployment, ensureRecords, finishDeployment } from "../records/records.ts";
import { openSession } from "../run/session.ts";
import { type Assessment, type AssessmentOptions, assessDatabase } from "./assess.ts";
import { type BaselineReport, baselineReportSchema, driftFindings } from "./baseline-report.ts";
import { tableSettingFindings } from "./table-settings.ts";

/** How a database is adopted. */
export interface BaselineOptions {
  /** The migration at which the database is said to stand. Where left out, the one that what is there proves. */
  readonly at?: string;
  /** Look and say, and write nothing. */
  readonly dryRun?: boolean;
  /** Objects that may be wrong after the deployment as they are now, by the names that the report gives them. */
  readonly accept?: readonly string[];
  /** Who adopts it. Default: whoever runs this process. */
  readonly executor?: string | undefined;
  /** Shown what was found where the database can be adopted, before anything is written; false stops there. */
  readonly confirm?: ((report: BaselineReport) => Promise<boolean>) | undefined;
}

/** What is found before anything is written. */
interface Survey {
  readonly report: BaselineReport;
  readonly actual: Catalog;
  /** To be recorded as applied. */
  readonly applied: readonly Migration[];
  readonly accepted: readonly Accepted[];
}

async function survey(project: Project, sql: Sql, options: AssessmentOptions): Promise<Survey> {
  const assessment = await assessDatabase(sql, project, options);
  const { actual, applied, pending, drift, inTheWay } = assessment;
  requireOwner(assessment);
  const tags = (migrations: readonly Migration[]): string[] => migrations.map(({ tag }) => tag);
  const nothing = {
    point: applied.at(-1)?.tag ?? null,
    recorded: [],
    pending: tags(pending),
    evidence: [],
    choices: [],
    inTheWay: [],
    replaced: [],
    settled: [],
    untouched: [],
  };
  const none = { actual, applied: [], accepted: [] };
  if (assessment.is === "adopted") return { ...none, report: { ...nothing, outcome: "already adopted" } };
  if (assessment.is === "empty") return { ...none, report: { ...nothing, outcome: "empty" } };
  const last = pending.at(-1) ?? applied.at(-1);
  const ours = last ? project.expectedCatalog(last.tag) : actual;
  const held = new Set(inTheWay.map(({ object }) => object));
  const isElsewhere = ({ object }: { readonly object: string }): boolean => !held.has(object);
  const report = baselineReportSchema.parse({
    ...nothing,
    outcome: inTheWay.length > 0 ? "refused" : "adoptable",
    recorded: inTheWay.length > 0 ? [] : tags(applied),
    evidence: assessment.evidence,
    choices: assessment.choices,
    inTheWay,
    replaced: assessment.replaced.filter(isElsewhere),
    settled: driftFindings("settled", drift.settled).filter(isElsewhere),
    untouched: [
      ...driftFindings("untouched", drift.untouched).filter(isElsewhere),
      ...(await tableSettingFindings(sql, ours, project.schemas)),
    ],
  });
  return { report, actual, applied, accepted: assessment.accepted };
}

/**
 * Somebody who owns nothing of what the pending migrations change is not who is to deploy them.
 * @throws DeployError PERMISSION_DENIED
 */
function requireOwner({ actual: { tables, server }, inTheWay }: Assessment): void {
  const foreign = inTheWay.filter(({ check }) => check === "adoption.owner");
  const others = new Set(foreign.map(({ object }) => object));
  const owners = new Set(tables.map(({ owner }) => owner));
  const isOwner = tables.some(({ schema, name }) => !others.has(`${schema}.${name}`));
  if (foreign.length === 0 || isOwner) return;
  throw new DeployError(
    "PERMISSION_DENIED",
    `${server.role} owns none of the tables, nor is it a member of a role that does: ${[...owners].join(", ")}`,
    "Connect as the role that owns the objects (on Supabase: postgres).",
  );
}

/**
 * Adopts a database that exists and that Drizzle has never seen: finds by what it shows of each migration where it stands,
 * and where nothing is in the way of the pending ones, records those up to that point as applied, running none of their
 * SQL. What the database has beyond the project's objects does not matter.
 *
 * @throws DeployError as `connect`, USAGE, FILE_MISSING, FILE_INVALID; where it is not a dry run POOLER and
 * DEPLOYMENT_RUNNING too
 */
export async function baseline(
  project: Project,
  url: DatabaseUrl,
  { at, dryRun = false, accept, executor = defaultExecutor(), confirm }: BaselineOptions = {},
): Promise<BaselineReport> {
  const options = { at, accept, by: executor };
  if (dryRun) {
    const sql = await connect(url, { applicationName: `${project.names.command} baseline` });
    return survey(project, sql, options)
      .then(({ report }) => report)
      .finally(() => sql.end({ timeout: 1 }));
  }
  const id = randomUUID();
  const session = await openSession(url, { kind: "baseline", names: project.names, id });
  const { sql } = session;
  try {
    const { report, actual, applied, accepted } = await survey(project, sql, options);
    if (report.outcome !== "adoptable") return report;
    if (confirm) {
      if (!(await confirm(report))) return report;
      // Whoever was asked may have taken hours over it.
      const now = await readCatalog(sql, { schemas: project.schemas });
      if (compareCatalogs(actual, now, { owners: true }).length > 0) throw changedMeanwhile(project);
    }
    await ensureRecords(
      sql,
      project.names,
      journalTableOf(project),
      readMigrations(project.migrationsFolder),
    );
    await beginDeployment(sql, project.names, {
      id,
      kind: "baseline",
      project: project.name,
      executor,
      before: actual,
    });
    await sql.begin(async (transaction) => {
      await session.verify(transaction);
      await writeJournal(transaction, applied, journalTableOf(project));
      await finishDeployment(transaction, project.names, id, "completed", {
        point: report.point,
        recorded: report.recorded,
        migrations: applied.map(({ statements: _, ...migration }) => migration),
        replaced: report.replaced,
        ...(accepted.length > 0 ? { accepted } : {}),
      });
    });
    return { ...report, outcome: "adopted" };
  } finally {
    await session.end();
  }
}

const changedMeanwhile = ({ names: { command } }: Project): DeployError =>
  new DeployError(
    "PLAN_OUTDATED",
    "the database was changed while a question was open. Nothing was written",
    `Run ${command} baseline again, and look at what it says now.`,
  );
