import type { Sql } from "drizzle-deploy/postgres";
import { PostgresError, type Transaction, translate } from "drizzle-deploy/postgres";
import { z } from "zod";
import { alreadySupabase, bootstrapSql } from "../bootstrap/bootstrap-sql.ts";
import { SpfpError } from "../errors.ts";

const surveySchema = z.tuple([z.object({ complete: z.boolean(), extras: z.boolean() })]);

type Survey = z.infer<typeof surveySchema>[0];

/**
 * Whether there is what an application's schema expects, and what else the bootstrap makes, in one round trip. By
 * catalog only: `to_regclass` would ask for rights on the schema.
 */
async function survey(sql: Sql | Transaction): Promise<Survey> {
  const rows = await sql`
    select
      (select count(*) = 3 from pg_catalog.pg_roles where rolname in ('anon', 'authenticated', 'service_role'))
        and exists (
          select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'auth' and c.relname = 'users')
        and (
          select count(distinct p.proname) = 3
          from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          where n.nspname = 'auth' and p.proname in ('uid', 'role', 'jwt') and p.pronargs = 0) as complete,
      exists (select from pg_catalog.pg_roles where rolname = 'authenticator')
        and exists (select from pg_catalog.pg_namespace where nspname = 'extensions') as extras`;
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
 * `public`: `bootstrapSql`. One transaction; may be repeated, and run at once on several databases of a server.
 * @returns whether anything was missing
 * @throws SpfpError ALREADY_SUPABASE when the database is Supabase's, or has a schema `auth` of another making;
 * PERMISSION_DENIED with what to have granted
 */
export async function bootstrap(sql: Sql, options: { owner?: string } = {}): Promise<"made" | "present"> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sql.begin(async (transaction) => {
        const { complete, extras } = await survey(transaction);
        await transaction.unsafe(bootstrapSql(options));
        return complete && extras ? "present" : "made";
      });
    } catch (error) {
      if (collided(error) && attempt < 10) continue;
      throw explain(error);
    }
  }
}

function explain(error: unknown): Error {
  if (!(error instanceof PostgresError)) return translate(error);
  if (error.code === alreadySupabase) {
    return new SpfpError("ALREADY_SUPABASE", error.message, error.hint ?? "Leave the bootstrap out.", {
      cause: error,
    });
  }
  if (error.code !== "42501") return translate(error);
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
