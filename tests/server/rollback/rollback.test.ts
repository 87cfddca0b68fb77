import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { previewRollback, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";

const { schemas } = spfpProject;

/** What the tests only read; who changes something makes one of its own. */
const deployed = await createDatabase("deployed-online");

const all = { scope: "all", approvedBy: "Ana Souza" } as const;

describe("a rollback", () => {
  it("wants to know who approved it, before it looks at anything", async () => {
    const database = await createDatabase("production");
    await expect(rollback(spfpProject, database.url, { scope: "all" })).rejects.toMatchObject({
      code: "APPROVAL_MISSING",
    });
    await expect(rollback(spfpProject, database.url, all)).rejects.toMatchObject({
      code: "NOTHING_TO_ROLL_BACK",
    });
  });

  it("changes nothing where whoever was shown it says no", async () => {
    const { url, sql } = deployed;
    const now = await readCatalog(sql, { schemas });
    const report = await rollback(spfpProject, url, { scope: "all", confirm: async () => null });
    expect(report).toMatchObject({ ok: false, outcome: "stopped" });
    expect(compareCatalogs(now, await readCatalog(sql, { schemas }))).toEqual([]);
    const records = await sql`select from spfp_db.deployments where kind = 'rollback'`;
    expect(records.count).toBe(0);
  });

  it("notices what was changed while it was being approved", async () => {
    const { url, sql } = await createDatabase("deployed-online");
    const confirm = async () => {
      await sql`create index mine on sales_leads (id)`;
      await sql`drop index idx_sales_leads_analysis`;
      return { approvedBy: "Ana Souza" };
    };
    await expect(rollback(spfpProject, url, { scope: "all", confirm })).rejects.toMatchObject({
      code: "PLAN_OUTDATED",
    });
    const records = await sql`select from spfp_db.deployments where kind = 'rollback'`;
    expect(records.count).toBe(0);
  });

  it("plans the same whenever it is asked, and drops nothing with what depends on it", async () => {
    const { url } = deployed;
    const one = await previewRollback(spfpProject, url, "all");
    const other = await previewRollback(spfpProject, url, "all");
    expect(other.plan.id).toBe(one.plan.id);
    expect(one.warnings).toEqual([]);
    const sql = one.plan.steps.map((step) => step.sql).join("\n");
    expect(sql).not.toMatch(/\bcascade;/i);
    expect(sql).not.toMatch(/\b(drop table|drop column|truncate table)\b/i);
    expect(sql.match(/delete from .*/gi)).toEqual([
      expect.stringMatching(/^DELETE FROM "drizzle"\."__drizzle_migrations" WHERE hash IN/),
    ]);
  });

  it("has a former policy back before the one in its place goes", async () => {
    const { url } = deployed;
    const { plan } = await previewRollback(spfpProject, url, "all");
    const at = (title: string): number => plan.steps.findIndex((step) => step.title === title);
    const restored = at("restore policy Users can manage their own tasks on public.operational_tasks");
    const dropped = at("drop policy operational_tasks_select on public.operational_tasks");
    expect(restored).toBeGreaterThan(-1);
    expect(dropped).toBeGreaterThan(restored);
  });

  it("warns when the deployment was more than a day ago", async () => {
    const { url, sql } = await createDatabase("deployed-online");
    await sql`update spfp_db.deployments set started_at = started_at - interval '30 hours'`;
    const { warnings } = await previewRollback(spfpProject, url, "indexes");
    expect(warnings).toEqual([expect.stringContaining("30 hours ago")]);
  });
});
