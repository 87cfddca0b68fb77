import { describe, expect, it } from "vitest";
import { deploy, gatherFacts, makePlan, type Project } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { createDatabase, type Sql } from "../../support/database.ts";
import { drift, isToRun, outline, recordMigrations, runStep, withDone } from "../../support/steps.ts";
import { folderProject, writtenProject } from "../../support/written-project.ts";

/** Rows for the tables of a folder's first migration, so that nothing passes because a table is empty. */
const rows: Readonly<Record<string, string>> = {
  shop: `
    insert into customers (id, email, name) select gen_random_uuid(), 'c' || i, 'n' || i from generate_series(1, 200) i;
    insert into products (sku, title, price) select 's' || i, ' t' || i, i from generate_series(1, 200) i;
    insert into orders (customer_id, note) select id, 'x' from customers; analyze;`,
  blog: `
    insert into blog.authors (name) select 'a' || i from generate_series(1, 200) i;
    insert into blog.posts (author_id, title, slug) select i, 't' || i, 's' || i from generate_series(1, 200) i; analyze;`,
  refused: `
    insert into accounts (id, name, code) select i, 'n' || i, i from generate_series(1, 200) i;
    insert into scraps values (1);
    insert into bookings (id, account_id, span) select i, i, int4range(i, i + 1) from generate_series(1, 200) i; analyze;`,
};

/** A database after the first migrations of a folder, applied as Drizzle would, with rows. */
async function within(project: Project, applied: number, run: (sql: Sql) => Promise<void>): Promise<void> {
  const database = await createDatabase("empty");
  const migrations = readMigrations(project.migrationsFolder);
  for (const [at, { statements }] of migrations.slice(0, applied).entries()) {
    for (const statement of statements) await database.sql.unsafe(statement);
    if (at === 0) await database.sql.unsafe(rows[project.name] ?? "").simple();
  }
  await writeJournal(database.sql, migrations.slice(0, applied));
  await run(database.sql);
}

const shop = await folderProject("shop", ["public"]);
const blog = await folderProject("blog", ["blog"]);
const refused = await folderProject("refused", ["public"]);
const last = (project: Project) => readMigrations(project.migrationsFolder).at(-1)?.tag ?? "";

describe.each([shop, blog])("the migrations of the $name", (project) => {
  it.each([0, 1, 2])(
    "are planned after the first %i, and end where they do when Drizzle runs them",
    async (applied) => {
      await within(project, applied, async (sql) => {
        const plan = await makePlan(project, await gatherFacts(sql, project));
        expect(outline(plan.steps.filter(({ action }) => action !== "run"))).toEqual([]);
        for (const step of plan.steps) await runStep(sql, step);
        expect(await drift(sql, project, last(project))).toEqual([]);
        await recordMigrations(sql, plan);
        expect((await makePlan(project, await gatherFacts(sql, project))).steps).toEqual([]);
      });
    },
  );

  it("are planned from every point on the way, with nothing blocked and nothing done twice", async () => {
    await within(project, 1, async (sql) => {
      const first = await makePlan(project, await gatherFacts(sql, project));
      const ids = first.steps.map(({ id }) => id);
      const done = [];
      for (const step of first.steps) {
        await runStep(sql, step);
        done.push(step);
        const plan = await makePlan(project, withDone(await gatherFacts(sql, project), first, done));
        expect(outline(plan.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
        const left = first.steps.slice(done.length).map(({ id, sql: text }) => [id, text]);
        // A grant may turn out to be what the default privileges give.
        const toRun = plan.steps.filter(isToRun).map(({ id, sql: text }) => [id, text]);
        expect(left).toEqual(expect.arrayContaining(toRun));
        expect(plan.steps.filter((one) => one.kind !== "grant" && isToRun(one)).length).toBe(
          first.steps.slice(done.length).filter((one) => one.kind !== "grant").length,
        );
        expect(ids).toEqual(expect.arrayContaining(plan.steps.map(({ id }) => id)));
      }
      expect(await drift(sql, project, last(project))).toEqual([]);
    });
  });
});

describe("the migrations that must be refused", () => {
  it("are, each with its hazard and a safe form", async () => {
    await within(refused, 1, async (sql) => {
      const plan = await makePlan(refused, await gatherFacts(sql, refused));
      expect(
        plan.steps.map(({ id, action, hazards }) => [id, action, ...hazards.map(({ name }) => name)]),
      ).toEqual([
        ["0001_everything_at_once/1", "blocked", "rewrite"],
        ["0001_everything_at_once/2", "blocked", "rewrite"],
        ["0001_everything_at_once/3", "blocked", "rewrite"],
        ["0001_everything_at_once/4", "blocked", "data-loss"],
        ["0001_everything_at_once/5", "blocked", "breaks-clients"],
        ["0001_everything_at_once/6", "run"],
        ["0001_everything_at_once/7", "blocked", "long-lock"],
        ["0001_everything_at_once/8", "blocked", "data-loss"],
        ["0001_everything_at_once/9", "blocked", "data-loss"],
        ["0001_everything_at_once/10", "blocked", "data-loss"],
        ["0001_everything_at_once/11", "run"],
        ["0001_everything_at_once/12", "blocked", "unknown"],
        ["0001_everything_at_once/13", "skip"],
      ]);
      for (const { action, reason } of plan.steps) if (action !== "run") expect(reason).toBeTruthy();
    });
  });

  it.each(["0001_everything_at_once/99", "0009_nothing", "4"])(
    "can't be allowed as %s, which is none",
    async (name) => {
      await within(refused, 1, async (sql) => {
        const facts = await gatherFacts(sql, refused);
        await expect(makePlan(refused, facts, { allow: [name] })).rejects.toMatchObject({ code: "USAGE" });
      });
    },
  );

  it("are let through where they are allowed by name, beside what needs no leave", async () => {
    await within(refused, 1, async (sql) => {
      const facts = await gatherFacts(sql, refused);
      const some = await makePlan(refused, facts, { allow: ["0001_everything_at_once/4"] });
      expect(some.steps.filter(isToRun).map(({ id }) => id)).toEqual([
        "0001_everything_at_once/4",
        "0001_everything_at_once/6",
        "0001_everything_at_once/11",
      ]);
      const all = await makePlan(refused, facts, { allow: ["0001_everything_at_once"] });
      expect(all.steps.filter((step) => !isToRun(step)).map(({ id, action }) => [id, action])).toEqual([
        ["0001_everything_at_once/13", "skip"],
      ]);
      for (const step of all.steps.filter(isToRun)) await runStep(sql, step);
    });
  });
});

describe("statements that the planner does not know", () => {
  it("are refused, and run where they are allowed by name, once", async () => {
    const project = await writtenProject("publishing", [
      ["create table t (a integer, b integer)"],
      ["create rule keep as on delete to t do instead nothing"],
    ]);
    const database = await createDatabase("empty");
    const options = { mode: "quick", backupId: "none" } as const;
    await expect(deploy(project, database.url, options)).rejects.toMatchObject({
      code: "PLAN_BLOCKED",
      message: expect.stringContaining("neither what it locks"),
      remedy: expect.stringContaining("--allow 0001_publishing/1"),
    });
    const allow = ["0001_publishing"];
    expect(await deploy(project, database.url, { ...options, allow })).toMatchObject({ ok: true });
    expect(await database.sql`select rulename as name from pg_rules where tablename = 't'`).toEqual([
      { name: "keep" },
    ]);
    expect(await deploy(project, database.url, { ...options, allow })).toMatchObject({ ok: true });
  });
});
