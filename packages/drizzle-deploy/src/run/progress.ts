import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Queryable } from "../postgres/index.ts";
import type { BuildProgress } from "./events.ts";
import { blockersOf, type Holder } from "./locks.ts";
import type { Worker } from "./session.ts";

const progressSchema = z.array(
  z.object({
    phase: z.string(),
    blocksDone: z.coerce.number(),
    blocks: z.coerce.number(),
    tuplesDone: z.coerce.number(),
    tuples: z.coerce.number(),
  }),
);

/** How far the index build of a backend is; null where it builds none. PostgreSQL 17 manual, 27.4.4. */
export async function buildProgress(monitor: Queryable, pid: number): Promise<BuildProgress | null> {
  const rows = await monitor.unsafe(
    `select phase, blocks_done as "blocksDone", blocks_total as blocks,
       tuples_done as "tuplesDone", tuples_total as tuples
     from pg_catalog.pg_stat_progress_create_index where pid = $1::int`,
    [pid],
  );
  const [row] = progressSchema.parse([...rows]);
  if (!row) return null;
  const [done, total] = row.blocks > 0 ? [row.blocksDone, row.blocks] : [row.tuplesDone, row.tuples];
  return { phase: row.phase, share: total > 0 ? Math.min(1, done / total) : null };
}

/** How often a backend is looked at, in milliseconds. */
const interval = 200;

/** What is seen of a backend at one moment. */
export interface Sight {
  readonly holders: readonly Holder[];
  readonly progress: BuildProgress | null;
}

/**
 * Looks at a worker's backend again and again while `work` runs on it, and tells what it sees. Where a look fails, the
 * worker is cut off: nobody would notice any more what it waits for, or whom it keeps waiting.
 */
export async function watching<Result>(
  monitor: Queryable,
  worker: Worker,
  see: (sight: Sight) => void | Promise<void>,
  work: Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const look = async (): Promise<void> => {
    for (;;) {
      try {
        await pause(interval, undefined, { signal: ended.signal });
      } catch {
        return;
      }
      try {
        const holders = await blockersOf(monitor, worker.pid);
        const progress = await buildProgress(monitor, worker.pid);
        if (!ended.signal.aborted) await see({ holders, progress });
      } catch (error) {
        if (!ended.signal.aborted) await worker.sql.end({ timeout: 0 });
        throw error;
      }
    }
  };
  const looking = look();
  try {
    // Whichever fails first; a look ends well only after the work.
    return await Promise.race([work, looking.then(() => work)]);
  } finally {
    ended.abort();
    await looking.catch(() => undefined);
  }
}
