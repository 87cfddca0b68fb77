import { DeployError } from "drizzle-deploy/findings";
import { PostgresError, type Sql, type Transaction } from "drizzle-deploy/postgres";
import {
  type Duplicates,
  findDuplicates,
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

/** How often it is looked for what was made meanwhile, the last time to see that nothing was. */
const rounds = 5;

/** What stands in the way of a piece for a moment: a lock that is held, or a deadlock that PostgreSQL ended. */
export const isMomentary = (error: unknown): error is PostgresError =>
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
 * @returns what was found, and is merged
 * @throws PostgresError 55P03 where somebody holds on to a row for longer than it is worth waiting; DeployError
 * DATA_REFUSED where new duplicates are made as fast as they are merged
 */
export async function mergeInPieces(sql: Sql, record: Recorder): Promise<Duplicates> {
  /** Commits what the work changed, with its record, and says how many changes that were. */
  async function piece(work: (sql: Transaction) => Promise<readonly RowChange[]>): Promise<number> {
    let count = 0;
    await sql.begin("isolation level read committed", async (transaction) => {
      await transaction`select set_config('lock_timeout', ${lockTimeout}, true)`;
      const made = await work(transaction);
      if (made.length > 0) await record(transaction, made);
      count = made.length;
    });
    return count;
  }

  async function mergeUser(userId: string, { categories }: Duplicates): Promise<void> {
    let moved: number;
    do {
      moved = await piece((transaction) => moveTransactionsWithin(transaction, categories, batch));
    } while (moved === batch);
    await piece(async (transaction) => (await mergeUsersDuplicatesWithin(transaction, userId)).changes);
  }

  const merged: Duplicates = { categories: [], templates: [] };
  for (let round = 0; round < rounds; round += 1) {
    const found = await findDuplicates(sql);
    if (found.categories.length + found.templates.length === 0) return merged;
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
  throw new DeployError(
    "DATA_REFUSED",
    `after ${rounds} rounds there are new duplicates still: they are made as fast as they are merged`,
    "What was merged stays. Find what makes them, then run spfp-db fix duplicates --apply again, which goes on.",
  );
}
