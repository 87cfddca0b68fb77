import { pipeline } from "node:stream/promises";
import { connect, type DatabaseUrl, type Sql, type Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { type ExpectedTag, expectedCatalog } from "../expected/index.ts";
import { spfp } from "../spfp.ts";
import { fillAutomation } from "./fill-automation.ts";
import { fillCorporate } from "./fill-corporate.ts";
import { fillCrm } from "./fill-crm.ts";
import { fillFinance } from "./fill-finance.ts";
import { fillPartnerships } from "./fill-partnerships.ts";
import { type Fill, fillUsers } from "./tables.ts";

/** Users at scale 1, and the fewest at any scale: under that there would be no small tenants left. */
const usersAtFullScale = 2_000;
const fewestUsers = 20;

/** The scale of the rehearsal: 20,000 tasks, leads and posts, 40,000 transactions; some seconds on two cores. */
export const rehearsalScale = 0.02;

/** The share of rows that `softDeleteAfterDeployment` deletes, and that production had deleted where it could. */
export const softDeletedShare = 0.05;

export interface DataOptions {
  /** 1 means 2,000 users, 1,000,000 tasks, leads and posts each, and 2,000,000 transactions. */
  scale: number;
  /** The same seed and day give the same rows, to the last byte; 1 if not given. */
  seed?: number;
  /** The day that dates are counted from, `YYYY-MM-DD`; if not given, today in São Paulo. */
  today?: string;
  /** Called after each table. */
  onProgress?: (filled: FilledTable) => void;
  /** Called before what comes after the rows: each index, each foreign key, and the vacuum. */
  onStep?: (what: string) => void;
}

/** A table, qualified, and how many rows it got. */
export interface FilledTable {
  table: string;
  rows: number;
}

const todaySchema = z.tuple([z.object({ today: z.string() })]);
const occupiedSchema = z.tuple([z.object({ occupied: z.boolean() })]);

/** Today in São Paulo, `YYYY-MM-DD`, of a database that has no `business_date()` yet. */
export async function businessDate(sql: Sql | Transaction): Promise<string> {
  const [{ today }] = todaySchema.parse([
    ...(await sql`select to_char(now() at time zone 'America/Sao_Paulo', 'YYYY-MM-DD') as today`),
  ]);
  return today;
}

function fillsFor(scale: number, seed: number, today: string): Fill[] {
  const ground = {
    seed,
    today,
    users: Math.max(fewestUsers, Math.round(usersAtFullScale * scale)),
    scaled: (rows: number) => Math.max(1, Math.round(rows * scale)),
  };
  return [
    fillUsers(ground),
    ...fillFinance(ground),
    ...fillCorporate(ground),
    ...fillCrm(ground),
    ...fillAutomation(ground),
    ...fillPartnerships(ground),
  ];
}

/** What tells data apart: everything that it is made from. */
export function dataFingerprint({
  scale,
  seed,
  today,
}: {
  scale: number;
  seed: number;
  today: string;
}): string {
  return JSON.stringify(fillsFor(scale, seed, today));
}

const partSchema = z.array(
  z.object({ schema: z.string(), table: z.string(), name: z.string(), definition: z.string() }),
);

/** The foreign keys and the indexes without a constraint, of production's tables, as they are on this database. */
async function partsToRemake(sql: Transaction) {
  const tables = expectedCatalog(spfp.baselineTag).tables.map(({ name }) => name);
  const foreignKeys = partSchema.parse([
    ...(await sql`
      select n.nspname as schema, c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and n.nspname = 'public'
        and c.relname in (select json_array_elements_text(${JSON.stringify(tables)}::text::json))
      order by c.relname, k.conname`),
  ]);
  const indexes = partSchema.parse([
    ...(await sql`
      select n.nspname as schema, c.relname as table, ic.relname as name, pg_get_indexdef(i.indexrelid) as definition
      from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
        and c.relname in (select json_array_elements_text(${JSON.stringify(tables)}::text::json))
      order by c.relname, ic.relname`),
  ]);
  return { foreignKeys, indexes };
}

/**
 * Runs the work with no foreign key and no index in its way, and makes them again: a sort is many times faster than an
 * entry at a time, and a foreign key is looked at once for all rows.
 */
async function withoutIndexes(sql: Transaction, work: () => Promise<void>, say: (what: string) => void) {
  const { foreignKeys, indexes } = await partsToRemake(sql);
  for (const { schema, table, name } of foreignKeys) {
    await sql.unsafe(`alter table ${quoteQualified(schema, table)} drop constraint ${quoteIdentifier(name)}`);
  }
  for (const { schema, name } of indexes) await sql.unsafe(`drop index ${quoteQualified(schema, name)}`);
  await work();
  await sql`set local maintenance_work_mem = '512MB'`;
  for (const { name, definition } of indexes) {
    say(name);
    await sql.unsafe(definition);
  }
  for (const { schema, table, name, definition } of foreignKeys) {
    say(name);
    await sql.unsafe(
      `alter table ${quoteQualified(schema, table)} add constraint ${quoteIdentifier(name)} ${definition}`,
    );
  }
}

const countSchema = z.tuple([z.object({ rows: z.coerce.number() })]);

/**
 * Fills an empty database that stands where production does, before the optimisation, with made-up rows of every
 * table that production has: skewed tenants, nulls, soft-deleted rows, and the duplicates that the uniqueness rules will not
 * bear. One connection makes the rows and another loads them by `COPY`, in one transaction; then the tables are vacuumed
 * and analysed.
 * @returns the tables in the order they were filled
 * @throws SpfpError NOT_EMPTY when a user or a category is already there: it must never mix with somebody's data
 */
export async function generateData(url: DatabaseUrl, options: DataOptions): Promise<FilledTable[]> {
  const { scale } = options;
  if (!(scale > 0) || !Number.isFinite(scale)) throw new RangeError(`scale has to be over 0, not ${scale}`);
  const sql = await connect(url);
  try {
    return await load(url, sql, options);
  } finally {
    await sql.end();
  }
}

/** Loads what a query answers into a table, by way of this process: two servers' processes share the work. */
async function copyRows(url: DatabaseUrl, into: Transaction, { table, columns, rows }: Fill): Promise<void> {
  // postgres.js leaves a connection paused whose last rows came faster than they were taken: one for each table.
  const source = await connect(url);
  try {
    const from = await source.unsafe(`copy (${rows}) to stdout (format binary)`).readable();
    // Until the pipeline listens nobody does, and a connection that is lost meanwhile would end the process.
    from.on("error", () => undefined);
    await pipeline(
      from,
      await into.unsafe(`copy ${table} (${columns}) from stdin (format binary)`).writable(),
    );
  } finally {
    await source.end({ timeout: 0 });
  }
}

/** Without vacuum nothing is known to be visible to all, and no index-only scan would be possible. */
async function vacuum(url: DatabaseUrl, sql: Sql, tables: readonly string[]): Promise<void> {
  const second = await connect(url);
  const half = (which: number) => tables.filter((_, index) => index % 2 === which).join(", ");
  await Promise.all([
    sql.unsafe(`vacuum (analyze) ${half(0)}`),
    second.unsafe(`vacuum (analyze) ${half(1)}`),
  ]).finally(() => second.end());
}

async function load(url: DatabaseUrl, sql: Sql, options: DataOptions): Promise<FilledTable[]> {
  const { scale, seed = 1, onProgress, onStep = () => {} } = options;
  const filled = await sql.begin(async (transaction) => {
    const [{ occupied }] = occupiedSchema.parse([
      ...(await transaction`
        select exists (select from auth.users) or exists (select from public.categories) as occupied`),
    ]);
    if (occupied) {
      throw new SpfpError(
        "NOT_EMPTY",
        "The database already holds users or categories; generated data would mix with them.",
        "Use an empty database for generated data.",
      );
    }
    const today = options.today ?? (await businessDate(transaction));
    const done: FilledTable[] = [];
    await withoutIndexes(
      transaction,
      async () => {
        for (const fill of fillsFor(scale, seed, today)) {
          const { table } = fill;
          await copyRows(url, transaction, fill);
          const [{ rows }] = countSchema.parse([
            ...(await transaction.unsafe(`select count(*) as rows from ${table}`)),
          ]);
          done.push({ table, rows });
          onProgress?.({ table, rows });
        }
      },
      onStep,
    );
    return done;
  });
  onStep("vacuum and analyze");
  await vacuum(
    url,
    sql,
    filled.map(({ table }) => table),
  );
  return filled;
}

/** The tables of production that got `deleted_at` by a migration; the finance tables had it before. */
function newlyDeletable(): string[] {
  const deletable = (tag: ExpectedTag): string[] =>
    expectedCatalog(tag)
      .tables.filter(({ columns }) => columns.some((column) => column.name === "deleted_at"))
      .map(({ name }) => name);
  const production = expectedCatalog(spfp.baselineTag).tables.map(({ name }) => name);
  const before = deletable(spfp.baselineTag);
  return deletable(spfp.headTag).filter((name) => production.includes(name) && !before.includes(name));
}

/** Which rows of a table are deleted later: 5 %, the same ones each time. */
const deletedLater = (name: string): string =>
  `((uuid_hash_extended(id, hashtextextended(${quoteLiteral(name)}, 0)) >> 11) & 9007199254740991)::float8
     < ${softDeletedShare} * 9007199254740992`;

/** Runs a statement for each table that got `deleted_at`, then vacuums and analyses them. */
async function forEachDeletable(sql: Sql, statement: (name: string) => string): Promise<FilledTable[]> {
  const changed: FilledTable[] = [];
  for (const name of newlyDeletable()) {
    const { count: rows } = await sql.unsafe(statement(name));
    changed.push({ table: `public.${name}`, rows });
  }
  await sql.unsafe(`vacuum (analyze) ${changed.map(({ table }) => table).join(", ")}`);
  return changed;
}

/**
 * Soft-deletes 5 % of the rows of every table that got `deleted_at` by the optimisation, so that with what production
 * had deleted already each table is as after some months of use. The same rows each time; repeating it changes
 * nothing. Vacuums and analyses what it changed.
 */
export function softDeleteAfterDeployment(sql: Sql): Promise<FilledTable[]> {
  return forEachDeletable(
    sql,
    (name) =>
      `update public.${name} set deleted_at = now() where deleted_at is null and ${deletedLater(name)}`,
  );
}

/**
 * Deletes for good what `softDeleteAfterDeployment` would soft-delete: before the optimisation there is no other way,
 * and a screen then shows the same rows before and after.
 */
export function removeSoftDeleted(sql: Sql): Promise<FilledTable[]> {
  return forEachDeletable(sql, (name) => `delete from public.${name} where ${deletedLater(name)}`);
}
