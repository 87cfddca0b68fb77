import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  deploy,
  exportScript,
  type Project,
  planFor,
  rollback,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { connect, type DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { ensureRecords } from "../../../packages/drizzle-deploy/src/records/records.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { listen } from "../../support/execute.ts";
import { runDeployer } from "../../support/killed.ts";
import { writtenProject } from "../../support/written-project.ts";
import { applyWithDrizzle, rowsOf } from "../histories/walk.ts";

const options = { mode: "quick", backupId: "none", allow: ["long-lock", "data-loss"] } as const;

/** More rows than are changed in one statement. */
const many = 12_000;

const tables = [
  "create table owners (id integer primary key, name text not null)",
  `create table items (id integer primary key, owner_id integer references owners (id), n integer not null, label text,
     seen timestamptz)`,
  "create table archive (item_id integer, n integer, note text default 'kept')",
  "insert into owners select i, 'owner ' || i from generate_series(1, 100) i",
  `insert into items (id, owner_id, n, label) select i, i % 100 + 1, i % 7, 'l' || i from generate_series(1, ${many}) i`,
];

/** A project of which a database has the first migration and its rows. */
async function prepared(statements: readonly string[], setting: readonly string[] = tables) {
  const project = await writtenProject("batches", [setting, statements]);
  const made = async (): Promise<TestDatabase> => {
    const database = await createDatabase("empty");
    const first = await writtenProject("batches", [setting]);
    const failed = await applyWithDrizzle(database.url, first.migrationsFolder);
    expect(failed).toBeNull();
    await database.sql`analyze`;
    return database;
  };
  return { project, made };
}

/** What a database has to be like after a deployment: as Drizzle's own migrator leaves it. */
async function wantedRows({ project, made }: Awaited<ReturnType<typeof prepared>>) {
  const wanted = await made();
  expect(await applyWithDrizzle(wanted.url, project.migrationsFolder)).toBeNull();
  return rowsOf(wanted, ["public"]);
}

/** Deploys until the first batch of a step is done. */
async function stopped(project: Project, url: DatabaseUrl, step?: string) {
  const stop = new AbortController();
  return deploy(project, url, { ...options, stopSignal: stop.signal }, (event) => {
    if (event.type === "batch done" && (step === undefined || event.step.id === step)) stop.abort();
  });
}

const hashes = z.array(z.object({ hash: z.string() }));
const journalOf = async ({ sql }: TestDatabase) =>
  hashes.parse([...(await sql`select hash from drizzle.__drizzle_migrations order by id`)]);

describe("a change of many rows", () => {
  it.each([
    "update items set n = n + 1 where n <> 3",
    "update items set label = o.name from owners o where o.id = items.owner_id",
    "delete from items where n = 3",
    "insert into archive (item_id, n) select id, n from items where n > 2",
  ])("comes to the same in batches as in one transaction: %s", { timeout: 120_000 }, async (statement) => {
    const history = await prepared([
      "create table unrelated (id integer primary key)",
      statement,
      "insert into unrelated select count(*) from items",
    ]);
    const database = await history.made();
    const { observer, of } = listen();

    const report = await deploy(history.project, database.url, options, observer);

    expect(report).toMatchObject({ ok: true, error: null });
    expect(of("batch done").length).toBeGreaterThan(1);
    expect(of("batch done").at(-1)).toMatchObject({ rows: many, estimated: many });
    expect(await rowsOf(database, ["public"])).toEqual(await wantedRows(history));
    expect([...(await database.sql`select from spfp_db.batches`)]).toEqual([]);
  });

  it("that is not shown to come to the same runs as a whole, and the reason is told", async () => {
    const { project, made } = await prepared(["update items set n = (random() * 10)::integer"]);
    const database = await made();
    const refused = deploy(project, database.url, { ...options, allow: [] });
    await expect(refused).rejects.toMatchObject({
      code: "PLAN_BLOCKED",
      message: expect.stringContaining("It is not run in batches, since the function random is volatile"),
    });
    const { observer, of } = listen();

    expect(await deploy(project, database.url, options, observer)).toMatchObject({ ok: true });

    expect(of("batch done")).toEqual([]);
  });

  it("has to be accepted, and then is in batches in the plan", async () => {
    const { project, made } = await prepared(["update items set n = n + 1"]);
    const { url, sql } = await made();
    await expect(deploy(project, url, { ...options, allow: [] })).rejects.toMatchObject({
      code: "PLAN_BLOCKED",
      message: expect.stringContaining(
        "in batches by id: until its end some rows are changed and others are not",
      ),
    });
    expect((await planFor(sql, project, ["long-lock"])).steps.at(-1)).toMatchObject({
      action: "run",
      sql: "update items set n = n + 1",
      batches: { table: { name: "items" }, key: [{ name: "id", type: "integer" }] },
    });
  });

  it("stopped in the middle it is continued, also where the records are older than batches are", {
    timeout: 120_000,
  }, async () => {
    const history = await prepared(["update items set n = n + 1"]);
    const database = await history.made();
    // As an earlier version has left it.
    await ensureRecords(database.sql, spfpNames);
    await database.sql`drop table spfp_db.batches`;

    expect(await stopped(history.project, database.url)).toMatchObject({ ok: false, outcome: "stopped" });
    const half = await database.sql`select from items where n <> id % 7`;
    expect(half.length).toBeGreaterThan(0);
    expect(half.length).toBeLessThan(many);
    // What was large is small by now, and is gone on with all the same.
    await database.sql`delete from items where id % 100 > 0`;
    await database.sql`analyze items`;

    expect(await deploy(history.project, database.url, options)).toMatchObject({ ok: true });

    expect([...(await database.sql`select from items where n <> id % 7 + 1`)]).toEqual([]);
    expect([...(await database.sql`select outcome from spfp_db.deployments order by started_at`)]).toEqual([
      { outcome: "stopped" },
      { outcome: "completed" },
    ]);
  });

  it("begun and not shown any more to come to the same, it is neither continued nor run as a whole", {
    timeout: 120_000,
  }, async () => {
    const { project, made } = await prepared(["update items set n = n + 1"]);
    const { url, sql } = await made();
    await stopped(project, url);
    await sql`create function anything() returns trigger language plpgsql as 'begin return null; end'`;
    await sql`create trigger watching after update on items for each row execute function anything()`;

    await expect(deploy(project, url, options)).rejects.toMatchObject({
      code: "PLAN_BLOCKED",
      message: expect.stringContaining(
        "cannot be continued, since the trigger watching of public.items fires",
      ),
    });

    const script = await exportScript(project, "editor");
    const editor = await connect(url);
    const run = editor.unsafe(script.sql).simple();
    await expect(run).rejects.toThrow("0001_batches was begun in batches");
    await editor.end();

    await sql`drop trigger watching on items`;
    await sql`drop function anything()`;
    expect(await deploy(project, url, options)).toMatchObject({ ok: true });
    expect([...(await sql`select from items where n <> id % 7 + 1`)]).toEqual([]);
  });

  it("rolled back in the middle, what it has filled is filled again where that is made again, and else gone on with", {
    timeout: 120_000,
  }, async () => {
    const { project, made } = await prepared([
      "alter table items add column extra integer default 0 not null",
      "update items set n = n + 1",
      "update items set extra = extra + 1",
    ]);
    const { url, sql } = await made();
    await stopped(project, url, "0001_batches/3");
    const report = await rollback(project, url, { scope: "all", approvedBy: "Ana" });
    expect(report).toMatchObject({ ok: true });
    expect(report.plan.notes).toContainEqual(
      expect.stringContaining("of the first 1,000 rows that it went through stays"),
    );

    expect(await deploy(project, url, options)).toMatchObject({ ok: true });

    expect([...(await sql`select from items where n <> id % 7 + 1`)]).toEqual([]);
    expect([...(await sql`select from items where extra <> 1`)]).toEqual([]);
  });

  it("while clients write, it changes each row that was there once, and none of theirs twice", {
    timeout: 120_000,
  }, async () => {
    const { project, made } = await prepared(["update items set n = n + 1, seen = now()"]);
    const { url, sql } = await made();
    let isOver = false;
    const work = async (client: number): Promise<void> => {
      for (let at = 1; !isOver; at += 1) {
        const id = ((client * 7919 + at * 104_729) % many) + 1;
        await sql`update items set label = 'client ' || label where id = ${id}`;
        await sql`insert into items (id, n) values (${-(client * 1_000_000 + at)}, 100), (${client * 1_000_000 + at}, 100)`;
        await sql`delete from items where id = ${id + 1} and id % 5 = 0`;
      }
    };
    const clients = [1, 2].map(work);

    const report = await deploy(project, url, options, async (event) => {
      // Also between two batches for certain: behind it, and before it.
      if (event.type === "batch done") await sql`update items set label = 'between' where id in (1, ${many})`;
    }).finally(() => {
      isOver = true;
    });
    await Promise.all(clients);

    expect(report).toMatchObject({ ok: true });
    expect([...(await sql`select from items where id between 1 and ${many} and n <> id % 7 + 1`)]).toEqual(
      [],
    );
    expect([
      ...(await sql`select from items where id not between 1 and ${many} and n not in (100, 101)`),
    ]).toEqual([]);
    expect((await sql`select from items where label like '%client%'`).length).toBeGreaterThan(0);
  });

  it("gives way to whoever holds one of its rows, and tries that batch again", {
    timeout: 120_000,
  }, async () => {
    const { project, made } = await prepared(["update items set n = n + 1"]);
    const { url, sql } = await made();
    const client = await sql.reserve();
    await client`begin`;
    await client`update items set label = 'held' where id = 2000`;
    const retried: number[] = [];

    const report = await deploy(project, url, { ...options, lockTimeout: 50 }, async (event) => {
      if (event.type !== "step retried") return;
      retried.push(event.attempt);
      if (event.attempt === 2) await client`commit`;
    });
    client.release();

    expect(report).toMatchObject({ ok: true });
    expect(retried).toEqual([1, 2]);
    expect([...(await sql`select from items where n <> id % 7 + 1`)]).toEqual([]);
    expect([...(await sql`select label from items where id = 2000`)]).toEqual([{ label: "held" }]);
  });

  it("killed before and after each statement in turn, it changes each row once", {
    timeout: 600_000,
  }, async () => {
    const history = await prepared([
      "update items set n = n + 1, seen = now()",
      "delete from items where n = 3",
    ]);
    const database = await history.made();
    const killed: string[] = [];
    let rows = -1;
    for (let at = 0; ; at += 1) {
      // Before its first statement, and after its fourth: those of three batches are committed by then.
      const scratch = await createDatabase("empty");
      const of = { folder: history.project.migrationsFolder, scratch: scratch.url };
      const said = await runDeployer(database.url, { stopAt: at % 2 === 0 ? 1 : 8, of });
      await scratch.drop();
      if (!("at" in said)) {
        expect(said).toEqual({ outcome: "completed", error: null });
        break;
      }
      killed.push(`${said.step} ${said.at}`);
      const [now] = z
        .array(z.object({ rows: z.coerce.number() }))
        .parse([...(await database.sql`select rows from spfp_db.batches`)]);
      if (at % 2 === 1) {
        expect(now?.rows ?? 0).not.toBe(rows);
        rows = now?.rows ?? 0;
      }
    }
    expect(killed.length).toBeGreaterThan(3);

    const [time] = z
      .tuple([z.object({ times: z.coerce.number() })])
      .parse([...(await database.sql`select count(distinct seen) as times from items`)]);
    expect(time.times).toBe(1);
    const untimed = (all: Record<string, string[]>) =>
      all["public.items"]?.map((line) => line.replace(/"seen": "[^"]*"/, '"seen": "once"')).sort();
    expect(untimed(await rowsOf(database, ["public"]))).toEqual(untimed(await wantedRows(history)));
    expect(await journalOf(database)).toHaveLength(2);
  });
});
