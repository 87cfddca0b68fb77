import { describe, expect, it } from "vitest";
import {
  deploy,
  gatherFacts,
  makePlan,
  planFor,
  status,
  statusSchema,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { readState } from "../../../packages/drizzle-deploy/src/records/migration-state.ts";
import { formatPlan, formatStatus } from "../../../packages/drizzle-deploy/src/report/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp, spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";

const migrations = readMigrations(spfp.migrationsFolder);

describe("the state of a database", () => {
  it("is everything pending where nothing is there", async () => {
    const { sql } = await createDatabase("empty");
    expect(await readState(sql, spfpProject)).toEqual({ applied: [], pending: migrations });
    expect(await status(sql, spfpProject)).toMatchObject({
      state: "empty",
      catalog: null,
      halfDone: null,
    });
  });

  it("is unknown where the tables are there and no journal is", async () => {
    const { sql } = await createDatabase("production");
    await expect(readState(sql, spfpProject)).rejects.toMatchObject({ code: "NOT_ADOPTED" });
    await expect(planFor(sql, spfpProject, [])).rejects.toMatchObject({ code: "NOT_ADOPTED" });
    const found = await status(sql, spfpProject);
    expect(found).toMatchObject({ state: "unadopted", applied: [] });
    expect(formatStatus(found, spfpNames)).toContain("spfp-db baseline");
  });

  it("is at the end after Drizzle's own migrator, and the catalog tells when it is not as it should be", async () => {
    const { sql } = await createDatabase("deployed");
    expect(await status(sql, spfpProject)).toMatchObject({
      state: "current",
      pending: [],
      catalog: { expected: spfp.headTag, differences: [] },
    });
    await sql`drop index idx_goals_user_deadline`;
    await sql`create table not_ours (id int)`;
    const found = await status(sql, spfpProject);
    expect(found.catalog?.differences).toEqual([
      {
        object: "public.goals.idx_goals_user_deadline",
        property: null,
        expected: expect.stringContaining("CREATE INDEX"),
        actual: null,
      },
    ]);
    expect(formatStatus(found, spfpNames)).toContain("public.goals.idx_goals_user_deadline is missing");
  });

  it("tells a deployment that did not get to its end, and how far it got", async () => {
    const made = await createDatabase("adopted");
    await made.sql`insert into auth.users (id) values ('00000000-0000-4000-8000-000000000001')`;
    await made.sql`insert into categories (user_id, name) select '00000000-0000-4000-8000-000000000001', name
      from (values ('Food'), ('food')) as one (name)`;
    const report = await deploy(spfpProject, made.url, { mode: "quick", backupId: "none" });
    expect(report.ok).toBe(false);
    const found = statusSchema.parse(await status(made.sql, spfpProject));
    expect(found).toMatchObject({
      state: "behind",
      halfDone: { kind: "deploy", outcome: "failed", isRunning: false },
    });
    expect(found.halfDone?.done).toBeGreaterThan(0);
    expect(found.halfDone?.planned).toBeGreaterThan(found.halfDone?.done ?? 0);
    expect(formatStatus(found, spfpNames)).toContain("run the same command again");
    // However much else was done since.
    await made.sql`insert into spfp_db.deployments (id, kind, project, executor, outcome)
      select gen_random_uuid(), 'fix', 'spfp', 'ana', 'completed' from generate_series(1, 6)`;
    const later = await status(made.sql, spfpProject);
    expect(later.halfDone).toEqual(found.halfDone);
    expect(later.deployments.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => "fix"));
    const plan = await planFor(made.sql, spfpProject, []);
    expect(plan.steps.filter(({ action }) => action === "skip").length).toBeGreaterThanOrEqual(
      found.halfDone?.done ?? 0,
    );
  });
});

describe("a plan for a person", () => {
  it("shows every statement with its locks, size, time and safety, and says in the end that nothing is blocked", async () => {
    const made = await createDatabase("adopted");
    const plan = await planFor(made.sql, spfpProject, []);
    const text = formatPlan(plan);
    for (const { sql, action } of plan.steps)
      if (action !== "skip") expect(text).toContain(sql.split("\n")[0]);
    expect(text).toContain("public.goals SHARE UPDATE EXCLUSIVE as long as it works: others read and write");
    expect(text).toContain("Nothing is blocked.");
    expect(text).toContain("No reader or writer is stopped for longer than a moment.");
  });

  it("says that nothing is to do where nothing is", async () => {
    const { sql } = await createDatabase("deployed");
    expect(formatPlan(await planFor(sql, spfpProject, []))).toContain("Nothing to do");
  });

  it("shows what is blocked with the reason and the way out", async () => {
    const made = await createDatabase("adopted");
    await made.sql`create index idx_goals_user_deadline on goals (deadline)`;
    const plan = await planFor(made.sql, spfpProject, []);
    const text = formatPlan(plan);
    expect(text).toContain("is there with another definition");
    expect(text).toContain("1 step is blocked: nothing runs until that is settled.");
    expect(await makePlan(spfpProject, await gatherFacts(made.sql, spfpProject))).toMatchObject({
      id: plan.id,
    });
  });
});
