import { describe, expect, it } from "vitest";
import { z } from "zod";
import { gatherFacts, makePlan } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { ensureRecords, recordMigration } from "../../../packages/drizzle-deploy/src/records/records.ts";
import { keepsRows } from "../../../packages/drizzle-deploy/src/statements/alter-type.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, only } from "../../support/database.ts";
import { isToRun, runStep } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

/* What looks like a hazard and is none, and what only looks as if it were none: the server has the last word. */

const nodes = z.object({ table: z.string() });

/** Whether PostgreSQL writes a table again when a column's type changes. */
async function isRewritten(from: string, to: string, zone: string): Promise<boolean> {
  const { sql } = await createDatabase("empty");
  return await sql.begin(async (transaction) => {
    await transaction.unsafe(`set local time zone '${zone}'`);
    await transaction.unsafe(`create table t (id integer, a ${from})`);
    const node = async () =>
      only(nodes, await transaction`select pg_relation_filenode('t')::text as "table"`).table;
    const before = await node();
    await transaction.unsafe(`alter table t alter column a set data type ${to}`);
    return (await node()) !== before;
  });
}

const [plain, zoned] = ["timestamp without time zone", "timestamp with time zone"];

describe("a change of a column's type", () => {
  it.each<[string, string, string]>([
    [plain, zoned, "UTC"],
    [zoned, plain, "Etc/UTC"],
    ["timestamp(3) without time zone", zoned, "UTC"],
    [plain, "timestamp(6) with time zone", "UTC"],
    ["interval(3)", "interval", "UTC"],
    ["interval(3)", "interval(6)", "UTC"],
    ["interval", "interval(6)", "UTC"],
    ["interval day to second(2)", "interval", "UTC"],
    ["interval day to second(2)", "interval day to second(4)", "UTC"],
    ["interval year", "interval", "UTC"],
    ["time(0) without time zone", "time without time zone", "UTC"],
    ["timestamp(2) with time zone", "timestamp(4) with time zone", "Europe/Lisbon"],
    ["character varying(5)", "text", "UTC"],
  ])(
    "from %s to %s with %s for its zone writes no row again, as the planner says",
    async (from, to, zone) => {
      expect(await isRewritten(from, to, zone)).toBe(false);
      expect(keepsRows(from, to, zone.endsWith("UTC"))).toBe(true);
    },
  );

  it.each<[string, string, string]>([
    [plain, zoned, "Europe/Lisbon"],
    [zoned, plain, "America/Sao_Paulo"],
    [plain, "timestamp(3) with time zone", "UTC"],
    ["interval", "interval(0)", "UTC"],
    ["interval(6)", "interval(3)", "UTC"],
    ["interval", "interval day to minute", "UTC"],
    ["time without time zone", "time(3) without time zone", "UTC"],
    ["timestamp(4) with time zone", "timestamp(2) with time zone", "UTC"],
  ])(
    "from %s to %s with %s for its zone is one that writes them again, as the planner says",
    async (from, to, zone) => {
      expect(await isRewritten(from, to, zone)).toBe(true);
      expect(keepsRows(from, to, zone.endsWith("UTC"))).toBe(false);
    },
  );
});

/** A database that has the first migration, and what the second would do there. */
async function planned(first: readonly string[], second: readonly string[], rows: readonly string[] = []) {
  const project = await writtenProject("harmless", [[...first], [...second]]);
  const { sql } = await createDatabase("empty");
  for (const statement of [...first, ...rows]) await sql.unsafe(statement);
  await ensureRecords(sql, spfpNames);
  const [applied] = readMigrations(project.migrationsFolder);
  if (applied) await sql.begin((transaction) => recordMigration(transaction, applied));
  const plan = async () => makePlan(project, await gatherFacts(sql, project));
  return { sql, plan, steps: (await plan()).steps };
}

const hazardsOf = (steps: Awaited<ReturnType<typeof planned>>["steps"]): string[] =>
  steps.flatMap(({ hazards }) => hazards.map(({ name }) => name));

const table = "create table t (id integer primary key, a integer)";

describe("what no client can know of", () => {
  it("may be renamed and dropped: this plan makes it", async () => {
    const { steps } = await planned(
      [table],
      [
        "create function f(i integer) returns integer language sql as 'select i'",
        "update t set a = f(a)",
        "drop function f(integer)",
        "create type e as enum ('a')",
        "alter type e rename value 'a' to 'b'",
        "alter type e rename to f",
        "create view v as select id from t",
        "alter view v rename to w",
        "drop view w",
        "create sequence s",
        "alter sequence s rename to r",
        "alter table t add column b integer",
        "alter table t rename column b to c",
        "alter table t drop column c",
      ],
    );
    expect(hazardsOf(steps)).toEqual([]);
    expect(steps.every(isToRun)).toBe(true);
  });

  it("is not what was there before under the same name", async () => {
    const { steps } = await planned(
      [
        table,
        "create function f() returns integer language sql as 'select 1'",
        "create type e as enum ('a')",
      ],
      [
        "drop function f()",
        "create function f() returns integer language sql as 'select 2'",
        "alter function f() rename to g",
        "alter type e rename to f",
      ],
    );
    expect(hazardsOf(steps)).toEqual(["breaks-clients", "breaks-clients", "breaks-clients"]);
  });
});

describe("a table without rows", () => {
  const second = ["drop table t"];

  it("is dropped, and looked at again in that very transaction", async () => {
    const { sql, steps } = await planned([table], second);
    expect(steps).toMatchObject([{ action: "run", hazards: [] }]);
    await sql`insert into t values (1, 1)`;
    for (const step of steps) {
      await expect(runStep(sql, step)).rejects.toThrow("public.t has rows, which it did not have");
    }
    expect(await sql`select id from t`).toEqual([{ id: 1 }]);
    await sql`delete from t`;
    for (const step of steps) await runStep(sql, step);
    expect(await sql`select to_regclass('t') as t`).toEqual([{ t: null }]);
  });

  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ["it has some", [table], second, ["insert into t values (1, 1)"]],
    ["the plan itself fills it", [table], ["insert into t values (1, 1)", ...second], []],
    ["code may fill it", [table], ["do $$ begin perform 1; end $$", ...second], []],
    ["policies may hide them from its owner", [table, "alter table t force row level security"], second, []],
    ["a view goes with it", [table, "create view v as select id from t"], ["drop table t cascade"], []],
  ])("is not taken for one where %s", async (_, first, then, rows) => {
    const { steps } = await planned(first, then, rows);
    expect(hazardsOf(steps)).toEqual(["data-loss"]);
  });

  it("that a step before renames is one still", async () => {
    const { steps } = await planned(
      [table],
      ["create type e as enum ('a')", "alter table t rename to s", "drop table s"],
    );
    expect(hazardsOf(steps)).toEqual(["breaks-clients"]);
  });
});

describe("another collation", () => {
  const first = [`create table t (id integer primary key, a varchar(20))`, "create index t_a on t (a)"];
  const second = [`alter table t alter column a set data type text collate "C"`];

  it("builds the indexes again: a hazard only where that takes long", async () => {
    expect(hazardsOf((await planned(first, second)).steps)).toEqual([]);
    const many = ["insert into t select n, repeat('x', 18) from generate_series(1, 30000) n"];
    expect(hazardsOf((await planned(first, second, many)).steps)).toEqual(["long-lock"]);
    expect(hazardsOf((await planned(first.slice(0, 1), second, many)).steps)).toEqual([]);
  });
});
