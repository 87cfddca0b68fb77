import { createHash, type UUID } from "node:crypto";
import { z } from "zod";
import type { Catalog } from "../catalog/index.ts";
import type { Migration } from "../migrations/index.ts";
import { drizzleJournal, type JournalTable } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import { type Plan, type Step, stepKinds, targetSchema } from "../model/step.ts";
import type { Queryable, Sql } from "../postgres/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { insertionOf, isRowOf, journalDefinition, type Recorded } from "./journal.ts";

/** What a deployment's record can be of. */
export type DeploymentKind = "deploy" | "rollback" | "baseline" | "fix";

/** How a deployment ended; one without an outcome runs, or was killed. */
export type DeploymentOutcome = "completed" | "stopped" | "failed" | "interrupted";

/** What came after the other tables: records of before 0.2 get it with their next deployment. */
const batchesDefinition = (names: Names): string => {
  const tables = recordTables(names);
  return `
create table if not exists ${tables.batches} (
  migration_hash text not null,
  step_id text not null,
  deployment_id uuid not null references ${tables.deployments} on delete cascade,
  started_at timestamptz not null,
  position text not null,
  rows bigint not null,
  objects text not null,
  recorded_in oid not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (migration_hash, step_id)
);
alter table ${tables.batches} enable row level security;`;
};

const definitionOf = (names: Names): string => {
  const schema = quoteIdentifier(names.recordSchema);
  const tables = recordTables(names);
  return `
create schema if not exists ${schema};
create table if not exists ${tables.deployments} (
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
create table if not exists ${tables.steps} (
  deployment_id uuid not null references ${tables.deployments} on delete cascade,
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
create unique index if not exists steps_done on ${tables.steps} (migration_hash, step_id) where status = 'done';
create table if not exists ${tables.changes} (
  deployment_id uuid not null references ${tables.deployments} on delete cascade,
  seq bigint not null,
  table_name text not null,
  row_id text not null,
  column_name text not null,
  before jsonb,
  after jsonb,
  primary key (deployment_id, seq)
);
alter table ${tables.deployments} enable row level security;
alter table ${tables.steps} enable row level security;
alter table ${tables.changes} enable row level security;
${batchesDefinition(names)}
${revocationOf(names)}`;
};

// Default privileges may have given the new tables to others: what anyone but the owner holds is taken back.
const revocationOf = (names: Names): string => `
do $$
declare
  one record;
begin
  for one in
    select pg_catalog.format('schema %I', n.nspname) as object, grants.grantee
    from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) grants
    where n.nspname = ${quoteLiteral(names.recordSchema)} and grants.grantee <> n.nspowner
    union
    select pg_catalog.format('table %I.%I', n.nspname, c.relname), grants.grantee
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) grants
    where n.nspname = ${quoteLiteral(names.recordSchema)} and c.relkind = 'r' and grants.grantee <> c.relowner
  loop
    execute pg_catalog.format('revoke all on %s from %s', one.object,
      case when one.grantee = 0 then 'public' else one.grantee::regrole::text end);
  end loop;
end
$$;`;

/** The tables of the records, quoted for SQL. */
export function recordTables({ recordSchema }: Names) {
  const table = (name: string): string => quoteQualified(recordSchema, name);
  return {
    deployments: table("deployments"),
    steps: table("steps"),
    changes: table("changes"),
    batches: table("batches"),
  };
}

const presentSchema = z.tuple([z.object({ present: z.boolean() })]);

/** Whether the engine has kept records in this database before. */
export async function hasRecords(sql: Queryable, names: Names): Promise<boolean> {
  const rows = await sql.unsafe(`select pg_catalog.to_regclass($1) is not null as present`, [
    recordTables(names).changes,
  ]);
  return presentSchema.parse([...rows])[0].present;
}

/** Whether the records have room for steps that run in batches: those of before 0.2 have not until the next deployment. */
export async function hasBatches(sql: Queryable, names: Names): Promise<boolean> {
  const rows = await sql.unsafe(`select pg_catalog.to_regclass($1) is not null as present`, [
    recordTables(names).batches,
  ]);
  return presentSchema.parse([...rows])[0].present;
}

/**
 * Makes the engine's own tables, and Drizzle's journal table, where they are missing.
 *
 * @param migrations of the folder, where they are to be recorded: those of Drizzle 1.0 in the newer form of the table
 */
export async function ensureRecords(
  sql: Sql,
  names: Names,
  journal: JournalTable = drizzleJournal,
  migrations: readonly Migration[] = [],
): Promise<void> {
  await sql.begin(async (transaction) => {
    const isThere = await hasRecords(transaction, names);
    if (!isThere || !(await hasBatches(transaction, names))) {
      // Two sessions that make the same schema at once would both find it missing.
      await transaction.unsafe(`select pg_catalog.pg_advisory_xact_lock(hashtext($1))`, [
        `${names.recordSchema} bookkeeping`,
      ]);
      await transaction
        .unsafe(isThere ? batchesDefinition(names) + revocationOf(names) : definitionOf(names))
        .simple();
    }
    await transaction.unsafe(journalDefinition(migrations, journal)).simple();
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
  /** What else is known of it from the start. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Records that a deployment begins. Whoever calls this holds the lock of all deployments, so that one which still
 * counts as running was killed: it is marked as interrupted.
 */
export async function beginDeployment(sql: Sql, names: Names, record: DeploymentRecord): Promise<void> {
  const tables = recordTables(names);
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      `update ${tables.deployments} set outcome = 'interrupted', finished_at = clock_timestamp() where outcome is null`,
    );
    await transaction.unsafe(
      `update ${tables.steps} set status = 'failed', finished_at = clock_timestamp(), error = 'interrupted'
       where status = 'running'`,
    );
    await transaction.unsafe(
      `insert into ${tables.deployments}
         (id, kind, project, mode, executor, approver, ticket, backup, plan, before, details)
       values ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11::text::jsonb)`,
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
        JSON.stringify(record.details ?? {}),
      ],
    );
  });
}

/** Records how a deployment ended; `details` are merged into what is known of it. */
export async function finishDeployment(
  sql: Queryable,
  names: Names,
  id: UUID,
  outcome: DeploymentOutcome,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  const tables = recordTables(names);
  await sql.unsafe(
    `update ${tables.deployments}
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
  names: Names,
  record: StepRecord,
  status: "running" | "done" = "running",
): Promise<void> {
  const tables = recordTables(names);
  // What an earlier deployment did and somebody has undone since is done again. Not in one statement with the insert:
  // parts of a statement do not see each other's rows, and a step is done once.
  await sql.unsafe(
    `update ${tables.steps} set status = 'undone'
     where status = 'done' and migration_hash = $3 and step_id = $2 and deployment_id <> $1::uuid`,
    [record.deploymentId, record.step.id, record.migrationHash],
  );
  await sql.unsafe(
    `insert into ${tables.steps} (deployment_id, step_id, migration_hash, sql_hash, status, attempts, started_at)
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
  names: Names,
  record: StepRecord,
  { status, milliseconds, error }: { status: "done" | "failed"; milliseconds: number; error: string | null },
): Promise<void> {
  const tables = recordTables(names);
  await sql.unsafe(
    `update ${tables.steps} set status = $3, attempts = $4::int, finished_at = clock_timestamp(),
       milliseconds = $5::float8, error = $6
     where deployment_id = $1::uuid and step_id = $2`,
    [record.deploymentId, record.step.id, status, record.attempts, milliseconds, error],
  );
}

const doneSchema = z.array(z.object({ migration: z.string(), step: z.string() }));

/** The steps that are done, by the hash of their migration's file and their id. */
export const doneSteps = async (sql: Queryable, names: Names) => stepsWith(sql, names, "done");

/** The steps that were done and have been undone since, in the same way. */
export const undoneSteps = async (sql: Queryable, names: Names) => stepsWith(sql, names, "undone");

async function stepsWith(
  sql: Queryable,
  names: Names,
  status: "done" | "undone",
): Promise<z.infer<typeof doneSchema>> {
  if (!(await hasRecords(sql, names))) return [];
  const tables = recordTables(names);
  return doneSchema.parse([
    ...(await sql.unsafe(
      `select distinct migration_hash as migration, step_id as step from ${tables.steps} where status = $1`,
      [status],
    )),
  ]);
}

const begunSchema = z.array(z.object({ kind: z.enum(stepKinds), sql: z.string(), target: targetSchema }));

/**
 * The steps that deployments of a project did since the last one that completed, or was rolled back, in their order:
 * the next one continues them, and nobody was told yet that what they made is there.
 */
export async function stepsSinceCompletion(
  sql: Queryable,
  { name, names }: { readonly name: string; readonly names: Names },
): Promise<Pick<Step, "kind" | "sql" | "target">[]> {
  if (!(await hasRecords(sql, names))) return [];
  const { deployments, steps } = recordTables(names);
  const rows = await sql.unsafe(
    `select part ->> 'kind' as kind, part ->> 'sql' as sql, part -> 'target' as target
     from ${deployments} d cross join lateral jsonb_array_elements(d.plan -> 'steps') with ordinality steps (step, at)
     cross join lateral jsonb_array_elements(coalesce(step -> 'parts', jsonb_build_array(step)))
       with ordinality parts (part, place)
     join ${steps} s on s.deployment_id = d.id and s.step_id = step ->> 'id' and s.status = 'done'
     where d.kind = 'deploy' and d.project = $1 and jsonb_typeof(part -> 'target') = 'object'
       and (part ->> 'kind' like 'create %' or part ->> 'kind' in ('add column', 'rename'))
       and step ->> 'action' = 'run'
       and d.started_at > coalesce((select max(started_at) from ${deployments}
         where project = $1 and kind <> 'fix' and outcome = 'completed'), '-infinity')
     order by d.started_at, at, place`,
    [name],
  );
  return begunSchema.parse([...rows]);
}

/**
 * Takes a migration as applied, in the journal of Drizzle's migrator; once, whoever else may do so at the same time. The table
 * has to be there: see `ensureRecords`.
 */
export async function recordMigration(
  transaction: Queryable,
  migration: Recorded,
  journal: JournalTable = drizzleJournal,
): Promise<void> {
  const table = quoteQualified(journal.schema, journal.name);
  await transaction.unsafe(`lock table ${table} in share row exclusive mode`);
  const [{ present }] = presentSchema.parse([
    ...(await transaction.unsafe(
      `select exists (select from ${table} where ${isRowOf(migration)}) as present`,
    )),
  ]);
  if (!present) await transaction.unsafe(insertionOf(migration, journal));
}
