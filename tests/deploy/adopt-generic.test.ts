import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type BaselineOptions, baseline, type Project, preflight } from "../../src/deploy/index.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { projectIn } from "../support/project.ts";

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

const databases: TestDatabase[] = [];
afterAll(() => Promise.all(databases.map((database) => database.drop())));

async function database(tags: readonly Tag[], ...statements: string[]): Promise<TestDatabase> {
  const made = await createDatabase("empty");
  databases.push(made);
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
