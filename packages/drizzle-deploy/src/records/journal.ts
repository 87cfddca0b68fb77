import type postgres from "postgres";
import type { Migration } from "../migrations/index.ts";
import { areNamed } from "../migrations/names.ts";
import { drizzleJournal, type JournalTable } from "../model/journal-table.ts";
import { dollarQuote, quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";

type Transaction = Pick<postgres.ISql, "unsafe">;

/** What of a migration is in its row. */
export type Recorded = Pick<Migration, "hash" | "when" | "name">;

const tableOf = ({ schema, name }: JournalTable): string => quoteQualified(schema, name);

/** The statement that takes a migration as applied, as Drizzle of its generation would. */
export const insertionOf = ({ hash, when, name }: Recorded, table: JournalTable): string =>
  name === undefined
    ? `INSERT INTO ${tableOf(table)} (hash, created_at) VALUES (${quoteLiteral(hash)}, ${when})`
    : `INSERT INTO ${tableOf(table)} (hash, created_at, name) VALUES (${quoteLiteral(hash)}, ${when}, ${quoteLiteral(name)})`;

/** What tells the row of a migration from others: Drizzle 1.0 knows it by its name, whatever else is in the row. */
export const isRowOf = ({ hash, when, name }: Recorded): string =>
  name === undefined
    ? `hash = ${quoteLiteral(hash)} AND created_at = ${when}`
    : `name = ${quoteLiteral(name)}`;

/**
 * The ids of the rows of a journal as Drizzle 0.45 made it, and under which name Drizzle 1.0 takes each when it upgrades
 * the table; null where it finds none. As `up-migrations/pg` of drizzle-orm 1.0 has it: by the second of its time, among
 * several of one second by the hash, and where no migration is of that second by the hash alone.
 */
export function namesOfRows(migrations: readonly Migration[], table: JournalTable): string {
  const files = migrations
    .toSorted((one, other) => one.when - other.when || one.tag.localeCompare(other.tag))
    .map(({ tag, when, hash }, at) => `(${at}, ${quoteLiteral(tag)}, ${when}, ${quoteLiteral(hash)})`);
  const ofSecond = "millis = div(j.created_at, 1000) * 1000";
  return `WITH files (at, name, millis, hash) AS (VALUES ${files.join(", ")})
SELECT j.id, CASE (SELECT count(*) FROM files WHERE ${ofSecond})
  WHEN 0 THEN (SELECT f.name FROM files f WHERE f.hash = j.hash ORDER BY f.at DESC LIMIT 1)
  WHEN 1 THEN (SELECT f.name FROM files f WHERE ${ofSecond})
  ELSE (SELECT f.name FROM files f WHERE ${ofSecond} AND f.hash = j.hash ORDER BY f.at LIMIT 1) END AS name
FROM ${tableOf(table)} j`;
}

/**
 * What makes Drizzle's journal table where it is missing, as the migrator of the folder's generation does, and gives one of
 * 0.45 the columns of 1.0, with the names of the migrations in it, where the folder is of 1.0. Nothing else is changed: a
 * table of 1.0 serves 0.45 as it is.
 */
export function journalDefinition(migrations: readonly Migration[], journal: JournalTable): string {
  const table = tableOf(journal);
  const newer = areNamed(migrations) ? ", name text, applied_at timestamptz DEFAULT now()" : "";
  const made = `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(journal.schema)};
CREATE TABLE IF NOT EXISTS ${table} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint${newer});
`;
  if (!areNamed(migrations)) return made;
  const rows = namesOfRows(migrations, journal);
  const upgrade = `
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass(${quoteLiteral(table)}) AND attname = 'name' AND NOT attisdropped) THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM (${rows}) n WHERE n.name IS NULL) THEN
    RAISE EXCEPTION 'the journal has migrations that are not in the folder: Drizzle does not upgrade it';
  END IF;
  -- Whoever reads or writes the journal would queue behind it.
  PERFORM pg_catalog.set_config('lock_timeout', '5s', true);
  ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS name text, ADD COLUMN IF NOT EXISTS applied_at timestamptz DEFAULT now();
  UPDATE ${table} t SET name = n.name, applied_at = NULL FROM (${rows}) n WHERE t.id = n.id;
END
`;
  return `${made}DO ${dollarQuote(upgrade, "upgrade")};
`;
}

/**
 * Drizzle's own journal table, made as its migrator makes it, and a row for each migration: from then on
 * `drizzle-kit migrate` takes them as applied.
 */
export async function writeJournal(
  sql: Transaction,
  migrations: readonly Migration[],
  journal: JournalTable = drizzleJournal,
): Promise<void> {
  await sql.unsafe(journalDefinition(migrations, journal)).simple();
  for (const migration of migrations) await sql.unsafe(insertionOf(migration, journal));
}
