import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { baseline, preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { fixDuplicates } from "../../../src/duplicates/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, sqlstate, type TestDatabase } from "../../support/database.ts";
import { deploy, differencesBetween, journalOf, publicCatalog } from "../../support/deploy.ts";
import { projectFolder } from "../../support/states.ts";

const halfRun = readFileSync(`${projectFolder}/tests/fixtures/half-run.sql`, "utf8");
const user = "00000000-0000-4000-8000-000000000001";

async function production(...statements: string[]): Promise<TestDatabase> {
  const database = await createDatabase("production");
  for (const statement of statements) await database.sql.unsafe(statement);
  return database;
}

let deployed: TestDatabase;
beforeAll(async () => {
  deployed = await createDatabase("deployed");
});

/** Adopts and deploys; then the database is as Drizzle's own migrator would have made it. */
async function expectCompleted(database: TestDatabase): Promise<void> {
  expect(await baseline(spfpProject, database.url)).toMatchObject({
    outcome: "adopted",
    point: "0001_baseline_objects",
  });
  expect(await deploy(database.url)).toMatchObject({ ok: true, outcome: "completed", error: null });
  expect(await differencesBetween(deployed, database)).toEqual([]);
  expect(await journalOf(database)).toEqual(await journalOf(deployed));
}

describe("a database on which the old script half ran", () => {
  it("is completed", async () => {
    await expectCompleted(await production(halfRun));
  });

  it("may have comments that no migration sets, of which the report says that they do not matter", async () => {
    const database = await production(
      halfRun,
      "comment on table automation_permissions_audit is 'Trilha de auditoria'",
      "comment on column automation_permissions_audit.user_id is 'Quem'",
      "comment on view dashboard_metrics is 'Painel'",
    );
    expect(await baseline(spfpProject, database.url)).toMatchObject({ outcome: "adopted" });
    const report = await deploy(database.url);
    expect(report).toMatchObject({ ok: true, error: null, outcome: "completed" });
    expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("whose validation failed fails it again until what was wrong is put right", async () => {
    const database = await production(halfRun);
    const audit = "public.automation_permissions_audit";
    const failed = { ok: false, outcome: "failed", error: { code: "VALIDATION_FAILED" } };
    await baseline(spfpProject, database.url);
    // Nobody could foresee it: it comes between the last step and the validation.
    const first = await deploy(
      database.url,
      {},
      {
        observer: async (event) => {
          if (event.type === "phase started" && event.phase === "validate") {
            await database.sql`alter table automation_permissions_audit force row level security`;
          }
        },
      },
    );
    expect(first).toMatchObject(failed);
    expect(await deploy(database.url)).toMatchObject(failed);
    expect(await deploy(database.url)).toMatchObject(failed);
    expect(await deploy(database.url, { accept: ["public.accounts"] })).toMatchObject(failed);
    await database.sql`alter table automation_permissions_audit no force row level security`;
    expect(await deploy(database.url)).toMatchObject({ ok: true, outcome: "completed", error: null });
    await database.sql`alter table automation_permissions_audit force row level security`;
    const accepted = await deploy(database.url, { accept: [audit], executor: "Ana" });
    expect(accepted).toMatchObject({ ok: true, error: null });
    expect(await deploy(database.url)).toMatchObject({ ok: true, error: null });
  });

  it("keeps the rows of its audit table, also where a permission was deleted since", async () => {
    const database = await production(
      halfRun,
      `insert into auth.users (id) values ('${user}')`,
      `insert into automation_permissions (user_id) values ('${user}')`,
      `insert into automation_permissions_audit (user_id, changed_by, change_type, new_value)
       values ('${user}', 'script', 'enabled', 'true'), ('${user}', 'script', 'whitelist_added', 'example.com')`,
    );
    const trail =
      "select id, user_id, changed_at, changed_by, change_type, new_value from automation_permissions_audit order by id";
    const before = [...(await database.sql.unsafe(trail))];
    await expectCompleted(database);
    expect([...(await database.sql.unsafe(trail))]).toEqual(before);
    await database.sql`delete from automation_permissions`;
    const kept = await database.sql`select from automation_permissions_audit where changed_by = 'script'`;
    expect(kept.count).toBe(2);
  });

  it("is completed again from where it stood when an index was dropped afterwards", async () => {
    const database = await production(halfRun, "drop index idx_sales_leads_analysis");
    await expectCompleted(database);
  });

  it("may have the columns in another order, of which the report says that it does not matter", async () => {
    const database = await production(
      "alter table sent_atas add column updated_at timestamptz not null default now()",
      "alter table sent_atas add column deleted_at timestamptz",
    );
    expect(await baseline(spfpProject, database.url)).toMatchObject({ outcome: "adopted" });
    const report = await deploy(database.url);
    expect(report).toMatchObject({ ok: true, error: null, outcome: "completed" });
    expect(report.findings.filter(({ object }) => object === "public.sent_atas")).toMatchObject([
      { severity: "info" },
    ]);
  });

  it("may have the older shape of investments", async () => {
    const database = await production(
      halfRun,
      `alter table investments drop column symbol cascade, drop column account_id cascade,
       add column ticker text, add column institution text, add column rate numeric, add column goal_id uuid`,
    );
    expect(await baseline(spfpProject, database.url)).toMatchObject({ outcome: "adopted" });
    const report = await deploy(database.url);
    expect(report).toMatchObject({ ok: true });
    const left = report.steps.filter(({ status }) => status === "left out");
    expect(left).toMatchObject([{ title: expect.stringContaining("idx_investments_account_id") }]);
    expect(left[0]?.reason).toContain("account_id");
  });
});

describe("a deployment that was stopped half way", () => {
  it("is completed though somebody has taken away what it had done", async () => {
    const database = await production();
    await baseline(spfpProject, database.url);
    const stop = new AbortController();
    const stopped = await deploy(
      database.url,
      { stopSignal: stop.signal },
      {
        observer: (event) => {
          if (event.type === "step done" && event.step.kind === "create index") stop.abort();
        },
      },
    );
    expect(stopped).toMatchObject({ outcome: "stopped" });
    await database.sql`alter table sent_atas drop column deleted_at cascade`;
    expect(await deploy(database.url)).toMatchObject({ ok: true, error: null, outcome: "completed" });
    expect(await journalOf(database)).toEqual(await journalOf(deployed));
    // A column that is added again comes last.
    expect(await differencesBetween(deployed, database)).toEqual(["different table public.sent_atas"]);
  });
});

describe("an interrupted build", () => {
  it("left an invalid index: it is rebuilt once its duplicates are merged", async () => {
    const database = await production(
      `insert into auth.users (id) values ('${user}')`,
      `insert into categories (user_id, name) values ('${user}', 'Lazer'), ('${user}', 'LAZER')`,
    );
    const build = `create unique index concurrently unique_user_category_name
      on categories (user_id, lower(name)) where deleted_at is null`;
    expect(await sqlstate(database.sql.unsafe(build))).toBe("23505");
    await fixDuplicates(database.url, { apply: true });
    await expectCompleted(database);
  });
});

describe("a view with other columns", () => {
  it("is made again where nothing depends on it", async () => {
    await expectCompleted(
      await production("create view dashboard_metrics as select 1 as something, 'else' as text"),
    );
  });

  it("is refused where something does, which is named; nothing is changed", async () => {
    const database = await production(
      "create view dashboard_metrics as select 1 as something",
      "create schema reports; create view reports.mine as select something from public.dashboard_metrics",
    );
    const before = await publicCatalog(database);
    const report = await baseline(spfpProject, database.url);
    expect(report).toMatchObject({ outcome: "refused", recorded: [] });
    expect(report.inTheWay).toMatchObject([{ object: "public.dashboard_metrics" }]);
    expect(report.inTheWay[0]?.actual).toContain("reports.mine");
    expect(await publicCatalog(database)).toEqual(before);
  });
});

describe("what nobody may replace", () => {
  it.each([
    [
      "an index of the same name with another definition",
      "create index idx_sales_leads_analysis on sales_leads (id)",
      "public.sales_leads.idx_sales_leads_analysis",
    ],
    [
      "a column of another type",
      "alter table sent_atas add column deleted_at text",
      "public.sent_atas.deleted_at",
    ],
    [
      "a table of the same name with other columns",
      "create table automation_permissions_audit (id int, user_id text)",
      "public.automation_permissions_audit",
    ],
  ])("%s: is refused with the reason, and nothing is changed", async (_title, statement, object) => {
    // It comes in the way once the database is adopted, so that every command has to notice.
    const database = await production();
    await baseline(spfpProject, database.url);
    await database.sql.unsafe(statement);
    const before = await publicCatalog(database);
    const looked = await preflight(spfpProject, database.url, { mode: "quick", backupId: "b", sample: 50 });
    const state = looked.items.find(({ id }) => id === "state");
    expect(state?.verdict).toBe("block");
    expect(state?.findings.map((finding) => finding.object).join(" ")).toContain(object);
    await expect(deploy(database.url)).rejects.toMatchObject({ code: "PLAN_BLOCKED" });
    expect(await publicCatalog(database)).toEqual(before);
    expect(await journalOf(database)).toHaveLength(2);
  });
});
