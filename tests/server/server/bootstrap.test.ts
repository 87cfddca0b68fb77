import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  connect,
  type DatabaseUrl,
  parseDatabaseUrl,
  type Sql,
} from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier } from "../../../packages/drizzle-deploy/src/sql/index.ts";
import { bootstrapSql } from "../../../src/bootstrap/index.ts";
import {
  bootstrap,
  createDatabase,
  dropDatabase,
  type EmbeddedServer,
  emptyTemplate,
  isBootstrapped,
  requireBootstrapped,
  startServer,
} from "../../../src/server/index.ts";
import { dataFolder } from "../../support/memory.ts";
import { refusal } from "../../support/processes.ts";

let server: EmbeddedServer;
let admin: Sql;

beforeAll(async () => {
  server = await startServer({ temporary: dataFolder(), durable: false });
  admin = await connect(server.adminUrl);
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});

const superuserUrl = (database: string) =>
  parseDatabaseUrl(server.adminUrl.replace(/\/postgres\?/, `/${database}?`));

/** A connection that ends with its test. */
async function open(url: DatabaseUrl): Promise<Sql> {
  const sql = await connect(url);
  onTestFinished(() => sql.end());
  return sql;
}

/** A new database, plain as on any server. */
async function plainDatabase(owner = "supabase_admin"): Promise<string> {
  const name = `plain_${randomBytes(4).toString("hex")}`;
  await createDatabase(admin, name, { owner });
  return name;
}

/** Makes the server as plain as its databases: Supabase's roles are gone, until the next bootstrap. */
async function forgetRoles(): Promise<void> {
  const names =
    await admin`select datname::text as name from pg_database where datname not in ('postgres', 'template0', 'template1')`;
  for (const { name } of names) await dropDatabase(admin, name);
  await admin.unsafe("drop role if exists anon, authenticated, service_role, authenticator");
}

// First, since the others leave nothing of the server's own databases.
test("the embedded server's databases are bootstrapped, and owned by a role that is no superuser", async () => {
  const sql = await open(server.url("spfp"));
  expect(await isBootstrapped(sql)).toBe(true);
  expect(await bootstrap(sql)).toBe("present");
  const [row] = await sql`
    select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, lower('ÁÉÇ') as lower,
      (select pg_get_userbyid(datdba)::text from pg_database where datname = 'spfp') as owner,
      (select count(*)::int from pg_extension where extname = 'pg_stat_statements') as statistics
    from pg_roles where rolname = current_user`;
  expect(row).toEqual({
    rolsuper: false,
    rolcreatedb: true,
    rolcreaterole: true,
    rolbypassrls: true,
    lower: "áéç",
    owner: "postgres",
    statistics: 1,
  });
  await sql.unsafe("create table public.mine (id uuid references auth.users (id))");
  await sql`insert into auth.users (id, email) values ('00000000-0000-0000-0000-000000000001', 'a@example.com')`;
  await sql`insert into mine values ('00000000-0000-0000-0000-000000000001')`;
  for (const role of ["anon", "authenticated", "service_role"]) {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`set local role ${role}`);
      await transaction`select auth.uid(), count(*) from public.mine`;
    });
  }
});

test("the owner makes bootstrapped databases by copying the template", async () => {
  const owner = await open(server.url("postgres"));
  await createDatabase(owner, "copied", { template: emptyTemplate });
  const sql = await open(server.url("copied"));
  expect(await isBootstrapped(sql)).toBe(true);
  await sql.end();
  await dropDatabase(owner, "copied");
});

test("several databases of one server are bootstrapped at once, and again", async () => {
  await forgetRoles();
  const names = await Promise.all([1, 2, 3, 4].map(() => plainDatabase()));
  const connections = await Promise.all(names.map((name) => open(superuserUrl(name))));
  expect(await Promise.all(connections.map((sql) => isBootstrapped(sql)))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(await Promise.all(connections.map((sql) => bootstrap(sql)))).toEqual([
    "made",
    "made",
    "made",
    "made",
  ]);
  expect(await Promise.all(connections.map((sql) => isBootstrapped(sql)))).toEqual([true, true, true, true]);
  expect(await Promise.all(connections.map((sql) => bootstrap(sql)))).toEqual([
    "present",
    "present",
    "present",
    "present",
  ]);
});

test("one database is bootstrapped by two commands at once", async () => {
  await forgetRoles();
  const name = await plainDatabase();
  const connections = [await open(superuserUrl(name)), await open(superuserUrl(name))];
  const outcomes = await Promise.all(connections.map((sql) => bootstrap(sql)));
  expect(outcomes.sort()).toEqual(["made", "present"]);
});

test("the roles are Supabase's", async () => {
  const sql = await open(superuserUrl(await plainDatabase()));
  await bootstrap(sql);
  const roles = await sql`
    select rolname::text as role, rolsuper as super, rolinherit as inherit, rolcanlogin as login, rolbypassrls as bypass
    from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 1`;
  const none = { super: false, inherit: false, login: false, bypass: false };
  expect([...roles]).toEqual([
    { ...none, role: "anon" },
    { ...none, role: "authenticated" },
    { ...none, role: "authenticator" },
    { ...none, role: "service_role", bypass: true },
  ]);
  for (const role of ["anon", "authenticated", "service_role"]) {
    const [row] = await sql`select pg_has_role('authenticator', ${role}::name, 'SET') as may`;
    expect(row).toEqual({ may: true });
  }
});

test("what the owner makes in public is open to the three roles, as on Supabase", async () => {
  const sql = await open(superuserUrl(await plainDatabase()));
  await bootstrap(sql);
  await sql.unsafe(`
    create table public.t (id int); create sequence public.s; create view public.v as select 1 as one;
    create function public.f() returns int language sql as 'select 1';
    revoke all on function public.f() from public;
    create schema other; create table other.t (id int)`);
  for (const role of ["anon", "authenticated", "service_role"]) {
    const [row] = await sql`
      select
        (select bool_and(has_table_privilege(${role}, 'public.t', p))
          from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p) as table,
        has_table_privilege(${role}, 'public.v', 'select') as view,
        has_sequence_privilege(${role}, 'public.s', 'usage') as sequence,
        has_function_privilege(${role}, 'public.f()', 'execute') as function,
        has_table_privilege(${role}, 'other.t', 'select') as other,
        has_table_privilege(${role}, 'auth.users', 'select') as users`;
    expect(row).toEqual({
      table: true,
      view: true,
      sequence: true,
      function: true,
      other: false,
      users: false,
    });
  }
});

const uid = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const none = { uid: null, role: null, email: null, jwt: null };

test.each<[string, Record<string, string>, Record<string, unknown>]>([
  ["nothing is set", {}, none],
  [
    "the settings are empty, as they are left by SET LOCAL",
    { "request.jwt.claims": "", "request.jwt.claim.sub": "" },
    none,
  ],
  [
    "a request has claims",
    { "request.jwt.claims": `{"sub":"${uid}","role":"authenticated","email":"a@b.c"}` },
    { uid, role: "authenticated", email: "a@b.c", jwt: { sub: uid, role: "authenticated", email: "a@b.c" } },
  ],
  [
    "an old client sets one claim",
    { "request.jwt.claim.sub": uid, "request.jwt.claim.role": "anon" },
    { ...none, uid, role: "anon" },
  ],
  [
    "a request has no subject",
    { "request.jwt.claims": '{"role":"anon"}' },
    { ...none, role: "anon", jwt: { role: "anon" } },
  ],
])("auth's functions read the claims when %s", async (_, settings, expected) => {
  const sql = await open(superuserUrl(await plainDatabase()));
  await bootstrap(sql);
  for (const role of ["anon", "authenticated", "service_role"]) {
    const rows = await sql.begin(async (transaction) => {
      for (const [name, value] of Object.entries(settings))
        await transaction`select set_config(${name}, ${value}, true)`;
      await transaction.unsafe(`set local role ${role}`);
      return await transaction`select auth.uid(), auth.role(), auth.email(), auth.jwt()`;
    });
    expect([...rows]).toEqual([expected]);
  }
});

test("a role that is no superuser is told what it needs, and has changed nothing; then it can", async () => {
  await forgetRoles();
  await admin.unsafe("drop role if exists plain");
  await admin.unsafe("create role plain login createrole createdb password 'p'");
  const name = await plainDatabase("plain");
  const sql = await open(parseDatabaseUrl(`postgresql://plain:p@127.0.0.1:${server.port}/${name}`));
  const error = await refusal(bootstrap(sql));
  expect(error).toMatchObject({ code: "PERMISSION_DENIED" });
  expect(error.remedy).toContain("CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS");
  const [left] =
    await admin`select count(*)::int as roles from pg_roles where rolname in ('anon', 'authenticated')`;
  expect(left).toEqual({ roles: 0 });

  await admin.unsafe("create role service_role nologin noinherit bypassrls");
  await admin.unsafe("grant service_role to plain with admin option");
  expect(await bootstrap(sql)).toBe("made");
  await requireBootstrapped(sql);
  await sql.unsafe("create table public.t (id uuid references auth.users (id))");
  await sql`set role authenticated`;
  await sql`select auth.uid(), count(*) from public.t`;
});

/** All that the bootstrap makes: the catalog of its schemas with owners, the roles, and who may become which. */
async function madeBy(sql: Sql) {
  const [statistics] = await sql`
    select count(*)::int as count from pg_extension where extname = 'pg_stat_statements'`;
  const roles = await sql`
    select rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
      rolconnlimit, rolvaliduntil, rolconfig
    from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 1`;
  const members = await sql`
    select roleid::regrole::text as role, member::regrole::text, admin_option, inherit_option, set_option
    from pg_auth_members where roleid::regrole::text in ('anon', 'authenticated', 'service_role') order by 1, 2`;
  const mark = await sql`select obj_description('auth'::regnamespace, 'pg_namespace') as mark`;
  return {
    catalog: await readCatalog(sql, { schemas: ["auth", "extensions", "public"] }),
    roles: [...roles],
    members: [...members],
    mark: [...mark],
    statistics,
  };
}

test("the SQL alone makes what the command makes, by either protocol, and may be repeated", async () => {
  const applied: ((sql: Sql) => Promise<unknown>)[] = [
    (sql) => bootstrap(sql),
    (sql) => sql.unsafe(bootstrapSql()).simple(),
    (sql) => sql.unsafe(bootstrapSql(), [], { prepare: true }),
  ];
  const made: Awaited<ReturnType<typeof madeBy>>[] = [];
  for (const apply of applied) {
    await forgetRoles();
    const sql = await open(superuserUrl(await plainDatabase()));
    await apply(sql);
    const first = await madeBy(sql);
    await apply(sql);
    expect(await madeBy(sql)).toEqual(first);
    expect(await bootstrap(sql)).toBe("present");
    made.push(first);
  }
  expect(made[1]).toEqual(made[0]);
  expect(made[2]).toEqual(made[0]);
  expect(made[0]?.catalog.schemas.map(({ name }) => name)).toEqual(["auth", "extensions", "public"]);
  expect(made[0]?.catalog.defaultPrivileges.length).toBeGreaterThan(0);
  expect(made[0]?.roles).toHaveLength(4);
});

test("the SQL takes any owner by name, and grants to that role alone", async () => {
  const owner = `o'w"n\\er $bootstrap$; drop schema public; --`;
  await admin.unsafe(`create role ${quoteIdentifier(owner)}`);
  const sql = await open(superuserUrl(await plainDatabase()));
  await sql.unsafe(bootstrapSql({ owner }));
  const rows = await sql`
    select defaclrole::regrole = ${quoteIdentifier(owner)}::regrole as owners, has_table_privilege(${owner}, 'auth.users', 'insert') as users,
      pg_has_role(${owner}, 'authenticated', 'set') as becomes
    from pg_default_acl where defaclnamespace = 'public'::regnamespace`;
  expect([...rows]).toEqual(Array(3).fill({ owners: true, users: true, becomes: true }));
  expect(() => bootstrapSql({ owner: "a\0b" })).toThrow(RangeError);
  await sql.unsafe(`drop owned by ${quoteIdentifier(owner)}`);
  await admin.unsafe(`drop role ${quoteIdentifier(owner)}`);
});

test("the SQL alone refuses a schema auth of another making, and has changed nothing", async () => {
  const sql = await open(superuserUrl(await plainDatabase()));
  await sql.unsafe("create schema auth");
  const before = await readCatalog(sql, { schemas: ["auth", "extensions", "public"] });
  await expect(sql.unsafe(bootstrapSql())).rejects.toMatchObject({
    code: "SPFP1",
    message: expect.stringContaining("schema auth"),
    hint: expect.stringContaining("leave the bootstrap out"),
  });
  expect(await readCatalog(sql, { schemas: ["auth", "extensions", "public"] })).toEqual(before);
});

test("a database that Supabase or somebody else made is left alone", async () => {
  const sql = await open(superuserUrl(await plainDatabase()));
  await sql.unsafe("create schema auth; create table auth.users (id int)");
  expect(await refusal(bootstrap(sql))).toMatchObject({ code: "ALREADY_SUPABASE" });
  const [columns] =
    await sql`select count(*)::int as count from pg_attribute where attrelid = 'auth.users'::regclass and attnum > 0`;
  expect(columns).toEqual({ count: 1 });

  const other = await open(superuserUrl(await plainDatabase()));
  await admin.unsafe("create role supabase_auth_admin");
  try {
    expect(await refusal(bootstrap(other))).toMatchObject({ code: "ALREADY_SUPABASE" });
    expect(await isBootstrapped(other)).toBe(false);
  } finally {
    await admin.unsafe("drop role supabase_auth_admin");
  }
});

test("a database that is not bootstrapped is refused with what to run", async () => {
  const sql = await open(superuserUrl(await plainDatabase()));
  const error = await refusal(requireBootstrapped(sql));
  expect(error).toMatchObject({ code: "NOT_BOOTSTRAPPED" });
  expect(error.remedy).toContain("spfp-db bootstrap");
});
