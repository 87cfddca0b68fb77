import { expect, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { baseline, deploy, planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { validate } from "../../../packages/drizzle-deploy/src/validate/validate.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, writeMigrations } from "../histories/walk.ts";

const migrations = [
  ["CREATE TABLE t (id int primary key, a int, CONSTRAINT c CHECK (a > 0))"],
  [
    "ALTER TABLE t DROP CONSTRAINT c",
    "ALTER TABLE t ADD CONSTRAINT d CHECK (a > 1)",
    "ALTER TABLE t DROP CONSTRAINT d",
  ],
];

async function planned() {
  const database = await createDatabase("empty");
  await applyWithDrizzle(database.url, writeMigrations(migrations.slice(0, 1)));
  const project = await projectIn(writeMigrations(migrations), ["public"], "history");
  await baseline(project, database.url);
  const before = await readCatalog(database.sql, { schemas: ["public"] });
  const plan = await planFor(database.sql, project, []);
  const report = await deploy(project, database.url, { mode: "quick", backupId: "none" });
  expect(report.ok).toBe(true);
  const found = async () =>
    (await validate(database.sql, project, plan, before)).filter(({ severity }) => severity === "error");
  return { sql: database.sql, found };
}

it("finds what the migrations took away and is there all the same", async () => {
  const { sql, found } = await planned();
  expect(await found()).toEqual([]);
  await sql`alter table t add constraint c check (a > 0)`;
  await sql`alter table t add constraint d check (a > 1)`;
  expect(await found()).toMatchObject([
    { check: "catalog.extra", object: "public.t.c", expected: null },
    { check: "catalog.extra", object: "public.t.d", expected: null },
  ]);
});

it("leaves what no migration speaks of to whoever made it", async () => {
  const { sql, found } = await planned();
  await sql`create index theirs on t (a)`;
  await sql`create table theirs_too (id int)`;
  expect(await found()).toEqual([]);
});
