import { describe, expect, it } from "vitest";
import { deploy } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { listen } from "../../support/execute.ts";
import { writtenProject } from "../../support/written-project.ts";
import { applyWithDrizzle, rowsOf } from "../histories/walk.ts";

const options = { mode: "quick", backupId: "none", allow: ["long-lock", "data-loss"] } as const;

/** More rows than are changed in one statement. */
const many = 12_000;

const tables = [
  "create table owners (id integer primary key, name text not null)",
  `create table items (id integer primary key, owner_id integer references owners (id), n integer not null, label text,
     seen timestamptz)`,
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

describe("a change of many rows", () => {
  it.each([["an update", "update items set n = n + 1 where n <> 3"]])(
    "comes to the same in batches as in one transaction: %s",
    async (_, statement) => {
      const { project, made } = await prepared([statement]);
      const database = await made();
      const wanted = await made();
      expect(await applyWithDrizzle(wanted.url, project.migrationsFolder)).toBeNull();
      const { observer, of } = listen();

      const report = await deploy(project, database.url, options, observer);

      expect(report).toMatchObject({ ok: true, error: null });
      expect(of("batch done").length).toBeGreaterThan(1);
      expect(of("batch done").at(-1)).toMatchObject({ rows: many, estimated: many });
      expect(await rowsOf(database, ["public"])).toEqual(await rowsOf(wanted, ["public"]));
      expect([...(await database.sql`select from spfp_db.batches`)]).toEqual([]);
    },
  );
});
