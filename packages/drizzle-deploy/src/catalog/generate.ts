import type postgres from "postgres";
import type { Migration } from "../migrations/index.ts";
import type { Catalog } from "./catalog.ts";
import { readCatalog } from "./read.ts";
import { runOnScratch } from "./scratch.ts";

/**
 * Applies migrations to an empty database as Drizzle does, each in a transaction but for what runs in none
 * (`CREATE INDEX CONCURRENTLY`), and reads the catalog after each: what a database has to look like there, by tag and in
 * order. The database is left as the last migration makes it, but for the roles that were made meanwhile: those go.
 *
 * Throws `STATEMENT_FAILED` for a statement that the server refuses, and what `readCatalog` throws.
 */
export async function generateExpected(
  sql: Pick<postgres.Sql, "reserve">,
  { migrations, schemas }: { migrations: readonly Migration[]; schemas: readonly string[] },
): Promise<Map<string, Catalog>> {
  const catalogs = new Map<string, Catalog>();
  const connection = await sql.reserve();
  try {
    await runOnScratch(connection, migrations, async ({ tag }) => {
      catalogs.set(tag, await readCatalog(connection, { schemas }));
    });
  } finally {
    connection.release();
  }
  return catalogs;
}
