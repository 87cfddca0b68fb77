import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy, planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { migrate } from "../../../packages/drizzle-deploy/src/run/migrate.ts";
import { createDatabase } from "../../support/database.ts";
import { writtenProject } from "../../support/written-project.ts";

/** As older versions of drizzle-kit wrote what PostgreSQL has no IF NOT EXISTS for. */
const wrapped = (statement: string): string =>
  `DO $$ BEGIN\n ${statement};\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$`;

const base = [
  `CREATE TABLE IF NOT EXISTS "users" ("id" serial PRIMARY KEY NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS "posts" ("id" serial PRIMARY KEY NOT NULL, "user_id" integer)`,
];
const foreignKey = `ALTER TABLE "posts" ADD CONSTRAINT "posts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE no action ON UPDATE no action`;
const enumeration = `CREATE TYPE "mood" AS ENUM('it''s fine', 'EXCEPTION WHEN others THEN null; END')`;

async function at(then: readonly string[]) {
  const project = await writtenProject("blog", [base, then]);
  const database = await createDatabase("empty");
  for (const statement of base) await database.sql.unsafe(statement);
  await database.sql`insert into users default values`;
  await database.sql`insert into posts (user_id) values (1)`;
  await database.sql.begin((transaction) =>
    writeJournal(transaction, readMigrations(project.migrationsFolder).slice(0, 1)),
  );
  return { project, database };
}

describe("a block that keeps silent about what is there already", () => {
  it("is what is inside: a foreign key is validated without stopping anybody", async () => {
    const { project, database } = await at([wrapped(enumeration), wrapped(foreignKey)]);
    const plan = await planFor(database.sql, project, []);
    expect(plan.steps.map(({ kind, action }) => `${action} ${kind}`)).toEqual([
      "run create type",
      "run add constraint",
      "run validate constraint",
    ]);
    expect(plan.steps[1]?.sql).toContain("NOT VALID");
    expect(await deploy(project, database.url, { mode: "quick", backupId: "none" })).toMatchObject({
      ok: true,
      error: null,
    });
    const other = await at([wrapped(enumeration), wrapped(foreignKey)]);
    await migrate(other.database.sql, other.project.migrationsFolder);
    const catalogs = await Promise.all(
      [database, other.database].map(({ sql }) => readCatalog(sql, { schemas: ["public"] })),
    );
    const [one, same] = catalogs;
    expect(one && same && compareCatalogs(one, same)).toEqual([]);
  });

  it("has nothing to do where it is there", async () => {
    const { project, database } = await at([wrapped(foreignKey)]);
    await database.sql.unsafe(foreignKey);
    const { steps } = await planFor(database.sql, project, []);
    expect(steps.map(({ action }) => action)).toEqual(["skip", "skip"]);
  });

  it.each([
    [
      "of two statements",
      `DO $$ BEGIN\n ${foreignKey}; ${enumeration};\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$`,
    ],
    ["that is silent about more", `DO $$ BEGIN\n ${foreignKey};\nEXCEPTION\n WHEN others THEN null;\nEND $$`],
    ["that deletes", wrapped("DELETE FROM posts")],
    [
      "with something declared",
      `DO $$ DECLARE x int; BEGIN\n ${foreignKey};\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$`,
    ],
    [
      "that goes on in a handler",
      `DO $$ BEGIN\n ${foreignKey};\nEXCEPTION\n WHEN duplicate_object THEN null; DELETE FROM posts;\nEND $$`,
    ],
  ])("%s is taken as a whole", async (_, block) => {
    const { project, database } = await at([block]);
    const { steps } = await planFor(database.sql, project, []);
    expect(steps.map(({ kind }) => kind)).toEqual(["opaque"]);
  });
});
