import { describe, expect, it } from "vitest";
import { gatherFacts, makePlan } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { drift, isToRun, runStep } from "../../support/steps.ts";
import { writtenProject } from "../../support/written-project.ts";

const table = "create table t (id integer primary key, a integer)";
const made = "create index t_a on t (a)";
const drop = "drop index if exists t_a";
const anew = "create index t_a on t (a, id)";

/** What would become of the making of `t_a` on an empty database, and whether all of it ends where it should. */
async function fate(...migrations: string[][]): Promise<string | undefined> {
  const project = await writtenProject("later", migrations);
  const { sql } = await createDatabase("empty");
  const plan = await makePlan(project, await gatherFacts(sql, project));
  for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
  expect(await drift(sql, project, plan.to ?? "")).toEqual([]);
  return plan.steps.find(({ title }) => / index t_a on /.test(title))?.action;
}

describe("an index that a later migration of the plan drops", () => {
  it("is not made: neither where it stays away nor where it is made otherwise", async () => {
    expect(await fate([table, made], [drop])).toBe("skip");
    expect(await fate([table, made], [drop, anew])).toBe("skip");
    expect(await fate([table, made, "drop index if exists public.t_a", anew])).toBe("skip");
  });

  it.each<[string, string[][]]>([
    [
      "the drop would fail without it",
      [
        [table, made],
        ["drop index t_a", anew],
      ],
    ],
    ["rows depend on it", [[table, "create unique index t_a on t (a)"], [drop]]],
    [
      "a statement until then names it",
      [
        [table, made, "alter index t_a rename to t_b"],
        [drop, anew],
      ],
    ],
    [
      "a block until then names it",
      [
        [table, made],
        ["do $$ begin perform 't_a'::regclass; end $$", drop],
      ],
    ],
    ["another is dropped whose name begins so", [[table, made], ["drop index if exists t_a_b"]]],
    [
      "one of another schema is dropped",
      [["create schema other", table, made], ["drop index if exists other.t_a"]],
    ],
  ])("is made where %s", async (_, migrations) => {
    expect(await fate(...migrations)).toBe("run");
  });
});
