import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type Facts,
  gatherFacts,
  makePlan,
  migrate,
  type Step,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { drift, isToRun, outline, runStep, withDone } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

const table = "create table t (id integer primary key, a integer, b text)";

/** A database that stands after the first of two migrations, and the project of both. */
async function between(first: readonly string[], second: readonly string[]) {
  const project = await writtenProject("replaced", [first, second]);
  const database = await createDatabase("empty");
  const sql = await connect(database.url);
  const { migrationsFolder } = await writtenProject("replaced", [first]);
  await migrate(sql, migrationsFolder).finally(() => sql.end());
  const planNow = async (edit: (facts: Facts) => Facts = (facts) => facts) =>
    makePlan(project, edit(await gatherFacts(database.sql, project)));
  return { project, database, planNow };
}

async function indexesOf({ sql }: TestDatabase): Promise<string[]> {
  const rows = await sql`
    select indexrelid::regclass::text as name from pg_index
    where indrelid = 't'::regclass and indisvalid and not indisprimary order by 1`;
  return z
    .array(z.object({ name: z.string() }))
    .parse([...rows])
    .map(({ name }) => name);
}

describe("an index that a migration drops and makes again", () => {
  it.each<[string, string[], string[], string[]]>([
    [
      "of plain form",
      ["create index t_a on t (a)"],
      ["drop index t_a", "create index t_a on t (a, id)"],
      ["t_a"],
    ],
    [
      "that is unique and becomes partial",
      ["create unique index t_a on t (a)"],
      ["drop index if exists t_a", "create unique index t_a on t (a) where a > 0"],
      ["t_a"],
    ],
    [
      "beside another whose name begins as its own, dropped first as drizzle-kit does",
      ["create index t_a on t (a)", "create index t_a_b on t (a, b)"],
      [
        "drop index t_a",
        "drop index t_a_b",
        "create index t_a on t (a desc)",
        "create index t_a_b on t (b, a)",
      ],
      ["t_a", "t_a_b"],
    ],
    [
      "with a name that has to be quoted, on an expression",
      ['create index "T on a" on t (a)'],
      ['drop index "T on a"', `create index "T on a" on t using btree (lower(b), (a + 1)) where b <> ' on '`],
      ['"T on a"'],
    ],
  ])(
    "%s is there at every moment, and done once from wherever it goes on",
    async (_, before, migration, names) => {
      const { project, database, planNow } = await between([table, ...before], migration);
      const { sql } = database;
      const first = await planNow();
      const toRun = first.steps.filter(isToRun);
      expect(toRun.map(({ kind }) => kind)).toEqual(names.flatMap(() => ["create index", "rename"]));
      const done: Step[] = [];
      for (const step of toRun) {
        expect(await indexesOf(database)).toEqual(expect.arrayContaining(names));
        await runStep(sql, step);
        done.push(step);
        const ids = done.map(({ id }) => id);
        // Killed before what runs outside a transaction could be written down, and after.
        const recorded = step.transactional ? [done] : [done.slice(0, -1), done];
        for (const some of recorded) {
          const plan = await planNow((facts) => withDone(facts, first, some));
          expect(outline(plan.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
          expect(plan.steps.filter(isToRun).map(({ id, sql: text }) => [id, text])).toEqual(
            toRun.filter(({ id }) => !ids.includes(id)).map(({ id, sql: text }) => [id, text]),
          );
        }
      }
      expect(await indexesOf(database)).toEqual(names);
      expect(await drift(sql, project, first.to ?? "")).toEqual([]);
    },
  );

  it("is built again where the build was interrupted, and stays as it was until then", async () => {
    const { project, database, planNow } = await between(
      [table, "create unique index t_a on t (a, id)"],
      ["drop index t_a", "create unique index t_a on t (a)"],
    );
    const { sql } = database;
    await sql`insert into t values (1, 1), (2, 1)`;
    const [build] = (await planNow()).steps.filter(isToRun);
    if (!build) throw new Error("there is nothing to build");
    await expect(runStep(sql, build)).rejects.toMatchObject({ code: "23505" });
    expect(await indexesOf(database)).toEqual(["t_a"]);
    await sql`delete from t where id = 2`;
    const again = await planNow();
    expect(again.steps.filter(isToRun).map(({ id, action }) => [id, action])).toEqual([
      ["0001_replaced/2.1", "rebuild"],
      ["0001_replaced/2.2", "run"],
    ]);
    for (const step of again.steps.filter(isToRun)) await runStep(sql, step);
    expect(await indexesOf(database)).toEqual(["t_a"]);
    expect(await drift(sql, project, again.to ?? "")).toEqual([]);
  });

  it("is dropped by the next plan where another tool applied the migration after the build", async () => {
    const second = ["drop index t_a", "create index t_a on t (b)"];
    const { database, planNow } = await between([table, "create index t_a on t (a)"], second);
    const [build] = (await planNow()).steps.filter(isToRun);
    if (!build) throw new Error("there is nothing to build");
    await runStep(database.sql, build);
    const first = [table, "create index t_a on t (a)"];
    const sql = await connect(database.url);
    const { migrationsFolder } = await writtenProject("replaced", [first, second]);
    await migrate(sql, migrationsFolder).finally(() => sql.end());
    expect(await indexesOf(database)).toHaveLength(2);
    const next = await writtenProject("replaced", [first, second, ["comment on table t is 'next'"]]);
    const plan = await makePlan(next, await gatherFacts(database.sql, next));
    for (const step of plan.steps.filter(isToRun)) await runStep(database.sql, step);
    expect(await indexesOf(database)).toEqual(["t_a"]);
  });

  it.each<[string, string[], string[]]>([
    [
      "something else happens between the two",
      ["create unique index t_a on t (a)"],
      ["drop index t_a", "update t set a = 0", "create index t_a on t (a)"],
    ],
    [
      "a later statement works on it",
      ["create index t_a on t (a)"],
      ["drop index t_a", "create index t_a on t (b)", "alter index t_a rename to t_b"],
    ],
    [
      "another table gets its name",
      ["create index t_a on t (a)"],
      ["drop index t_a", "create table t_a (id int)"],
    ],
    ["it is not there", [], ["drop index if exists t_a", "create index t_a on t (b)"]],
    [
      "its table is of the same migration",
      [],
      [
        "create table u (a int)",
        "create index u_a on u (a)",
        "drop index u_a",
        "create index u_a on u (a desc)",
      ],
    ],
  ])("is dropped first where %s", async (_, before, migration) => {
    const { project, database } = await between([table, ...before], migration);
    const plan = await makePlan(project, await gatherFacts(database.sql, project), {
      allow: ["0001_replaced"],
    });
    expect(plan.steps.filter(({ title }) => title.includes("beside the old one"))).toEqual([]);
    for (const step of plan.steps.filter(isToRun)) await runStep(database.sql, step);
    expect(await drift(database.sql, project, plan.to ?? "")).toEqual([]);
  });
});
