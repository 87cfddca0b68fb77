import postgres from "postgres";
import { type Catalog, compareCatalogs, isIncidental, tryOnScratch } from "../catalog/index.ts";
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

/** What became of it: null where every statement ran. */
type Trial = { readonly failed: Step; readonly reason: string } | { readonly notTried: string } | null;

async function run(
  connection: Pick<postgres.ReservedSql, "unsafe">,
  steps: readonly Step[],
  { schemas, names }: Project,
): Promise<Trial> {
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
 * @param actual the catalog as the rollback will find it
 * @param archived what earlier rollbacks have put aside
 * @returns with why nothing was tried, where nothing was
 */
export async function tried(
  project: Project,
  steps: readonly Step[],
  { actual, archived }: { readonly actual: Catalog; readonly archived: Catalog },
): Promise<{ readonly steps: readonly Step[]; readonly notTried: string | null }> {
  const { scratch, schemas } = project;
  if (!scratch || steps.some(({ action }) => action === "blocked")) return { steps, notTried: null };
  if (archived.tables.length > 0)
    return { steps, notTried: "it has no tables that an earlier rollback has put aside" };
  const trial = await tryOnScratch(
    scratch,
    { migrations: readMigrations(project.migrationsFolder), schemas },
    async (connection, catalog): Promise<Trial> => {
      const isSame = compareCatalogs(catalog, actual).every(isIncidental);
      return isSame
        ? await run(connection, steps, project)
        : { notTried: "the database is not as its migrations make one" };
    },
  ).catch((error: unknown): Trial => {
    // A scratch database that is gone, or not ours to use, is no reason to keep somebody from going back.
    if (error instanceof DeployError) throw error;
    return { notTried: "the scratch database does not answer" };
  });
  if (trial === null) return { steps, notTried: null };
  if ("notTried" in trial) return { steps, notTried: trial.notTried };
  return {
    notTried: null,
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
