import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import {
  type BaselineOptions,
  baseline,
  deploy,
  type Project,
  preflight,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";

const migrations = {
  "0000_shop": [
    "create schema shop",
    "create table shop.customers (id serial primary key, email text not null)",
    "create table shop.orders (id serial primary key, customer int not null references shop.customers, total numeric)",
  ],
  "0001_states": [
    "create type shop.state as enum ('open', 'paid')",
    "alter table shop.orders add column state shop.state not null default 'open'",
  ],
  "0002_reports": [
    "create index orders_by_state on shop.orders (state, total desc)",
    "create view shop.open_orders as select customer, sum(total) as total from shop.orders where state = 'open' group by customer",
  ],
} as const;

type Tag = keyof typeof migrations;

function writeFolder(): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "shop-"));
  mkdirSync(join(folder, "meta"));
  const entries = Object.entries(migrations).map(([tag, statements], idx) => {
    writeFileSync(join(folder, `${tag}.sql`), statements.join(";--> statement-breakpoint\n"));
    return { idx, version: "7", when: 1000 + idx, tag, breakpoints: true };
  });
  const journal = { version: "7", dialect: "postgresql", entries };
  writeFileSync(join(folder, "meta", "_journal.json"), JSON.stringify(journal));
  return folder;
}

async function database(tags: readonly Tag[], ...statements: string[]): Promise<TestDatabase> {
  const made = await createDatabase("empty");
  for (const statement of [...tags.flatMap((tag) => migrations[tag]), ...statements]) {
    await made.sql.unsafe(statement);
  }
  return made;
}

describe("a project of somebody else's, with no baseline named", () => {
  let shop: Project;
  beforeAll(async () => {
    shop = await projectIn(writeFolder(), ["shop"], "shop");
  });

  const adopt = ({ url }: TestDatabase, options: BaselineOptions = {}) => baseline(shop, url, options);

  it.each([
    [["0000_shop"], "0000_shop"],
    [["0000_shop", "0001_states"], "0001_states"],
    [["0000_shop", "0001_states", "0002_reports"], "0002_reports"],
  ] as const)("made by hand up to %j: is adopted there", async (tags, point) => {
    expect(await adopt(await database(tags))).toMatchObject({
      outcome: "adopted",
      point,
      inTheWay: [],
      untouched: [],
    });
  });

  it("is empty where nothing of it is there", async () => {
    expect(await adopt(await database([]))).toMatchObject({ outcome: "empty" });
  });

  it("with a column of another type than the index will read: stands in the way", async () => {
    const one = await database(["0000_shop", "0001_states"], "alter table shop.orders alter total type text");
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "refused", point: "0001_states" });
    expect(report.inTheWay).toMatchObject([{ object: "shop.orders.total", actual: "type: text" }]);
  });

  it("without a column that nothing pending asks for: differs, and may", async () => {
    const one = await database(
      ["0000_shop", "0001_states", "0002_reports"],
      "alter table shop.customers drop column email",
    );
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "adopted", point: "0002_reports", inTheWay: [] });
    expect(report.untouched).toMatchObject([{ object: "shop.customers.email" }]);
  });

  it("is looked at before its deployment like any other", async () => {
    const one = await database(["0000_shop"]);
    await adopt(one);
    const report = await preflight(shop, one.url, { mode: "quick", backupId: "b", sample: 50 });
    expect(report.items.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
    expect(report.items.find(({ id }) => id === "state")?.evidence).toMatch(
      /^at 0000_shop; 2 pending, \d+ steps/,
    );
  });
});

describe("where a database stands", () => {
  /** A project of a few migrations, each a list of statements, and a database that had the first `applied` of them. */
  async function madeUpTo(applied: number, ...history: (readonly string[])[]) {
    const folder = mkdtempSync(join(inject("scratchFolder"), "stands-"));
    mkdirSync(join(folder, "meta"));
    const entries = history.map((statements, idx) => {
      const tag = `000${idx}_m${idx}`;
      writeFileSync(join(folder, `${tag}.sql`), statements.join(";--> statement-breakpoint\n"));
      return { idx, version: "7", when: 1000 + idx, tag, breakpoints: true };
    });
    writeFileSync(
      join(folder, "meta", "_journal.json"),
      JSON.stringify({ version: "7", dialect: "postgresql", entries }),
    );
    const one = await createDatabase("empty");
    for (const statement of history.slice(0, applied).flat()) await one.sql.unsafe(statement);
    const project = await projectIn(folder, ["public"], "stands");
    const adopt = (options: BaselineOptions = {}) => baseline(project, one.url, options);
    return Object.assign(adopt, {
      sql: one.sql,
      deploy: () => deploy(project, one.url, { mode: "quick", backupId: "2026-02-14" }),
    });
  }

  const table = "create table t (id int primary key, old text not null)";

  it.each([
    ["a column", [table], ["alter table t drop column old"]],
    ["a table", [table, "create table u (id int)"], ["drop table u"]],
    [
      "a check",
      [table, "alter table t add constraint c check (id > 0)"],
      ["alter table t drop constraint c"],
    ],
    [
      "a foreign key",
      [table, "create table u (t int constraint u_t references t)"],
      ["alter table u drop constraint u_t"],
    ],
    [
      "a trigger",
      [
        table,
        "create function f() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger g before insert on t for each row execute function f()",
      ],
      ["drop trigger g on t"],
    ],
  ])(
    "is before a migration that takes away %s which is there, and after it where that is gone",
    async (_, ...history) => {
      expect(await (await madeUpTo(1, ...history))()).toMatchObject({ outcome: "adopted", point: "0000_m0" });
      expect(await (await madeUpTo(2, ...history))()).toMatchObject({ outcome: "adopted", point: "0001_m1" });
    },
  );

  it("is not where a later migration has taken away what an earlier one did not make yet", async () => {
    const adopt = await madeUpTo(
      1,
      ["create table u (id int primary key)"],
      ["alter table u add column lang text"],
      ["alter table u add column prefs text"],
      ["update u set prefs = lang", "alter table u drop column lang"],
    );
    expect(await adopt()).toMatchObject({ outcome: "adopted", point: "0000_m0" });
  });

  it.each([1, 2])("is asked for where a migration changes rows alone, applied %s", async (applied) => {
    const adopt = await madeUpTo(
      applied,
      [table],
      ["update t set old = 'x'"],
      ["alter table t add column late int"],
    );
    const report = await adopt();
    expect(report).toMatchObject({ outcome: "refused", recorded: [] });
    expect(report.inTheWay).toMatchObject([
      { check: "adoption.undecided", object: "0001_m1", remedy: expect.stringContaining("--at 0000_m0") },
    ]);
    expect(await adopt({ at: "0001_m1" })).toMatchObject({ outcome: "adopted", point: "0001_m1" });
  });

  it("is before the first migration where only some of that is there", async () => {
    const both = ["create table a (id int primary key)", "create table b (id int primary key, n int)"];
    const adopt = await madeUpTo(
      0,
      [...both, "create index b_n on b (n)"],
      ["alter table a add column m int"],
    );
    await adopt.sql.unsafe(both[0] ?? "");
    const report = await adopt();
    expect(report).toMatchObject({ outcome: "adopted", point: null, recorded: [], inTheWay: [] });
    expect(report.evidence).toMatchObject([{ tag: "0000_m0", trace: "partly" }, { trace: "unseen" }]);
    expect(await adopt()).toMatchObject({ outcome: "already adopted", point: null });
    expect(await adopt.deploy()).toMatchObject({ ok: true, error: null });
    const made = await adopt.sql`select relname from pg_class where relname in ('b', 'b_n')`;
    expect(made.count).toBe(2);
  });

  it("is refused where a function has a default that the pending one takes away, and goes on once that is aside", async () => {
    const adopt = await madeUpTo(
      1,
      [table],
      ["create or replace function f(a int) returns int language sql as 'select a'"],
    );
    await adopt.sql.unsafe("create function f(a int default 1) returns int language sql as 'select a'");
    const report = await adopt();
    expect(report).toMatchObject({ outcome: "refused", inTheWay: [{ object: "public.f(integer)" }] });
    for (const statement of report.inTheWay[0]?.sql ?? []) await adopt.sql.unsafe(statement);
    expect(await adopt()).toMatchObject({ outcome: "adopted", point: "0000_m0" });
    expect(await adopt.deploy()).toMatchObject({ ok: true, error: null });
    const both = await adopt.sql`select from pg_proc where proname in ('f', 'f_before')`;
    expect(both.count).toBe(2);
  });

  it("is known where something later was seen, whatever rows were changed before", async () => {
    const adopt = await madeUpTo(
      3,
      [table],
      ["update t set old = 'x'"],
      ["alter table t add column late int"],
    );
    expect(await adopt()).toMatchObject({ outcome: "adopted", point: "0002_m2" });
  });

  it("is not later than what a migration took away and is still there, though it be named", async () => {
    const adopt = await madeUpTo(1, [table], ["alter table t drop column old"]);
    const report = await adopt({ at: "0001_m1" });
    expect(report).toMatchObject({ outcome: "refused", inTheWay: [{ object: "public.t.old" }] });
  });
});
