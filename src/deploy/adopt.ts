import { randomUUID } from "node:crypto";
import type { Catalog } from "../catalog/index.ts";
import type { Migration } from "../migrations/index.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import { type BaselineReport, baselineReportSchema, driftFindings } from "./baseline-report.ts";
import { beginDeployment, ensureBookkeeping, finishDeployment } from "./bookkeeping.ts";
import { defaultExecutor } from "./deploy.ts";
import { writeJournal } from "./journal.ts";
import type { Project } from "./project.ts";
import { openSession } from "./session.ts";
import { findStanding } from "./standing.ts";

export interface BaselineOptions {
  /** The migration at which the database is said to stand. The point that it is closest to, where left out. */
  readonly at?: string;
  /** Look and say, and write nothing. */
  readonly dryRun?: boolean;
}

/** What is found before anything is written. */
interface Survey {
  readonly report: BaselineReport;
  readonly actual: Catalog;
  /** To be recorded as applied. */
  readonly applied: readonly Migration[];
}

async function survey(project: Project, sql: Sql, at: string | undefined): Promise<Survey> {
  const standing = await findStanding(sql, project, at);
  const { actual, applied, pending, drift, blocked } = standing;
  const tags = (migrations: readonly Migration[]): string[] => migrations.map(({ tag }) => tag);
  const nothing = {
    point: applied.at(-1)?.tag ?? null,
    recorded: [],
    pending: tags(pending),
    inTheWay: [],
    settled: [],
    untouched: [],
  };
  if (standing.is === "adopted")
    return { report: { ...nothing, outcome: "already adopted" }, actual, applied: [] };
  if (standing.is === "empty") return { report: { ...nothing, outcome: "empty" }, actual, applied: [] };
  const inTheWay = [...driftFindings("inTheWay", drift.inTheWay), ...blocked];
  const isInTheWay = new Set(inTheWay.map(({ object }) => object));
  const report = baselineReportSchema.parse({
    ...nothing,
    outcome: inTheWay.length > 0 ? "refused" : "adoptable",
    recorded: inTheWay.length > 0 ? [] : tags(applied),
    inTheWay,
    settled: driftFindings("settled", drift.settled).filter(({ object }) => !isInTheWay.has(object)),
    untouched: driftFindings("untouched", drift.untouched),
  });
  return { report, actual, applied };
}

/**
 * Adopts a database that exists and that Drizzle has never seen: compares it with each point of the project's history,
 * and where what the pending migrations touch is as they expect it, records those up to that point as applied,
 * running none of their SQL. What the database has beyond the project's objects does not matter.
 *
 * @throws SpfpError as `connect`, USAGE, FILE_MISSING, FILE_INVALID; where it is not a dry run POOLER and
 * DEPLOYMENT_RUNNING too
 */
export async function baseline(
  project: Project,
  url: DatabaseUrl,
  { at, dryRun = false }: BaselineOptions = {},
): Promise<BaselineReport> {
  if (dryRun) {
    const sql = await connect(url, { applicationName: "spfp-db baseline" });
    return survey(project, sql, at)
      .then(({ report }) => report)
      .finally(() => sql.end({ timeout: 1 }));
  }
  const id = randomUUID();
  const session = await openSession(url, { kind: "baseline", id });
  const { sql } = session;
  try {
    const { report, actual, applied } = await survey(project, sql, at);
    if (report.outcome !== "adoptable") return report;
    await ensureBookkeeping(sql);
    await beginDeployment(sql, {
      id,
      kind: "baseline",
      project: project.name,
      executor: defaultExecutor(),
      before: actual,
    });
    await sql.begin(async (transaction) => {
      await session.verify(transaction);
      await writeJournal(transaction, applied);
      await finishDeployment(transaction, id, "completed", {
        point: report.point,
        recorded: report.recorded,
      });
    });
    return { ...report, outcome: "adopted" };
  } finally {
    await session.end();
  }
}
