import { describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, planFor } from "../../../packages/drizzle-deploy/src/index.ts";
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
