import postgres from "postgres";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { ensureRecords } from "../../../packages/drizzle-deploy/src/records/records.ts";
import { openSession } from "../../../packages/drizzle-deploy/src/run/session.ts";
import { quoteIdentifier } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, only, type TestDatabase } from "../../support/database.ts";
import { execute, listen } from "../../support/execute.ts";
import { index, planOf } from "../../support/plan-by-hand.ts";

async function session(url: TestDatabase["url"]) {
  const opened = await openSession(url, { kind: "deploy", names: spfpNames });
  onTestFinished(() => opened.end());
  return opened;
}

describe("a deployment's session", () => {
  it("has no limits but its own, whatever the database sets, and memory to build with", async () => {
    const { url, sql } = await createDatabase("empty");
    const name = quoteIdentifier(new URL(url).pathname.slice(1));
    for (const setting of ["statement_timeout", "lock_timeout", "idle_session_timeout"]) {
      await sql.unsafe(`alter database ${name} set ${setting} = '77s'`);
    }
    await sql.unsafe(`alter database ${name} set maintenance_work_mem = '1MB'`);
    const { sql: own } = await session(url);
    const setting = async (of: string) =>
      only(z.object({ value: z.string() }), await own`select current_setting(${of}) as value`).value;
    expect(await setting("statement_timeout")).toBe("0");
    expect(await setting("lock_timeout")).toBe("0");
    expect(await setting("idle_session_timeout")).toBe("0");
    expect(await setting("maintenance_work_mem")).not.toBe("1MB");
    expect(await setting("application_name")).toMatch(/^spfp-db deploy [-0-9a-f]{36}$/);
  });

  it("never takes memory away that somebody configured", async () => {
    const { url, sql } = await createDatabase("empty");
    const name = quoteIdentifier(new URL(url).pathname.slice(1));
    await sql.unsafe(`alter database ${name} set maintenance_work_mem = '3GB'`);
    const { sql: own } = await session(url);
    expect([...(await own`select current_setting('maintenance_work_mem') as memory`)]).toEqual([
      { memory: "3GB" },
    ]);
  });

  it("makes what is unqualified in the first schema that it is given, whatever the role's path, which it keeps", async () => {
    const { url, sql } = await createDatabase("empty");
    const name = quoteIdentifier(new URL(url).pathname.slice(1));
    await sql.unsafe(`create schema "Shop"; create schema other`);
    await sql.unsafe(`alter database ${name} set search_path = other, public`);
    const opened = await openSession(url, { kind: "deploy", names: spfpNames, schemas: ["Shop", "public"] });
    onTestFinished(() => opened.end());
    const path = await opened.sql`select to_json(current_schemas(false))::text as path`;
    expect([...path]).toEqual([{ path: '["Shop","public","other"]' }]);
  });

  it("notices a backend that is not its own", async () => {
    const { url } = await createDatabase("empty");
    const { verify, monitor } = await session(url);
    await expect(verify()).resolves.toBeUndefined();
    await expect(verify(monitor)).rejects.toMatchObject({ code: "POOLER" });
  });
});

describe("the engine's own tables", () => {
  it("are nobody's but their owner's, also where default privileges give away what is new", async () => {
    const { url, sql } = await createDatabase("empty");
    await sql`alter default privileges grant all on tables to anon, authenticated`;
    await sql`alter default privileges grant all on schemas to anon`;
    const { sql: own } = await session(url);
    await ensureRecords(own, spfpNames);
    await ensureRecords(own, spfpNames);
    const grants = await sql`
      select grantee::regrole::text from pg_namespace, aclexplode(nspacl) where nspname = 'spfp_db' and grantee <> nspowner
      union all
      select grantee::regrole::text from pg_class, aclexplode(relacl)
      where relnamespace = 'spfp_db'::regnamespace and grantee <> relowner`;
    expect([...grants]).toEqual([]);
  });
});

describe("executing", () => {
  const build = (table: string) => ({
    sql: `create index concurrently idx_${table} on public.${table} (id)`,
    kind: "create index" as const,
    target: index(`idx_${table}`, table),
    transactional: false,
  });

  it("builds indexes of different tables at the same time, those of one table in turn", async () => {
    const { url, sql } = await createDatabase("empty");
    await sql.unsafe("create table public.a (id int); create table public.b (id int)");
    const writer = postgres(url, { max: 1 });
    onTestFinished(() => writer.end({ timeout: 0 }));
    await writer.unsafe("begin; insert into a values (1); insert into b values (1)");
    const { observer, of, events } = listen();
    const second = {
      ...build("a"),
      sql: "create index concurrently idx_a2 on public.a (id)",
      target: index("idx_a2", "a"),
    };
    const plan = planOf({ one: [build("a"), second, build("b")] });
    let isCommitted = false;
    const execution = execute(url, plan, {
      observer: async (event) => {
        observer(event);
        // Both stand before the same transaction.
        const waiting = new Set(of("step waiting").map(({ step }) => step.id));
        if (waiting.size < 2 || isCommitted) return;
        isCommitted = true;
        await writer.unsafe("commit");
      },
    });
    expect(await execution).toMatchObject({ outcome: "completed" });
    const order = events.flatMap((event) =>
      event.type === "step started" || event.type === "step done" ? [`${event.type} ${event.step.id}`] : [],
    );
    expect(order.slice(0, 2)).toEqual(["step started one/1", "step started one/3"]);
    expect(order.indexOf("step started one/2")).toBeGreaterThan(order.indexOf("step done one/1"));
  });

  it("records a migration of which nothing is left to do", async () => {
    const { url, sql } = await createDatabase("empty");
    expect(await execute(url, planOf({ empty: [] }))).toMatchObject({ outcome: "completed", steps: [] });
    const skipped = planOf({ skipped: [{ sql: "select 1 / 0", action: "skip", reason: "It is so." }] });
    expect(await execute(url, skipped)).toMatchObject({ steps: [{ status: "skipped", attempts: 0 }] });
    expect(await sql`select from drizzle.__drizzle_migrations`).toHaveLength(2);
  });

  it("undoes a step that fails, keeps those before it, and says which it was", async () => {
    const { url, sql } = await createDatabase("empty");
    const plan = planOf({
      one: [
        { sql: "create table public.kept (id int)" },
        { sql: "create table public.undone (id int); select 1 / 0", title: "divide" },
        { sql: "create table public.never (id int)" },
      ],
    });
    const { outcome, error, steps } = await execute(url, plan);
    expect(outcome).toBe("failed");
    expect(error).toMatchObject({
      code: "STATEMENT_FAILED",
      message: expect.stringContaining("divide (step one/2)"),
    });
    expect(steps.map(({ status }) => status)).toEqual(["done", "failed", "not reached"]);
    const tables = await sql`select relname from pg_class where relnamespace = 'public'::regnamespace`;
    expect([...tables]).toEqual([{ relname: "kept" }]);
    const recorded = await sql`select step_id, status, error from spfp_db.steps order by step_id`;
    expect([...recorded]).toEqual([
      { step_id: "one/1", status: "done", error: null },
      {
        step_id: "one/2",
        status: "failed",
        error: expect.stringMatching(/^STATEMENT_FAILED: .*division by zero/),
      },
    ]);
  });

  it("ends a statement of unknown doings before it can hold anybody up for long", async () => {
    const { url, sql } = await createDatabase("empty");
    const plan = planOf({ one: [{ sql: "do $$ begin perform pg_sleep(600); end $$", kind: "opaque" }] });
    expect(await execute(url, plan)).toMatchObject({
      outcome: "failed",
      error: { code: "BLOCK_TIMEOUT" },
    });
    expect(await sql`select from drizzle.__drizzle_migrations`).toEqual([]);
  });
});
