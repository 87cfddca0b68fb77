/** The roles that a request can become. */
export const requestRoles = ["anon", "authenticated", "service_role"] as const;

/** SQLSTATE of a refusal: the database has a schema `auth` of another making, and gets nothing. */
export const alreadySupabase = "SPFP1";

/** How a schema `auth` that the bootstrap made can be told from Supabase's own. */
const mark = "made by spfp-db bootstrap";

const requesters = requestRoles.join(", ");

/** Any text as a literal that can stand in a body between dollar signs, whatever `standard_conforming_strings` says. */
function literal(text: string): string {
  if (text.includes("\0")) throw new RangeError("a PostgreSQL string cannot hold a NUL character");
  return `E'${text.replace(/['\\$]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`)}'`;
}

/**
 * The SQL that makes a database which is not Supabase's behave like one: its roles, schemas `auth` and `extensions`,
 * the functions that read a request's claims, and the default privileges for what the owner creates in `public`.
 *
 * One statement, so that it holds as a whole with every driver and protocol; it may be repeated. It needs PostgreSQL 15
 * or later and a superuser, or who may create roles that bypass row-level security. On Supabase it fails with SQLSTATE
 * `SPFP1`, having changed nothing.
 *
 * @param options `owner`: the role that will own the application's tables; the connected one when left out
 * @throws RangeError for an owner that holds a NUL character
 *
 * @example
 * const client = new PGlite();
 * await client.exec(bootstrapSql());
 * await migrate(drizzle({ client }), { migrationsFolder });
 */
export function bootstrapSql(options: { owner?: string } = {}): string {
  const owner = options.owner === undefined ? "current_user" : literal(options.owner);
  return `do $bootstrap$
declare
  owner_name constant text := ${owner};
  role_name text;
  member_name text;
  object_kind text;
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'supabase_auth_admin') then
    raise exception using errcode = '${alreadySupabase}',
      message = 'The server is a Supabase server (it has the role supabase_auth_admin): it needs no bootstrap, and gets none.',
      hint = 'Leave the bootstrap out.';
  end if;
  if exists (
    select from pg_catalog.pg_namespace
    where nspname = 'auth' and pg_catalog.obj_description(oid, 'pg_namespace') is distinct from '${mark}'
  ) then
    raise exception using errcode = '${alreadySupabase}',
      message = 'The database has a schema auth that spfp-db didn''t make; nothing was changed.',
      hint = 'On Supabase leave the bootstrap out; on another server use a database without a schema auth.';
  end if;

  if not exists (select from pg_catalog.pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
    create role authenticated nologin noinherit;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'service_role') then
    create role service_role nologin noinherit bypassrls;
  end if;
  -- Supabase lets it log in, with a password of its own; here nobody needs to.
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then
    create role authenticator nologin noinherit;
  end if;

  -- The owner has to be able to become each role a request can have, and authenticator too. Only what is missing is
  -- granted: a role that someone else made can be used without the right to grant it. Since PostgreSQL 16 membership
  -- and the right to SET ROLE are two things. Manual, 21.3 "Role Membership".
  foreach member_name in array array['authenticator', owner_name] loop
    foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
      if not pg_catalog.pg_has_role(member_name::name, role_name::name,
        case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
      then
        execute pg_catalog.format('grant %I to %I', role_name, member_name);
      end if;
    end loop;
  end loop;

  -- As far as an application's schema depends on it: the columns are GoTrue's, the functions Supabase's.
  if not exists (select from pg_catalog.pg_namespace where nspname = 'auth') then
    create schema auth;
    comment on schema auth is '${mark}';
    create table auth.users (
      instance_id uuid,
      id uuid primary key,
      aud varchar(255),
      role varchar(255),
      email varchar(255),
      encrypted_password varchar(255),
      email_confirmed_at timestamptz,
      invited_at timestamptz,
      confirmation_token varchar(255),
      confirmation_sent_at timestamptz,
      recovery_token varchar(255),
      recovery_sent_at timestamptz,
      email_change varchar(255),
      last_sign_in_at timestamptz,
      raw_app_meta_data jsonb,
      raw_user_meta_data jsonb,
      is_super_admin boolean,
      created_at timestamptz,
      updated_at timestamptz,
      phone text unique default null,
      phone_confirmed_at timestamptz,
      confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
      banned_until timestamptz,
      is_sso_user boolean not null default false,
      deleted_at timestamptz,
      is_anonymous boolean not null default false
    );
    create unique index users_email_partial_key on auth.users (email) where is_sso_user = false;
    alter table auth.users enable row level security;

    create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
    create function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )::text
$$;
    create function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )::text
$$;
    create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

    -- Readable and writable by the owner of the application's objects, as on Supabase.
    execute pg_catalog.format('grant usage on schema auth to ${requesters}, %I', owner_name);
    execute pg_catalog.format('grant all on auth.users to %I', owner_name);
  end if;

  if not exists (select from pg_catalog.pg_namespace where nspname = 'extensions') then
    create schema extensions;
    grant usage on schema extensions to ${requesters};
    execute pg_catalog.format('grant all on schema extensions to %I', owner_name);
  end if;

  -- On Supabase it is on; elsewhere it needs to be installed, preloaded, and allowed to this role.
  if exists (select from pg_catalog.pg_available_extensions
             where name = 'pg_stat_statements' and installed_version is null)
    and (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
    and pg_catalog.current_setting('shared_preload_libraries') like '%pg_stat_statements%'
  then
    create extension pg_stat_statements schema extensions;
  end if;

  grant usage on schema public to ${requesters};
  foreach object_kind in array array['tables', 'sequences', 'functions'] loop
    execute pg_catalog.format(
      'alter default privileges for role %I in schema public grant all on %s to ${requesters}', owner_name, object_kind);
  end loop;
end
$bootstrap$`;
}
