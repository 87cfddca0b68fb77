import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Batches } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { quoteIdentifier, quoteName } from "../sql/quote.ts";
import { batchTarget } from "./limits.ts";

/** How many rows the first batch goes through, and the fewest and most that one may. */
export const batchSizes = { first: 1_000, fewest: 100, most: 100_000 } as const;

/**
 * How many rows the next batch goes through, so that it takes as long as it is to: no more than twice as many as the one
 * before, and half where somebody had to wait for that.
 *
 * @param milliseconds what the one before took
 */
export function nextBatchSize(size: number, milliseconds: number, keptWaiting: boolean): number {
  const fitting = keptWaiting ? size / 2 : size * Math.min(2, batchTarget / Math.max(1, milliseconds));
  return Math.round(Math.min(batchSizes.most, Math.max(batchSizes.fewest, fitting)));
}

/** The next rows of a table in the order of its key. */
export interface BatchRange {
  /** Keys of its first row and its last, each as a JSON array of texts. */
  readonly from: string;
  readonly to: string;
  readonly rows: number;
}

const rangeSchema = z.array(z.object({ from: z.string(), to: z.string(), rows: z.coerce.number() }));

/** The next rows after a key, or the first; null where there are no more. */
export async function nextRange(
  transaction: Queryable,
  { table, key }: Batches,
  after: string | null,
  size: number,
): Promise<BatchRange | null> {
  const columns = key.map(({ name }) => quoteIdentifier(name));
  const values = key.map(({ type }, at) => `($2::text::json ->> ${at})::${type}`);
  const texts = (row: string): string =>
    `pg_catalog.json_build_array(${columns.map((column) => `${row}.${column}::text`).join(", ")})::text`;
  const list = (parts: readonly string[]): string =>
    parts.length > 1 ? `(${parts.join(", ")})` : parts.join();
  const beyond = after === null ? "" : ` where ${list(columns)} > ${list(values)}`;
  // By the index of the key, whatever the statistics say: nothing is sorted but the batch.
  await transaction.unsafe("set local enable_sort = off");
  const rows = await transaction.unsafe(
    `with batch as materialized (
       select ${columns.join(", ")} from ${quoteName(table)}${beyond} order by ${columns.join(", ")} limit $1::int
     )
     select ${texts("f")} as "from", ${texts("l")} as "to", (select count(*) from batch) as rows
     from (select * from batch order by ${columns.join(", ")} limit 1) f,
       (select * from batch order by ${columns.map((column) => `${column} desc`).join(", ")} limit 1) l`,
    after === null ? [size] : [size, after],
  );
  await transaction.unsafe("set local enable_sort to default");
  return rangeSchema.parse([...rows])[0] ?? null;
}

const lagSchema = z.tuple([z.object({ bytes: z.number() })]);

/**
 * How far the replica that is furthest behind is, in bytes of the write-ahead log; 0 where there is none, or none that the
 * role may see. PostgreSQL 17 manual, 27.2.4 "pg_stat_replication".
 */
export async function replicationLag(monitor: Queryable): Promise<number> {
  const rows = await monitor.unsafe(
    `select coalesce(max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)), 0)::float8 as bytes
     from pg_catalog.pg_stat_replication where state = 'streaming'`,
  );
  return lagSchema.parse([...rows])[0].bytes;
}

const waitingSchema = z.tuple([z.object({ waiting: z.boolean() })]);

/** Whether anybody waits at this moment for a backend, whatever it holds. */
export async function keepsWaiting(monitor: Queryable, pid: number): Promise<boolean> {
  const rows = await monitor.unsafe(
    `select exists (
       select from pg_catalog.pg_locks l
       where not l.granted and l.pid is not null and $1::int = any (pg_catalog.pg_blocking_pids(l.pid))
     ) as waiting`,
    [pid],
  );
  return waitingSchema.parse([...rows])[0].waiting;
}

/** Whether anybody waits at this moment for a lock on a table. */
export async function isWaitedFor(monitor: Queryable, { table, written }: Batches): Promise<boolean> {
  const rows = await monitor.unsafe(
    `select exists (
       select from pg_catalog.pg_locks l
       where not l.granted and l.locktype in ('relation', 'tuple')
         and l.relation in (pg_catalog.to_regclass($1)::oid, pg_catalog.to_regclass($2)::oid)
     ) as waiting`,
    [quoteName(table), quoteName(written)],
  );
  return waitingSchema.parse([...rows])[0].waiting;
}

/** How often it is looked whether what batches wait for is over, in milliseconds. */
const interval = 500;

/**
 * Waits as long as there is a reason to.
 *
 * @param look the reason at this moment, or null
 * @param told of the reason each time, with the milliseconds since the first; it throws to give up
 */
export async function waitWhile<Reason>(
  look: () => Promise<Reason | null>,
  told: (reason: Reason, waited: number) => Promise<void>,
): Promise<void> {
  const first = performance.now();
  for (;;) {
    const reason = await look();
    if (reason === null) return;
    await told(reason, performance.now() - first);
    await pause(interval);
  }
}
