import type postgres from "postgres";
import type { Migration } from "../migrations/index.ts";
import { drizzleJournal, type JournalTable } from "../model/journal-table.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";

type Transaction = Pick<postgres.ISql, "unsafe">;

/**
 * Drizzle's own journal table, made as its migrator makes it, and a row for each migration: from then on
 * `drizzle-kit migrate` takes them as applied.
 */
export async function writeJournal(
  sql: Transaction,
  migrations: readonly Migration[],
  { schema, name }: JournalTable = drizzleJournal,
): Promise<void> {
  const table = quoteQualified(schema, name);
  await sql.unsafe(`create schema if not exists ${quoteIdentifier(schema)}`);
  await sql.unsafe(
    `create table if not exists ${table} (id serial primary key, hash text not null, created_at bigint)`,
  );
  for (const { hash, when } of migrations) {
    await sql.unsafe(`insert into ${table} (hash, created_at) values ($1, $2)`, [hash, when]);
  }
}
