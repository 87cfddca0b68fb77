import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type LockMode, lockModes } from "../../packages/drizzle-deploy/src/model/lock-modes.ts";
import type { Lock } from "../../packages/drizzle-deploy/src/model/step.ts";
import type { Sql } from "./database.ts";

type Querying = Pick<Sql, "unsafe">;

const rowsSchema = z.array(z.object({ relation: z.string(), mode: z.string() }));

const oidsSchema = z.array(
  z.object({ oid: z.string(), relation: z.string(), kind: z.string(), file: z.string() }),
);

/** A relation of a database's own schemas. */
export interface Known {
  readonly relation: string;
  /** As `pg_class.relkind` has it. */
  readonly kind: string;
  /** The file that holds it; another one after it was written again. */
  readonly file: string;
}

/** The relations of a database's own schemas by oid: what was there before a statement, under the names it had. */
export async function relations(sql: Querying): Promise<Map<string, Known>> {
  const rows = await sql.unsafe(
    `select c.oid::text as oid, n.nspname || '.' || c.relname as relation, c.relkind::text as kind,
       c.relfilenode::text as file
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  return new Map(oidsSchema.parse([...rows]).map(({ oid, ...known }) => [oid, known]));
}

/** The strongest lock of a session on each relation, as `schema.name MODE`, sorted. */
export async function locksOf(
  sql: Querying,
  pid: string,
  known: ReadonlyMap<string, Known>,
): Promise<string[]> {
  const rows = await sql.unsafe(
    `select l.relation::text as relation, l.mode from pg_locks l where l.locktype = 'relation' and l.pid = ${pid}
       and l.database = (select oid from pg_database where datname = current_database())`,
  );
  return strongest(
    rowsSchema.parse([...rows]).flatMap(({ relation, mode }) => {
      const found = known.get(relation);
      return found ? [{ relation: found.relation, mode: words(mode) }] : [];
    }),
  );
}

const countsSchema = z.array(z.object({ relation: z.string(), count: z.coerce.number() }));

/** How often the session has read each relation from end to end; it only ever grows. */
export async function scans(sql: Querying): Promise<Map<string, number>> {
  const rows = await sql.unsafe(
    `select relid::text as relation, seq_scan as count from pg_stat_xact_user_tables where seq_scan > 0`,
  );
  return new Map(countsSchema.parse([...rows]).map(({ relation, count }) => [relation, count]));
}

/** The relations that were read from end to end between two counts. */
export function scanned(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  known: ReadonlyMap<string, Known>,
): string[] {
  return [...after]
    .flatMap(([oid, count]) => (count > (before.get(oid) ?? 0) ? (known.get(oid)?.relation ?? []) : []))
    .sort();
}

/** The relations that the transaction has written again. */
export async function rewritten(sql: Querying, known: ReadonlyMap<string, Known>): Promise<string[]> {
  const now = await relations(sql);
  return [...known]
    .flatMap(([oid, { relation, kind, file }]) =>
      kind === "r" && now.has(oid) && now.get(oid)?.file !== file ? [relation] : [],
    )
    .sort();
}

/** `ShareUpdateExclusiveLock` as the manual writes it. */
const words = (mode: string): string =>
  mode
    .replace(/Lock$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toUpperCase();

const strength = (mode: string): number => lockModes.findIndex((one: LockMode) => one === mode);

function strongest(locks: readonly { relation: string; mode: string }[]): string[] {
  const found = new Map<string, string>();
  for (const { relation, mode } of locks) {
    if (strength(mode) > strength(found.get(relation) ?? "")) found.set(relation, mode);
  }
  return [...found].map(([relation, mode]) => `${relation} ${mode}`).sort();
}

/** The same of what a step is said to lock. */
export function saidLocks(locks: readonly Lock[], known: ReadonlyMap<string, Known>): string[] {
  const names = new Set([...known.values()].map(({ relation }) => relation));
  return strongest(
    locks
      .map(({ schema, name, mode }) => ({ relation: `${schema}.${name}`, mode }))
      .filter(({ relation }) => names.has(relation)),
  );
}

const pidSchema = z.tuple([z.object({ pid: z.number() })]);
const waitingSchema = z.tuple([z.object({ waiting: z.boolean() })]);

/**
 * The locks of a statement that may not run in a transaction, seen from another session while it waits for a third
 * one, which has written to the table.
 */
export async function locksOfConcurrent(
  { worker, blocker, watcher }: { worker: Sql; blocker: Sql; watcher: Sql },
  statement: string,
  write: string,
  known: ReadonlyMap<string, Known>,
): Promise<string[]> {
  const [{ pid }] = pidSchema.parse([...(await worker`select pg_backend_pid() as pid`)]);
  await blocker.unsafe("begin");
  let seen: string[] = [];
  try {
    await blocker.unsafe(write);
    const running = worker.unsafe(statement).then(() => undefined);
    for (;;) {
      const [{ waiting }] = waitingSchema.parse([
        ...(await watcher.unsafe(
          `select exists (select from pg_locks where pid = ${pid} and not granted and locktype in ('virtualxid', 'transactionid')) as waiting`,
        )),
      ]);
      if (waiting) break;
      await sleep(5);
    }
    seen = await locksOf(watcher, String(pid), known);
    await blocker.unsafe("commit");
    await running;
  } finally {
    await blocker.unsafe("rollback");
  }
  return seen;
}
