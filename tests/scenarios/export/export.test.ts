import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy } from "../../../packages/drizzle-deploy/src/deploy/deploy.ts";
import { exportScript } from "../../../packages/drizzle-deploy/src/export/export.ts";
import { rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { connect, type DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { createDatabase, only, type Sql, type TestDatabase } from "../../support/database.ts";

const success = "Database optimizations completed successfully!";
const migrations = readMigrations(spfp.migrationsFolder);

async function make(state: "production" | "half-run" | "deployed" | "empty"): Promise<TestDatabase> {
  const database = await createDatabase(state === "half-run" ? "production" : state);
  if (state === "half-run") {
    await database.sql
      .unsafe(readFileSync(new URL("../../fixtures/half-run.sql", import.meta.url), "utf8"))
      .simple();
  }
  return database;
}

const resultsSchema = z.array(z.array(z.record(z.string(), z.unknown())));

/** Runs a script as the SQL editor does: in one message. Returns the rows of its last statement. */
async function run(url: DatabaseUrl, script: string): Promise<Record<string, unknown>[]> {
  const sql = await connect(url);
  try {
    const results: unknown = await sql.unsafe(script).simple();
    return (
      resultsSchema
        .parse(Array.isArray(results) ? results.map((rows: Iterable<unknown>) => [...rows]) : [])
        .at(-1) ?? []
    );
  } finally {
    await sql.end();
  }
}

/** What the database has not, or has otherwise, of what the last migration makes. */
async function missing(sql: Sql): Promise<string[]> {
  const actual = await readCatalog(sql, { schemas: spfp.schemas });
  return compareCatalogs(expectedCatalog(spfp.headTag), actual)
    .filter(({ kind, object }) => kind !== "extra" && object.schema === "public")
    .map(({ kind, object }) => `${object.label} is ${kind}`);
}

const journalOf = async (sql: Sql): Promise<unknown[]> => [
  ...(await sql`select hash, created_at::float8 as "when" from drizzle.__drizzle_migrations order by id`),
];
const wholeJournal = migrations.map(({ hash, when }) => ({ hash, when }));

/** The transaction that wrote each row of the catalog last: nothing has changed while these are the same. */
async function versions(sql: Sql): Promise<string> {
  const rows = await sql`
    select md5(string_agg(v, ',' order by v)) as sum from (
      select 'c' || oid || xmin as v from pg_class union all select 'p' || oid || xmin from pg_proc
      union all select 'k' || oid || xmin from pg_constraint union all select 'l' || oid || xmin from pg_policy
      union all select 'j' || id || xmin from drizzle.__drizzle_migrations) x`;
  return only(z.object({ sum: z.string() }), rows).sum;
}

const editor = await exportScript(spfpProject, "editor");
const supabase = await exportScript(spfpProject, "supabase", new Date("2026-02-14T09:30:00Z"));
const validate = await exportScript(spfpProject, "validate");

describe.each([
  ["editor", editor.sql],
  ["supabase", supabase.sql],
])("the script for %s", (_for, script) => {
  it.each(["production", "half-run"] as const)(
    "brings %s to the last migration, and again changes nothing",
    async (state) => {
      const { url, sql } = await make(state);
      expect(await run(url, script)).toEqual([{ result: success }]);
      expect(await missing(sql)).toEqual([]);
      expect(await journalOf(sql)).toEqual(wholeJournal);
      const before = await versions(sql);
      expect(await run(url, script)).toEqual([{ result: success }]);
      expect(await versions(sql)).toBe(before);
      // Either tool carries on from here.
      const report = await deploy(spfpProject, url, { mode: "quick", backupId: "none" });
      expect(report).toMatchObject({ ok: true, plan: { steps: [] } });
    },
  );

  it("changes nothing in a database that is deployed", async () => {
    const { url, sql } = await make("deployed");
    const before = await versions(sql);
    expect(await run(url, script)).toEqual([{ result: success }]);
    expect(await versions(sql)).toBe(before);
  });

  it("leaves out the index of a column that an older database has not", async () => {
    const { url, sql } = await make("production");
    await sql`alter table investments drop column account_id`;
    expect(await run(url, script)).toEqual([{ result: success }]);
    expect(await missing(sql)).toContain("public.investments.idx_investments_account_id is missing");
  });

  it("refuses duplicates before anything is changed", async () => {
    const database = await make("production");
    const user = await database.createUser();
    await database.sql`insert into categories (user_id, name) values (${user}, 'Casa'), (${user}, 'casa')`;
    await expect(run(database.url, script)).rejects.toMatchObject({
      code: "23505",
      message: expect.stringContaining("unique_user_category_name"),
      hint: expect.stringContaining("spfp-db fix duplicates"),
    });
    const tables = await database.sql`select from pg_tables where tablename = 'automation_permissions_audit'`;
    expect(tables.count).toBe(0);
  });

  it("refuses a database that is not at the baseline, by what is missing", async () => {
    const { url, sql } = await make("empty");
    await expect(run(url, script)).rejects.toThrow(/not at the baseline .*public\.accounts/);
    expect(await sql`select from pg_namespace where nspname = 'drizzle'`).toHaveLength(0);
  });

  it("leaves nothing behind where something stands in the way", async () => {
    const { url, sql } = await make("production");
    await sql`create index idx_accounts_user_type on accounts (name)`;
    await expect(run(url, script)).rejects.toThrow(/table public.accounts, index idx_accounts_user_type/);
    expect(await sql`select from pg_class where relname = 'automation_permissions_audit'`).toHaveLength(0);
  });

  it("brings the trail back from the archive", async () => {
    const database = await createDatabase("deployed-online");
    const { url, sql } = database;
    const user = await database.createUser();
    await sql`insert into automation_permissions (user_id) values (${user})`;
    const trail = await sql`select * from automation_permissions_audit order by id`;
    expect(trail.count).toBeGreaterThan(0);
    await rollback(spfpProject, url, { scope: "all", approvedBy: "Ana" });
    expect(await run(url, script)).toEqual([{ result: success }]);
    expect([...(await sql`select * from automation_permissions_audit order by id`)]).toEqual([...trail]);
  });
});

describe("the script that validates", () => {
  it("says so when all is well, and reads only", async () => {
    const { url, sql } = await make("deployed");
    const before = await versions(sql);
    expect(await run(url, validate.sql)).toEqual([
      { severity: "ok", object: success, expected: null, actual: null },
    ]);
    expect(await versions(sql)).toBe(before);
  });

  it.each([
    ["drop index idx_accounts_user_type", "table public.accounts, index idx_accounts_user_type"],
    ["alter table sent_atas disable row level security", "table public.sent_atas"],
    [
      "alter policy accounts_select on accounts using (true)",
      "table public.accounts, policy accounts_select",
    ],
    ["alter view dashboard_metrics set (security_invoker = false)", "view public.dashboard_metrics"],
    ["grant select on dashboard_metrics to anon", "view public.dashboard_metrics, grant anon"],
    [
      "revoke select on dashboard_metrics from authenticated",
      "view public.dashboard_metrics, grant authenticated",
    ],
    ["alter function business_date() reset search_path", "function public.business_date()"],
    [
      "drop trigger record_automation_permission_change on automation_permissions",
      "table public.automation_permissions, trigger record_automation_permission_change",
    ],
    ["alter table user_files drop column deleted_at cascade", "table public.user_files, column deleted_at"],
    ["drop view corporate_health_check", "view public.corporate_health_check"],
    [
      'create policy "Users can manage their own files" on user_files using (true)',
      "table public.user_files, policy Users can manage their own files",
    ],
  ])("reports what is not so: %s", async (breakage, object) => {
    const { url, sql } = await make("deployed");
    await sql.unsafe(breakage);
    const rows = await run(url, validate.sql);
    expect(rows.map((row) => row["object"])).toContain(object);
    expect(rows.map((row) => row["severity"])).not.toContain("ok");
  });

  it("takes what no migration touches for worth knowing, and no more", async () => {
    const { url, sql } = await make("deployed");
    await sql`alter table investments alter column currency set default 'USD'`;
    const rows = await run(url, validate.sql);
    expect(rows).toEqual([
      expect.objectContaining({ severity: "note", object: "table public.investments, column currency" }),
      expect.objectContaining({ severity: "ok", object: success }),
    ]);
  });

  it("lists what is missing of a database that is not deployed", async () => {
    const { url } = await make("production");
    const rows = await run(url, validate.sql);
    expect(rows.map((row) => row["object"])).toContain("table public.automation_permissions_audit");
    expect(rows.map((row) => row["severity"])).not.toContain("ok");
  });
});

describe("the scripts", () => {
  it("say at their top what they do to others", () => {
    for (const { sql } of [editor, supabase]) {
      expect(sql.slice(0, 2000)).toMatch(/ONE TRANSACTION, AND THAT BLOCKS WRITES/);
    }
    expect(validate.sql.slice(0, 600)).toMatch(/READS ONLY/);
  });

  it("are named for where they go", () => {
    expect([editor.name, supabase.name, validate.name]).toEqual([
      "spfp.sql",
      "20260214093000_spfp.sql",
      "spfp_validate.sql",
    ]);
  });
});

const psqlMissing = spawnSync("psql", ["--version"]).error
  ? "there is no psql here (Debian: apt-get install postgresql-client)"
  : null;

/** Statement by statement, as psql sends a file. */
function psql(url: DatabaseUrl, script: string): string {
  const { hostname, port, username, password, pathname } = new URL(url);
  const { stdout } = spawnSync("psql", ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"], {
    input: script,
    encoding: "utf8",
    env: {
      ...process.env,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
    },
  });
  return stdout.trim().split("\n").at(-1) ?? "";
}

describe.skipIf(psqlMissing !== null)("psql", () => {
  it("runs them statement by statement, and does not say that all is well where it is not", async () => {
    const database = await make("production");
    const user = await database.createUser();
    await database.sql`insert into categories (user_id, name) values (${user}, 'Casa'), (${user}, 'casa')`;
    expect(psql(database.url, editor.sql)).toMatch(/^NOT completed/);
    await database.sql`delete from categories where name = 'casa'`;
    expect(psql(database.url, editor.sql)).toBe(success);
    expect(psql(database.url, validate.sql)).toBe(`ok|${success}||`);
  });
});
