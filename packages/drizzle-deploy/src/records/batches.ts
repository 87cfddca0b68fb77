import { z } from "zod";
import type { Names } from "../model/names.ts";
import type { Batches } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasBatches, recordTables, type StepRecord } from "./records.ts";

/*
 * How far a step that runs in batches is. It is written in the transaction of each batch, so that the two come to be
 * together, and removed with the step's end.
 */

/** How far a step is that runs in batches. */
export interface Progress {
  /** The key of the last row that was gone through, as a JSON array of texts. */
  readonly position: string;
  /** When its first batch began, in all digits. */
  readonly startedAt: string;
  /** How many rows were gone through. */
  readonly rows: number;
}

const progressSchema = z.array(
  z.object({ position: z.string(), startedAt: z.string(), rows: z.coerce.number(), isSame: z.boolean() }),
);

/** What a step goes through and sets, as the numbers of the database's own: they are others once it was made again. */
const identity = `
  select pg_catalog.concat_ws(' ', t.oid, w.oid, (
    select string_agg(a.attnum::text, ',' order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = w.oid and a.attname in (select pg_catalog.json_array_elements_text($5::text::json))
  )) as objects
  from pg_catalog.pg_class t, pg_catalog.pg_class w
  where t.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::text, $2::text))
    and w.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $3::text, $4::text))`;

const identityParameters = ({ table, written }: Batches): string[] => [
  table.schema,
  table.name,
  written.schema,
  written.name,
  JSON.stringify(written.columns),
];

/**
 * Reads how far a step is; null where it was not begun, or where what it had begun is not there any more. A database that
 * was restored from a dump has other numbers for everything, the records included: then it is taken to be the same.
 */
export async function readProgress(
  sql: Queryable,
  names: Names,
  { step, migrationHash }: StepRecord,
  batches: Batches,
): Promise<Progress | null> {
  const table = recordTables(names).batches;
  const [row] = progressSchema.parse([
    ...(await sql.unsafe(
      `with now as (${identity})
       select b.position, b.started_at::text as "startedAt", b.rows,
         (b.recorded_in <> $6::regclass::oid or b.objects is not distinct from (select objects from now)) as "isSame"
       from ${table} b where b.migration_hash = $7 and b.step_id = $8`,
      [...identityParameters(batches), table, migrationHash, step.id],
    )),
  ]);
  return row?.isSame ? row : null;
}

/** Records how far a step is, in the transaction of a batch. */
export async function writeProgress(
  transaction: Queryable,
  names: Names,
  { deploymentId, step, migrationHash }: StepRecord,
  batches: Batches,
  { position, startedAt, rows }: Progress,
): Promise<void> {
  const table = recordTables(names).batches;
  await transaction.unsafe(
    `with now as (${identity})
     insert into ${table} as b
       (migration_hash, step_id, deployment_id, started_at, position, rows, objects, recorded_in)
     select $7, $8, $9::uuid, $10::text::timestamptz, $11, $12::bigint, now.objects, $6::regclass::oid from now
     on conflict (migration_hash, step_id) do update set deployment_id = excluded.deployment_id,
       started_at = excluded.started_at, position = excluded.position, rows = excluded.rows,
       objects = excluded.objects, recorded_in = excluded.recorded_in, updated_at = clock_timestamp()`,
    [...identityParameters(batches), table, migrationHash, step.id, deploymentId, startedAt, position, rows],
  );
}

/** Forgets how far a step is: it is done. */
export async function forgetProgress(
  transaction: Queryable,
  names: Names,
  { step, migrationHash }: StepRecord,
): Promise<void> {
  await transaction.unsafe(
    `delete from ${recordTables(names).batches} where migration_hash = $1 and step_id = $2`,
    [migrationHash, step.id],
  );
}

const begunSchema = z.array(z.object({ migration: z.string(), step: z.string(), rows: z.coerce.number() }));

/** A step that was begun in batches, by the hash of its migration and its id, and how many rows it has gone through. */
export type BegunBatches = z.infer<typeof begunSchema>[number];

/** The steps that were begun in batches and are not done, as far as what they go through is still there. */
export async function begunBatches(sql: Queryable, names: Names): Promise<BegunBatches[]> {
  if (!(await hasBatches(sql, names))) return [];
  const table = recordTables(names).batches;
  return begunSchema.parse([
    ...(await sql.unsafe(
      `select b.migration_hash as migration, b.step_id as step, b.rows from ${table} b
       where b.recorded_in <> $1::regclass::oid or not exists (
         select from pg_catalog.string_to_table(split_part(b.objects, ' ', 3), ',') as wanted (number)
         where not exists (select from pg_catalog.pg_attribute a
           where a.attrelid::text = split_part(b.objects, ' ', 2) and a.attnum::text = wanted.number and not a.attisdropped))
       and not exists (
         select from (values (1), (2)) as part (n)
         where not exists (select from pg_catalog.pg_class c where c.oid::text = split_part(b.objects, ' ', part.n)))
       order by 1, 2`,
      [table],
    )),
  ]);
}
