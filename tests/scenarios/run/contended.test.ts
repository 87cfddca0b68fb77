import postgres from "postgres";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { doneSteps } from "../../../packages/drizzle-deploy/src/records/records.ts";
import { describeHolder } from "../../../packages/drizzle-deploy/src/run/locks.ts";
import { quoteIdentifier } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { mainDatabase, startServer } from "../../../src/server/index.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, only } from "../../support/database.ts";
import { execute, listen } from "../../support/execute.ts";
import { dataFolder } from "../../support/memory.ts";
import { type HandStep, index, lock, planOf } from "../../support/plan-by-hand.ts";

async function tasks() {
  const database = await createDatabase("empty");
  await database.sql.unsafe(
    `create table public.tasks (id int primary key, title text); insert into tasks select g, 'x' from generate_series(1, 100) g`,
  );
  return database;
}

const addColumn: HandStep = {
  sql: `alter table public.tasks add column due date`,
  title: "add column due to public.tasks",
  kind: "add column",
  target: { kind: "column", schema: "public", name: "due", table: "tasks" },
  locks: [lock("tasks", "ACCESS EXCLUSIVE")],
};

const buildIndex: HandStep = {
  sql: `create index concurrently idx_tasks_title on public.tasks (title)`,
  title: "create index idx_tasks_title on public.tasks",
  kind: "create index",
  target: index("idx_tasks_title", "tasks"),
  transactional: false,
  locks: [lock("tasks", "SHARE UPDATE EXCLUSIVE", "long")],
};

/** Another session that holds something until it is told to let go. */
async function holding(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: "somebody" } });
  onTestFinished(() => sql.end({ timeout: 0 }));
  await sql.unsafe(`begin`);
  await sql.unsafe(statement);
  const { pid } = only(z.object({ pid: z.int() }), await sql`select pg_backend_pid() as pid`);
  return {
    pid,
    go: (next: string) => sql.unsafe(next),
    letGo: () => sql.unsafe("rollback"),
  };
}

const holders = [
  { what: "a row lock", statement: "select from tasks where id = 1 for update" },
  { what: "a table lock", statement: "lock table tasks in access exclusive mode" },
  { what: "a share lock", statement: "lock table tasks in share mode" },
  {
    what: "a transaction that wrote and went idle",
    statement: "update tasks set title = 'secret' where id = 2",
  },
];

describe("while another session holds", () => {
  it.each(holders)(
    "$what, the deployer gives way, names it, and goes on when it is gone",
    async ({ statement }) => {
      const { url, sql } = await tasks();
      const { pid, letGo } = await holding(url, statement);
      const { observer, next, of } = listen();

      const execution = execute(url, planOf({ one: [addColumn] }), { lockTimeout: 300, observer });
      await next("step retried");
      await letGo();

      expect(await execution).toMatchObject({ outcome: "completed", steps: [{ status: "done" }] });
      const [retried] = of("step retried");
      expect(retried?.holders).toEqual([
        expect.objectContaining({ pid, application: "somebody", state: "idle in transaction" }),
      ]);
      const text = retried?.holders.map(describeHolder).join();
      expect(text).toContain(`pid ${pid} (somebody, user `);
      expect(text).not.toContain("secret");
      const columns = await sql`select from information_schema.columns where column_name = 'due'`;
      expect(columns).toHaveLength(1);
    },
  );

  it("a table lock, nobody is stopped by the deployer while it gives way", async () => {
    const { url, sql } = await tasks();
    const { letGo } = await holding(url, "select from tasks where id = 1 for update");
    const reads: boolean[] = [];
    const execution = execute(url, planOf({ one: [addColumn] }), {
      lockTimeout: 200,
      observer: async (event) => {
        if (event.type !== "step retried" || reads.length > 0) return;
        // In the queue, the deployer would be in front of these.
        await sql.begin(async (transaction) => {
          await transaction`set local lock_timeout = '50ms'`;
          await transaction`update tasks set title = 'y' where id = 3`;
          reads.push(true);
        });
        await letGo();
      },
    });
    expect(await execution).toMatchObject({ outcome: "completed" });
    expect(reads).toEqual([true]);
  });

  it("on for longer than the limit, the deployer gives up, names it, and has changed nothing", async () => {
    const { url, sql } = await tasks();
    const { pid, letGo } = await holding(url, "lock table tasks in share mode");
    const plan = planOf({ one: [{ sql: "create table public.made (id int)" }, addColumn] });

    const execution = await execute(url, plan, { lockTimeout: 100, giveUpAfter: 600 });

    expect(execution).toMatchObject({
      outcome: "failed",
      steps: [{ status: "done" }, { status: "failed" }],
      error: { code: "LOCK_TIMEOUT", message: expect.stringContaining(`pid ${pid} (somebody`) },
    });
    expect(await sql`select from information_schema.columns where column_name = 'due'`).toHaveLength(0);
    expect(await sql`select from drizzle.__drizzle_migrations`).toHaveLength(0);
    const failed = await sql`select step_id, status from spfp_db.steps order by step_id`;
    expect([...failed]).toEqual([
      { step_id: "one/1", status: "done" },
      { step_id: "one/2", status: "failed" },
    ]);

    await letGo();
    const rest = {
      ...plan,
      steps: plan.steps.map((step, at) => (at === 0 ? { ...step, action: "skip" as const } : step)),
    };
    expect(await execute(url, rest)).toMatchObject({ outcome: "completed" });
    expect(await doneSteps(sql, spfpNames)).toHaveLength(2);
  });
});

describe("an index build", () => {
  it("waits for a transaction that wrote to its table, names it, and goes on when it is gone", async () => {
    const { url, sql } = await tasks();
    const { pid, letGo } = await holding(url, "update tasks set title = 'z' where id = 2");
    const { observer, next, of } = listen();
    const execution = execute(url, planOf({ one: [buildIndex] }), { lockTimeout: 100, observer });
    await next("step waiting");
    // Whoever wants to write goes on meanwhile.
    await sql`update tasks set title = 'w' where id = 3`;
    await letGo();
    expect(await execution).toMatchObject({ outcome: "completed", steps: [{ status: "done", attempts: 1 }] });
    expect(of("step waiting")[0]?.holders).toEqual([expect.objectContaining({ pid })]);
  });

  it("gives up after the limit without a valid half of an index, and is done by the next run", async () => {
    const { url, sql } = await tasks();
    const { pid, letGo } = await holding(url, "update tasks set title = 'z' where id = 2");
    const plan = planOf({ one: [buildIndex] });
    const execution = await execute(url, plan, { lockTimeout: 100, giveUpAfter: 300 });
    expect(execution).toMatchObject({
      outcome: "failed",
      error: { code: "LOCK_TIMEOUT", message: expect.stringContaining(`pid ${pid} (somebody`) },
    });
    expect(
      await sql`select from pg_index where indrelid = 'tasks'::regclass and indisvalid and not indisprimary`,
    ).toEqual([]);
    await letGo();
    expect(await execute(url, plan)).toMatchObject({ outcome: "completed" });
    const indexes =
      await sql`select indisvalid as valid from pg_index where indrelid = 'tasks'::regclass and not indisprimary`;
    expect([...indexes]).toEqual([{ valid: true }]);
  });

  it("that is stopped while it waits stops, and is done by the next run", async () => {
    const { url, sql } = await tasks();
    const { letGo } = await holding(url, "update tasks set title = 'z' where id = 2");
    const plan = planOf({ one: [buildIndex] });
    const stop = new AbortController();
    const { observer, next } = listen();
    const execution = execute(url, plan, { lockTimeout: 100, observer, stopSignal: stop.signal });
    await next("step waiting");
    stop.abort();
    expect(await execution).toMatchObject({ outcome: "stopped", error: null });
    await letGo();
    expect(await execute(url, plan)).toMatchObject({ outcome: "completed" });
    const indexes =
      await sql`select indisvalid as valid from pg_index where indrelid = 'tasks'::regclass and not indisprimary`;
    expect([...indexes]).toEqual([{ valid: true }]);
  });
});

describe("an index that somebody builds by hand at the same time", () => {
  const plan = (action: "run" | "rebuild") => planOf({ one: [{ ...buildIndex, action }] });

  /** A build that waits for a transaction which wrote to the table. */
  async function building() {
    const { url, sql } = await tasks();
    const writer = await holding(url, "update tasks set title = 'z' where id = 2");
    const builder = postgres(url, {
      max: 1,
      onnotice: () => {},
      connection: { application_name: "by hand" },
    });
    onTestFinished(() => builder.end({ timeout: 0 }));
    const built = builder.unsafe(buildIndex.sql).simple().execute();
    await expect
      .poll(async () => [...(await sql`select indisvalid as valid from pg_index where not indisprimary`)])
      .toContainEqual({ valid: false });
    const { oid } = only(
      z.object({ oid: z.string() }),
      await sql`select 'idx_tasks_title'::regclass::oid::text as oid`,
    );
    return { url, sql, letGo: writer.letGo, built, oid };
  }

  it("is waited for, and left as it is when it is done", async () => {
    const { url, sql, letGo, built, oid } = await building();
    const { observer, next, of } = listen();
    const execution = execute(url, plan("rebuild"), { observer });
    await next("step retried");
    await letGo();
    await built;
    expect(await execution).toMatchObject({ outcome: "completed", steps: [{ status: "done" }] });
    expect(of("step retried")[0]?.holders).toEqual([expect.objectContaining({ application: "by hand" })]);
    expect([...(await sql`select oid::text from pg_class where relname = 'idx_tasks_title'`)]).toEqual([
      { oid },
    ]);
  });

  it("is not taken away where the deployer gives up", async () => {
    const { url, sql, letGo, built, oid } = await building();
    const execution = await execute(url, plan("rebuild"), { giveUpAfter: 300 });
    expect(execution).toMatchObject({
      outcome: "failed",
      error: { code: "LOCK_TIMEOUT", message: expect.stringContaining("by hand") },
    });
    await letGo();
    await built;
    const indexes = await sql`
      select indexrelid::text as oid, indisvalid as valid from pg_index
      where indrelid = 'tasks'::regclass and not indisprimary`;
    expect([...indexes]).toEqual([{ oid, valid: true }]);
  });
});

// Of its own: settings of the whole server are changed.
describe("on a server of its own", async () => {
  const server = await startServer({ temporary: dataFolder(), durable: false });
  const administrator = await connect(server.adminUrl);
  afterAll(async () => {
    await administrator.end();
    await server.stop();
  });
  await administrator`alter system set autovacuum_naptime = '1s'`;
  await administrator`select pg_reload_conf()`;

  async function vacuumedTable() {
    const sql = postgres(server.url(mainDatabase), { max: 2, onnotice: () => {} });
    onTestFinished(() => sql.end({ timeout: 0 }));
    await sql.unsafe(
      `drop table if exists tasks; drop schema if exists spfp_db cascade; drop schema if exists drizzle cascade`,
    );
    await sql.unsafe(`create table tasks (id int, title text) with (autovacuum_vacuum_threshold = 0,
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_enabled = off)`);
    await sql.unsafe(`insert into tasks select g, repeat('x', 500) from generate_series(1, 20000) g`);
    await sql.unsafe(`delete from tasks where id % 2 = 0`);
    return sql;
  }

  const vacuuming = z.object({ running: z.boolean() });

  it("a vacuum of the table by hand is waited for, and named", async () => {
    const sql = await vacuumedTable();
    const vacuum = postgres(server.url(mainDatabase), { max: 1, onnotice: () => {} });
    onTestFinished(() => vacuum.end({ timeout: 0 }));
    await vacuum`set vacuum_cost_delay = 100`;
    await vacuum`set vacuum_cost_limit = 1`;
    const { pid } = only(z.object({ pid: z.int() }), await vacuum`select pg_backend_pid() as pid`);
    const done = vacuum`vacuum tasks`.catch(() => undefined);
    await expect
      .poll(async () =>
        only(
          vacuuming,
          await sql`select exists (select from pg_stat_progress_vacuum where pid = ${pid}) as running`,
        ),
      )
      .toEqual({ running: true });
    const { observer, next, of } = listen();
    const execution = execute(server.url(mainDatabase), planOf({ one: [addColumn] }), {
      lockTimeout: 200,
      observer,
    });
    await next("step retried");
    await sql`select pg_cancel_backend(${pid}::int)`;
    await done;
    expect(await execution).toMatchObject({ outcome: "completed" });
    expect(of("step retried")[0]?.holders).toEqual([expect.objectContaining({ pid })]);
  });

  it("a vacuum of the table by the server itself makes way for the deployer", async () => {
    const sql = await vacuumedTable();
    await sql`alter table tasks set (autovacuum_enabled = on)`;
    await expect
      .poll(
        async () =>
          only(
            vacuuming,
            await administrator`select exists (select from pg_stat_activity where backend_type = 'autovacuum worker' and query like '%tasks%') as running`,
          ),
        { timeout: 90_000, interval: 100 },
      )
      .toEqual({ running: true });
    const { observer, of } = listen();
    const execution = await execute(server.url(mainDatabase), planOf({ one: [addColumn] }), { observer });
    expect(execution).toMatchObject({ outcome: "completed" });
    const backends = [...of("step waiting"), ...of("step retried")].flatMap((event) =>
      event.holders.map(({ backend }) => backend),
    );
    expect(backends).toContain("autovacuum worker");
  }, 120_000);

  it("a deadlock that the server ends at the deployer's cost is no failure: the step is tried again", async () => {
    const url = server.url(mainDatabase);
    // Time for the other to come into it, and then it is the deployer who notices.
    await administrator.unsafe(`alter database ${quoteIdentifier(mainDatabase)} set deadlock_timeout = '3s'`);
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    onTestFinished(() => sql.end({ timeout: 0 }));
    await sql.unsafe(
      `create table owners (id int primary key); create table pets (id int primary key, owner int)`,
    );
    const writer = await holding(url, "lock table owners in row exclusive mode");
    const foreignKey: HandStep = {
      sql: `alter table public.pets add constraint pets_owner foreign key (owner) references public.owners not valid`,
      kind: "add constraint",
      target: { kind: "constraint", schema: "public", name: "pets_owner", table: "pets" },
      locks: [lock("pets", "SHARE ROW EXCLUSIVE"), lock("owners", "SHARE ROW EXCLUSIVE")],
    };
    let crossing: Promise<unknown> | undefined;
    const execution = await execute(url, planOf({ one: [foreignKey] }), {
      // Not what ends the waiting here.
      lockTimeout: 60_000,
      observer: (event) => {
        if (event.type !== "step waiting") return;
        // The deployer has the pets and waits for the owners; the writer, who has those, wants the pets.
        crossing ??= writer.go("lock table pets in row exclusive mode").then(writer.letGo);
      },
    });
    expect(execution).toMatchObject({ outcome: "completed", steps: [{ status: "done", attempts: 2 }] });
    await crossing;
  });
});
