import type { Sql, Transaction } from "drizzle-deploy/postgres";
import { PostgresError } from "drizzle-deploy/postgres";
import {
  type Duplicates,
  findDuplicates,
  type Merge,
  mergeUsersDuplicatesWithin,
  moveTransactionsWithin,
  type RowChange,
} from "./duplicates.ts";

/** Transactions that are moved at once: their writer waits for no more than these. */
const batch = 1_000;

/** How long a piece waits for a lock that somebody holds, before it lets go and comes again later. */
const lockTimeout = "500ms";

/** How often a user's duplicates are tried before the merge gives up; a writer's own transaction ends before that. */
const attempts = 40;

/** How often it is looked again for what was made meanwhile. */
const rounds = 5;

/** What stands in the way of a piece for a moment: a lock that is held, or a deadlock that PostgreSQL ended. */
const isMomentary = (error: unknown): boolean =>
  error instanceof PostgresError && (error.code === "55P03" || error.code === "40P01");

/** Keeps a record of changes, in the transaction that makes them. */
export type Recorder = (sql: Transaction, changes: readonly RowChange[]) => Promise<void>;

/** The duplicates of each user. */
function byUser({ categories, templates }: Duplicates): Map<string, Duplicates> {
  const users = new Map<string, Duplicates>();
  const of = (userId: string): Duplicates => {
    const found = users.get(userId) ?? { categories: [], templates: [] };
    users.set(userId, found);
    return found;
  };
  for (const group of categories) of(group.userId).categories.push(group);
  for (const group of templates) of(group.userId).templates.push(group);
  return users;
}

/**
 * Merges the duplicates user by user, each in transactions of no more than some thousand rows: as
 * `mergeDuplicatesWithin` in the end, without anybody waiting for long. What was committed stays when it is
 * interrupted, and the next run goes on with the rest.
 *
 * @throws PostgresError 55P03 where somebody holds on to a row for longer than it is worth waiting
 */
export async function mergeInPieces(sql: Sql, record: Recorder): Promise<Merge> {
  const piece = <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    sql.begin("isolation level read committed", async (transaction) => {
      await transaction`select set_config('lock_timeout', ${lockTimeout}, true)`;
      return work(transaction);
    }) as Promise<Result>;
  const changes: RowChange[] = [];
  const recorded = async (transaction: Transaction, made: readonly RowChange[]): Promise<void> => {
    if (made.length > 0) await record(transaction, made);
  };
  const merged: Merge = { categories: [], templates: [], changes };

  async function mergeUser(userId: string, found: Duplicates): Promise<void> {
    for (;;) {
      const moved = await piece(async (transaction) => {
        const made = await moveTransactionsWithin(transaction, found.categories, batch);
        await recorded(transaction, made);
        return made;
      });
      for (const change of moved) changes.push(change);
      if (moved.length < batch) break;
    }
    const rest = await piece(async (transaction) => {
      const made = await mergeUsersDuplicatesWithin(transaction, userId);
      await recorded(transaction, made.changes);
      return made;
    });
    for (const change of rest.changes) changes.push(change);
  }

  for (let round = 0; round < rounds; round += 1) {
    const found = await findDuplicates(sql);
    if (found.categories.length + found.templates.length === 0) break;
    merged.categories.push(...found.categories);
    merged.templates.push(...found.templates);
    for (const [userId, own] of byUser(found)) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await mergeUser(userId, own);
          break;
        } catch (error) {
          if (!isMomentary(error) || attempt === attempts) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
        }
      }
    }
  }
  return merged;
}
