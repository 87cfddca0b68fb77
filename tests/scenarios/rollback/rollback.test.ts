import { describe, expect, it } from "vitest";
import {
  type Catalog,
  compareCatalogs,
  readCatalog,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy } from "../../../packages/drizzle-deploy/src/deploy/deploy.ts";
import { baseline, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

const { schemas } = spfpProject;

async function deployProduction(
  prepare: (database: TestDatabase) => Promise<void>,
): Promise<{ database: TestDatabase; before: Catalog }> {
  const database = await createDatabase("production");
  await prepare(database);
  await baseline(spfpProject, database.url);
  const before = await readCatalog(database.sql, { schemas });
  const report = await deploy(spfpProject, database.url, { mode: "quick", backupId: "none" });
  expect(report.error).toBeNull();
  return { database, before };
}

/** What production was before it was deployed. */
const undisturbed = await readCatalog((await createDatabase("adopted")).sql, { schemas });

/** Runs a test on a deployed database, and what it was before. */
function onDeployed(
  run: (database: TestDatabase, before: Catalog) => Promise<void>,
  prepare?: (database: TestDatabase) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const { database, before } = prepare
      ? await deployProduction(prepare)
      : { database: await createDatabase("deployed-online"), before: undisturbed };
    await run(database, before);
  };
}

const all = { scope: "all", approvedBy: "Ana Souza" } as const;

describe("a rollback that runs", () => {
  it(
    "refuses, before anything runs, to drop what somebody else's view needs",
    onDeployed(async ({ url, sql }) => {
      await sql`create schema reports`;
      await sql`create view reports.today as select user_id, public.business_date() as day from public.dashboard_metrics`;
      const now = await readCatalog(sql, { schemas });
      await expect(rollback(spfpProject, url, all)).rejects.toMatchObject({
        code: "PLAN_BLOCKED",
        message: expect.stringContaining("view reports.today"),
      });
      expect(compareCatalogs(now, await readCatalog(sql, { schemas }))).toEqual([]);
      // Indexes are no view's business.
      expect(await rollback(spfpProject, url, { ...all, scope: "indexes" })).toMatchObject({ ok: true });
    }),
  );

  it(
    "leaves alone what others made and changed since",
    onDeployed(async ({ url, sql }, before) => {
      await sql`create index by_hand on accounts (name)`;
      await sql`create view their_view as select id from accounts where deleted_at is null`;
      await sql`create policy theirs on accounts for select to service_role using (true)`;
      await sql`grant select on accounts to anon with grant option`;
      await sql`create table their_table (id int primary key)`;
      await sql`drop index if exists idx_accounts_user_type`;
      await sql`alter table goals alter column priority set default 'low'`;
      const report = await rollback(spfpProject, url, all);
      expect(report.error).toBeNull();
      expect(report.ok).toBe(true);
      const differences = compareCatalogs(before, await readCatalog(sql, { schemas })).filter(
        ({ kind, object }) => !(kind === "extra" && object.kind === "column"),
      );
      expect(differences.map(({ kind, object }) => `${object.label} ${kind}`)).toEqual([
        "public.accounts to anon different",
        "public.goals.priority different",
        "public.accounts.by_hand extra",
        "public.accounts.theirs extra",
        "public.their_table extra",
        "public.their_view extra",
      ]);
      expect(report.differences.filter(({ why }) => why === "others")).toHaveLength(6);
    }),
  );

  it(
    "keeps what was there before the deployment, though the deployment makes it too",
    onDeployed(
      async ({ url, sql }) => {
        await rollback(spfpProject, url, all);
        expect(await sql`select from pg_class where relname = 'idx_accounts_user_type'`).toHaveLength(1);
        expect(await sql`select from pg_class where relname = 'idx_goals_user_deadline'`).toHaveLength(0);
      },
      async ({ sql }) => {
        await sql`create index idx_accounts_user_type on accounts (user_id, type) where deleted_at is null`;
      },
    ),
  );

  it(
    "gives what is in the archive already another name",
    onDeployed(async ({ url, sql }) => {
      await sql`create schema spfp_db_archive`;
      await sql`create table spfp_db_archive.automation_permissions_audit (id serial primary key)`;
      await rollback(spfpProject, url, all);
      const tables = await sql`
        select c.relname as name, (select count(*)::int from pg_attribute where attrelid = c.oid and attnum > 0) as columns
        from pg_class c where c.relnamespace = 'spfp_db_archive'::regnamespace and c.relkind = 'r'
          and c.relname like 'automation%' order by 1`;
      expect([...tables]).toEqual([
        { name: "automation_permissions_audit", columns: 7 },
        { name: "automation_permissions_audit_1", columns: 1 },
      ]);
    }),
  );

  it(
    "is recorded with who approved it and what became of it",
    onDeployed(async ({ url, sql }) => {
      const report = await rollback(spfpProject, url, { ...all, executor: "Bruno" });
      const records = await sql`
        select id::text, kind, approver, executor, outcome, details ->> 'scope' as scope
        from spfp_db.deployments where kind = 'rollback'`;
      expect([...records]).toEqual([
        {
          id: report.id,
          kind: "rollback",
          approver: "Ana Souza",
          executor: "Bruno",
          outcome: "completed",
          scope: "all",
        },
      ]);
    }),
  );
});
