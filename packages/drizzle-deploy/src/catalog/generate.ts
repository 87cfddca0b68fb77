import type postgres from "postgres";
import { DeployError } from "../findings/errors.ts";
import type { Migration } from "../migrations/index.ts";
import type { Catalog } from "./catalog.ts";
import { readCatalog } from "./read.ts";

/**
 * Applies migrations to an empty database, statement by statement and outside a transaction (so that
 * `CREATE INDEX CONCURRENTLY` runs too), and reads the catalog after each: what a database has to look like there, by
 * tag and in order. The database is left as the last migration makes it.
 *
 * Throws `STATEMENT_FAILED` for a statement that the server refuses, and what `readCatalog` throws.
 */
export async function generateExpected(
  sql: Pick<postgres.ISql, "unsafe">,
  { migrations, schemas }: { migrations: readonly Migration[]; schemas: readonly string[] },
): Promise<Map<string, Catalog>> {
  const catalogs = new Map<string, Catalog>();
  for (const { tag, statements } of migrations) {
    for (const [index, statement] of statements.entries()) {
      try {
        await sql.unsafe(statement).simple();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new DeployError(
          "STATEMENT_FAILED",
          `statement ${index + 1} of ${tag} failed: ${reason}`,
          "Correct the migration: it has to run on an empty database.",
          { cause },
        );
      }
    }
    catalogs.set(tag, await readCatalog(sql, { schemas }));
  }
  return catalogs;
}
