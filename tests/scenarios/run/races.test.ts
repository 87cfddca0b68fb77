import { expect, it } from "vitest";
import { preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";
import { deploy, differencesBetween } from "../../support/deploy.ts";

async function databases() {
  const database = await createDatabase("adopted");
  const deployed = await createDatabase("deployed");
  return { ...database, database, deployed };
}

const ruleOf = { categories: "unique_user_category_name" };

it("a duplicate that comes after the preflight is a clear error, and no obstacle once it is gone", {
  timeout: 120_000,
}, async () => {
  const { database, deployed, url, sql, createUser } = await databases();
  const user = await createUser();
  const insert = (name: string) =>
    sql`insert into categories (user_id, name, type) values (${user}, ${name}, 'expense')`;
  await insert("Food");
  expect((await preflight(spfpProject, url, { mode: "quick", backupId: "b" })).ok).toBe(true);

  const report = await deploy(
    url,
    {},
    {
      observer: async (event) => {
        const isRule = event.type === "statement" && event.step.target?.name === ruleOf.categories;
        if (isRule && event.at === "before") await insert("FOOD");
      },
    },
  );

  expect(report).toMatchObject({ ok: false, outcome: "failed", error: { code: "DATA_REFUSED" } });
  expect(report.error?.message).toContain(ruleOf.categories);
  expect(report.error?.message).toContain("food");
  expect(report.steps.find(({ id }) => id === report.error?.step)).toMatchObject({ status: "failed" });
  expect(await sql`select from pg_class where relname = ${ruleOf.categories}`).toEqual([]);
  expect(await sql`select from pg_index where not indisvalid`).toEqual([]);
  expect(await sql`select from drizzle.__drizzle_migrations`).toHaveLength(2);
  // The application writes on, as before.
  await insert("fOOD");

  await sql`delete from categories where name <> 'Food'`;
  expect(await deploy(url)).toMatchObject({ ok: true, outcome: "completed" });
  expect(await differencesBetween(database, deployed)).toEqual([]);
});

it("what somebody else does of the plan meanwhile is found out, and is no obstacle to the next run", {
  timeout: 120_000,
}, async () => {
  const { database, deployed, url, sql } = await databases();
  const report = await deploy(
    url,
    {},
    {
      observer: async (event) => {
        if (
          event.type === "step started" &&
          event.step.target?.name === "deleted_at" &&
          event.step.target.table === "sales_leads"
        ) {
          await sql`alter table sales_leads add column if not exists deleted_at timestamptz`;
        }
      },
    },
  );
  expect(report).toMatchObject({ ok: false, error: { code: "STATEMENT_FAILED" } });
  expect(report.error?.message).toContain("already exists");
  expect(await deploy(url)).toMatchObject({ ok: true });
  expect(await differencesBetween(database, deployed)).toEqual([]);
});

it("a view that somebody changes meanwhile is not lost", { timeout: 120_000 }, async () => {
  const { url, sql } = await databases();
  const theirs = "select user_id, status, 'theirs' as whose from operational_tasks";
  const report = await deploy(
    url,
    {},
    {
      observer: async (event) => {
        if (event.type !== "step started" || event.step.target?.name !== "tasks_summary") return;
        await sql.unsafe(`drop view tasks_summary; create view tasks_summary as ${theirs}`);
      },
    },
  );
  expect(report).toMatchObject({ ok: false, outcome: "failed", error: { code: "PLAN_OUTDATED" } });
  expect(report.error?.message).toContain("tasks_summary");
  const [row] = await sql`select pg_get_viewdef('tasks_summary'::regclass) as definition`;
  expect(row?.["definition"]).toContain("theirs");
});
