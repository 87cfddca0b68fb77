import { expect, it } from "vitest";
import {
  catalogSchema,
  compareCatalogs,
  generateExpected,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { expectedCatalog, expectedTags } from "../../../src/expected/index.ts";
import { spfp } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";

const { sql } = await createDatabase("empty");
const migration = (tag: string, ...statements: string[]) => ({ tag, when: 0, hash: "", statements });

it("reads the catalog after each migration, in order", async () => {
  await sql`create schema steps`;
  const catalogs = await generateExpected(sql, {
    migrations: [
      migration("first", "create table steps.a (id int)", "create index concurrently i on steps.a (id)"),
      migration("second", "create table steps.b (id int); create table steps.c (id int)"),
    ],
    schemas: ["steps"],
  });
  expect([...catalogs].map(([tag, { tables }]) => [tag, tables.map(({ name }) => name)])).toEqual([
    ["first", ["a"]],
    ["second", ["a", "b", "c"]],
  ]);
});

it("names the statement that the server refuses", async () => {
  const generating = generateExpected(sql, {
    migrations: [migration("broken", "select 1", "create table nowhere.t (a int)")],
    schemas: ["public"],
  });
  await expect(generating).rejects.toMatchObject({
    code: "STATEMENT_FAILED",
    message: expect.stringMatching(/statement 2 of broken failed: .*nowhere/),
  });
});

it("keeps an expected catalog of every migration that is what the migration makes", async () => {
  const migrations = readMigrations(spfp.migrationsFolder);
  expect(expectedTags).toEqual(migrations.map(({ tag }) => tag));
  expect(spfp.headTag).toBe(migrations.at(-1)?.tag);
  const made = await generateExpected(sql, { migrations, schemas: spfp.schemas });
  for (const tag of expectedTags) {
    // Extensions and default privileges are the server's and the bootstrap's, not the migrations'.
    const [kept, now] = [expectedCatalog(tag), catalogSchema.parse(made.get(tag))].map((catalog) => ({
      ...catalog,
      extensions: [],
      defaultPrivileges: [],
    }));
    expect(kept && now && compareCatalogs(kept, now), tag).toEqual([]);
  }
});
