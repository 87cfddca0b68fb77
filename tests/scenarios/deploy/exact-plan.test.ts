import { expect, it } from "vitest";
import { type Plan, planFor, planSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect, type DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";
import { deploy } from "../../support/deploy.ts";
import { refusal } from "../../support/processes.ts";

async function adopted() {
  const database = await createDatabase("adopted");
  return database;
}

/** A plan as it comes out of a file that was written some time ago. */
async function reviewed(url: DatabaseUrl): Promise<Plan> {
  const sql = await connect(url);
  const plan = await planFor(sql, spfpProject, []).finally(() => sql.end());
  return planSchema.parse(JSON.parse(JSON.stringify(plan)));
}

it("a reviewed plan is run as it was reviewed", { timeout: 120_000 }, async () => {
  const { url } = await adopted();
  const plan = await reviewed(url);
  const ran: string[] = [];
  const report = await deploy(
    url,
    { plan },
    {
      observer: (event) => {
        if (event.type === "statement" && event.at === "after") ran.push(event.sql);
      },
    },
  );
  expect(report).toMatchObject({ ok: true, plan: { id: plan.id } });
  expect(ran.sort()).toEqual(
    plan.steps
      .filter(({ action }) => action === "run")
      .map(({ sql }) => sql)
      .sort(),
  );
});

it("a reviewed plan that was interrupted is continued, also where an index was left half built", {
  timeout: 120_000,
}, async () => {
  const { url, sql } = await adopted();
  const plan = await reviewed(url);
  const stop = new AbortController();
  const first = await deploy(
    url,
    { plan, stopSignal: stop.signal },
    {
      observer: (event) => {
        if (event.type === "step done" && event.step.kind === "create index") stop.abort();
      },
    },
  );
  expect(first).toMatchObject({ ok: false, outcome: "stopped", error: null });
  expect(first.steps.some(({ status }) => status === "not reached")).toBe(true);
  // As a killed server leaves one.
  const next = plan.steps.find(
    ({ kind, id, transactional }) =>
      kind === "create index" &&
      !transactional &&
      first.steps.find((step) => step.id === id)?.status === "not reached",
  );
  const blocker = await sql.reserve();
  await blocker`begin`;
  await blocker.unsafe(`lock table ${next?.target?.table} in row exclusive mode`);
  const build = await connect(url);
  await build.unsafe(`set lock_timeout = '100ms'`);
  await expect(build.unsafe(next?.sql ?? "")).rejects.toThrow("lock timeout");
  await build.end();
  await blocker`rollback`;
  blocker.release();
  expect(await sql`select from pg_index where not indisvalid`).toHaveLength(1);

  expect(await deploy(url, { plan })).toMatchObject({ ok: true, outcome: "completed" });
  expect(await sql`select from pg_index where not indisvalid`).toEqual([]);
});

it("a reviewed plan is refused where the database has moved on, and nothing is changed", async () => {
  const { url, sql } = await adopted();
  const plan = await reviewed(url);
  await sql`alter table sales_leads add column deleted_at timestamptz`;
  const error = await refusal(deploy(url, { plan }));
  expect(error.code).toBe("PLAN_OUTDATED");
  expect(error.message).toContain("sales_leads.deleted_at");
  expect(await sql`select from spfp_db.deployments where kind = 'deploy'`).toEqual([]);
});

it("a plan that is not confirmed changes nothing", async () => {
  const { url, sql } = await adopted();
  const shown: Plan[] = [];
  const report = await deploy(url, {
    confirm: async (plan) => {
      shown.push(plan);
      return null;
    },
  });
  expect(report).toMatchObject({ ok: false, outcome: "stopped", error: null });
  expect(shown.map(({ id }) => id)).toEqual([report.plan.id]);
  expect(await sql`select from spfp_db.deployments where kind = 'deploy'`).toEqual([]);
});

it("what changed while somebody was asked is noticed, and nothing is undone by a plan made before it", async () => {
  const { url, sql } = await adopted();
  const mine = "create or replace view dashboard_metrics as select 'mine'::text as something";
  const error = await refusal(
    deploy(url, {
      confirm: async () => {
        await sql.unsafe(mine);
        return { approvedBy: "Ana Souza" };
      },
    }),
  );
  expect(error.code).toBe("PLAN_OUTDATED");
  expect(error.message).toContain("dashboard_metrics");
  expect([...(await sql`select something from dashboard_metrics`)]).toEqual([{ something: "mine" }]);
  expect(await sql`select from spfp_db.deployments where kind = 'deploy'`).toEqual([]);
});

it("what a confirmation says is on record", { timeout: 120_000 }, async () => {
  const { url, sql } = await adopted();
  const report = await deploy(url, {
    ticket: "CHG-1",
    confirm: async () => ({ approvedBy: "Ana Souza", details: { window: "Sunday" } }),
  });
  expect(report).toMatchObject({ ok: true, approver: "Ana Souza", ticket: "CHG-1" });
  const rows = await sql`
    select approver, ticket, backup, outcome, details ->> 'window' as window, plan ->> 'id' as plan,
      jsonb_array_length(before -> 'tables') > 0 as before
    from spfp_db.deployments where kind = 'deploy'`;
  expect([...rows]).toEqual([
    {
      approver: "Ana Souza",
      ticket: "CHG-1",
      backup: "2026-02-14",
      outcome: "completed",
      window: "Sunday",
      plan: report.plan.id,
      before: true,
    },
  ]);
});
