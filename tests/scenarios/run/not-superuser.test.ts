import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { baseline, preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { type DatabaseUrl, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { fixDuplicates } from "../../../src/duplicates/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, only } from "../../support/database.ts";
import { deploy } from "../../support/deploy.ts";
import { withDatabase } from "../../support/states.ts";

const user = "00000000-0000-4000-8000-000000000001";

const roleSchema = z.object({ superuser: z.boolean(), owns: z.boolean() });

// On a server that somebody named for the tests there may be one role only.
const { owner, administrator: superuser } = inject("testServer");

describe.skipIf(owner === superuser)("the owner of the tables, no superuser, as on Supabase", async () => {
  const database = await createDatabase("production");

  it("adopts, looks, merges duplicates and deploys", async () => {
    const { sql, url } = database;
    const rows = await sql`select rolsuper as superuser,
      (select bool_and(tableowner = current_user) from pg_tables where schemaname = 'public') as owns
      from pg_roles where rolname = current_user`;
    expect(only(roleSchema, rows)).toEqual({ superuser: false, owns: true });
    await sql`insert into auth.users (id) values (${user})`;
    await sql`insert into categories (user_id, name) values (${user}, 'Lazer'), (${user}, 'LAZER')`;

    expect(await baseline(spfpProject, url)).toMatchObject({ outcome: "adopted" });
    const options = { mode: "quick", backupId: "b", sample: 50 } as const;
    const first = await preflight(spfpProject, url, options);
    expect(first.items.filter(({ verdict }) => verdict === "block")).toMatchObject([{ id: "duplicates" }]);
    expect(await fixDuplicates(url, { apply: true })).toMatchObject({ outcome: "merged" });
    const second = await preflight(spfpProject, url, options);
    expect(second.items.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
    expect(await deploy(url)).toMatchObject({ ok: true });
  });

  it("lets nobody else into the records", async () => {
    const { sql } = database;
    for (const role of ["anon", "authenticated", "service_role"]) {
      const rows = await sql`select has_schema_privilege(${role}, 'spfp_db', 'usage') as usage`;
      expect(only(z.object({ usage: z.boolean() }), rows)).toEqual({ usage: false });
    }
  });
});

describe("a role that owns nothing", async () => {
  const database = await createDatabase("production");
  const name = `spfp_test_guest_${randomBytes(4).toString("hex")}`;
  const administrator = postgres(inject("testServer").administrator, { max: 1, onnotice: () => {} });
  afterAll(async () => {
    await administrator.unsafe(`drop role if exists ${quoteIdentifier(name)}`);
    await administrator.end();
  });

  it("is told so before anything runs, table by table", async () => {
    const password = randomBytes(12).toString("hex");
    await administrator.unsafe(
      `create role ${quoteIdentifier(name)} login password ${quoteLiteral(password)}`,
    );
    const guest = new URL(withDatabase(parseDatabaseUrl(inject("testServer").owner), nameOf(database.url)));
    guest.username = name;
    guest.password = password;
    await baseline(spfpProject, database.url);
    await database.sql.unsafe(`grant usage on schema public, drizzle, auth to ${quoteIdentifier(name)}`);
    await database.sql.unsafe(
      `grant select on all tables in schema public, drizzle to ${quoteIdentifier(name)}`,
    );
    const options = { mode: "quick", backupId: "b", sample: 50 } as const;
    const report = await preflight(spfpProject, parseDatabaseUrl(guest.href), options);
    for (const [what, schemas] of [
      ["schema", "public, drizzle, auth"],
      ["all tables in schema", "public, drizzle"],
    ]) {
      await database.sql.unsafe(`revoke all on ${what} ${schemas} from ${quoteIdentifier(name)}`);
    }
    expect(report.ok).toBe(false);
    const rights = report.items.find(({ id }) => id === "rights");
    expect(rights?.verdict).toBe("block");
    const objects = rights?.findings.map(({ object }) => object);
    expect(objects).toEqual(
      expect.arrayContaining(["public.accounts", "public.tasks_summary", "schema public", "schema spfp_db"]),
    );
    expect(JSON.stringify(report)).not.toContain(password);
  });
});

const nameOf = (url: DatabaseUrl): string => decodeURIComponent(new URL(url).pathname.slice(1));
