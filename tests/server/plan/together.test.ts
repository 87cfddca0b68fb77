import { describe, expect, it } from "vitest";
import {
  gatherFacts,
  makePlan,
  type Plan,
  type Project,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { createDatabase, type Sql } from "../../support/database.ts";
import { drift, isToRun, outline, runStep } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

/** A database after the first of two migrations, and the plan for the second. */
async function second(
  first: readonly string[],
  then: readonly string[],
  ...more: string[]
): Promise<{ sql: Sql; project: Project; plan: Plan }> {
  const project = await writtenProject("pair", [first, then]);
  const database = await createDatabase("empty");
  for (const statement of [...first, ...more]) await database.sql.unsafe(statement);
  await writeJournal(database.sql, readMigrations(project.migrationsFolder).slice(0, 1));
  return {
    sql: database.sql,
    project,
    plan: await makePlan(project, await gatherFacts(database.sql, project)),
  };
}

/** Runs a plan, and sees that it ends where the migrations do. */
async function runs({ sql, project, plan }: Awaited<ReturnType<typeof second>>): Promise<void> {
  for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
  expect(await drift(sql, project, "0001_pair")).toEqual([]);
}

const ids = ({ steps }: Plan) => steps.map(({ id, action }) => `${id} ${action}`);
const table = "create table t (id integer primary key, a integer, b text)";

describe("steps that must not be seen half done are one", () => {
  it("row-level security and the table's first policies", async () => {
    const made = await second(
      [table],
      [
        "alter table t enable row level security",
        "create policy p on t for select using (true)",
        "create policy q on t for insert with check (true)",
        "create index t_a on t (a)",
      ],
    );
    expect(ids(made.plan)).toEqual(["0001_pair/1+2+3 run", "0001_pair/4 run"]);
    await runs(made);
  });

  it("a view that is dropped and what is made in its place", async () => {
    const made = await second(
      [table, "create view v as select id from t"],
      ["drop view v", "create view v as select a as other from t", "grant select on v to anon"],
    );
    expect(ids(made.plan)).toEqual(["0001_pair/1+2+3 run"]);
    await runs(made);
  });

  it("a function that may not be executed by all, and who may", async () => {
    const made = await second(
      [table],
      [
        "create function f() returns integer language sql security definer as 'select 1'",
        "revoke all on function f() from public, anon",
      ],
    );
    expect(ids(made.plan)).toEqual(["0001_pair/1+2 run"]);
    await runs(made);
  });

  it("and keep their id when part of them is there", async () => {
    const made = await second(
      [table],
      [
        "create function f() returns integer language sql as 'select 1'",
        "revoke all on function f() from public",
      ],
      "create function f() returns integer language sql as 'select 1'",
    );
    expect(ids(made.plan)).toEqual(["0001_pair/1+2 run"]);
    expect(made.plan.steps[0]?.sql).toBe("revoke all on function f() from public");
    await runs(made);
  });
});

describe("row-level security on a table that others use", () => {
  it("is refused where no policy comes with it", async () => {
    const { plan } = await second([table], ["alter table t enable row level security"]);
    expect(plan.steps).toMatchObject([{ action: "blocked", hazards: [{ name: "breaks-clients" }] }]);
  });
});

describe("a plan", () => {
  it("drops a view and makes it again in one transaction, with what is between", async () => {
    const made = await second(
      [table, "create view v as select b from t"],
      [
        "drop view v",
        "alter table t alter column b set data type varchar",
        "create view v as select b from t",
      ],
    );
    expect(made.plan.steps).toMatchObject([{ id: "0001_pair/1+2+3", kind: "transaction" }]);
    expect(made.plan.notes).toEqual([]);
    expect(outline(made.plan.steps.filter((step) => !isToRun(step)))).toEqual([]);
    await runs(made);
  });

  it("sees that a type was changed by a statement before", async () => {
    const { plan } = await second(
      ["create table t (id integer primary key, v varchar(10))", "insert into t values (1, 'x')"],
      ["alter table t alter column v type varchar(20)", "alter table t alter column v type varchar(15)"],
    );
    expect(plan.steps.map(({ action, hazards }) => [action, hazards.map(({ name }) => name)])).toEqual([
      ["blocked", ["rewrite"]],
    ]);
  });

  it("sees that a check was added by a migration before that is pending too", async () => {
    const project = await writtenProject("checks", [
      ["create table t (id integer primary key, v varchar(10))"],
      ["alter table t add constraint filled check (v <> '')"],
      ["alter table t alter column v type varchar(20)"],
    ]);
    const database = await createDatabase("empty");
    await database.sql.unsafe("create table t (id integer primary key, v varchar(10))");
    await writeJournal(database.sql, readMigrations(project.migrationsFolder).slice(0, 1));
    const plan = await makePlan(project, await gatherFacts(database.sql, project));
    expect(plan.steps.at(-1)).toMatchObject({ action: "blocked", hazards: [{ name: "long-lock" }] });
  });

  it("follows a renamed table", async () => {
    const first = [table, "create index t_a on t (a)"];
    const then = [
      "alter table t rename to u",
      "alter table u add column c integer",
      "create index u_c on u (c)",
      "drop index t_a",
    ];
    const { plan, sql, project } = await second(first, then);
    expect(plan.steps.map(({ action }) => action)).toEqual(["blocked", "run", "run", "run"]);
    const allowed = await makePlan(project, await gatherFacts(sql, project), { allow: ["0001_pair/1"] });
    expect(allowed.steps.map(({ action }) => action)).toEqual(["run", "run", "run", "run"]);
    for (const [at, step] of allowed.steps.entries()) {
      await runStep(sql, step);
      const again = await makePlan(project, await gatherFacts(sql, project), { allow: ["0001_pair/1"] });
      expect(again.steps.map((one) => isToRun(one))).toEqual(allowed.steps.map((_, index) => index > at));
    }
    expect(await drift(sql, project, "0001_pair")).toEqual([]);
  });

  it("takes what lies outside the managed schemas as it is", async () => {
    const made = await second(
      [table],
      [
        "create schema if not exists other",
        "create table if not exists other.notes (id integer)",
        "create type pair as (a integer, b text)",
        "drop type pair",
      ],
      "create schema other",
      "create table other.notes (id integer, more text)",
    );
    expect(made.plan.steps.map(({ action }) => action)).toEqual(["skip", "skip", "run", "run"]);
    await runs(made);
  });

  it("has a file that does not parse as an error with its place, before anything is read from it", async () => {
    const project = await writtenProject("broken", [[table]]);
    const database = await createDatabase("empty");
    const facts = await gatherFacts(database.sql, project);
    const pending = facts.state.pending.map((one) => ({ ...one, statements: [table, "creat index"] }));
    await expect(makePlan(project, { ...facts, state: { ...facts.state, pending } })).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: expect.stringMatching(
        /^0000_broken\.sql, statement 2, is not SQL .*syntax error at or near "creat"/,
      ),
    });
  });
});
