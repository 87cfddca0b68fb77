import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { CheckId } from "../findings/check-ids.ts";
import { type Finding, findingSchema } from "../findings/finding.ts";
import type { Queryable } from "../postgres/index.ts";

const lockWaitSchema = z.object({
  pid: z.int(),
  application: z.string().nullable(),
  /** What it waits for: `public.accounts`, or the kind of lock where it is none on a table. */
  relation: z.string(),
  /** How long it has waited, as far as the server tells. */
  seconds: z.number(),
  /** The processes in its way. */
  blockers: z.array(z.int()),
});

const countersSchema = z.object({
  commits: z.coerce.number(),
  rollbacks: z.coerce.number(),
  deadlocks: z.coerce.number(),
  conflicts: z.coerce.number(),
});

const indexSchema = z.object({
  schema: z.string(),
  name: z.string(),
  table: z.string(),
  valid: z.boolean(),
  scans: z.coerce.number(),
  /** Rows of its table, as the planner estimates them. */
  rows: z.number(),
});

/** What a look at the database shows; the counters are since the server's statistics were last reset. */
export const sampleSchema = z.object({
  counters: countersSchema,
  lockWaits: z.array(lockWaitSchema),
  /** What active sessions wait for other than locks and their clients, as `IO/DataFileRead`, and how many. */
  waits: z.array(z.object({ event: z.string(), sessions: z.number() })),
  indexes: z.array(indexSchema),
});

export type Sample = z.infer<typeof sampleSchema>;

/** What a watch saw. */
export const watchReportSchema = z.strictObject({
  startedAt: z.iso.datetime(),
  /** How long it was to be, and how long it was: shorter where it was ended. */
  wantedSeconds: z.number(),
  seconds: z.number(),
  samples: z.int(),
  ok: z.boolean(),
  commits: z.number(),
  rollbacks: z.number(),
  deadlocks: z.number(),
  longestLockWait: z
    .strictObject({ seconds: z.number(), relation: z.string(), application: z.string().nullable() })
    .nullable(),
  /** How often a session was seen waiting for something else, most first. */
  waits: z.array(z.strictObject({ event: z.string(), times: z.number() })),
  /** Scans of each new index during the watch. */
  indexes: z.array(z.strictObject({ index: z.string(), scans: z.number(), valid: z.boolean() })),
  findings: z.array(findingSchema),
});

export type WatchReport = z.infer<typeof watchReportSchema>;

/** An index by schema and name. */
export interface IndexName {
  readonly schema: string | null;
  readonly name: string;
}

// PostgreSQL 17 manual, 27.2.3 "pg_stat_activity", 27.2.17 "pg_stat_database", 27.2.20 "pg_stat_all_indexes".
const look = `
select
  (select json_build_object('commits', xact_commit, 'rollbacks', xact_rollback, 'deadlocks', deadlocks,
     'conflicts', conflicts)
   from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()) as counters,
  coalesce((
    select json_agg(json_build_object('pid', l.pid, 'application', a.application_name,
      'relation', coalesce(n.nspname || '.' || c.relname, l.locktype),
      'seconds', extract(epoch from pg_catalog.clock_timestamp() - coalesce(l.waitstart, a.query_start, now()))::float8,
      'blockers', to_json(pg_catalog.pg_blocking_pids(l.pid))))
    from pg_catalog.pg_locks l
    left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    left join pg_catalog.pg_class c on c.oid = l.relation
    left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not l.granted and l.pid is not null and a.datname = pg_catalog.current_database()), '[]') as "lockWaits",
  coalesce((
    select json_agg(w) from (
      select wait_event_type || '/' || wait_event as event, count(*) as sessions
      from pg_catalog.pg_stat_activity
      where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() and state = 'active'
        and wait_event_type not in ('Lock', 'Client', 'Activity', 'Timeout')
      group by 1) w), '[]') as waits,
  coalesce((
    select json_agg(json_build_object('schema', n.nspname, 'name', c.relname, 'table', t.relname,
      'valid', i.indisvalid, 'scans', coalesce(s.idx_scan, 0), 'rows', t.reltuples))
    from json_to_recordset($1::text::json) as w (schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    left join pg_catalog.pg_stat_all_indexes s on s.indexrelid = c.oid), '[]') as indexes`;

/** Looks at the database of a connection once. A role without `pg_monitor` sees less of other roles' sessions. */
export async function takeSample(sql: Queryable, indexes: readonly IndexName[]): Promise<Sample> {
  const rows = await sql.unsafe(look, [JSON.stringify(indexes)]);
  return z.tuple([sampleSchema]).parse([...rows])[0];
}

/** A session that waits longer than this for a lock is one that somebody notices, in seconds. */
const noticed = 5;

/** Of transactions that fail, more than this share, and this many, are worth a look. */
const unusual = { share: 0.05, rollbacks: 10 };

/** What a person should look at in what was seen. Pure. */
export function watchFindings(samples: readonly Sample[]): Finding[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) return [];
  const findings: Finding[] = [];
  const waits = samples.flatMap(({ lockWaits }) => lockWaits);
  const longest = new Map<string, (typeof waits)[number]>();
  for (const wait of waits) {
    const known = longest.get(wait.relation);
    if (!known || known.seconds < wait.seconds) longest.set(wait.relation, wait);
  }
  for (const { relation, seconds, application, pid, blockers } of longest.values()) {
    if (seconds < noticed) continue;
    findings.push({
      check: "watch.locks" satisfies CheckId,
      severity: "error",
      object: relation,
      expected: `nobody waits longer than ${noticed} s for a lock`,
      actual: `pid ${pid}${application ? ` (${application})` : ""} waited ${seconds.toFixed(1)} s for pid ${blockers.join(", ") || "unknown"}`,
      remedy: "See what the blocking session does in pg_stat_activity, and end it where it hangs.",
    });
  }
  const grown = (name: keyof Sample["counters"]): number =>
    Math.max(0, last.counters[name] - first.counters[name]);
  if (grown("deadlocks") > 0) {
    findings.push({
      check: "watch.errors" satisfies CheckId,
      severity: "error",
      object: "database",
      expected: "no deadlocks",
      actual: `${grown("deadlocks")} deadlocks`,
      remedy: "The server's log names the statements that deadlocked.",
    });
  }
  const [rollbacks, commits] = [grown("rollbacks"), grown("commits")];
  const share = rollbacks / Math.max(1, rollbacks + commits);
  if (rollbacks >= unusual.rollbacks && share > unusual.share) {
    findings.push({
      check: "watch.errors" satisfies CheckId,
      severity: "error",
      object: "database",
      expected: `at most ${unusual.share * 100} % of transactions rolled back`,
      actual: `${rollbacks} of ${rollbacks + commits}`,
      remedy: "The server's log names the statements that failed; a rollback takes everything back.",
    });
  }
  const before = new Map(first.indexes.map((index) => [`${index.schema}.${index.name}`, index.scans]));
  for (const { schema, name, valid, scans, rows, table } of last.indexes) {
    const index = `${schema}.${name}`;
    if (!valid) {
      findings.push({
        check: "watch.indexes" satisfies CheckId,
        severity: "error",
        object: index,
        expected: "a valid index",
        actual: "an invalid one, which is maintained and never read",
        remedy: "Deploy again: it is rebuilt.",
      });
    } else if (scans === (before.get(index) ?? 0)) {
      findings.push({
        check: "watch.indexes" satisfies CheckId,
        severity: "info",
        object: index,
        expected: "is read",
        actual: `was not read during the watch (${table} has some ${Math.max(0, Math.round(rows)).toLocaleString("en-US")} rows)`,
        remedy: "Nothing yet: look again after a day of usual work.",
      });
    }
  }
  return findings;
}

/** A watch that was ended before its time has not seen what it was for. */
function cutShort({ seconds, wantedSeconds }: Pick<WatchReport, "wantedSeconds" | "seconds">): Finding[] {
  if (seconds >= wantedSeconds) return [];
  return [
    {
      check: "watch.time" satisfies CheckId,
      severity: "error",
      object: "the watch",
      expected: `${Math.round(wantedSeconds)} s`,
      actual: `ended after ${Math.round(seconds)} s`,
      remedy: "Look at pg_stat_activity and the server's log before anyone signs off.",
    },
  ];
}

/** What was seen, put together. Pure. */
export function summariseWatch(
  samples: readonly Sample[],
  times: Pick<WatchReport, "startedAt" | "wantedSeconds" | "seconds">,
): WatchReport {
  const first = samples[0];
  const last = samples.at(-1);
  const grown = (name: keyof Sample["counters"]): number =>
    Math.max(0, (last?.counters[name] ?? 0) - (first?.counters[name] ?? 0));
  const waits = new Map<string, number>();
  for (const { event, sessions } of samples.flatMap((sample) => sample.waits)) {
    waits.set(event, (waits.get(event) ?? 0) + sessions);
  }
  const longest = samples
    .flatMap(({ lockWaits }) => lockWaits)
    .reduce<Sample["lockWaits"][number] | undefined>(
      (most, wait) => (most && most.seconds >= wait.seconds ? most : wait),
      undefined,
    );
  const before = new Map(
    (first?.indexes ?? []).map(({ schema, name, scans }) => [`${schema}.${name}`, scans]),
  );
  const findings = [...watchFindings(samples), ...cutShort(times)];
  return {
    ...times,
    samples: samples.length,
    ok: findings.every(({ severity }) => severity !== "error"),
    commits: grown("commits"),
    rollbacks: grown("rollbacks"),
    deadlocks: grown("deadlocks"),
    longestLockWait: longest
      ? { seconds: longest.seconds, relation: longest.relation, application: longest.application }
      : null,
    waits: [...waits]
      .map(([event, seen]) => ({ event, times: seen }))
      .sort((one, other) => other.times - one.times),
    indexes: (last?.indexes ?? []).map(({ schema, name, scans, valid }) => ({
      index: `${schema}.${name}`,
      scans: Math.max(0, scans - (before.get(`${schema}.${name}`) ?? 0)),
      valid,
    })),
    findings,
  };
}

/** How long a database is watched, and the use of which indexes. */
export interface WatchOptions {
  /** How long to watch, in seconds. */
  readonly seconds: number;
  /** The indexes whose use is watched. */
  readonly indexes: readonly IndexName[];
  /** Between two looks, in seconds. Default 5, or a tenth of a shorter watch. */
  readonly interval?: number | undefined;
  /** Aborted: the watch ends with what it has seen. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Told after each look, with the seconds that are left. */
  readonly onSample?: ((sample: Sample, left: number) => void) | undefined;
}

/**
 * Watches a database at work: who waits for locks and how long, transactions that fail, deadlocks, what sessions wait
 * for, and whether the indexes are read. Reads statistics only.
 */
export async function watch(
  sql: Queryable,
  { seconds, indexes, interval, stopSignal, onSample }: WatchOptions,
): Promise<WatchReport> {
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const between = interval ?? Math.min(5, seconds / 10);
  const samples: Sample[] = [];
  for (;;) {
    const sample = await takeSample(sql, indexes);
    samples.push(sample);
    const left = seconds - elapsed();
    onSample?.(sample, Math.max(0, left));
    if (left <= 0 || stopSignal?.aborted) break;
    const options = stopSignal ? { signal: stopSignal } : {};
    // An abort ends the pause early, and the loop with the look after it.
    await pause(Math.min(between, left) * 1000, undefined, options).catch(() => undefined);
  }
  return summariseWatch(samples, { startedAt, wantedSeconds: seconds, seconds: elapsed() });
}
