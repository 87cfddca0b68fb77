import type { UUID } from "node:crypto";
import { hasRecords, recordTables } from "drizzle-deploy";
import type { Queryable } from "drizzle-deploy/postgres";
import { z } from "zod";
import { spfpNames } from "../spfp.ts";
import { type Remainder, remainderSchema } from "./receipt.ts";
import { countRows } from "./user-tables.ts";

/*
 * Erasures in the records of deployments, as fixes are: the database itself knows how far one got, in the transactions
 * that it deletes in, so that the counts hold whatever interrupts it.
 */

const progressSchema = z.object({
  startedAt: z.iso.datetime(),
  runs: z.int(),
  erased: z.array(z.object({ table: z.string(), rows: z.int() })),
  unlinked: z.array(z.object({ table: z.string(), column: z.string(), rows: z.int() })),
  cameIn: z.int(),
  recordedChanges: z.int(),
  loginDeleted: z.boolean(),
  left: z.array(remainderSchema),
});

/** How far an erasure is, in all its runs; see the receipt. */
export type Progress = z.infer<typeof progressSchema>;

const formerSchema = z.array(z.object({ id: z.string(), details: progressSchema }));

/** Whether an erasure of this user is recorded. */
export async function wasErased(sql: Queryable, userId: string): Promise<boolean> {
  if (!(await hasRecords(sql, spfpNames))) return false;
  const { deployments } = recordTables(spfpNames);
  const rows = await sql.unsafe(
    `select from ${deployments} where details ->> 'fix' = 'erasure' and details ->> 'user' = $1 limit 1`,
    [userId],
  );
  return rows.length > 0;
}

/**
 * Begins the record of a run, as part of a transaction. What the last one for this user did not come to the end of is
 * taken over.
 */
export async function beginProgress(
  sql: Queryable,
  id: UUID,
  userId: string,
  left: readonly Remainder[],
): Promise<Progress> {
  const { deployments } = recordTables(spfpNames);
  const [former] = formerSchema.parse([
    ...(await sql.unsafe(
      `update ${deployments} set details = details || jsonb_build_object('continuedBy', $2::text)
       where id = (
         select id from ${deployments}
         where details ->> 'fix' = 'erasure' and details ->> 'user' = $1 and details ->> 'continuedBy' is null
           and outcome in ('interrupted', 'failed')
         order by started_at desc limit 1
       )
       returning id::text, details`,
      [userId, id],
    )),
  ]);
  const progress: Progress =
    former === undefined
      ? {
          startedAt: new Date().toISOString(),
          runs: 1,
          erased: [],
          unlinked: [],
          cameIn: 0,
          recordedChanges: 0,
          loginDeleted: false,
          left: [...left],
        }
      : { ...former.details, runs: former.details.runs + 1 };
  await writeDetails(sql, id, { fix: "erasure", user: userId, ...progress });
  return progress;
}

/** Records how far it is, in the transaction that got it there. */
export const recordProgress = (sql: Queryable, id: UUID, progress: Progress): Promise<void> =>
  writeDetails(sql, id, progress);

async function writeDetails(sql: Queryable, id: UUID, details: object): Promise<void> {
  await sql.unsafe(
    `update ${recordTables(spfpNames).deployments} set details = details || $2::text::jsonb where id = $1::uuid`,
    [id, JSON.stringify(details)],
  );
}

/** Records of deployments and fixes that mention the user: findings and messages of the server may. */
export async function findRecords(sql: Queryable, userId: string): Promise<Remainder[]> {
  const { deployments, steps } = recordTables(spfpNames);
  const rows = await countRows(
    sql,
    `select (select count(*) from ${deployments} where details::text like $1 and details ->> 'fix' is distinct from 'erasure')
       + (select count(*) from ${steps} where error like $1) as rows`,
    [`%${userId}%`],
  );
  const why = "records of deployments whose findings or errors name the id";
  return rows > 0 ? [{ where: `schema ${spfpNames.recordSchema}`, rows, why }] : [];
}
