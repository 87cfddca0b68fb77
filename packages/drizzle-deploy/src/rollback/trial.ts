import postgres from "postgres";
import { type Catalog, compareCatalogs, isIncidental, readCatalog, tryOnScratch } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { readMigrations } from "../migrations/index.ts";
import type { Project } from "../model/project.ts";
import type { Step } from "../model/step.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/*
 * A rollback is refused whole or runs whole: where the project has a scratch database, its statements run there first,
 * in their order and on the catalog as it will be found, and are taken back.
 */

/** Steps about what the scratch database has not: rows, records, roles. */
const leftOut: readonly Step["kind"][] = ["journal", "role", "grant", "change data", "opaque"];

/** A statement as it runs inside of a transaction: indexes are built and dropped with nobody waiting. */
const insideTransaction = ({ sql, transactional }: Step): string =>
  transactional ? sql : sql.replace(/\b(INDEX|DETACH PARTITION [^;]*?)\s+CONCURRENTLY\b/i, "$1");

/**
 * What PostgreSQL refuses only because the steps are in one transaction here: a value of an enum that was added in it,
 * a table that a deferred trigger still waits for. PostgreSQL 17 manual, Appendix A "PostgreSQL Error Codes".
 */
const ofOneTransaction: readonly string[] = ["55P04", "55006", "25001"];

/** What became of it; every statement ran where it says what is left. */
type Trial =
  | { readonly failed: Step; readonly reason: string }
  | { readonly notTried: string }
  | { readonly left: readonly string[] };

/** What a rollback is tried on, and held against. */
export interface Surroundings {
  /** The catalog as the rollback will find it. */
  readonly actual: Catalog;
  /** What earlier rollbacks have put aside. */
  readonly archived: Catalog;
  /** What of a catalog should not be so once all is undone. */
  readonly leftIn: (catalog: Catalog) => readonly string[];
}

async function run(
  connection: Pick<postgres.ReservedSql, "unsafe">,
  steps: readonly Step[],
  { schemas, names }: Project,
): Promise<Extract<Trial, { failed: Step } | { notTried: string }> | null> {
  await connection.unsafe(`create schema if not exists ${quoteIdentifier(names.archiveSchema)}`);
  const path = schemas.map(quoteIdentifier).join(", ");
  for (const step of steps) {
    if (step.action !== "run" || leftOut.includes(step.kind)) continue;
    try {
      await connection.unsafe(`set local search_path = ${path}`);
      await connection.unsafe(insideTransaction(step)).simple();
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      return ofOneTransaction.includes(error.code)
        ? { notTried: `${step.title} cannot run in one transaction with the others` }
        : { failed: step, reason: `${error.message} (SQLSTATE ${error.code})` };
    }
  }
  return null;
}

/**
 * The steps of a rollback as they are, but for the one that could not run when it is its turn: it is blocked, and so is
 * the whole rollback.
 *
 * @returns with what is to be known of it: why nothing was tried, or what would not come back
 */
export async function tried(
  project: Project,
  steps: readonly Step[],
  { actual, archived, leftIn }: Surroundings,
): Promise<{ readonly steps: readonly Step[]; readonly notes: readonly string[] }> {
  const { scratch, schemas } = project;
  if (!scratch || steps.some(({ action }) => action === "blocked")) return { steps, notes: [] };
  const trial = await (archived.tables.length > 0
    ? { notTried: "it has no tables that an earlier rollback has put aside" }
    : tryOnScratch(
        scratch,
        { migrations: readMigrations(project.migrationsFolder), schemas },
        async (connection, catalog): Promise<Trial> => {
          if (!compareCatalogs(catalog, actual).every(isIncidental))
            return { notTried: "the database is not as its migrations make one" };
          const failed = await run(connection, steps, project);
          return failed ?? { left: leftIn(await readCatalog(connection, { schemas })) };
        },
      ).catch((error: unknown): Trial => {
        // A scratch database that is gone, or not ours to use, is no reason to keep somebody from going back.
        if (error instanceof DeployError) throw error;
        return { notTried: "the scratch database does not answer" };
      }));
  if ("notTried" in trial)
    return { steps, notes: [`not run on a scratch database first: ${trial.notTried}`] };
  if ("left" in trial)
    return {
      steps,
      notes: trial.left.map((object) => `${object} would not be as before, as a scratch database has shown`),
    };
  return {
    notes: [],
    steps: steps.map((step) =>
      step === trial.failed
        ? {
            ...step,
            action: "blocked",
            reason: `on a copy of the catalog it fails when it is its turn: ${trial.reason}. Change by hand what is in its way, then roll back`,
          }
        : step,
    ),
  };
}
