import { randomUUID, type UUID } from "node:crypto";
import {
  beginDeployment,
  defaultExecutor,
  ensureRecords,
  finishDeployment,
  hasRecords,
  openSession,
  recordTables,
  type Session,
} from "drizzle-deploy";
import { DeployError } from "drizzle-deploy/findings";
import { connect, type DatabaseUrl, PostgresError, type Queryable, type Sql } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { spfpNames } from "../spfp.ts";
import { countByTable, type KeptChange, type RowChange, rowChangesSchema } from "./changes.ts";
import { isMomentary, type Recorder } from "./pieces.ts";
import { undoChangesWithin } from "./undo.ts";

/** What a fix puts right, by its command's name. */
const fixKinds = ["duplicates", "crossings"] as const;

export type FixKind = (typeof fixKinds)[number];

/** Records changes of a fix, after those that it recorded before. */
async function recordChanges(
  sql: Queryable,
  id: UUID,
  changes: readonly RowChange[],
  from: number,
): Promise<void> {
  await sql.unsafe(
    `insert into ${recordTables(spfpNames).changes} (deployment_id, seq, table_name, row_id, column_name, before, after)
     select $1::uuid, c.seq, c."table", c.id, c."column", c.before, c.after
     from json_to_recordset($2::text::json) as c
       (seq bigint, "table" text, id text, "column" text, before jsonb, after jsonb)`,
    [id, JSON.stringify(changes.map((change, at) => ({ seq: from + at, ...change })))],
  );
}

async function readChanges(sql: Queryable, id: string): Promise<RowChange[]> {
  const rows = await sql.unsafe(
    `select table_name as "table", row_id as id, column_name as "column",
       before #>> '{}' as before, after #>> '{}' as after
     from ${recordTables(spfpNames).changes} where deployment_id = $1::uuid order by seq`,
    [id],
  );
  const typed = [...rows].map((row) =>
    row["column"] === "is_default"
      ? { ...row, before: row["before"] === "true", after: row["after"] === "true" }
      : { ...row },
  );
  return rowChangesSchema.parse(typed);
}

/**
 * Begins the record of a change of data on a session of its own, and ends both whatever happens. What `work` throws is
 * on record as the reason.
 * @throws SpfpError as `connect`; POOLER, DEPLOYMENT_RUNNING; what `work` throws
 */
export async function recorded<Result>(
  url: DatabaseUrl,
  work: (session: Session, id: UUID) => Promise<Result>,
): Promise<Result> {
  const id = randomUUID();
  const session = await openSession(url, { kind: "fix", names: spfpNames, id });
  try {
    await ensureRecords(session.sql, spfpNames);
    await beginDeployment(session.sql, spfpNames, {
      id,
      kind: "fix",
      project: "spfp",
      executor: defaultExecutor(),
    });
    try {
      return await work(session, id);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await finishDeployment(session.sql, spfpNames, id, "failed", { reason }).catch(() => undefined);
      throw error;
    }
  } finally {
    await session.end();
  }
}

const takenSchema = z.tuple([z.object({ next: z.coerce.number() })]);

/** SQL: what the fix of a record puts right; null for a record of something else. Records of 0.1 know of one kind only. */
const kindOf = (record: string): string =>
  `case when ${record}.kind = 'fix' and ${record}.details ->> 'undoes' is null
     then coalesce(${record}.details ->> 'fix', 'duplicates') end`;

/**
 * Takes over what fixes of the kind before it changed and did not come to the end of: whoever undoes this one undoes
 * them too.
 * @returns the place of the next change
 */
async function takeOver(sql: Queryable, id: UUID, kind: FixKind): Promise<number> {
  const { changes, deployments } = recordTables(spfpNames);
  const [{ next }] = takenSchema.parse([
    ...(await sql.unsafe(
      `with unfinished as (
         select c.deployment_id, c.seq, row_number() over (order by d.started_at, c.seq) - 1 as place
         from ${changes} c join ${deployments} d on d.id = c.deployment_id
         where ${kindOf("d")} = $2 and d.outcome in ('interrupted', 'failed') and d.details ->> 'undoneBy' is null
       ), taken as (
         update ${changes} c set deployment_id = $1::uuid, seq = u.place
         from unfinished u where c.deployment_id = u.deployment_id and c.seq = u.seq
         returning 1
       )
       select count(*) as next from taken`,
      [id, kind],
    )),
  ]);
  return next;
}

/**
 * Runs a fix on a session of its own, and records every change in the transaction that makes it, so that `undoFix` can
 * restore what was there. What an interrupted fix of the kind changed stays; this one goes on and is undone with it.
 *
 * @throws SpfpError as `connect`; POOLER, DEPLOYMENT_RUNNING, and LOCK_TIMEOUT where the work gives up on a lock
 */
export function runFix<Result>(
  url: DatabaseUrl,
  kind: FixKind,
  work: (sql: Sql, record: Recorder) => Promise<Result>,
): Promise<{ readonly id: UUID; readonly result: Result; readonly changes: readonly RowChange[] }> {
  return recorded(url, async ({ sql, verify }, id) => {
    await sql.unsafe(
      `update ${recordTables(spfpNames).deployments} set details = details || jsonb_build_object('fix', $2::text)
       where id = $1::uuid`,
      [id, kind],
    );
    let next = await takeOver(sql, id, kind);
    const result = await work(sql, async (transaction, changes) => {
      await verify(transaction);
      await recordChanges(transaction, id, changes, next);
      next += changes.length;
    }).catch((error: unknown) => {
      if (!isMomentary(error)) throw error;
      throw new DeployError(
        "LOCK_TIMEOUT",
        "another session holds rows to be fixed for too long",
        `What was fixed stays. Find who it is (select * from pg_stat_activity), then run spfp-db fix ${kind} --apply again, which goes on; or take it back with --undo ${id}.`,
        { cause: error },
      );
    });
    const changes = await readChanges(sql, id);
    await finishDeployment(sql, spfpNames, id, "completed", { changed: countByTable(changes) });
    return { id, result, changes };
  });
}

const fixSchema = z.array(z.object({ kind: z.enum(fixKinds), undone: z.string().nullable() }));

const unknown = (what: string, kind: FixKind): SpfpError =>
  new SpfpError("FIX_UNKNOWN", what, `Give the id that spfp-db fix ${kind} --apply printed.`);

/**
 * That a fix of a kind is recorded in this database and was not undone.
 * @param lock whether it stays so until the transaction ends
 * @throws SpfpError FIX_UNKNOWN
 */
async function requireFix(
  sql: Queryable,
  fix: string,
  { kind, lock }: { readonly kind: FixKind; readonly lock: boolean },
): Promise<void> {
  const rows = (await hasRecords(sql, spfpNames))
    ? await sql.unsafe(
        `select ${kindOf("d")} as kind, details ->> 'undoneBy' as undone from ${recordTables(spfpNames).deployments} d
         where id = $1::uuid and ${kindOf("d")} is not null and (outcome = 'completed'
           or exists (select from ${recordTables(spfpNames).changes} c where c.deployment_id = d.id))${lock ? " for update" : ""}`,
        [fix],
      )
    : [];
  const [record] = fixSchema.parse([...rows]);
  if (!record) throw unknown(`there is no fix ${fix} in this database`, kind);
  if (record.kind !== kind) {
    throw new SpfpError(
      "FIX_UNKNOWN",
      `fix ${fix} was one of ${record.kind}`,
      `Undo it with: spfp-db fix ${record.kind} --undo ${fix}`,
    );
  }
  if (record.undone !== null) throw unknown(`fix ${fix} was undone before, by ${record.undone}`, kind);
}

/** What refuses to have back what a fix had put right: a rule of uniqueness, a reference to another user's row. */
const isRuleInForce = (error: unknown): error is PostgresError =>
  error instanceof PostgresError && ["23505", "23503", "23001"].includes(error.code);

/**
 * Undoes a fix: every row that still holds what the fix had set gets back what it held before, and what it made goes,
 * in one transaction. What was changed since is left as it is, and told.
 *
 * @param fix the id that the fix reported
 * @throws SpfpError FIX_UNKNOWN: there is no such fix of the kind, or it was undone before; DATA_REFUSED: a rule is in
 * force that what was there before breaks
 */
export async function undoRecorded(
  url: DatabaseUrl,
  kind: FixKind,
  fix: string,
): Promise<{
  readonly id: UUID;
  readonly undone: readonly RowChange[];
  readonly kept: readonly KeptChange[];
}> {
  if (!z.guid().safeParse(fix).success) throw unknown(`"${fix}" is not the id of a fix`, kind);
  // Looked for before anything is recorded: it may be the wrong database.
  const sql = await connect(url, { applicationName: "spfp-db fix" });
  await requireFix(sql, fix, { kind, lock: false }).finally(() => sql.end({ timeout: 1 }));
  return recorded(url, (session, id) =>
    session.sql
      .begin("isolation level read committed", async (transaction) => {
        await session.verify(transaction);
        await requireFix(transaction, fix, { kind, lock: true });
        const { undone, kept } = await undoChangesWithin(transaction, await readChanges(transaction, fix));
        const changed = countByTable(undone);
        await transaction.unsafe(
          `update ${recordTables(spfpNames).deployments} set details = details || jsonb_build_object('undoneBy', $2::text)
           where id = $1::uuid`,
          [fix, id],
        );
        await finishDeployment(transaction, spfpNames, id, "completed", { undoes: fix, changed, kept });
        return { id, undone, kept };
      })
      .catch((error: unknown) => {
        if (!isRuleInForce(error)) throw error;
        throw new DeployError(
          "DATA_REFUSED",
          `fix ${fix} cannot be undone: ${error.constraint_name ?? "a rule"} refuses what was there before`,
          "Nothing was changed. Roll back the deployment first (spfp-db rollback --scope all), then undo the fix.",
          { cause: error },
        );
      }),
  );
}
