import { quoteIdentifier } from "drizzle-deploy/sql";

/** How a schema `auth` that `bootstrap` made can be told from Supabase's own. */
export const bootstrapMark = "made by spfp-db bootstrap";

/** The roles that Supabase's API uses, each with its attributes there. */
export const supabaseRoles = {
  anon: "nologin noinherit",
  authenticated: "nologin noinherit",
  service_role: "nologin noinherit bypassrls",
  // Supabase lets it log in, with a password of its own; here nobody needs to.
  authenticator: "nologin noinherit",
} as const;

/** The three that a request can become. */
export const requestRoles = ["anon", "authenticated", "service_role"] as const;

const requesters = requestRoles.join(", ");

/** Schema `auth` as far as an application's schema depends on it: the columns are GoTrue's, the functions Supabase's. */
const auth = `
create schema auth;
comment on schema auth is '${bootstrapMark}';
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
`;

/** Creates one of the roles where it is missing. */
export function createRole(role: keyof typeof supabaseRoles): string {
  return `create role ${role} ${supabaseRoles[role]}`;
}

/** Makes schema `auth`, readable and writable by the owner of the application's objects, as on Supabase. */
export function createAuth(owner: string): string {
  return `${auth}
grant usage on schema auth to ${requesters}, ${quoteIdentifier(owner)};
grant all on auth.users to ${quoteIdentifier(owner)};`;
}

/** Makes schema `extensions`. */
export function createExtensions(owner: string): string {
  return `
create schema extensions;
grant usage on schema extensions to ${requesters};
grant all on schema extensions to ${quoteIdentifier(owner)};`;
}

/** Supabase's default privileges for what the owner will make in `public`; each statement may be repeated. */
export function grantDefaults(owner: string): string {
  const defaults = `alter default privileges for role ${quoteIdentifier(owner)} in schema public`;
  return `
grant usage on schema public to ${requesters};
${defaults} grant all on tables to ${requesters};
${defaults} grant all on sequences to ${requesters};
${defaults} grant all on functions to ${requesters};`;
}
