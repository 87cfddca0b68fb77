import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { DeployError } from "../findings/errors.ts";
import type { JournalTable } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Batches, Lock, Plan, Step } from "../model/step.ts";
import { isToRun } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { forgetProgress, type Progress, readProgress, writeProgress } from "../records/batches.ts";
import { insertionOf } from "../records/journal.ts";
import { beginStep, endStep, recordMigration, type StepRecord } from "../records/records.ts";
import {
  batchSizes,
  isWaitedFor,
  keepsWaiting,
  nextBatchSize,
  nextRange,
  replicationLag,
  waitWhile,
} from "./batches.ts";
import type { Observer } from "./events.ts";
import { dropInvalidIndex, indexState } from "./index-state.ts";
import { batchTimeout, defaultReplicationLag } from "./limits.ts";
import { backoff, evictAutovacuum, type Holder, holdersOf } from "./locks.ts";
import { watching } from "./progress.ts";
import { hasRoom, type Session, type Worker } from "./session.ts";
import { gaveUp, isMomentary, isTimeout, replicaBehind, stepError } from "./step-error.ts";

export interface ExecuteOptions {
  readonly names: Names;
  /** Where the migrations are recorded as applied. */
  readonly journal: JournalTable;
  /** How long a statement may wait in the queue for a lock, with everybody behind it, in milliseconds. */
  readonly lockTimeout: number;
  /** How long a step may try in all, in milliseconds. */
  readonly giveUpAfter: number;
  /** How long a step that cannot be seen into may hold what it locked, in milliseconds; 0 for as long as it takes. */
  readonly blockTimeout: number;
  /** How far replicas may be behind before batches wait for them, in bytes; 0 for however far. */
  readonly replicationLag?: number;
  /** How many indexes may be built at once, on different tables. */
  readonly parallel: number;
  /** Aborted: stop after the current step. */
  readonly stopSignal?: AbortSignal | undefined;
  readonly observer: Observer;
  /** Throws where a step must not run after all, since what it works on has changed; asked in its transaction. */
  readonly requireUnchanged?: (transaction: Queryable, step: Step) => Promise<void>;
  /** Records a migration whose steps are done, in the last one's transaction. Default: in Drizzle's journal. */
  readonly record?: (transaction: Queryable, migration: Migration) => Promise<void>;
}

/** What became of a step. Times are in milliseconds. */
export interface StepResult {
  readonly id: string;
  readonly status: "done" | "skipped" | "left out" | "failed" | "not reached";
  readonly attempts: number;
  /** Of the attempt that succeeded or was the last. */
  readonly milliseconds: number;
  /** From the first attempt to the last. */
  readonly waited: number;
}

export interface Execution {
  readonly outcome: "completed" | "stopped" | "failed";
  readonly steps: readonly StepResult[];
  readonly error: DeployError | null;
}

type Migration = Plan["migrations"][number];

/** What `recordMigration` takes: nobody else writes to that table. */
const lockOf = ({ schema, name }: JournalTable): Lock => ({
  schema,
  name,
  mode: "SHARE ROW EXCLUSIVE",
  stopsReads: false,
  stopsWrites: true,
  duration: "short",
});

/** What a step throws to end the run without being at fault. */
const stopped = Symbol("stopped");

const isBuild = (step: Step): boolean => !step.transactional && step.kind === "create index";

/**
 * Runs the steps of a plan in order, each in its own transaction where it may have one, and records each with what
 * it did: killed anywhere, a plan made again leads on from there. Index builds that follow each other run in parallel
 * where they are of different tables.
 *
 * The records (see `ensureRecords`, `beginDeployment`) have to be there. A plan with blocked steps is the
 * caller's mistake.
 */
export async function executePlan(session: Session, plan: Plan, options: ExecuteOptions): Promise<Execution> {
  if (plan.steps.some(({ action }) => action === "blocked"))
    throw new TypeError("the plan has blocked steps");
  const results = new Map<string, StepResult>();
  const run = createRun(session, plan, options, results);
  const end = (outcome: Execution["outcome"], error: DeployError | null): Execution => ({
    outcome,
    error,
    steps: plan.steps.map(
      ({ id }) => results.get(id) ?? { id, status: "not reached", attempts: 0, milliseconds: 0, waited: 0 },
    ),
  });
  for (const { migration, recorded } of inRecordingOrder(plan.migrations)) {
    const steps = plan.steps.filter((step) => step.migration === migration.tag);
    const last = steps.filter(isToRun).at(-1);
    // With the last step of a migration in the same transaction, where that is possible.
    const together = last?.transactional && recorded.length > 0 ? last : undefined;
    for (const group of groups(steps)) {
      const failure = await run.group(group, together && { step: together, recorded });
      if (failure === stopped) return end("stopped", null);
      if (failure) return end("failed", failure);
    }
    if (!together && recorded.length > 0) {
      const failure = await run.settle(migration, recorded);
      if (failure === stopped) return end("stopped", null);
      if (failure) return end("failed", failure);
    }
    for (const { tag } of recorded) await options.observer({ type: "migration recorded", tag });
  }
  return end("completed", null);
}

/**
 * Each migration with those that are recorded once its steps are done: itself, and those before it that had to wait for
 * it. Drizzle 0.45 passes over whatever is not newer than the newest that is recorded, so of two whose times go back or are
 * equal the first is recorded with the second: stopped between them, neither tool leaves one out. Drizzle 1.0 goes by
 * their names, and each is recorded by itself.
 */
function inRecordingOrder(
  migrations: readonly Migration[],
): { migration: Migration; recorded: readonly Migration[] }[] {
  let waiting: Migration[] = [];
  return migrations.map((migration, at) => {
    if (migration.name !== undefined) return { migration, recorded: [migration] };
    waiting.push(migration);
    const newest = Math.max(...waiting.map(({ when }) => when));
    if (migrations.slice(at + 1).some(({ when }) => when <= newest)) return { migration, recorded: [] };
    const recorded = waiting;
    waiting = [];
    return { migration, recorded };
  });
}

/** What ends a migration: its last step, and what is recorded with that. */
interface Completion {
  readonly step: Step;
  readonly recorded: readonly Migration[];
}

/** What takes a migration as applied, in the words of a step: for who waits for it, or is told that it failed. */
function recording(migration: Migration, journal: JournalTable): Step {
  const { tag } = migration;
  return {
    id: `${tag}/journal`,
    migration: tag,
    kind: "journal",
    title: `record ${tag} in ${journal.schema}.${journal.name}`,
    sql: insertionOf(migration, journal),
    target: null,
    needs: [],
    locks: [lockOf(journal)],
    transactional: true,
    action: "run",
    reason: null,
    hazards: [],
    safety: "One row.",
    size: null,
    estimate: { milliseconds: 0, growthBytes: 0 },
  };
}

/** Steps that may run at the same time, in the order of the plan: index builds that follow each other. */
function groups(steps: readonly Step[]): Step[][] {
  const result: Step[][] = [];
  for (const step of steps) {
    const group = result.at(-1);
    const joins =
      group?.every((other) => isBuild(other) || !isToRun(other)) && (isBuild(step) || !isToRun(step));
    if (group && joins) group.push(step);
    else result.push([step]);
  }
  return result;
}

/** Steps of one table one after the other; tables in the order in which they come up. */
function byTable(steps: readonly Step[]): Step[][] {
  const tables = new Map<string, Step[]>();
  for (const step of steps) {
    const table = JSON.stringify([step.target?.schema, step.target?.table]);
    tables.set(table, [...(tables.get(table) ?? []), step]);
  }
  return [...tables.values()];
}

function createRun(session: Session, plan: Plan, options: ExecuteOptions, results: Map<string, StepResult>) {
  const { observer, stopSignal } = options;
  const recordApplied =
    options.record ??
    ((transaction: Queryable, migration: Migration) =>
      recordMigration(transaction, migration, options.journal));
  const workers: Worker[] = [session];
  const ownPids = (): number[] => workers.map(({ pid }) => pid);
  const hashes = new Map(plan.migrations.map(({ tag, hash }) => [tag, hash]));
  let lost = false;

  /** Runs a group; hands back what ended it, or nothing. */
  async function group(steps: readonly Step[], together: Completion | undefined) {
    const toRun: Step[] = [];
    for (const step of steps) {
      if (isToRun(step)) {
        toRun.push(step);
        continue;
      }
      const status = step.action === "leave out" ? "left out" : "skipped";
      results.set(step.id, { id: step.id, status, attempts: 0, milliseconds: 0, waited: 0 });
      await observer({ type: "step skipped", step });
    }
    const chains = byTable(toRun);
    if (chains.length > 1) await openWorkers(Math.min(options.parallel, chains.length));
    let ended: DeployError | typeof stopped | undefined;
    const serve = async (worker: Worker): Promise<void> => {
      for (let chain = chains.shift(); chain; chain = chains.shift()) {
        for (const step of chain) {
          if (ended) return;
          const recorded = step === together?.step ? together.recorded : [];
          ended = (await one(worker, step, recorded)) ?? ended;
        }
      }
    };
    await Promise.all(workers.slice(0, Math.max(1, chains.length)).map(serve));
    return ended;
  }

  async function openWorkers(wanted: number): Promise<void> {
    while (workers.length < wanted && (await hasRoom(session.monitor))) {
      try {
        workers.push(await session.openWorker());
      } catch {
        // The server had room a moment ago; fewer connections only take longer.
        return;
      }
    }
  }

  async function one(worker: Worker, step: Step, recorded: readonly Migration[]) {
    const hash = hashes.get(step.migration);
    if (hash === undefined) throw new TypeError(`step ${step.id} is of no migration of the plan`);
    const first = performance.now();
    let begun = first;
    let attempt = 1;
    let evict: readonly Lock[] = [];
    const result = (status: StepResult["status"]): StepResult => ({
      id: step.id,
      status,
      attempts: attempt,
      milliseconds: performance.now() - begun,
      waited: begun - first,
    });
    const record = (): StepRecord => ({
      deploymentId: session.id,
      step,
      migrationHash: hash,
      attempts: attempt,
    });
    if (stopSignal?.aborted) return stopped;
    await observer({ type: "step started", step });
    try {
      for (; ; attempt += 1) {
        begun = performance.now();
        try {
          await (step.batches
            ? inBatches(worker, record(), step.batches, recorded)
            : step.transactional
              ? inTransaction(worker, record(), { recorded, evict })
              : concurrently(worker, record(), first));
          const done = result("done");
          results.set(step.id, done);
          await observer({ type: "step done", step, attempts: attempt, milliseconds: done.milliseconds });
          return undefined;
        } catch (error) {
          if (!isMomentary(error)) throw error;
          evict = await retreat(step, attempt, first);
        }
      }
    } catch (error) {
      if (error === stopped) {
        // Some of it is done.
        if (step.batches) await recordFailure(worker.sql, options.names, record(), 0, undefined);
        return stopped;
      }
      const failure = stepError(step, error, options.blockTimeout);
      lost ||= failure.code === "CONNECTION_LOST" || failure.code === "POOLER";
      const failed = result("failed");
      results.set(step.id, failed);
      if (!lost) await recordFailure(worker.sql, options.names, record(), failed.milliseconds, failure);
      await observer({ type: "step failed", step, error: failure });
      return failure;
    }
  }

  /** Records migrations on their own; hands back what ended it, or nothing. */
  async function settle(migration: Migration, recorded: readonly Migration[]) {
    const step = recording(migration, options.journal);
    const first = performance.now();
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const work = session.sql.begin(async (transaction) => {
            await session.verify(transaction);
            await setLocal(transaction, { lock_timeout: `${options.lockTimeout}ms` });
            for (const one of recorded) await recordApplied(transaction, one);
          });
          await watching(
            session.monitor,
            session,
            ({ holders }) => tellWaiting(step, holders, performance.now() - first),
            work,
          );
          return undefined;
        } catch (error) {
          if (!isMomentary(error)) throw error;
          await retreat(step, attempt, first);
        }
      }
    } catch (error) {
      return error === stopped ? stopped : stepError(step, error, options.blockTimeout);
    }
  }

  /**
   * Leaves the relations alone for a while; gives up where that has gone on for too long.
   * @returns the locks that an autovacuum is in the way of
   */
  async function retreat(step: Step, attempt: number, first: number): Promise<readonly Lock[]> {
    const holders = await holdersOf(session.monitor, [...step.locks, lockOf(options.journal)], ownPids());
    const waited = performance.now() - first;
    if (waited >= options.giveUpAfter) throw gaveUp(step, waited, holders, "");
    const pause = Math.min(backoff(attempt), Math.max(0, options.giveUpAfter - waited));
    await observer({ type: "step retried", step, attempt, holders, pause });
    try {
      await sleep(pause, undefined, stopSignal ? { signal: stopSignal } : {});
    } catch {
      throw stopped;
    }
    if (stopSignal?.aborted) throw stopped;
    return holders.some(({ backend }) => backend === "autovacuum worker") ? step.locks : [];
  }

  async function inTransaction(
    worker: Worker,
    record: StepRecord,
    { recorded, evict }: { recorded: readonly Migration[]; evict: readonly Lock[] },
  ): Promise<void> {
    const { step } = record;
    const begun = performance.now();
    const work = worker.sql.begin(async (transaction) => {
      await worker.verify(transaction);
      await evictAutovacuum(transaction, evict);
      await setLocal(transaction, {
        lock_timeout: `${options.lockTimeout}ms`,
        ...(step.kind === "opaque" ? { statement_timeout: `${options.blockTimeout}ms` } : {}),
      });
      await options.requireUnchanged?.(transaction, step);
      // Before the statement, so that nothing comes between it and the commit: until then it holds its locks.
      await beginStep(transaction, options.names, record, "done");
      for (const migration of recorded) await recordApplied(transaction, migration);
      await observer({ type: "statement", at: "before", step, sql: step.sql });
      await transaction.unsafe(step.sql).simple();
      await observer({ type: "statement", at: "after", step, sql: step.sql });
    });
    await watching(
      session.monitor,
      worker,
      ({ holders }) => tellWaiting(step, holders, performance.now() - begun),
      work,
    );
    const milliseconds = performance.now() - begun;
    // It is done and recorded; only how long it took is still missing.
    await endStep(worker.sql, options.names, record, { status: "done", milliseconds, error: null }).catch(
      () => undefined,
    );
  }

  /**
   * A change of rows in batches, each a transaction of its own in which it is written down how far it is: it begins where
   * that says. What is only of the moment is tried again for the batch that it came to.
   */
  async function inBatches(
    worker: Worker,
    record: StepRecord,
    batches: Batches,
    recorded: readonly Migration[],
  ): Promise<void> {
    const { step } = record;
    const begun = performance.now();
    await worker.verify();
    await beginStep(worker.sql, options.names, record);
    let size: number = batchSizes.first;
    let first = performance.now();
    let attempt = 1;
    let evict: readonly Lock[] = [];
    for (;;) {
      await giveWay(step, batches);
      const from = performance.now();
      let keptWaiting = false;
      try {
        const { rows, isLast } = await watching(
          session.monitor,
          worker,
          async ({ holders }) => {
            keptWaiting ||= await keepsWaiting(session.monitor, worker.pid);
            await tellWaiting(step, holders, performance.now() - first);
          },
          batch(worker, record, batches, { size, recorded, evict }),
        );
        await observer({ type: "batch done", step, rows, estimated: step.size?.rows ?? null });
        if (isLast) break;
        size = nextBatchSize(size, performance.now() - from, keptWaiting);
        [first, attempt, evict] = [performance.now(), 1, []];
      } catch (error) {
        if (isTimeout(error) && size > batchSizes.fewest) {
          size = Math.max(batchSizes.fewest, Math.round(size / 10));
          continue;
        }
        if (!isMomentary(error)) throw error;
        evict = await retreat(step, attempt, first);
        attempt += 1;
        size = nextBatchSize(size, 0, true);
      }
      if (stopSignal?.aborted) throw stopped;
    }
    const milliseconds = performance.now() - begun;
    await endStep(worker.sql, options.names, record, { status: "done", milliseconds, error: null }).catch(
      () => undefined,
    );
  }

  /** One batch, and with the last of them the end of the step; with the rows that were gone through so far. */
  async function batch(
    worker: Worker,
    record: StepRecord,
    batches: Batches,
    { size, recorded, evict }: { size: number; recorded: readonly Migration[]; evict: readonly Lock[] },
  ): Promise<{ rows: number; isLast: boolean }> {
    const { step } = record;
    const { names } = options;
    return worker.sql.begin(async (transaction) => {
      await worker.verify(transaction);
      await evictAutovacuum(transaction, evict);
      await setLocal(transaction, {
        lock_timeout: `${options.lockTimeout}ms`,
        // The smallest is let be: it cannot be made smaller.
        statement_timeout: size > batchSizes.fewest ? `${batchTimeout}ms` : "0",
      });
      await options.requireUnchanged?.(transaction, step);
      const before = await readProgress(transaction, names, record, batches);
      const range = await nextRange(transaction, batches, before?.position ?? null, size);
      // What clients add behind the last row from here on comes after the statement.
      const isLast = range === null || range.rows < size;
      const progress: Progress = {
        position: range?.to ?? "",
        rows: (before?.rows ?? 0) + (range?.rows ?? 0),
        startedAt: before?.startedAt ?? (await timeOf(transaction)),
      };
      if (isLast) {
        await beginStep(transaction, names, record, "done");
        for (const migration of recorded) await recordApplied(transaction, migration);
        await forgetProgress(transaction, names, record);
      } else {
        await writeProgress(transaction, names, record, batches, progress);
      }
      if (range === null) return { rows: progress.rows, isLast };
      await observer({ type: "statement", at: "before", step, sql: batches.sql });
      await transaction.unsafe(batches.sql, [
        range.from,
        range.to,
        ...(batches.takesTime ? [progress.startedAt] : []),
      ]);
      await observer({ type: "statement", at: "after", step, sql: batches.sql });
      return { rows: progress.rows, isLast };
    });
  }

  /** Waits before a batch for replicas that are behind, and for whoever queues for what it writes. */
  async function giveWay(step: Step, batches: Batches): Promise<void> {
    const most = options.replicationLag ?? defaultReplicationLag;
    const look = async (): Promise<{ reason: string; isLag: boolean } | null> => {
      const lag = most > 0 ? await replicationLag(session.monitor) : 0;
      if (lag > most)
        return { reason: `a replica is ${Math.round(lag / 1024 / 1024)} MB behind`, isLag: true };
      if (await isWaitedFor(session.monitor, batches))
        return { reason: "others wait for its table", isLag: false };
      return null;
    };
    await waitWhile(look, async ({ reason, isLag }, waited) => {
      if (stopSignal?.aborted) throw stopped;
      await observer({ type: "batches paused", step, reason, waited });
      if (waited < options.giveUpAfter) return;
      if (isLag) throw replicaBehind(step, reason, waited);
      throw gaveUp(step, waited, [], "");
    });
  }

  /** What may not run in a transaction: an index is built or dropped, and nobody is kept waiting meanwhile. */
  async function concurrently(worker: Worker, record: StepRecord, first: number): Promise<void> {
    const { step } = record;
    const { sql } = worker;
    let givenUp: { holders: readonly Holder[]; waited: number } | undefined;
    let stopping = false;
    let waitedBefore = 0;
    let waitingSince: number | undefined;

    await worker.verify();
    await beginStep(sql, options.names, record);
    let begun = false;
    const work = async (): Promise<void> => {
      if (step.kind === "create index" && (await indexState(sql, step)) === "invalid") {
        // Somebody may be building it at this moment: it would be dropped when they are done.
        await sql.begin((transaction) => evictAutovacuum(transaction, step.locks));
        await dropInvalidIndex(sql, step);
      }
      // What is rebuilt has the wanted definition, and somebody has brought it to its end.
      if (step.action === "rebuild" && (await indexState(sql, step)) === "valid") return;
      await observer({ type: "statement", at: "before", step, sql: step.sql });
      begun = true;
      await sql.unsafe(step.sql).simple();
      await observer({ type: "statement", at: "after", step, sql: step.sql });
    };
    try {
      await watching(
        session.monitor,
        worker,
        async ({ holders, progress }) => {
          const others = holders.filter(({ pid }) => pid === null || !ownPids().includes(pid));
          if (progress) await observer({ type: "step progress", step, progress });
          if (others.length === 0) {
            if (waitingSince !== undefined) waitedBefore += performance.now() - waitingSince;
            waitingSince = undefined;
            return;
          }
          waitingSince ??= performance.now();
          const waited = waitedBefore + performance.now() - waitingSince;
          await tellWaiting(step, others, performance.now() - first);
          stopping = stopSignal?.aborted ?? false;
          if (waited < options.giveUpAfter && !stopping) return;
          givenUp = { holders: others, waited };
          await session.monitor.unsafe(`select pg_catalog.pg_cancel_backend($1::int)`, [worker.pid]);
        },
        work(),
      );
      if (step.kind === "create index" && (await indexState(sql, step)) !== "valid") {
        throw new TypeError(`index ${step.target?.name} is not valid, though its build reported success`);
      }
    } catch (error) {
      const isOurs = begun && step.kind === "create index";
      const left = isOurs ? await clearAway(worker, step, givenUp !== undefined) : "";
      if (givenUp && stopping) {
        await recordFailure(sql, options.names, record, 0, undefined);
        throw stopped;
      }
      if (givenUp) throw gaveUp(step, givenUp.waited, givenUp.holders, left);
      throw error;
    }
    await sql.begin((transaction) =>
      endStep(transaction, options.names, record, {
        status: "done",
        milliseconds: performance.now() - first,
        error: null,
      }),
    );
  }

  /** After a build that failed; says what could not be cleared away. */
  async function clearAway(worker: Worker, step: Step, impatient: boolean): Promise<string> {
    const limit = impatient ? options.lockTimeout : options.giveUpAfter;
    try {
      await worker.sql.unsafe(`select pg_catalog.set_config('lock_timeout', $1, false)`, [`${limit}ms`]);
      await dropInvalidIndex(worker.sql, step);
      return "";
    } catch {
      return ` Index ${step.target?.name} is left invalid: the next run drops it.`;
    } finally {
      await worker.sql.unsafe(`set lock_timeout = 0`).catch(() => undefined);
    }
  }

  async function tellWaiting(step: Step, holders: readonly Holder[], waited: number): Promise<void> {
    if (holders.length > 0) await observer({ type: "step waiting", step, holders, waited });
  }

  return { group, settle };
}

const timeSchema = z.tuple([z.object({ time: z.string() })]);

/** When a transaction began, in all digits. */
async function timeOf(transaction: Queryable): Promise<string> {
  return timeSchema.parse([...(await transaction.unsafe(`select now()::text as time`))])[0].time;
}

async function setLocal(transaction: Queryable, settings: Readonly<Record<string, string>>): Promise<void> {
  await transaction.unsafe(
    `select pg_catalog.set_config(key, value, true) from pg_catalog.json_each_text($1::text::json)`,
    [JSON.stringify(settings)],
  );
}

/** A failure is told to whoever deploys; its record is for later, and must not hide it. */
async function recordFailure(
  sql: Queryable,
  names: Names,
  record: StepRecord,
  milliseconds: number,
  failure: DeployError | undefined,
): Promise<void> {
  try {
    await beginStep(sql, names, record);
    await endStep(sql, names, record, {
      status: "failed",
      milliseconds,
      error: failure ? `${failure.code}: ${failure.message}` : "stopped",
    });
  } catch {
    // The next deployment marks what still counts as running.
  }
}
