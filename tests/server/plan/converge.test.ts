import { beforeAll, describe, expect, it } from "vitest";
import { type Facts, gatherFacts, makePlan, type Plan } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { adoptedWith } from "../../support/adopted.ts";
import type { Sql } from "../../support/database.ts";
import { drift, isToRun, outline, runStep, withDone } from "../../support/steps.ts";

/** Production, adopted, with something done to it. */
async function productionWith(...statements: string[]): Promise<{ sql: Sql; facts: Facts; plan: Plan }> {
  const { sql } = await adoptedWith(...statements);
  const facts = await gatherFacts(sql, spfpProject);
  return { sql, facts, plan: await makePlan(spfpProject, facts) };
}

/** The only step about an object, whatever its number. */
function stepOn(plan: Plan, name: string, kind?: string) {
  const found = plan.steps.filter(
    ({ target, kind: own }) => target?.name === name && (kind === undefined || own === kind),
  );
  const [step, ...others] = found;
  if (!step || others.length > 0)
    throw new Error(`${found.length} steps on ${name}: ${outline(found).join("; ")}`);
  return step;
}

const isBlocked = ({ action }: Plan["steps"][number]) => action === "blocked";

/** Something done to production, the object that it is about, and what becomes of the step that makes that. */
type Case = readonly [
  what: string,
  made: string,
  name: string,
  action: "skip" | "replace" | "blocked",
  reason: RegExp,
];

/** Cases that do not meet share a production: to run all that is planned for one takes far longer than to look at it. */
const productions: readonly (readonly [what: string, cases: readonly Case[]])[] = [
  [
    "left alone or replaced",
    [
      [
        "an index that is as wanted is skipped",
        "create index idx_goals_user_deadline on goals (user_id, deadline) where deleted_at is null",
        "idx_goals_user_deadline",
        "skip",
        /as wanted/,
      ],
      [
        "a column that may be null where it may not be is made so in a small table",
        "alter table sent_atas add column updated_at timestamptz default now()",
        "updated_at",
        "replace",
        /nullable: expected no, found yes/,
      ],
      [
        "a trigger of another form is replaced",
        "create trigger update_sent_atas_updated_at after update on sent_atas for each row execute function update_updated_at_column()",
        "update_sent_atas_updated_at",
        "replace",
        /is there in another form/,
      ],
      [
        "a policy of another form is replaced",
        `create policy goals_insert_too on goals for insert with check (true); alter policy goals_insert on goals with check (true)`,
        "goals_insert",
        "replace",
        /check: expected .*, found true/,
      ],
      [
        "a policy that is wanted for another command is made again",
        `create policy automation_permissions_select on automation_permissions for update using (true)`,
        "automation_permissions_select",
        "replace",
        /command: expected SELECT, found UPDATE/,
      ],
      [
        "a function that another language or body makes is replaced",
        `create function business_date() returns date language sql as 'select current_date'`,
        "business_date()",
        "replace",
        /volatility: expected stable, found volatile/,
      ],
      [
        "a view with fewer columns is replaced",
        "create view crm_health_check as select user_id, count(distinct client_id) as unique_clients from sent_atas group by user_id",
        "crm_health_check",
        "replace",
        /is there in another form/,
      ],
    ],
  ],
  [
    "a view to be made again",
    [
      [
        "a view with other columns is dropped and made where nothing depends on it",
        "create view crm_health_check as select user_id as owner from sent_atas",
        "crm_health_check",
        "replace",
        /nothing depends on it/,
      ],
    ],
  ],
  [
    "in the way",
    [
      [
        "an index of the same name with another definition blocks",
        "create index idx_goals_user_deadline on goals (deadline)",
        "idx_goals_user_deadline",
        "blocked",
        /is there with another definition: definition: expected .*\(user_id, deadline\).*, found .*\(deadline\)/,
      ],
      [
        "a column of another type blocks",
        "alter table sent_atas add column updated_at date not null default now()",
        "updated_at",
        "blocked",
        /type: expected timestamp with time zone, found date/,
      ],
      [
        "a table in place of a view blocks, and both are named",
        "create table crm_health_check (id int)",
        "crm_health_check",
        "blocked",
        /^public\.crm_health_check is a table, and the migrations make a view of that name\. Rename the table/,
      ],
    ],
  ],
  [
    "a materialized view in the way",
    [
      [
        "a materialized view in place of a view blocks",
        "create materialized view crm_health_check as select 1 as one",
        "crm_health_check",
        "blocked",
        /^public\.crm_health_check is a materialized view, and the migrations make a view of that name\./,
      ],
    ],
  ],
];

describe.each(productions)("what is there already: %s", (what, cases) => {
  let production: Awaited<ReturnType<typeof productionWith>>;
  beforeAll(async () => {
    production = await productionWith(...cases.map(([, made]) => made));
  });

  it.each(cases)("%s", (_what, _made, name, action, reason) => {
    const step = stepOn(production.plan, name);
    expect({ action: step.action, reason: step.reason }).toEqual({
      action,
      reason: expect.stringMatching(reason),
    });
  });

  it(`${what}: nothing else is blocked, and what can run ends as wanted`, async () => {
    const { sql, plan } = production;
    const blocked = cases.flatMap(([, , name, action]) => (action === "blocked" ? [name] : []));
    expect(plan.steps.flatMap((step) => (isBlocked(step) ? [step.target?.name] : [])).toSorted()).toEqual(
      blocked.toSorted(),
    );
    if (blocked.length > 0) return;
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
  });
});

describe("what is there already", () => {
  it("blocks a function that returns something else: what calls it was written for that", async () => {
    const { plan } = await productionWith(
      `create function business_date() returns timestamptz language sql as 'select now()'`,
    );
    expect(plan.steps.filter(isBlocked)).toMatchObject([
      { target: { name: "business_date()" }, reason: expect.stringContaining("can't replace it in place") },
    ]);
  });

  it("blocks a view with other columns where something depends on it, naming that", async () => {
    const { plan } = await productionWith(
      "create view crm_health_check as select user_id as owner from sent_atas",
      "create view reporting as select owner from crm_health_check",
    );
    expect(stepOn(plan, "crm_health_check")).toMatchObject({
      action: "blocked",
      reason: expect.stringContaining("public.reporting depends on it"),
    });
  });

  it("builds an invalid index again", async () => {
    const { sql, plan } = await productionWith(
      `insert into auth.users (id) values ('00000000-0000-4000-8000-000000000001')`,
      `insert into custom_templates (user_id, type, name, content, is_default)
       select '00000000-0000-4000-8000-000000000001', 'reuniao', 'n' || i, 'c', true from generate_series(1, 2) i`,
      "do $$ begin perform 1; end $$",
    );
    const unique = stepOn(plan, "unique_default_template");
    await expect(sql.unsafe(unique.sql)).rejects.toThrow(/could not create unique index/);
    const again = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(stepOn(again, "unique_default_template")).toMatchObject({
      action: "rebuild",
      reason: expect.stringContaining("invalid left-over"),
      sql: unique.sql,
    });
    await sql`delete from custom_templates`;
    for (const step of again.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
  });

  it("widens a check that allows less, and blocks at one that allows something else", async () => {
    const audit = (check: string) => `create table automation_permissions_audit (
      id uuid primary key default gen_random_uuid(), user_id uuid not null, changed_at timestamptz not null default now(),
      changed_by varchar(255) not null, change_type varchar(50) not null, previous_value text, new_value text,
      constraint automation_permissions_audit_change_type_check check (change_type in (${check})))`;
    const name = "automation_permissions_audit_change_type_check";
    const narrow = await productionWith(audit("'enabled', 'disabled'"));
    expect(outline(narrow.plan.steps.filter(isBlocked))).toEqual([]);
    expect(stepOn(narrow.plan, name, "add constraint").action).toBe("replace");
    for (const step of narrow.plan.steps.filter(isToRun)) await runStep(narrow.sql, step);
    expect(await drift(narrow.sql, spfpProject, spfp.headTag)).toEqual([]);

    const other = await productionWith(audit("'enabled', 'unheard of'"));
    expect(stepOn(other.plan, name, "add constraint").action).toBe("blocked");
  });

  it("gives a table that is there the columns and keys that it lacks", async () => {
    const { sql, plan } = await productionWith(
      `create table automation_permissions_audit (user_id uuid not null, changed_by varchar(255) not null)`,
    );
    // Its rows would need ids of their own: allowed only because it is named.
    expect(plan.steps.filter(isBlocked).map(({ title }) => title)).toEqual([
      "add column public.automation_permissions_audit.id",
    ]);
    const allowed = await makePlan(spfpProject, await gatherFacts(sql, spfpProject), {
      allow: ["0002_optimization"],
    });
    for (const step of allowed.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
  });

  it("leaves out what the project says, and blocks at a need that is missing", async () => {
    const older = await productionWith(
      "alter table investments drop column account_id",
      "alter table goals drop column deadline cascade",
    );
    expect(stepOn(older.plan, "idx_investments_account_id")).toMatchObject({
      action: "leave out",
      reason: expect.stringContaining("older shape"),
    });
    expect(stepOn(older.plan, "idx_goals_user_deadline")).toMatchObject({
      action: "blocked",
      reason: "It needs column public.goals.deadline, which is not there.",
    });
  });

  it("brings a table back from the archive, with its rows", async () => {
    const { sql, plan } = await productionWith();
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    await sql`insert into auth.users (id) values ('00000000-0000-4000-8000-000000000001')`;
    await sql`insert into automation_permissions_audit (user_id, changed_by, change_type)
      values ('00000000-0000-4000-8000-000000000001', 'me', 'enabled')`;
    await sql.unsafe(
      "create schema spfp_db_archive; drop trigger record_automation_permission_change on automation_permissions",
    );
    await sql.unsafe("alter table automation_permissions_audit set schema spfp_db_archive");
    const again = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
    expect(outline(again.steps.filter(isToRun))).toEqual([
      expect.stringContaining("bring back table public.automation_permissions_audit from the archive"),
      expect.stringContaining("create trigger record_automation_permission_change"),
      expect.stringContaining("run a DO block"),
    ]);
    for (const step of again.steps.filter(isToRun)) await runStep(sql, step);
    expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
    expect(await sql`select change_type from automation_permissions_audit`).toEqual([
      { change_type: "enabled" },
    ]);
  });

  it("makes again what was done and is gone, and does again nothing that left no trace", async () => {
    const { sql, plan, facts } = await productionWith();
    for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
    await sql`drop index idx_goals_user_deadline`;
    const again = await makePlan(
      spfpProject,
      withDone({ ...(await gatherFacts(sql, spfpProject)), journal: facts.journal }, plan, plan.steps),
    );
    expect(again.steps.filter(isToRun).map(({ title }) => title)).toEqual([
      "create index idx_goals_user_deadline on public.goals",
    ]);
  });

  it("names what is not ours where it matters, and touches nothing else", async () => {
    const { plan } = await productionWith(
      "create table leads_of_others (id int)",
      "create index by_hand on goals (user_id, deadline) where deleted_at is null",
      "create view totals as select user_id, lead_count from sales_pipeline_summary",
    );
    expect(outline(plan.steps.filter(isBlocked))).toEqual([]);
    expect(plan.notes.join("\n")).toContain("by_hand");
    expect(plan.notes.join("\n")).toContain("public.totals");
    expect(JSON.stringify(plan.steps)).not.toContain("leads_of_others");
  });
});
