import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { generateExpected } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import type { Migration } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { createDatabase, type Sql, type TestDatabase } from "../../support/database.ts";

const migration = (tag: string, ...statements: string[]): Migration => ({
  tag,
  when: 0,
  hash: statements.join(";"),
  statements,
});

const base = migration("base", "create table t (id int primary key, n int)", "insert into t values (1, 1)");

async function generate(sql: Sql, ...migrations: Migration[]) {
  return generateExpected(sql, { migrations, schemas: ["public"] });
}

async function columnsAfter(...migrations: Migration[]): Promise<(string | undefined)[]> {
  const { sql } = await createDatabase("empty");
  const catalogs = await generate(sql, base, ...migrations);
  return [...catalogs.values()].map(({ tables }) =>
    tables
      .find(({ name }) => name === "t")
      ?.columns.map(({ name }) => name)
      .join(" "),
  );
}

describe("migrations on a scratch database", () => {
  it.each([
    ["LOCK TABLE", ["lock table t in access exclusive mode", "alter table t add m int"]],
    [
      "a temporary table that is dropped at the end",
      [
        "create temp table p on commit drop as select id + 10 as id from t",
        "insert into t select id, 0 from p",
        "alter table t add m int",
      ],
    ],
    ["SET LOCAL", ["set local lock_timeout = '1s'", "alter table t add m int"]],
    [
      "a savepoint",
      ["savepoint here", "alter table t add x int", "rollback to here", "alter table t add m int"],
    ],
    ["BEGIN and COMMIT", ["begin", "alter table t add m int", "commit"]],
    [
      "COMMIT before what runs in no transaction",
      ["commit", "set lock_timeout = 0", "create index concurrently t_n on t (n)", "alter table t add m int"],
    ],
    [
      "COMMIT in one text with what runs in no transaction",
      ["commit; create index concurrently t_n on t (n); alter table t add m int"],
    ],
    [
      "what runs in no transaction between what needs one",
      [
        "lock table t in share mode",
        "create index concurrently t_n on t (n)",
        "lock table t in share mode",
        "alter table t add m int",
      ],
    ],
    [
      "several statements in one text, one of which runs in no transaction",
      ["alter table t add m int; create index concurrently t_n on t (n);"],
    ],
    ["VACUUM and ANALYZE", ["vacuum t", "analyze t", "alter table t add m int"]],
    [
      "a value of an enum that is used at once",
      [
        "create type mood as enum ('low')",
        "commit",
        "begin",
        "alter type mood add value 'high'",
        "alter table t add m mood default 'high'",
      ],
    ],
    [
      "a table that a deferred trigger waits for",
      [
        "create table u (id int references t (id) deferrable initially deferred)",
        "insert into u values (1)",
        "alter table u add x int",
        "alter table t add m int",
      ],
    ],
  ])("run as with Drizzle, or as far as PostgreSQL lets them: %s", async (_, statements) => {
    expect(await columnsAfter(migration("next", ...statements))).toEqual(["id n", "id n m"]);
  });

  it("leave nothing of their session to the next", async () => {
    const next = migration("next", "alter table t add m int", "insert into t values (2, 2, 2)");
    const setting = migration(
      "setting",
      "create temp table t (other int)",
      "set search_path = pg_catalog",
      "set role pg_monitor",
    );
    expect(await columnsAfter(setting, next)).toEqual(["id n", "id n", "id n m"]);
  });

  it("make what has no schema in public, whatever the role's path", async () => {
    const { sql, url } = await createDatabase("empty");
    const name = quoteIdentifier(new URL(url).pathname.slice(1));
    await sql.unsafe("create schema app");
    await sql.unsafe(`alter database ${name} set search_path = app, public`);
    await sql.unsafe(`alter database ${name} set statement_timeout = '400ms'`);
    await sql.end();
    const fresh = await connect(url);
    onTestFinished(() => fresh.end());
    const catalogs = await generateExpected(fresh, {
      migrations: [migration("one", "create table t (id int)", "select pg_sleep(0.5)")],
      schemas: ["app", "public"],
    });
    expect(catalogs.get("one")?.tables.map(({ schema }) => schema)).toEqual(["public"]);
  });

  it("leave nothing half done where a statement is refused", async () => {
    const { sql } = await createDatabase("empty");
    const broken = migration("broken", "alter table t add m int", "alter table t add n int");
    await expect(generate(sql, base, broken)).rejects.toMatchObject({
      code: "STATEMENT_FAILED",
      message: expect.stringContaining("statement 2 of broken failed"),
    });
    const columns = await sql`select attname from pg_attribute where attrelid = 't'::regclass and attnum > 0`;
    expect(columns.map(({ attname }) => attname)).toEqual(["id", "n"]);
  });
});

describe("roles that migrations make", () => {
  const present = async (sql: Sql, ...names: string[]): Promise<string[]> =>
    (await sql`select rolname::text as name from pg_roles where rolname in ${sql(names)} order by 1`).map(
      ({ name }) => name,
    );
  /** After the databases that have something of theirs. */
  const dropRoles = (databases: readonly TestDatabase[], ...names: string[]): void =>
    onTestFinished(async () => {
      for (const database of databases) await database.drop();
      const { sql } = await createDatabase("empty");
      for (const name of names) await sql`drop role if exists ${sql(name)}`;
      await sql.end();
    });
  const policies = [
    migration(
      "policy",
      "alter table t enable row level security",
      "create policy p on t to scratch_made using (true)",
    ),
  ];

  it("are no error the second time, and are gone afterwards", async () => {
    const names = ["scratch_made", "scratch_block", "Scratch Quoted"];
    const made = migration(
      "made",
      "create role scratch_made",
      "do $$ begin create role scratch_block; end $$",
      `create user "Scratch Quoted"`,
      `grant select on t to scratch_made, "Scratch Quoted"`,
      "grant scratch_made to scratch_block",
      "alter role scratch_made set lock_timeout = '1s'",
    );
    for (const _ of ["once", "again"]) {
      const { sql } = await createDatabase("empty");
      const catalogs = await generate(sql, base, made, ...policies);
      expect(catalogs.get("policy")?.tables[0]?.policies[0]?.roles).toEqual(["scratch_made"]);
      expect(await present(sql, ...names)).toEqual([]);
    }
  });

  it("stay as they are where the server has them for others", async () => {
    const database = await createDatabase("empty");
    const { sql } = database;
    await sql.unsafe("create role scratch_kept; create role scratch_other").simple();
    dropRoles([database], "scratch_kept", "scratch_other");
    await generate(
      sql,
      base,
      migration(
        "roles",
        "create role scratch_kept login",
        "grant select on t to scratch_kept",
        "alter role scratch_kept createdb",
        "grant scratch_other to scratch_kept",
        "drop role scratch_other",
      ),
    );
    const [role] = await sql`select rolcanlogin, rolcreatedb,
      (select count(*)::int from pg_auth_members m where m.member = r.oid) as groups
      from pg_roles r where rolname = 'scratch_kept'`;
    expect(role).toEqual({ rolcanlogin: false, rolcreatedb: false, groups: 0 });
    expect(await present(sql, "scratch_kept", "scratch_other")).toEqual(["scratch_kept", "scratch_other"]);
  });

  it("stay where another database has come to use them", async () => {
    const [database, other] = [await createDatabase("empty"), await createDatabase("empty")];
    const { sql } = database;
    dropRoles([database, other], "scratch_used");
    const holder = await sql.reserve();
    await holder`select pg_advisory_lock(7)`;
    const reading = generate(
      sql,
      base,
      migration("used", "create role scratch_used", "grant select on t to scratch_used"),
      migration("wait", "select pg_advisory_lock(7)"),
    );
    await vi.waitFor(async () => expect(await present(other.sql, "scratch_used")).toHaveLength(1), 60_000);
    await other.sql.unsafe("create table o (id int); grant select on o to scratch_used").simple();
    await holder`select pg_advisory_unlock(7)`;
    holder.release();
    await reading;
    expect(await present(sql, "scratch_used")).toEqual(["scratch_used"]);
    const grants = await sql`select has_table_privilege('scratch_used', 't', 'select') as kept`;
    expect(grants[0]).toEqual({ kept: true });
  });
});

describe("what is kept of a reading", () => {
  const second = migration("second", "alter table t add m int");
  const folderOf = () => mkdtempSync(join(inject("scratchFolder"), "catalogs-"));
  const files = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".json"));
  const read = async (
    cacheFolder: string,
    migrations: readonly Migration[],
    state: "empty" | "deployed" = "empty",
  ) => {
    const { sql } = await createDatabase(state);
    const catalogs = await generateExpected(sql, { migrations, schemas: ["public"], cacheFolder });
    const [row] = await sql`select to_regclass('t') is not null as ran`;
    return { catalogs, ran: row?.["ran"] };
  };

  it("is the same, and no migration is run for it", async () => {
    const folder = folderOf();
    const fresh = await read(folder, [base, second]);
    const kept = await read(folder, [base, second]);
    expect([fresh.ran, kept.ran]).toEqual([true, false]);
    expect(kept.catalogs).toEqual(fresh.catalogs);
    expect(kept.catalogs.get("base")?.schemas[0]).toBe(kept.catalogs.get("second")?.schemas[0]);
  });

  it("is continued with a new migration, and holds nothing for a changed one", async () => {
    const folder = folderOf();
    await read(folder, [base]);
    const more = await read(folder, [base, second]);
    expect(more.catalogs).toEqual((await read(folderOf(), [base, second])).catalogs);
    expect(files(folder)).toHaveLength(1);
    const changed = await read(folder, [base, migration("second", "alter table t add k int")]);
    expect(changed.ran).toBe(true);
    expect(changed.catalogs.get("second")?.tables[0]?.columns.at(-1)?.name).toBe("k");
  });

  it("is not used in a database that began otherwise", async () => {
    const folder = folderOf();
    await read(folder, [base]);
    const { ran, catalogs } = await read(folder, [base], "deployed");
    expect(ran).toBe(true);
    expect(catalogs.get("base")?.tables.length).toBeGreaterThan(1);
  });

  it.each([
    ["torn", (text: string) => text.slice(0, text.length / 2)],
    ["empty", () => ""],
    ["of another shape", () => "{}"],
    ["without an object", (text: string) => text.replace(/"tables":\[0\]/, '"tables":[7]')],
  ])("is read again where a file is %s", async (_, damage) => {
    const folder = folderOf();
    const fresh = await read(folder, [base, second]);
    const [name = ""] = files(folder);
    const path = join(folder, name);
    const whole = readFileSync(path, "utf8");
    expect(damage(whole)).not.toBe(whole);
    writeFileSync(path, damage(whole));
    const again = await read(folder, [base, second]);
    expect(again).toEqual(fresh);
    expect(readFileSync(path, "utf8")).toBe(whole);
  });

  it("is whole when several write at once, and no duty where the folder cannot be written", async () => {
    const folder = folderOf();
    const [one, ...others] = await Promise.all([0, 1, 2].map(() => read(folder, [base, second])));
    for (const other of others) expect(other?.catalogs).toEqual(one?.catalogs);
    expect(readdirSync(folder).filter((name) => name !== ".gitignore")).toHaveLength(1);
    const blocked = join(folder, ".gitignore");
    expect((await read(blocked, [base])).catalogs.get("base")?.tables).toHaveLength(1);
  });
});

it.skipIf(inject("testServer").version >= 18)(
  "what only a newer server understands asks for such a scratch server; what no server does is the migration's fault",
  async () => {
    const { sql } = await createDatabase("empty");
    const newer = migration(
      "newer",
      "alter table t add column twice int generated always as (n * 2) virtual",
    );
    await expect(generate(sql, base, newer)).rejects.toMatchObject({
      code: "SCRATCH_TOO_OLD",
      message: expect.stringContaining("statement 1 of newer"),
    });
    const wrong = migration("wrong", "alter table t add column twice of int");
    const { sql: other } = await createDatabase("empty");
    await expect(generate(other, base, wrong)).rejects.toMatchObject({ code: "STATEMENT_FAILED" });
  },
);
