import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { connect, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { check, found } from "../../support/check-report.ts";
import { createDatabase, only, type Sql, type Transaction } from "../../support/database.ts";
import { withDatabase } from "../../support/states.ts";

const database = await createDatabase("deployed");
const administrator = postgres(
  withDatabase(parseDatabaseUrl(inject("testServer").administrator), new URL(database.url).pathname.slice(1)),
  { max: 1, onnotice: () => {} },
);
afterAll(() => administrator.end());

const tracesSchema = z.object({
  role: z.string(),
  settings: z.string(),
  tables: z.string(),
  locks: z.string(),
});

/** What a session is and has changed, and what is in the tables: what a check could leave. The language is loaded when first used. */
async function traces(sql: Sql | Transaction) {
  const rows = await sql.unsafe(`select current_user as role,
    (select json_agg(s) from (select name, setting from pg_settings where name not like 'plpgsql.%'
      union all select 'request.jwt.claims', nullif(current_setting('request.jwt.claims', true), '')
      order by 1) s)::text as settings,
    (select json_agg(t) from (select table_name,
        (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', table_schema, table_name),
          false, true, '')))[1]::text as n
      from information_schema.tables where table_schema in ('public', 'auth') and table_type = 'BASE TABLE'
      order by 1) t)::text as tables,
    (select count(*) from pg_locks where pid = pg_backend_pid() and locktype in ('advisory'))::text as locks`);
  return only(tracesSchema, rows);
}

/** On one connection, so that what stays in the session is seen. */
async function inSession<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await connect(database.url);
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

const raising = `create function refuse() returns trigger language plpgsql as
  $$begin raise exception 'never'; end$$;
  create trigger mine before insert on accounts for each row execute function refuse()`;

describe("a check leaves nothing behind", () => {
  it("in a session of its own", () =>
    inSession(async (sql) => {
      const before = await traces(sql);
      expect((await check(sql)).ok).toBe(true);
      expect(await traces(sql)).toEqual(before);
    }));

  it("in a session with settings of its own, which change nothing of what it finds", () =>
    inSession(async (sql) => {
      await sql.unsafe(`set search_path = pg_catalog; set row_security = off; set statement_timeout = '5min';
        set lock_timeout = '5min'; set datestyle = 'German'; set timezone = 'Asia/Tokyo';
        set request.jwt.claims = '{"sub": "nobody"}'`);
      const before = await traces(sql);
      expect(found((await check(sql)).areas)).toEqual([]);
      expect(await traces(sql)).toEqual(before);
    }));

  it("in the caller's transaction, which goes on", async () => {
    await database.transaction(async (sql) => {
      await sql`set local statement_timeout = '7min'`;
      const before = await traces(sql);
      expect((await check(sql)).ok).toBe(true);
      expect(await traces(sql)).toEqual(before);
    });
  });

  it("where it finds something", async () => {
    await database.transaction(async (sql) => {
      await sql.unsafe(raising).simple();
      const before = await traces(sql);
      expect((await check(sql)).ok).toBe(false);
      expect(await traces(sql)).toEqual(before);
    });
  });

  it("where the server ends it", () =>
    inSession(async (sql) => {
      const before = await traces(sql);
      const other = await connect(database.url);
      const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      // Its own rows are held up by ours, so that it cannot be over before it is ended.
      await database.transaction(async (holder) => {
        await holder`lock table auth.users in exclusive mode`;
        const ended = check(sql, ["behaviour"]);
        await expect
          .poll(
            async () =>
              (
                await other`select pg_cancel_backend(${pid})
            from pg_stat_activity where pid = ${pid} and wait_event_type = 'Lock'`
              ).length,
            { timeout: 20_000, interval: 10 },
          )
          .toBeGreaterThan(0);
        expect(found((await ended).areas)).toEqual([["behaviour.not-tried", "auth.users"]]);
      });
      await other.end();
      expect(await traces(sql)).toEqual(before);
    }));
});

describe("what the role may not do is a finding, not an error", () => {
  /** A role of the test's own with rights on this database, and a connection as it. Dropped afterwards. */
  async function asNewRole<T>(rights: (role: string) => string, run: (sql: Sql) => Promise<T>): Promise<T> {
    const role = `spfp_test_${randomUUID().slice(0, 8)}`;
    const password = randomUUID();
    await administrator.unsafe(`create role ${role} login password '${password}' ${rights(role)}`);
    const sql = postgres(database.url, { username: role, password, max: 1, onnotice: () => {} });
    try {
      return await run(sql);
    } finally {
      await sql.end();
      await administrator.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  }

  it("a role that may write every table and become nobody", () =>
    asNewRole(
      (role) => `bypassrls; grant usage on schema public, auth to ${role};
        grant all on all tables in schema public to ${role}; grant all on auth.users to ${role}`,
      async (sql) => {
        const report = await check(sql);
        expect(found(report.areas)).toEqual([["behaviour.not-tried", "role authenticated"]]);
        expect(report.areas.at(-1)?.findings[0]?.actual).toMatch(/^42501 permission denied to set role/);
      },
    ));

  it("a role that sees only what row security shows it", () =>
    asNewRole(
      (role) => `; grant usage on schema public, auth to ${role};
        grant select on all tables in schema public to ${role}; grant select on auth.users to ${role}`,
      async (sql) => {
        const report = await check(sql);
        expect(found(report.areas)).toEqual([
          ["data.not-read", "public"],
          ["behaviour.not-tried", "auth.users"],
        ]);
        expect(report.areas.flatMap(({ findings }) => findings)[0]?.actual).toMatch(
          /^42501 query would be affected by row-level security policy/,
        );
      },
    ));
});

describe("a session that is read-only by default", () => {
  it("can be checked in every area", () =>
    inSession(async (sql) => {
      await sql`set default_transaction_read_only = on`;
      expect(found((await check(sql)).areas)).toEqual([]);
      expect([...(await sql`show default_transaction_read_only`)]).toEqual([
        { default_transaction_read_only: "on" },
      ]);
    }));
});
