import { readFileSync } from "node:fs";
import { describe, expect, inject, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { type BaselineOptions, baseline } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { journal, projectFolder, type State, withDatabase } from "../../support/states.ts";

const halfRun = readFileSync(`${projectFolder}/tests/fixtures/half-run.sql`, "utf8");
const tags = journal.map(({ tag }) => tag);
const baselineTag = "0001_baseline_objects";

/** A database in a state, changed by hand. */
async function database(state: State, ...statements: string[]): Promise<TestDatabase> {
  const made = await createDatabase(state);
  for (const statement of statements) await made.sql.unsafe(statement);
  return made;
}

const adopt = ({ url }: TestDatabase, options: BaselineOptions = {}) => baseline(spfpProject, url, options);

async function journalLength({ sql }: TestDatabase): Promise<number> {
  const [row] = await sql`select to_regclass('drizzle.__drizzle_migrations') is not null as present`;
  if (row?.["present"] !== true) return 0;
  return (await sql`select from drizzle.__drizzle_migrations`).count;
}

const objects = (findings: readonly { object: string }[]) => findings.map(({ object }) => object);
const byHand = "drop schema drizzle cascade";

describe("a database that Drizzle has never seen", () => {
  it.each([
    ["production", "production", [], baselineTag, 2],
    ["at head, made by hand", "deployed", [byHand], spfp.headTag, tags.length],
    ["at head but for an index", "deployed", [byHand, "drop index idx_sales_leads_analysis"], baselineTag, 2],
    [
      "at head but for a view",
      "deployed",
      [byHand, "drop view crm_health_check"],
      "0004_row_level_security",
      5,
    ],
    ["on which the old script half ran", "production", [halfRun], baselineTag, 2],
  ] as const)("%s: is adopted at the point it is closest to", async (_title, state, changes, point, rows) => {
    const one = await database(state, ...changes);
    const before = await readCatalog(one.sql, { schemas: ["public"] });
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "adopted", point, inTheWay: [], untouched: [] });
    expect(report.recorded).toEqual(tags.slice(0, rows));
    expect(report.pending).toEqual(tags.slice(rows));
    expect(await journalLength(one)).toBe(rows);
    expect(await readCatalog(one.sql, { schemas: ["public"] })).toEqual(before);
    const record = await one.sql`select kind, outcome, details ->> 'point' as point from spfp_db.deployments`;
    expect([...record]).toEqual([{ kind: "baseline", outcome: "completed", point }]);
  });

  it("is only looked at in a dry run", async () => {
    const one = await database("production");
    expect(await adopt(one, { dryRun: true })).toMatchObject({ outcome: "adoptable", point: baselineTag });
    expect(await journalLength(one)).toBe(0);
  });

  it("has nothing left to adopt the second time", async () => {
    const one = await database("production");
    await adopt(one);
    const again = await adopt(one);
    expect(again).toMatchObject({ outcome: "already adopted", point: baselineTag, recorded: [] });
    expect(again.pending).toEqual(tags.slice(2));
    expect(await journalLength(one)).toBe(2);
  });

  it("is told when it has nothing of ours, whatever else it has", async () => {
    const one = await database("empty", "create table public.payments (id int)");
    expect(await adopt(one)).toMatchObject({ outcome: "empty", point: null, recorded: [], pending: tags });
    expect(await journalLength(one)).toBe(0);
  });

  it("may have the older shape of investments: one index is left out, the rest is touched by nothing", async () => {
    const one = await database(
      "production",
      `alter table investments drop column symbol cascade, drop column account_id cascade,
        add column ticker text, add column institution text, add column rate numeric, add column goal_id uuid`,
    );
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "adopted", point: baselineTag, inTheWay: [] });
    expect(objects(report.untouched)).toEqual(
      expect.arrayContaining(["public.investments.symbol", "public.investments.account_id"]),
    );
  });

  it("is told of settings of its tables that no query sees, and keeps them", async () => {
    const one = await database(
      "production",
      "alter table accounts alter column name set storage external, alter column name set statistics 500",
      "alter table accounts replica identity full",
      "alter table goals cluster on goals_pkey",
      "create table mine (n text); alter table mine replica identity full",
    );
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "adopted", inTheWay: [] });
    expect(report.untouched.map(({ object, actual, severity }) => [object, actual, severity])).toEqual([
      ["public.accounts", "replicaIdentity: full", "info"],
      ["public.accounts.name", "storage: external", "info"],
      ["public.accounts.name", "statistics: 500", "info"],
      ["public.goals.goals_pkey", "clustered: yes", "info"],
    ]);
  });

  it("may hold any amount of what isn't ours", async () => {
    const one = await database(
      "production",
      "create schema payments; create table payments.invoices (id int)",
      "create view spenders as select user_id from transactions",
      "create index mine on transactions (amount)",
      "alter table goals add column mine text",
    );
    expect(await adopt(one)).toMatchObject({ outcome: "adopted", settled: [], untouched: [] });
  });
});

describe("what stands in the way", () => {
  it.each([
    [
      "an index of the same name with another definition",
      "create index idx_sales_leads_analysis on sales_leads (id)",
      "public.sales_leads.idx_sales_leads_analysis",
    ],
    [
      "an announced column of another type",
      "alter table sent_atas add column deleted_at text",
      "public.sent_atas.deleted_at",
    ],
    [
      "a column of another type that an announced index reads",
      "alter table transactions alter column paid type text",
      "public.transactions.paid",
    ],
    [
      "a missing column that an announced view reads",
      "alter table sales_leads drop column probability cascade",
      "public.sales_leads.probability",
    ],
    [
      "a missing policy that is to be altered",
      "drop policy accounts_select on accounts",
      "public.accounts.accounts_select",
    ],
    [
      "a missing function that is to be altered",
      "drop function update_updated_at_column() cascade",
      "public.update_updated_at_column()",
    ],
    [
      "row-level security switched off where policies are to be changed",
      "alter table goals disable row level security",
      "public.goals",
    ],
    ["a missing table that is to be indexed", "drop table marketing_posts cascade", "public.marketing_posts"],
  ])("%s", async (_title, statement, object) => {
    const one = await database("production", statement);
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "refused", point: baselineTag, recorded: [] });
    expect(objects(report.inTheWay)).toContain(object);
    expect(await journalLength(one)).toBe(0);
  });

  it.each([
    ["a column that nothing reads", "alter table goals drop column description", "public.goals.description"],
    [
      "an index",
      "drop index idx_operational_tasks_status",
      "public.operational_tasks.idx_operational_tasks_status",
    ],
    ["a comment", "comment on table sent_atas is 'mine'", "public.sent_atas"],
    [
      "a function with another body, of which only the settings are to be changed",
      `create or replace function update_updated_at_column() returns trigger language plpgsql as
        $$ begin new.updated_at = clock_timestamp(); return new; end $$`,
      "public.update_updated_at_column()",
    ],
  ])("is not %s that no pending migration touches", async (_title, statement, object) => {
    const report = await adopt(await database("production", statement));
    expect(report).toMatchObject({ outcome: "adopted", point: baselineTag, inTheWay: [] });
    expect(objects(report.untouched)).toContain(object);
  });

  it.each([
    [
      "other aliases in a view",
      `create or replace view partnership_summary_by_partner as
        select pa.user_id, pa.id as partner_id, pa.name as partner_name, count(pc.id) as total_clients,
          coalesce(sum(pc.contract_value), 0) as total_contract_value,
          coalesce(sum(pc.total_commission), 0) as total_commission,
          coalesce(sum(pc.my_share), 0) as total_my_share, coalesce(sum(pc.partner_share), 0) as total_partner_share,
          coalesce(sum(pc.my_share) filter (where pc.status = 'pending'), 0) as pending_my_share,
          coalesce(sum(pc.my_share) filter (where pc.status = 'paid'), 0) as paid_my_share
        from partners_v2 pa left join partnership_clients pc on pa.id = pc.partner_id
        group by pa.user_id, pa.id, pa.name`,
    ],
    [
      "another case in a function",
      `create or replace function update_updated_at_column() returns trigger language plpgsql as
        $$ BEGIN /* stamp */ NEW.updated_at := NOW(); RETURN NEW; END $$`,
    ],
  ])("is not what means the same: %s", async (_title, statement) => {
    const report = await adopt(await database("production", statement));
    expect(report).toMatchObject({ outcome: "adopted", inTheWay: [], settled: [], untouched: [] });
  });

  it("is what a superuser owns: that is given to the deployer, who is made no superuser", async ({
    skip,
  }) => {
    const { administrator, owner } = inject("testServer");
    // The server that was named has one role for both.
    if (administrator === owner) skip();
    const one = await database("production");
    const name = decodeURIComponent(new URL(one.url).pathname.slice(1));
    const superuser = await connect(withDatabase(parseDatabaseUrl(administrator), name));
    try {
      await superuser`alter table public.investments owner to current_user`;
      const report = await adopt(one);
      expect(report).toMatchObject({ outcome: "refused", recorded: [] });
      expect(report.inTheWay).toMatchObject([{ check: "adoption.owner", object: "public.investments" }]);
      const [statement = ""] = report.inTheWay[0]?.sql ?? [];
      expect(statement).toMatch(/^ALTER TABLE "public"\."investments" OWNER TO /);
      await superuser.unsafe(statement);
    } finally {
      await superuser.end();
    }
    expect(await adopt(one)).toMatchObject({ outcome: "adopted", inTheWay: [] });
  });

  it("is not an interrupted index build, nor another form of what the deployment replaces", async () => {
    const one = await database(
      "production",
      "alter policy accounts_select on accounts using (true)",
      "create or replace view tasks_summary as select user_id, status, 0::bigint as task_count, 0::bigint as high_priority_count, 0::bigint as overdue_count from operational_tasks",
    );
    const report = await adopt(one);
    expect(report).toMatchObject({ outcome: "adopted", point: baselineTag, untouched: [] });
    expect(objects(report.replaced)).toEqual(
      expect.arrayContaining(["public.accounts.accounts_select", "public.tasks_summary"]),
    );
  });
});

describe("a point that is named", () => {
  it("is taken where the database is past it", async () => {
    const one = await database("deployed", byHand);
    const report = await adopt(one, { at: "0002_optimization" });
    expect(report).toMatchObject({ outcome: "adopted", point: "0002_optimization", untouched: [] });
    expect(await journalLength(one)).toBe(3);
  });

  it("is refused where the database has not come so far", async () => {
    const one = await database("production");
    const report = await adopt(one, { at: "0005_views" });
    expect(report).toMatchObject({ outcome: "refused", point: "0005_views", recorded: [] });
    expect(objects(report.inTheWay)).toContain("public.automation_permissions_audit");
    expect(await journalLength(one)).toBe(0);
  });

  it("has to be one of the project's", async () => {
    const one = await database("production");
    await expect(adopt(one, { at: "0009_dreams" })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("0009_dreams"),
    });
  });
});
