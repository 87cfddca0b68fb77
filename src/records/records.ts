import { createHash, type UUID } from "node:crypto";
import { z } from "zod";
import type { Catalog } from "../catalog/index.ts";
import type { Migration } from "../migrations/index.ts";
import type { Plan, Step } from "../model/step.ts";
import type { Queryable, Sql } from "../postgres/index.ts";
import { writeJournal } from "./journal.ts";

/** Where the engine keeps its own records, in the database that it works on. */
export const bookkeepingSchema = "spfp_db";

/** What a deployment's record can be of. */
export type DeploymentKind = "deploy" | "rollback" | "baseline" | "fix";

/** How a deployment ended; one without an outcome runs, or was killed. */
export type DeploymentOutcome = "completed" | "stopped" | "failed" | "interrupted";

// Default privileges may have given the new tables to others: what anyone but the owner holds is taken back.
const definition = `
create schema if not exists spfp_db;
create table if not exists spfp_db.deployments (
  id uuid primary key,
  kind text not null check (kind in ('deploy', 'rollback', 'baseline', 'fix')),
  project text not null,
  mode text,
  executor text not null,
  approver text,
  ticket text,
  backup text,
  plan jsonb,
  before jsonb,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  outcome text check (outcome in ('completed', 'stopped', 'failed', 'interrupted')),
  details jsonb not null default '{}'
);
create table if not exists spfp_db.steps (
  deployment_id uuid not null references spfp_db.deployments on delete cascade,
  step_id text not null,
  migration_hash text not null,
  sql_hash text not null,
  status text not null check (status in ('running', 'done', 'failed', 'undone')),
  attempts integer not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  milliseconds double precision,
  error text,
  primary key (deployment_id, step_id)
);
create unique index if not exists steps_done on spfp_db.steps (migration_hash, step_id) where status = 'done';
create table if not exists spfp_db.changes (
  deployment_id uuid not null references spfp_db.deployments on delete cascade,
  seq bigint not null,
  table_name text not null,
  row_id text not null,
  column_name text not null,
  before jsonb,
  after jsonb,
  primary key (deployment_id, seq)
);
alter table spfp_db.deployments enable row level security;
alter table spfp_db.steps enable row level security;
alter table spfp_db.changes enable row level security;
do $$
declare
  one record;
begin
  for one in
    select 'schema spfp_db' as object, grants.grantee
    from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) grants
    where n.nspname = 'spfp_db' and grants.grantee <> n.nspowner
    union
    select pg_catalog.format('table spfp_db.%I', c.relname), grants.grantee
    from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) grants
    where c.relnamespace = 'spfp_db'::regnamespace and c.relkind = 'r' and grants.grantee <> c.relowner
  loop
    execute pg_catalog.format('revoke all on %s from %s', one.object,
      case when one.grantee = 0 then 'public' else one.grantee::regrole::text end);
  end loop;
end
$$;`;

const presentSchema = z.tuple([z.object({ present: z.boolean() })]);

/** Whether the engine has kept records in this database before. */
export async function hasBookkeeping(sql: Queryable): Promise<boolean> {
  const rows = await sql.unsafe(`select pg_catalog.to_regclass('spfp_db.changes') is not null as present`);
  return presentSchema.parse([...rows])[0].present;
}

/** Makes the engine's own tables, and Drizzle's journal table, where they are missing. */
export async function ensureBookkeeping(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    if (!(await hasBookkeeping(transaction))) {
      // Two sessions that make the same schema at once would both find it missing.
      await transaction.unsafe(`select pg_catalog.pg_advisory_xact_lock(hashtext('spfp_db bookkeeping'))`);
      await transaction.unsafe(definition).simple();
    }
    await writeJournal(transaction, []);
  });
}

/** Who deploys what, and by whose leave. */
export interface DeploymentRecord {
  readonly id: UUID;
  readonly kind: DeploymentKind;
  readonly project: string;
  readonly executor: string;
  readonly mode?: string;
  readonly approver?: string | null;
  readonly ticket?: string | null;
  readonly backup?: string | null;
  readonly plan?: Plan;
  /** What the database was like before. */
  readonly before?: Catalog;
}

/**
 * Records that a deployment begins. Whoever calls this holds the lock of all deployments, so that one which still
 * counts as running was killed: it is marked as interrupted.
 */
export async function beginDeployment(sql: Sql, record: DeploymentRecord): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      `update spfp_db.deployments set outcome = 'interrupted', finished_at = clock_timestamp() where outcome is null`,
    );
    await transaction.unsafe(
      `update spfp_db.steps set status = 'failed', finished_at = clock_timestamp(), error = 'interrupted'
       where status = 'running'`,
    );
    await transaction.unsafe(
      `insert into spfp_db.deployments
         (id, kind, project, mode, executor, approver, ticket, backup, plan, before)
       values ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb)`,
      [
        record.id,
        record.kind,
        record.project,
        record.mode ?? null,
        record.executor,
        record.approver ?? null,
        record.ticket ?? null,
        record.backup ?? null,
        record.plan ? JSON.stringify(record.plan) : null,
        record.before ? JSON.stringify(record.before) : null,
      ],
    );
  });
}

/** Records how a deployment ended; `details` are merged into what is known of it. */
export async function finishDeployment(
  sql: Queryable,
  id: UUID,
  outcome: DeploymentOutcome,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await sql.unsafe(
    `update spfp_db.deployments
     set outcome = $2, finished_at = clock_timestamp(), details = details || $3::text::jsonb where id = $1::uuid`,
    [id, outcome, JSON.stringify(details)],
  );
}

/** Which step of which deployment, in which state. */
export interface StepRecord {
  readonly deploymentId: UUID;
  readonly step: Step;
  /** SHA-256 of the step's migration file. */
  readonly migrationHash: string;
  readonly attempts: number;
}

/**
 * Records a step as begun; where it is recorded already, as begun again. In the transaction of a step it is recorded as
 * done before its statement: they come to be together, and what the statement locks is held for no round trip longer.
 */
export async function beginStep(
  sql: Queryable,
  record: StepRecord,
  status: "running" | "done" = "running",
): Promise<void> {
  // What an earlier deployment did and somebody has undone since is done again. Not in one statement with the insert:
  // parts of a statement do not see each other's rows, and a step is done once.
  await sql.unsafe(
    `update spfp_db.steps set status = 'undone'
     where status = 'done' and migration_hash = $3 and step_id = $2 and deployment_id <> $1::uuid`,
    [record.deploymentId, record.step.id, record.migrationHash],
  );
  await sql.unsafe(
    `insert into spfp_db.steps (deployment_id, step_id, migration_hash, sql_hash, status, attempts, started_at)
     values ($1::uuid, $2, $3, $4, $6, $5::int, clock_timestamp())
     on conflict (deployment_id, step_id) do update set status = excluded.status, attempts = excluded.attempts`,
    [
      record.deploymentId,
      record.step.id,
      record.migrationHash,
      createHash("sha256").update(record.step.sql).digest("hex"),
      record.attempts,
      status,
    ],
  );
}

/** Records a begun step as done, with how long it took; or as failed, with why. */
export async function endStep(
  sql: Queryable,
  record: StepRecord,
  { status, milliseconds, error }: { status: "done" | "failed"; milliseconds: number; error: string | null },
): Promise<void> {
  await sql.unsafe(
    `update spfp_db.steps set status = $3, attempts = $4::int, finished_at = clock_timestamp(),
       milliseconds = $5::float8, error = $6
     where deployment_id = $1::uuid and step_id = $2`,
    [record.deploymentId, record.step.id, status, record.attempts, milliseconds, error],
  );
}

const doneSchema = z.array(z.object({ migration: z.string(), step: z.string() }));

/** The steps that are done, by the hash of their migration's file and their id. */
export async function doneSteps(sql: Queryable): Promise<z.infer<typeof doneSchema>> {
  if (!(await hasBookkeeping(sql))) return [];
  return doneSchema.parse([
    ...(await sql.unsafe(
      `select migration_hash as migration, step_id as step from spfp_db.steps where status = 'done'`,
    )),
  ]);
}

/**
 * Takes a migration as applied, in Drizzle's own journal; once, whoever else may do so at the same time. The table
 * has to be there: see `ensureBookkeeping`.
 */
export async function recordMigration(
  transaction: Queryable,
  { hash, when }: Pick<Migration, "hash" | "when">,
): Promise<void> {
  await transaction.unsafe(`lock table drizzle.__drizzle_migrations in share row exclusive mode`);
  await transaction.unsafe(
    `insert into drizzle.__drizzle_migrations (hash, created_at)
     select $1, $2::bigint
     where not exists (select from drizzle.__drizzle_migrations where hash = $1 and created_at = $2::bigint)`,
    [hash, when],
  );
}
