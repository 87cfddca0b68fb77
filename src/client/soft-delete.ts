import {
  and,
  asc,
  eq,
  getTableName,
  inArray,
  is,
  isNotNull,
  isNull,
  lt,
  notExists,
  type SQL,
  sql,
  type TablesRelationalConfig,
} from "drizzle-orm";
import {
  type AnyPgColumn,
  alias,
  type PgDatabase,
  type PgQueryResultHKT,
  type PgTable,
  PgTimestamp,
  type PgTransaction,
} from "drizzle-orm/pg-core";
import { type TableName, type Tables, tableNames, tables } from "../schema/tables.ts";
import {
  DuplicateCategoryName,
  namedError,
  ParameterInvalid,
  ParentDeleted,
  StillInUse,
  StillReferenced,
} from "./errors.ts";
import { asService } from "./sessions.ts";

/** The name of a table whose rows are soft-deleted: it has a column `deleted_at`. */
export type SoftDeletableName = {
  [Name in TableName]: Tables[Name] extends { deletedAt: AnyPgColumn } ? Name : never;
}[TableName];

/** A table whose rows are soft-deleted. Others do not compile where one of these is asked for. */
export type SoftDeletableTable = Tables[SoftDeletableName];

/** What the functions below need of a table. */
type Bin = PgTable & {
  readonly id: AnyPgColumn;
  readonly userId: AnyPgColumn;
  readonly deletedAt: AnyPgColumn;
};

/**
 * What becomes of live rows that point to one that is soft-deleted:
 * - `refuse`: it cannot be, while there are any;
 * - `follow`: they are soft-deleted with it, and restored with it;
 * - `stay`: they stay live and go on pointing to it.
 */
export type DependantRule = "refuse" | "follow" | "stay";

/** A foreign key between two tables whose rows are soft-deleted. */
export interface Dependant {
  readonly table: SoftDeletableTable;
  readonly column: AnyPgColumn;
  readonly parent: SoftDeletableTable;
  readonly rule: DependantRule;
}

const { accounts, categories, categoryBudgets, investments, transactionGroups, transactions } = tables;

/** Every relation between tables whose rows are soft-deleted, with what was decided for it. */
export const dependants: readonly Dependant[] = [
  // A balance whose movements have no account cannot be explained to anybody.
  { table: transactions, column: transactions.accountId, parent: accounts, rule: "refuse" },
  { table: investments, column: investments.accountId, parent: accounts, rule: "refuse" },
  { table: transactions, column: transactions.categoryId, parent: categories, rule: "refuse" },
  // A limit says nothing without what it limits.
  { table: categoryBudgets, column: categoryBudgets.categoryId, parent: categories, rule: "follow" },
  // A group is a label: what was paid in instalments was paid, whether they are shown together or not.
  { table: transactions, column: transactions.groupId, parent: transactionGroups, rule: "stay" },
];

/**
 * That a row is live: what every query of an application asks for. Policies don't, since PostgreSQL would then refuse a
 * user's own soft delete.
 *
 * @example
 * const rows = await tx.select().from(accounts).where(and(eq(accounts.userId, userId), live(accounts)));
 */
export const live = (table: SoftDeletableTable): SQL => isNull(table.deletedAt);

/** That a row is in the bin. */
export const deleted = (table: SoftDeletableTable): SQL => isNotNull(table.deletedAt);

/** A time as `deleted_at` keeps it: the finance tables' has no time zone, and is read as UTC. */
const inColumn = ({ deletedAt }: Bin, time: SQL): SQL =>
  is(deletedAt, PgTimestamp) && !deletedAt.withTimezone ? sql`((${time}) at time zone 'UTC')` : time;

const idOf = (column: AnyPgColumn): SQL<string> => sql<string>`${column}`;

const dependantsOf = (parent: Bin, ...rules: readonly DependantRule[]): readonly Dependant[] =>
  dependants.filter((one) => one.parent === parent && rules.includes(one.rule));

/**
 * Soft-deletes the live rows of these ids, with what follows them (see {@link dependants}): they stay where they are,
 * with the time in `deleted_at`. Call it in a session: it writes what the session's user may write.
 *
 * Whoever files a row under one of these meanwhile is seen, or waits until this transaction has ended. Under what is
 * deleted already PostgreSQL lets rows be filed: its foreign keys know of no bin.
 *
 * @returns the ids that were deleted; those left out are of no live row that the session sees
 * @throws {StillInUse} where live rows depend on one of them; then none is deleted
 *
 * @example
 * await asUser(db, claims, (tx) => softDelete(tx, schema.accounts, [accountId]));
 */
export async function softDelete<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  tx: PgTransaction<Query, Full, Schema>,
  table: SoftDeletableTable,
  ids: readonly string[],
): Promise<string[]> {
  const bin: Bin = table;
  if (ids.length === 0) return [];
  // FOR UPDATE holds off who files a row under one of these: the foreign key's check waits for it. By id, so that two
  // deletions of the same rows wait for each other and don't lock each other out.
  const locked = await tx
    .select({ id: idOf(bin.id) })
    .from(bin)
    .where(and(inArray(bin.id, [...ids]), isNull(bin.deletedAt)))
    .orderBy(asc(bin.id))
    .for("update");
  const found = locked.map(({ id }) => id);
  if (found.length === 0) return [];
  for (const { table: child, column } of dependantsOf(bin, "refuse")) {
    const dependant: Bin = child;
    const [used] = await tx
      .select({ parent: idOf(column) })
      .from(dependant)
      .where(and(inArray(column, found), isNull(dependant.deletedAt)))
      .limit(1);
    if (used !== undefined) throw new StillInUse(getTableName(bin), used.parent, getTableName(dependant));
  }
  const gone = await tx
    .update(bin)
    .set({ deletedAt: inColumn(bin, sql`clock_timestamp()`) })
    .where(inArray(bin.id, found))
    .returning({ id: idOf(bin.id) });
  for (const { table: child, column } of dependantsOf(bin, "follow")) {
    const dependant: Bin = child;
    // Of the same time to the microsecond: by that they are known to belong together when they are restored.
    await tx
      .update(dependant)
      .set({ deletedAt: sql`${bin.deletedAt}` })
      .from(bin)
      .where(and(eq(column, bin.id), inArray(bin.id, found), isNull(dependant.deletedAt)));
  }
  return gone.map(({ id }) => id);
}

/**
 * Brings rows back from the bin, with what followed them there. What was deleted before them, by itself, stays.
 *
 * @returns the ids that were restored; those left out are of no deleted row that the session sees
 * @throws {ParentDeleted} where one belongs to a row that is deleted itself, as a transaction to an account
 * @throws {DuplicateCategoryName} where a live category has its name now; `holder` is that category's id
 *
 * After either nothing is restored, and the transaction goes on.
 */
export async function restore<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  tx: PgTransaction<Query, Full, Schema>,
  table: SoftDeletableTable,
  ids: readonly string[],
): Promise<string[]> {
  const bin: Bin = table;
  if (ids.length === 0) return [];
  const locked = await tx
    .select({ id: idOf(bin.id) })
    .from(bin)
    .where(and(inArray(bin.id, [...ids]), isNotNull(bin.deletedAt)))
    .orderBy(asc(bin.id))
    .for("update");
  const found = locked.map(({ id }) => id);
  if (found.length === 0) return [];
  for (const { column, parent, rule, table: child } of dependants) {
    if (child !== table || rule === "stay") continue;
    const owner: Bin = parent;
    // FOR KEY SHARE waits for who is about to delete the parent, and holds off who would.
    const parents = await tx
      .select({ id: idOf(owner.id), isDead: sql<boolean>`${isNotNull(owner.deletedAt)}` })
      .from(owner)
      .where(inArray(owner.id, tx.select({ parent: column }).from(bin).where(inArray(bin.id, found))))
      .orderBy(asc(owner.id))
      .for("key share");
    const dead = parents.find(({ isDead }) => isDead);
    if (dead === undefined) continue;
    const [belongs] = await tx
      .select({ id: idOf(bin.id) })
      .from(bin)
      .where(and(inArray(bin.id, found), eq(column, dead.id)))
      .limit(1);
    throw new ParentDeleted(getTableName(bin), belongs?.id ?? "", getTableName(owner), dead.id);
  }
  try {
    // A savepoint, so that the transaction can be asked who has the name.
    await tx.transaction(async (savepoint) => {
      // First what followed, which is known by the time of what it followed.
      for (const { table: child, column } of dependantsOf(bin, "follow")) {
        const dependant: Bin = child;
        await savepoint
          .update(dependant)
          .set({ deletedAt: null })
          .from(bin)
          .where(and(eq(column, bin.id), inArray(bin.id, found), eq(dependant.deletedAt, bin.deletedAt)));
      }
      await savepoint.update(bin).set({ deletedAt: null }).where(inArray(bin.id, found));
    });
  } catch (error) {
    const named = namedError(error);
    if (!(named instanceof DuplicateCategoryName)) throw named;
    throw new DuplicateCategoryName(await holderOfName(tx, found), { cause: error });
  }
  return found;
}

/** The live category that has the name of one of these; undefined where two of these share it. */
async function holderOfName<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(tx: PgTransaction<Query, Full, Schema>, ids: readonly string[]): Promise<string | undefined> {
  const wanted = alias(categories, "wanted");
  const [holder] = await tx
    .select({ id: categories.id })
    .from(categories)
    .innerJoin(
      wanted,
      and(eq(categories.userId, wanted.userId), sql`lower(${categories.name}) = lower(${wanted.name})`),
    )
    .where(and(isNull(categories.deletedAt), inArray(wanted.id, [...ids])))
    .limit(1);
  return holder?.id;
}

/** What of the bin is to be emptied. */
export interface PurgeOptions {
  /** Whole days that a row has been in the bin, at least 1, by the server's clock. */
  readonly olderThanDays: number;
  /** Of these tables; of all when left out. */
  readonly tables?: readonly SoftDeletableName[];
  /** Rows that one transaction deletes at most; 1,000 when left out. */
  readonly batchSize?: number;
  /** Stops it between two batches. */
  readonly signal?: AbortSignal;
}

/** What became of a table's bin. */
export interface Purged {
  readonly table: SoftDeletableName;
  readonly deleted: number;
  /** Rows that are old enough and stay, because rows point to them, or another transaction holds them. */
  readonly kept: number;
}

const isSoftDeletable = (name: TableName): name is SoftDeletableName => "deletedAt" in tables[name];

/** The tables whose rows are soft-deleted, those that point to others before those. */
export const softDeletableNames: readonly SoftDeletableName[] = (() => {
  const all = tableNames.filter(isSoftDeletable);
  const isParent = (name: SoftDeletableName) => dependants.some(({ parent }) => parent === tables[name]);
  return [...all.filter((name) => !isParent(name)), ...all.filter(isParent)];
})();

/** How often a batch is tried that a row which came meanwhile has stopped. */
const attempts = 5;

const atLeastOne = (name: string, value: number): void => {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ParameterInvalid(name, "a whole number, 1 or more");
};

/**
 * Deletes for good what has been in the bin for long enough, as the service, in batches that each commit by themselves:
 * nobody waits for more than one of them, and what a stopped purge has deleted stays deleted.
 *
 * What rows still point to stays: an account or category with transactions, live or deleted, a category with
 * budgets, an account with investments. A group goes, and its transactions then belong to none.
 *
 * @param db the database and not a transaction: each batch is one
 * @returns a line for each table
 * @throws {ParameterInvalid} before anything is deleted
 * @throws the signal's reason, where it was stopped
 *
 * @example
 * const purged = await purge(db, { olderThanDays: 90 });
 */
export async function purge<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  db: PgDatabase<Query, Full, Schema>,
  { olderThanDays, tables: wanted = softDeletableNames, batchSize = 1000, signal }: PurgeOptions,
): Promise<Purged[]> {
  atLeastOne("olderThanDays", olderThanDays);
  atLeastOne("batchSize", batchSize);
  const purged: Purged[] = [];
  for (const name of softDeletableNames.filter((one) => wanted.includes(one))) {
    const bin: Bin = tables[name];
    // Not clock_timestamp(): PostgreSQL looks for what changes within a statement in no index.
    const isOld = lt(bin.deletedAt, inColumn(bin, sql`now() - make_interval(days => ${olderThanDays})`));
    const isFree = (tx: PgTransaction<Query, Full, Schema>) =>
      dependantsOf(bin, "refuse", "follow").map(({ table: child, column }) => {
        const dependant: Bin = child;
        return notExists(tx.select({ id: column }).from(dependant).where(eq(column, bin.id)));
      });
    let deletedRows = 0;
    for (let size = batchSize; size === batchSize; deletedRows += size) {
      signal?.throwIfAborted();
      size = await oneBatch(() =>
        asService(db, async (tx) => {
          const batch = await tx
            .select({ id: idOf(bin.id) })
            .from(bin)
            .where(and(isOld, ...isFree(tx)))
            .orderBy(asc(bin.deletedAt))
            .limit(batchSize)
            .for("update", { skipLocked: true });
          const ids = batch.map(({ id }) => id);
          if (ids.length > 0) await tx.delete(bin).where(inArray(bin.id, ids));
          return ids.length;
        }),
      );
    }
    const [left] = await asService(db, (tx) =>
      tx
        .select({ count: sql`count(*)`.mapWith(Number) })
        .from(bin)
        .where(isOld),
    );
    purged.push({ table: name, deleted: deletedRows, kept: left?.count ?? 0 });
  }
  return purged;
}

/** Runs a batch again where a row began to point to one of it after they were chosen. */
async function oneBatch(run: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof StillReferenced) || attempt === attempts) throw error;
    }
  }
}
