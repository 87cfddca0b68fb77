import { PostgresError, type Sql, type Transaction } from "drizzle-deploy/postgres";
import type { RowChange } from "./changes.ts";

/** Rows that are changed at once: their writer waits for no more than these. */
export const batch = 1_000;

/** How long a piece waits for a lock that somebody holds, before it lets go and comes again later. */
export const lockTimeout = "500ms";

/** How often a piece is tried before the fix gives up; a writer's own transaction ends before that. */
const attempts = 40;

/** How often it is looked for what was made meanwhile, the last time to see that nothing was. */
export const rounds = 5;

/** What stands in the way of a piece for a moment: a lock that is held, or a deadlock that PostgreSQL ended. */
export const isMomentary = (error: unknown): error is PostgresError =>
  error instanceof PostgresError && (error.code === "55P03" || error.code === "40P01");

/** Keeps a record of changes, in the transaction that makes them. */
export type Recorder = (sql: Transaction, changes: readonly RowChange[]) => Promise<void>;

/** Commits what the work changed, with its record, and says how many changes that were. */
export async function commitPiece(
  sql: Sql,
  record: Recorder,
  work: (sql: Transaction) => Promise<readonly RowChange[]>,
): Promise<number> {
  let count = 0;
  await sql.begin("isolation level read committed", async (transaction) => {
    await transaction`select set_config('lock_timeout', ${lockTimeout}, true)`;
    const made = await work(transaction);
    if (made.length > 0) await record(transaction, made);
    count = made.length;
  });
  return count;
}

/** Runs a piece again while a lock stands in its way. Throws what it threw last. */
export async function persistently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isMomentary(error) || attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
    }
  }
}
