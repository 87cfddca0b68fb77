import { z } from "zod";
import { conflictingModes, type LockMode } from "../model/lock-modes.ts";
import type { Lock } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { qualifiedNameSchema } from "../sql/names.ts";
import { quoteQualified } from "../sql/quote.ts";

const holderSchema = z.object({
  /** Null for a prepared transaction, which no process holds. */
  pid: z.int().nullable(),
  application: z.string().nullable(),
  user: z.string().nullable(),
  /** As `pg_stat_activity` says: `active`, `idle in transaction`, … */
  state: z.string().nullable(),
  backend: z.string().nullable(),
  /** Its last statement; null where this role may not see it. */
  query: z.string().nullable(),
  /** How long its transaction has been open. */
  seconds: z.number().nullable(),
});

/** A session that holds what another waits for. */
export type Holder = z.infer<typeof holderSchema>;

/** `ACCESS EXCLUSIVE` as `pg_locks` spells it: `AccessExclusiveLock`. */
function spelled(mode: LockMode): string {
  const words = mode.split(" ").map((word) => `${word[0]}${word.slice(1).toLowerCase()}`);
  return `${words.join("")}Lock`;
}

const columns = `
  a.pid, a.application_name as application, a.usename as "user", a.state, a.backend_type as backend,
  a.query, extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds`;

const prepared = `
  null::int as pid, 'prepared transaction ' || p.gid as application, p.owner as "user", 'prepared' as state,
  null as backend, null as query, extract(epoch from clock_timestamp() - p.prepared)::float8 as seconds`;

/** Who keeps a backend waiting at this moment, whatever it waits for. PostgreSQL 17 manual, 9.27.1. */
export async function blockersOf(monitor: Queryable, pid: number): Promise<Holder[]> {
  const rows = await monitor.unsafe(
    `with blocking as (select unnest(pg_catalog.pg_blocking_pids($1::int)) as pid)
     select ${columns} from pg_catalog.pg_stat_activity a where a.pid in (select pid from blocking)
     union all
     select ${prepared} from pg_catalog.pg_prepared_xacts p
     where p.database = pg_catalog.current_database() and exists (select from blocking where pid = 0)`,
    [pid],
  );
  return z.array(holderSchema).parse([...rows]);
}

/** Who holds a lock at this moment that is in the way of any of `locks`; `own` backends do not count. */
export async function holdersOf(
  monitor: Queryable,
  locks: readonly Lock[],
  own: readonly number[],
): Promise<Holder[]> {
  if (locks.length === 0) return [];
  const wanted = locks.flatMap(({ schema, name, mode }) =>
    conflictingModes[mode].map((other) => ({ schema, name, mode: spelled(other) })),
  );
  const rows = await monitor.unsafe(
    `with holding as (
       select distinct coalesce(l.pid, 0) as pid, l.virtualtransaction
       from json_to_recordset($1::text::json) as w (schema text, name text, mode text)
       join pg_catalog.pg_namespace n on n.nspname = w.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
       join pg_catalog.pg_locks l on l.locktype = 'relation' and l.relation = c.oid and l.mode = w.mode
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       where l.granted and not (coalesce(l.pid, 0)
         in (select value::int from json_array_elements_text($2::text::json)))
     )
     select ${columns} from pg_catalog.pg_stat_activity a where a.pid in (select pid from holding)
     union all
     select ${prepared} from pg_catalog.pg_prepared_xacts p
     where p.database = pg_catalog.current_database() and exists (select from holding where pid = 0)`,
    [JSON.stringify(wanted), JSON.stringify(own)],
  );
  return z.array(holderSchema).parse([...rows]);
}

/** The beginning of a statement on one line, without its constants: those are other people's data. */
function excerpt(query: string): string {
  const line = query
    .replaceAll(/'(?:[^']|'')*('|$)/g, "'…'")
    .replaceAll(/\$(\w*)\$[\s\S]*?(\$\1\$|$)/g, "'…'")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** A holder in a few words: `pid 4711 (psql, user alice), idle in transaction for 93 s: "update accounts set …"`. */
export function describeHolder({ pid, application, user, state, backend, query, seconds }: Holder): string {
  const who = pid === null ? (application ?? "a prepared transaction") : `pid ${pid}`;
  const name = pid === null ? null : application || (backend === "client backend" ? null : backend);
  const details = [name, user && `user ${user}`].filter(Boolean).join(", ");
  const since = seconds === null ? "" : ` for ${Math.max(0, Math.round(seconds))} s`;
  const said = query && query !== "<insufficient privilege>" ? `: "${excerpt(query)}"` : "";
  return `${who}${details && ` (${details})`}${state ? `, ${state}${since}` : since}${said}`;
}

/**
 * Has an autovacuum cancelled that is in the way of `locks`, and keeps it away until the transaction ends: the server
 * does that for whoever has waited for longer than `deadlock_timeout`, which is longer than anybody should queue for
 * a strong lock. The weakest lock that an autovacuum conflicts with stops neither readers nor writers, so that it may
 * be waited for. One that prevents wraparound is not cancelled, and has to be waited out. PostgreSQL 17 manual, 24.1.6.
 */
export async function evictAutovacuum(transaction: Queryable, locks: readonly Lock[]): Promise<void> {
  if (locks.length === 0) return;
  await transaction.unsafe(
    `select pg_catalog.set_config('lock_timeout', (setting::bigint * 2)::text || 'ms', true)
     from pg_catalog.pg_settings where name = 'deadlock_timeout'`,
  );
  const tables = await transaction.unsafe(
    `select distinct n.nspname as schema, c.relname as name
     from json_to_recordset($1::text::json) as w (schema text, name text)
     join pg_catalog.pg_namespace n on n.nspname = w.schema
     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
     where c.relkind in ('r', 'p', 'm') and pg_catalog.pg_has_role(c.relowner, 'USAGE')`,
    [JSON.stringify(locks)],
  );
  for (const { schema, name } of z.array(qualifiedNameSchema).parse([...tables])) {
    await transaction.unsafe(
      `lock table only ${quoteQualified(schema, name)} in share update exclusive mode`,
    );
  }
}

/** Pauses between attempts, in milliseconds. */
const firstPause = 250;
const longestPause = 10_000;

/**
 * How long to leave a relation alone before the attempt after `attempt` (from 1): twice as long each time, and
 * jittered, so that two who wait for each other do not meet again.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const most = Math.min(longestPause, firstPause * 2 ** Math.min(attempt - 1, 16));
  return most / 2 + (most / 2) * random();
}
