import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { deploy, rollback, status } from "../../../packages/drizzle-deploy/src/index.ts";
import { defaultNames, type Names } from "../../../packages/drizzle-deploy/src/project/index.ts";
import { openSession } from "../../../packages/drizzle-deploy/src/run/session.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { projectFolder } from "../../support/states.ts";

const own: Names = {
  ...defaultNames,
  command: "my-db",
  recordSchema: "My records",
  archiveSchema: "My archive",
  lockKey: 42,
};

async function empty() {
  const database = await createDatabase("empty");
  onTestFinished(() => database.drop());
  return database;
}

it("a project that names its records, archive and command has them under its names, and nothing of another's", async () => {
  const folder = join(projectFolder, "tests/fixtures/migrations/blog");
  const blog = { ...(await projectIn(folder, ["blog"], "blog")), names: own };
  const { url, sql } = await empty();
  const schemas = async () =>
    (
      await sql`select nspname as name from pg_catalog.pg_namespace where nspname ~ 'spfp|My|drizzle' order by 1`
    ).map(({ name }) => name);
  const deployed = await deploy(blog, url, { mode: "quick", backupId: "x", allow: ["0002_names"] });
  expect(deployed).toMatchObject({ error: null, outcome: "completed" });
  expect(await schemas()).toEqual(["My records", "drizzle"]);
  expect(await status(sql, blog)).toMatchObject({
    state: "current",
    deployments: [{ outcome: "completed" }],
  });
  await expect(rollback(blog, url, { approvedBy: "Ana", deployment: "x" })).rejects.toMatchObject({
    code: "NOTHING_TO_ROLL_BACK",
    remedy: expect.stringContaining("my-db status"),
  });
});

it("deployments under one lock exclude each other, and name who holds it by the command's name", async () => {
  const { url } = await empty();
  const held = await openSession(url, { kind: "deploy", names: own });
  onTestFinished(() => held.end());
  await expect(openSession(url, { kind: "rollback", names: own })).rejects.toMatchObject({
    code: "DEPLOYMENT_RUNNING",
    message: expect.stringContaining("my-db deploy"),
  });
  const other = await openSession(url, { kind: "deploy", names: spfpNames });
  await other.end();
});

it("what migrations make outside the schemas that a project manages is made, or said not to be", async () => {
  const folder = join(projectFolder, "tests/fixtures/migrations/blog");
  const blog = await projectIn(folder, ["public"], "blog");
  const { url, sql } = await empty();
  const deployed = await deploy(blog, url, {
    mode: "quick",
    backupId: "x",
    allow: ["0000_blog", "0001_review", "0002_names"],
  });
  expect(deployed).toMatchObject({ error: null, outcome: "completed" });
  const made = await sql`
    select count(*)::int as tables from pg_catalog.pg_tables where schemaname = 'blog'`;
  expect(made[0]).toMatchObject({ tables: 3 });
});
