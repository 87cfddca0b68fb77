import { randomUUID, type UUID } from "node:crypto";
import postgres from "postgres";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { type Names, settingName } from "../model/names.ts";
import {
  addressOf,
  connect,
  type DatabaseUrl,
  type Queryable,
  redactUrl,
  type Sql,
  translate,
} from "../postgres/index.ts";
import type { DeploymentKind } from "../records/records.ts";

/** A connection that works for a deployment. */
export interface Worker {
  readonly sql: Sql;
  readonly pid: number;
  /**
   * Makes sure that `on` still speaks to the backend that this connection was opened on.
   * @throws DeployError POOLER
   */
  verify(on?: Queryable): Promise<void>;
}

/** What a deployment works with: its own connection, which holds the lock of all deployments, and one to look on. */
export interface Session extends Worker {
  readonly id: UUID;
  /** Where other sessions are watched from while `sql` is busy. */
  readonly monitor: Sql;
  /** Opens one more connection to work with; ended with the session. */
  openWorker(): Promise<Worker>;
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly kind: DeploymentKind;
  readonly names: Names;
  /** Default: a new one. */
  readonly id?: UUID;
  /** How many connections will build indexes at once: they share the memory. Default 1. */
  readonly builders?: number;
  /** Where unqualified names are looked for before the schemas of the role's own path, and made. Default: only there. */
  readonly schemas?: readonly string[];
}

/** The advisory lock of all deployments of a database: two keys. */
const lockKeys = ({ lockKey }: Names) => [lockKey, 1] as const;

/** How long to wait for the backend of a killed deployment to notice that it has nobody to answer to. */
const orphanPatience = 5_000;

/** A lower bound and an upper one of what an index build may take, in kB, beside what the server says itself. */
const memoryCeiling = 1024 * 1024;

/** What role and database may limit, and a session of a deployment must not be ended by, also while it only watches or waits. */
const noLimits: Readonly<Record<string, string>> = {
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_session_timeout: "0",
};

/**
 * What a session that deploys sets for itself. What has to end is ended by `lock_timeout` and by the deployer; a
 * deployer that is gone or frozen must not hold a lock for longer than it takes to notice. SQL is read as the planner
 * reads it, and values are printed in one way; how dates and times without a zone are read stays the role's and the
 * database's business, as for Drizzle's migrator.
 */
const settings: Readonly<Record<string, string>> = {
  ...noLimits,
  idle_in_transaction_session_timeout: "30s",
  default_transaction_isolation: "read committed",
  standard_conforming_strings: "on",
  quote_all_identifiers: "off",
  // Without an order of day and month: that stays.
  DateStyle: "ISO",
  extra_float_digits: "1",
  bytea_output: "hex",
  xmlbinary: "base64",
};

/** Sets what the server knows of the settings, for the session. */
async function set(sql: Queryable, values: Readonly<Record<string, string>>): Promise<void> {
  await sql.unsafe(
    `select pg_catalog.set_config(s.name, w.value, false)
     from pg_catalog.json_each_text($1::text::json) as w (name, value)
     join pg_catalog.pg_settings s on s.name = w.name`,
    [JSON.stringify(values)],
  );
}

/** Lifts the limits that role or database set, for a session that waits for people. Never behind a pooler in transaction mode. */
export async function liftLimits(sql: Queryable): Promise<void> {
  await set(sql, { ...noLimits, idle_in_transaction_session_timeout: "0" });
}

const pidSchema = z.tuple([z.object({ pid: z.int() })]);

async function backendPid(sql: Queryable): Promise<number> {
  return pidSchema.parse([...(await sql.unsafe(`select pg_catalog.pg_backend_pid() as pid`))])[0].pid;
}

function poolerRefused(url: DatabaseUrl, evidence: string): DeployError {
  const { port } = addressOf(url);
  return new DeployError(
    "POOLER",
    `${redactUrl(url)} is a pooler in transaction mode: ${evidence}. A deployment needs a session of its own.`,
    port === 6543
      ? "Use port 5432 (Supabase: Connect, Session pooler or Direct connection)."
      : "Connect to the server itself, or to a pooler in session mode (Supabase: port 5432).",
  );
}

/**
 * Supabase's pooler and its dedicated PgBouncer serve transactions on 6543, and sessions on 5432.
 * @throws DeployError POOLER
 */
export function refuseKnownPooler(url: DatabaseUrl): void {
  const { host, port } = addressOf(url);
  if (port === 6543 && /(^|\.)supabase\.(com|co)$/i.test(host)) {
    throw poolerRefused(url, "Supabase serves transactions on port 6543");
  }
}

/** How often two connections are held against each other: each time a busy pooler may hide itself from. */
const probes = 10;

/**
 * Proves that two connections do not share a backend. On a pooler in transaction mode they do: the connection that a
 * statement of `one` gave back is the one that the transaction of `other` gets, and `one` has to take another. Other
 * clients of the pooler can hide that from a round, hardly from all of them; and `Worker.verify` looks before every
 * step, in its transaction.
 */
export async function refuseTransactionPooler(url: DatabaseUrl, one: Sql, other: Sql): Promise<void> {
  for (let probe = 0; probe < probes; probe += 1) {
    const before = await backendPid(one);
    const [theirs, after] = await other
      .begin(
        async (transaction): Promise<[number, number]> => [
          await backendPid(transaction),
          await backendPid(one),
        ],
      )
      .catch((error: unknown) => {
        // In statement mode, which is transaction mode and worse, PgBouncer hangs up on BEGIN.
        const known = translate(error);
        const hangsUp = known instanceof DeployError && known.code === "CONNECTION_LOST";
        if (hangsUp || (error instanceof postgres.PostgresError && error.code === "08P01")) {
          throw poolerRefused(url, "it closes the connection on a transaction");
        }
        throw error;
      });
    if (theirs === before || theirs === after) {
      throw poolerRefused(url, `two connections were given one backend (pid ${theirs})`);
    }
    if (before !== after) {
      throw poolerRefused(url, `one connection was given two backends (pid ${before}, then ${after})`);
    }
  }
}

async function configure(sql: Sql, builders: number, schemas: readonly string[]): Promise<void> {
  await set(sql, settings);
  // Half of what the server keeps for its cache is within what its machine can spare; both settings are in kB here.
  await sql.unsafe(
    `select pg_catalog.set_config('maintenance_work_mem', greatest(work.setting::bigint,
       least($1::bigint, cache.setting::bigint * 8 / 2 / $2::bigint))::text || 'kB', false)
     from pg_catalog.pg_settings work, pg_catalog.pg_settings cache
     where work.name = 'maintenance_work_mem' and cache.name = 'shared_buffers'`,
    [memoryCeiling, builders],
  );
  await sql.unsafe(
    `select pg_catalog.set_config('search_path', string_agg(pg_catalog.quote_ident(path.name), ', ' order by path.at), false)
     from (
       select name, min(at) as at
       from json_array_elements_text(($1::text::json)) with ordinality as wanted (name, at)
       group by name
       union all
       select name, 1000 + at from unnest(pg_catalog.current_schemas(false)) with ordinality as own (name, at)
       where name not in (select json_array_elements_text($1::text::json))
     ) path
     having count(*) > 0`,
    [JSON.stringify(schemas)],
  );
  // Not every operating system can tell that a client is gone; there it is noticed at the end of the statement.
  await sql.unsafe(`set client_connection_check_interval = '500ms'`).catch((error: unknown) => {
    if (!(error instanceof postgres.PostgresError)) throw error;
  });
}

const roomSchema = z.tuple([z.object({ free: z.coerce.number() })]);

/** Connections that are left to others when index builds get some of their own. */
const connectionsLeft = 10;

/** Whether the server has a connection to spare for another worker. */
export async function hasRoom(sql: Queryable): Promise<boolean> {
  const rows = await sql.unsafe(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend') as free`,
  );
  return roomSchema.parse([...rows])[0].free > connectionsLeft;
}

/** Marks the backend with a token of its own, so that it is known again. */
async function markBackend(sql: Sql, url: DatabaseUrl, names: Names): Promise<Worker> {
  const setting = settingName(names, "session");
  const token = randomUUID();
  await sql.unsafe(`select pg_catalog.set_config($1, $2, false)`, [setting, token]);
  const pid = await backendPid(sql);
  const verify = async (on: Queryable = sql): Promise<void> => {
    const rows = await on.unsafe(
      `select pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting($1, true) as token`,
      [setting],
    );
    const [row] = z.tuple([z.object({ pid: z.int(), token: z.string().nullable() })]).parse([...rows]);
    if (row.pid !== pid || row.token !== token) {
      throw poolerRefused(url, `one connection was given two backends (pid ${pid}, then ${row.pid})`);
    }
  };
  return { sql, pid, verify };
}

const otherSchema = z.array(
  z.object({
    pid: z.int(),
    application: z.string().nullable(),
    user: z.string().nullable(),
    since: z.string().nullable(),
  }),
);

/** @throws DeployError DEPLOYMENT_RUNNING, naming who holds the lock */
async function takeLock(sql: Sql, url: DatabaseUrl, names: Names): Promise<void> {
  const deadline = Date.now() + orphanPatience;
  for (;;) {
    const [row] = z
      .tuple([z.object({ taken: z.boolean() })])
      .parse([
        ...(await sql.unsafe(`select pg_catalog.pg_try_advisory_lock($1::int, $2::int) as taken`, [
          ...lockKeys(names),
        ])),
      ]);
    if (row.taken) return;
    if (Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const [holder] = otherSchema.parse([
    ...(await sql.unsafe(
      `select a.pid, a.application_name as application, a.usename as "user",
         to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') as since
       from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and l.granted and l.classid = $1::int and l.objid = $2::int and l.objsubid = 2
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())`,
      [...lockKeys(names)],
    )),
  ]);
  const who = holder
    ? `pid ${holder.pid} (${holder.application ?? "unnamed"}, user ${holder.user ?? "unknown"}), connected since ${holder.since ?? "unknown"}`
    : "a session that just ended";
  throw new DeployError(
    "DEPLOYMENT_RUNNING",
    `another deployment works on ${redactUrl(url)}: ${who}`,
    "Wait until it is done, then run the command again.",
  );
}

/**
 * Opens what a deployment works with, on the server itself or through a pooler in session mode, and takes the lock
 * that one deployment of a database holds at a time.
 * @throws DeployError POOLER, DEPLOYMENT_RUNNING, and as `connect`
 */
export async function openSession(
  url: DatabaseUrl,
  { kind, names, id = randomUUID(), builders = 1, schemas = [] }: SessionOptions,
): Promise<Session> {
  refuseKnownPooler(url);
  const applicationName = `${names.command} ${kind} ${id}`;
  const opened: Sql[] = [];
  const open = async (suffix = ""): Promise<Sql> => {
    const sql = await connect(url, { applicationName: `${applicationName}${suffix}` });
    opened.push(sql);
    return sql;
  };
  const end = async (): Promise<void> => {
    await Promise.all(opened.map((sql) => sql.end({ timeout: 1 })));
  };
  try {
    const sql = await open();
    const monitor = await open(" watch");
    await refuseTransactionPooler(url, sql, monitor);
    await configure(sql, builders, schemas);
    await liftLimits(monitor);
    const worker = await markBackend(sql, url, names);
    await takeLock(sql, url, names);
    return {
      ...worker,
      id,
      monitor,
      openWorker: async () => {
        const extra = await open(" build");
        await configure(extra, builders, schemas);
        return markBackend(extra, url, names);
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
