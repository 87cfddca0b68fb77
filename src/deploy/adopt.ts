import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Catalog, compareCatalogs, readCatalog } from "../catalog/index.ts";
import { SpfpError } from "../errors.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import type { Reader } from "../preflight/index.ts";
import { type BaselineReport, baselineReportSchema, driftFindings } from "./baseline-report.ts";
import { beginDeployment, ensureBookkeeping, finishDeployment } from "./bookkeeping.ts";
import { defaultExecutor } from "./deploy.ts";
import { type Drift, measureDrift, type Point } from "./drift.ts";
import { writeJournal } from "./journal.ts";
import type { Project } from "./project.ts";
import { openSession } from "./session.ts";

/** How many differences an error names before it only counts them. */
const named = 3;

/**
 * Takes a database that Drizzle has never seen under its care: where it is as `migrations` make it, they are
 * recorded as applied without running any of their SQL. What else the database holds does not matter.
 *
 * @param expected the catalog after the last of `migrations`
 * @throws SpfpError NOT_AT_BASELINE, naming the first differences
 */
export async function adopt(
  sql: Sql,
  {
    migrations,
    expected,
    schemas,
  }: { migrations: readonly Migration[]; expected: Catalog; schemas: readonly string[] },
): Promise<void> {
  const differences = compareCatalogs(expected, await readCatalog(sql, { schemas })).filter(
    ({ kind }) => kind !== "extra",
  );
  if (differences.length > 0) {
    const labels = differences.slice(0, named).map(({ kind, object }) => `${object.label} is ${kind}`);
    const more = differences.length > named ? `, and ${differences.length - named} more` : "";
    throw new SpfpError(
      "NOT_AT_BASELINE",
      `the database is not as ${migrations.at(-1)?.tag} makes it: ${labels.join(", ")}${more}`,
      "Nothing was changed. Bring these objects to what the baseline says, then run it again.",
    );
  }
  await sql.begin((transaction) => writeJournal(transaction, migrations));
}

export interface BaselineOptions {
  /** The migration at which the database is said to stand. The point that it is closest to, where left out. */
  readonly at?: string;
  /** Look and say, and write nothing. */
  readonly dryRun?: boolean;
}

/** The points of a project's history, in order. */
export function readPoints(project: Project, migrations: readonly Migration[]): Point[] {
  return migrations.map(({ tag }) => ({ tag, expected: project.expectedCatalog(tag) }));
}

/** Whether no table and no view that any migration makes is there. */
export function hasNothingOf(points: readonly Point[], actual: Catalog): boolean {
  const names = ({ tables, views }: Catalog): string[] =>
    [...tables, ...views].map(({ schema, name }) => JSON.stringify([schema, name]));
  const ours = new Set(points.flatMap(({ expected }) => names(expected)));
  return !names(actual).some((name) => ours.has(name));
}

const countDifferences = ({ inTheWay, untouched }: Drift): number => inTheWay.length + untouched.length;

/** The point that a database differs least from, from `first` on; of several the latest. */
function findClosest(drifts: readonly Drift[], first: number): number {
  const counts = drifts.map(countDifferences);
  const least = Math.min(...counts.slice(first));
  return counts.lastIndexOf(least);
}

/** Past the point that a database is closest to, what it lacks beyond that has not been applied to it. */
function claim(drift: Drift, closest: Drift): Drift {
  const known = new Set([...closest.inTheWay, ...closest.untouched].map(({ object }) => object.label));
  const isKnown = ({ object }: Drift["untouched"][number]): boolean => known.has(object.label);
  return {
    ...drift,
    inTheWay: [...drift.inTheWay, ...drift.untouched.filter((difference) => !isKnown(difference))],
    untouched: drift.untouched.filter(isKnown),
  };
}

/**
 * Where a database that Drizzle has never seen stands in a project's history, and what keeps it from being adopted
 * there. Pure.
 * @throws SpfpError USAGE for a tag that the project does not have
 */
export function findPoint(
  project: Project,
  points: readonly Point[],
  actual: Catalog,
  at?: string,
): { at: number; drift: Drift } {
  const position = (tag: string): number => {
    const found = points.findIndex((point) => point.tag === tag);
    if (found >= 0) return found;
    throw new SpfpError(
      "USAGE",
      `"${tag}" is no migration of ${project.name}`,
      `They are ${points.map((point) => point.tag).join(", ")}.`,
    );
  };
  const drifts = measureDrift(points, actual, project.leaveOut);
  const closest = findClosest(drifts, project.baselineTag === null ? 0 : position(project.baselineTag));
  const chosen = at === undefined ? closest : position(at);
  const [drift, best] = [drifts[chosen], drifts[closest]];
  if (!drift || !best) throw new RangeError("a project without migrations has no points");
  return { at: chosen, drift: chosen > closest ? claim(drift, best) : drift };
}

const appliedSchema = z.array(z.object({ when: z.coerce.number() }));

/** The `when` of each migration that Drizzle's journal holds; none where it has no journal. */
export async function readApplied(sql: Sql | Reader): Promise<number[]> {
  const table = await sql`select from pg_catalog.pg_tables
    where schemaname = 'drizzle' and tablename = '__drizzle_migrations'`;
  if (table.count === 0) return [];
  const rows = await sql`select created_at as when from drizzle.__drizzle_migrations order by created_at`;
  return appliedSchema.parse([...rows]).map(({ when }) => when);
}

/** What is found before anything is written. */
interface Survey {
  readonly report: BaselineReport;
  readonly actual: Catalog;
  /** To be recorded as applied. */
  readonly applied: readonly Migration[];
}

async function survey(project: Project, sql: Sql, at: string | undefined): Promise<Survey> {
  const migrations = readMigrations(project.migrationsFolder);
  const tags = migrations.map(({ tag }) => tag);
  const nothing = { point: null, recorded: [], pending: tags, inTheWay: [], settled: [], untouched: [] };
  const last = (await readApplied(sql)).at(-1);
  const actual = await readCatalog(sql, { schemas: project.schemas });
  if (last !== undefined) {
    const point = migrations.findLastIndex(({ when }) => when <= last);
    const place = { point: tags[point] ?? null, pending: tags.slice(point + 1) };
    return { report: { ...nothing, outcome: "already adopted", ...place }, actual, applied: [] };
  }
  const points = readPoints(project, migrations);
  if (hasNothingOf(points, actual)) return { report: { ...nothing, outcome: "empty" }, actual, applied: [] };
  const { at: point, drift } = findPoint(project, points, actual, at);
  const isRefused = drift.inTheWay.length > 0;
  const report = baselineReportSchema.parse({
    outcome: isRefused ? "refused" : "adoptable",
    point: tags[point] ?? null,
    recorded: isRefused ? [] : tags.slice(0, point + 1),
    pending: tags.slice(point + 1),
    inTheWay: driftFindings("inTheWay", drift.inTheWay),
    settled: driftFindings("settled", drift.settled),
    untouched: driftFindings("untouched", drift.untouched),
  });
  return { report, actual, applied: migrations.slice(0, point + 1) };
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
      mode: null,
      executor: defaultExecutor(),
      approver: null,
      ticket: null,
      backup: null,
      plan: null,
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
