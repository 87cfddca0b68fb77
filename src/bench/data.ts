import type { Sql } from "drizzle-deploy/postgres";
import { quoteLiteral } from "drizzle-deploy/sql";
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
}

/** A table, qualified, and how many rows it got. */
export interface FilledTable {
  table: string;
  rows: number;
}

const todaySchema = z.tuple([z.object({ today: z.string(), occupied: z.boolean() })]);

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

/**
 * Fills an empty database that stands where production does, before the optimisation, with made-up rows of every
 * table that production has: skewed tenants, nulls, soft-deleted rows, and the duplicates that the uniqueness rules will not
 * bear. One transaction; then the tables are vacuumed and analysed.
 * @returns the tables in the order they were filled
 * @throws SpfpError NOT_EMPTY when a user or a category is already there: it must never mix with somebody's data
 */
export async function generateData(sql: Sql, options: DataOptions): Promise<FilledTable[]> {
  const { scale, seed = 1, onProgress } = options;
  if (!(scale > 0) || !Number.isFinite(scale)) throw new RangeError(`scale has to be over 0, not ${scale}`);
  const filled = await sql.begin(async (transaction) => {
    const [{ today, occupied }] = todaySchema.parse([
      ...(await transaction`
        select to_char(now() at time zone 'America/Sao_Paulo', 'YYYY-MM-DD') as today,
          exists (select from auth.users) or exists (select from public.categories) as occupied`),
    ]);
    if (occupied) {
      throw new SpfpError(
        "NOT_EMPTY",
        "The database already holds users or categories; generated data would mix with them.",
        "Use an empty database for generated data.",
      );
    }
    const done: FilledTable[] = [];
    for (const { table, statement } of fillsFor(scale, seed, options.today ?? today)) {
      const result = await transaction.unsafe(statement);
      done.push({ table, rows: result.count });
      onProgress?.({ table, rows: result.count });
    }
    return done;
  });
  // Without vacuum nothing is known to be visible to all, and no index-only scan would be possible.
  await sql.unsafe(`vacuum (analyze) ${filled.map(({ table }) => table).join(", ")}`);
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

/**
 * Soft-deletes 5 % of the rows of every table that got `deleted_at` by the optimisation, so that with what production
 * had deleted already each table is as after some months of use. The same rows each time; repeating it changes
 * nothing. Vacuums and analyses what it changed.
 */
export async function softDeleteAfterDeployment(sql: Sql): Promise<FilledTable[]> {
  const changed: FilledTable[] = [];
  for (const name of newlyDeletable()) {
    const result = await sql.unsafe(
      `update public.${name} set deleted_at = now()
       where deleted_at is null
         and ((uuid_hash_extended(id, hashtextextended(${quoteLiteral(name)}, 0)) >> 11) & 9007199254740991)::float8
           < ${softDeletedShare} * 9007199254740992`,
    );
    changed.push({ table: `public.${name}`, rows: result.count });
  }
  await sql.unsafe(`vacuum (analyze) ${changed.map(({ table }) => table).join(", ")}`);
  return changed;
}
