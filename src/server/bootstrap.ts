import type { Sql } from "drizzle-deploy/postgres";
import { PostgresError, type Transaction, translate } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import {
  bootstrapMark,
  createAuth,
  createExtensions,
  createRole,
  grantDefaults,
  requestRoles,
  type supabaseRoles,
} from "./bootstrap-sql.ts";

const roleNames = [
  "anon",
  "authenticated",
  "service_role",
  "authenticator",
] as const satisfies readonly (keyof typeof supabaseRoles)[];

const surveySchema = z.tuple([
  z.object({
    role: z.string(),
    version: z.number().int(),
    superuser: z.boolean(),
    supabase: z.boolean(),
    roles: z.array(z.string()),
    mark: z.string().nullable(),
    auth: z.boolean(),
    extensions: z.boolean(),
    complete: z.boolean(),
  }),
]);

type Survey = z.infer<typeof surveySchema>[0];

/** What is there, in one round trip, by catalog only: `to_regclass` would ask for rights on the schema. */
async function survey(sql: Sql | Transaction): Promise<Survey> {
  const rows = await sql`
    select
      current_user::text as role,
      current_setting('server_version_num')::int / 10000 as version,
      (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
      exists (select from pg_catalog.pg_roles where rolname = 'supabase_auth_admin') as supabase,
      (select coalesce(json_agg(rolname), '[]') from pg_catalog.pg_roles
        where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')) as roles,
      (select pg_catalog.obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace
        where nspname = 'auth') as mark,
      exists (select from pg_catalog.pg_namespace where nspname = 'auth') as auth,
      exists (select from pg_catalog.pg_namespace where nspname = 'extensions') as extensions,
      (select count(*) = 3 from pg_catalog.pg_roles where rolname in ('anon', 'authenticated', 'service_role'))
        and exists (
          select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'auth' and c.relname = 'users')
        and (
          select count(distinct p.proname) = 3
          from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          where n.nspname = 'auth' and p.proname in ('uid', 'role', 'jwt') and p.pronargs = 0) as complete`;
  return surveySchema.parse([...rows])[0];
}

// Roles belong to the whole server, and advisory locks to one database: two bootstraps of different databases meet at
// the unique indexes of the shared catalogs, and the one that comes second finds the roles made when it tries again.
const collisions = new Set(["42710", "42P06", "23505", "40001", "40P01"]);

function collided(error: unknown): boolean {
  if (!(error instanceof PostgresError)) return false;
  return collisions.has(error.code) || error.message.includes("tuple concurrently");
}

/**
 * Makes a database that is not Supabase's behave like one: its roles, schemas `auth` and `extensions`, the functions
 * that read a request's claims, and the default privileges for what `owner` (default: the connected role) creates in
 * `public`. One transaction; may be repeated, and run at once on several databases of a server.
 * @returns whether anything was missing
 * @throws SpfpError ALREADY_SUPABASE when the database is Supabase's, or has a schema `auth` of another making;
 * PERMISSION_DENIED with what to have granted
 */
export async function bootstrap(sql: Sql, options: { owner?: string } = {}): Promise<"made" | "present"> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sql.begin((transaction) => apply(transaction, options.owner));
    } catch (error) {
      if (collided(error) && attempt < 10) continue;
      throw explain(error);
    }
  }
}

async function apply(sql: Transaction, wantedOwner: string | undefined): Promise<"made" | "present"> {
  const found = await survey(sql);
  if (found.supabase) {
    throw new SpfpError(
      "ALREADY_SUPABASE",
      "The server is a Supabase server (it has the role supabase_auth_admin): it needs no bootstrap, and gets none.",
      "Leave the bootstrap out.",
    );
  }
  if (found.auth && found.mark !== bootstrapMark) {
    throw new SpfpError(
      "ALREADY_SUPABASE",
      "The database has a schema auth that spfp-db didn't make; nothing was changed.",
      "On Supabase leave the bootstrap out; on another server use a database without a schema auth.",
    );
  }
  const owner = wantedOwner ?? found.role;
  const missing = roleNames.filter((role) => !found.roles.includes(role));
  for (const role of missing) await sql.unsafe(createRole(role));
  await grantMembership(sql, owner, found.version);
  if (!found.auth) await sql.unsafe(createAuth(owner));
  if (!found.extensions) await sql.unsafe(createExtensions(owner));
  await addStatementStatistics(sql);
  await sql.unsafe(grantDefaults(owner));
  return missing.length > 0 || !found.auth || !found.extensions ? "made" : "present";
}

/**
 * The owner has to be able to become each role a request can have, and `authenticator` too. Only what is missing is
 * granted: a role that someone else made can be used without the right to grant it.
 */
async function grantMembership(sql: Transaction, owner: string, version: number): Promise<void> {
  // Since PostgreSQL 16 membership and the right to SET ROLE are two things. Manual, 21.3 "Role Membership".
  const right = version >= 16 ? "SET" : "MEMBER";
  const pairsSchema = z.array(z.object({ role: z.enum(requestRoles), member: z.string(), is: z.boolean() }));
  const pairs = pairsSchema.parse([
    ...(await sql`
      select role, member, pg_catalog.pg_has_role(member::name, role::name, ${right}) as is
      from unnest(array['anon', 'authenticated', 'service_role']) as role,
           unnest(array['authenticator', ${owner}]) as member`),
  ]);
  for (const { role, member, is } of pairs) {
    if (!is) await sql.unsafe(`grant ${quoteIdentifier(role)} to ${quoteIdentifier(member)}`);
  }
}

/** On Supabase `pg_stat_statements` is on; elsewhere it needs to be installed, preloaded, and allowed to this role. */
async function addStatementStatistics(sql: Transaction): Promise<void> {
  await sql.unsafe(`
    do $$
    begin
      if exists (select from pg_catalog.pg_available_extensions
                 where name = 'pg_stat_statements' and installed_version is null)
        and (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
        and current_setting('shared_preload_libraries') like '%pg_stat_statements%'
      then
        create extension pg_stat_statements schema extensions;
      end if;
    end $$`);
}

function explain(error: unknown): Error {
  if (!(error instanceof PostgresError) || error.code !== "42501") return translate(error);
  return new SpfpError(
    "PERMISSION_DENIED",
    `The bootstrap needs a right that the connected role lacks: ${error.message}. Nothing was changed.`,
    // Only who bypasses row-level security may make a role that does; before PostgreSQL 16, only a superuser.
    "Run it as a superuser; or as the owner of the database with CREATEROLE, after a superuser has run: CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS; GRANT service_role TO <the connected role> WITH ADMIN OPTION.",
    { cause: error },
  );
}

/** Whether the database has what an application's schema expects of Supabase, whoever made it. */
export async function isBootstrapped(sql: Sql): Promise<boolean> {
  try {
    return (await survey(sql)).complete;
  } catch (error) {
    throw translate(error);
  }
}

/** @throws SpfpError NOT_BOOTSTRAPPED where the roles, `auth.users` or the functions of `auth` are missing */
export async function requireBootstrapped(sql: Sql): Promise<void> {
  if (await isBootstrapped(sql)) return;
  throw new SpfpError(
    "NOT_BOOTSTRAPPED",
    "The database has no Supabase roles, or no schema auth with users, uid(), role() and jwt().",
    "Run spfp-db bootstrap on it first; a database of Supabase has them from the start.",
  );
}
