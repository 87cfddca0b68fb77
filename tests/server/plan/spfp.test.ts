import { describe, expect, it } from "vitest";
import {
  gatherFacts,
  isStillValid,
  makePlan,
  planSchema,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { adoptedWith } from "../../support/adopted.ts";
import { createDatabase } from "../../support/database.ts";
import { statementsOf } from "../../support/states.ts";
import { drift, isToRun, outline, recordMigrations, runStep } from "../../support/steps.ts";

describe("SPFP's own migrations", () => {
  it("are planned from production with nothing blocked, and end where the migrations do", async () => {
    const { sql } = await adoptedWith();
    const plan = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(planSchema.parse(plan)).toEqual(plan);
    // The indexes of the screens are made once, as the last migration wants them.
    const replaced = plan.steps.filter(
      ({ reason, migration }) =>
        reason === "A later migration drops it." || (migration === "0006_screen_order" && reason !== null),
    );
    expect(replaced.map(({ title }) => title.split(" ").slice(0, 3).join(" "))).toEqual(
      ["create", "drop"].flatMap((verb) =>
        [
          "marketing_posts_calendar",
          "operational_tasks_kanban",
          "operational_tasks_due_dates",
          "sales_leads_analysis",
        ].map((name) => `${verb} index idx_${name}`),
      ),
    );
    const others = plan.steps.filter((step) => !replaced.includes(step));
    expect(outline(others.filter(({ action }) => action !== "run"))).toEqual([
      "0003_functions_and_triggers/10 skip: drop function public.cleanup_old_automation_logs() (It is not there.)",
      "0004_row_level_security/88 skip: drop constraint fk_audit_permissions on public.automation_permissions_audit (It is not there.)",
    ]);
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);

    await recordMigrations(sql, plan);
    const after = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(after).toMatchObject({ from: spfp.headTag, to: spfp.headTag, migrations: [], steps: [] });
  });

  it("go on where drizzle-kit stopped between two migrations", async () => {
    const { sql } = await adoptedWith();
    for (const statement of statementsOf("0002_optimization")) await sql.unsafe(statement);
    const facts = await gatherFacts(sql, spfpProject);
    const [next] = facts.state.pending;
    await recordMigrations(sql, { migrations: next ? [next] : [] });
    const plan = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(plan.from).toBe("0002_optimization");
    expect(new Set(plan.steps.map(({ migration }) => migration))).toEqual(
      new Set(facts.state.pending.map(({ tag }) => tag).filter((tag) => tag !== "0002_optimization")),
    );
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
  });

  it("are planned on an empty database from the first", async () => {
    const { sql } = await createDatabase("empty");
    const plan = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(plan.from).toBeNull();
    expect(outline(plan.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
  });

  it("have a plan that is valid until something that it touches changes, and the same id whenever it is made", async () => {
    const { sql } = await adoptedWith();
    const facts = await gatherFacts(sql, spfpProject);
    const plan = await makePlan(spfpProject, facts);
    expect((await makePlan(spfpProject, facts)).id).toBe(plan.id);
    await sql`create table public.not_ours (id int)`;
    expect(isStillValid(plan, await gatherFacts(sql, spfpProject))).toBe(true);
    await sql`alter table public.goals alter column name drop not null`;
    expect(isStillValid(plan, await gatherFacts(sql, spfpProject))).toBe(false);
  });
});
