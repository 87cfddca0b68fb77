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
import { connect, type DatabaseUrl, PostgresError, type Queryable } from "drizzle-deploy/postgres";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { spfpNames } from "../spfp.ts";
import { canHaveDuplicates } from "./duplicate-findings.ts";
import {
  categoryGroupSchema,
  findDuplicates,
  type RowChange,
  rowChangeSchema,
  templateGroupSchema,
} from "./duplicates.ts";
import { isMomentary, mergeInPieces } from "./pieces.ts";
import { keptChangeSchema, undoMergeWithin } from "./undo.ts";

/** What `fix duplicates` found, merged or took back, as `--json` prints it. */
export const fixReportSchema = z.strictObject({
  /** `shown`: a dry run, nothing was changed. */
  outcome: z.enum(["nothing to do", "shown", "merged", "undone"]),
  /** Of the record of this run; a merge is undone by it. Null where nothing was changed. */
  id: z.guid().nullable(),
  /** What stood in the way of the uniqueness rules; empty for an undo. */
  categories: z.array(categoryGroupSchema),
  templates: z.array(templateGroupSchema),
  /** How many rows were changed, or restored, by table. */
  changed: z.array(z.strictObject({ table: z.string(), rows: z.int() })),
  /** Of an undo: what was changed since the merge, and left as it is. */
  kept: z.array(keptChangeSchema),
});

export type FixReport = z.infer<typeof fixReportSchema>;

function countByTable(changes: readonly RowChange[]): FixReport["changed"] {
  const rows = new Map<string, Set<string>>();
  for (const { table, id } of changes) rows.set(table, (rows.get(table) ?? new Set()).add(id));
  return [...rows].map(([table, ids]) => ({ table, rows: ids.size }));
}

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

const changesSchema = z.array(rowChangeSchema);

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
  return changesSchema.parse(typed);
}

/** Begins the record of a fix on a session of its own, and ends both whatever happens. */
async function recorded<Result>(
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

async function showDuplicates(url: DatabaseUrl): Promise<FixReport> {
  const sql = await connect(url, { applicationName: "spfp-db fix" });
  try {
    const { categories, templates } = await sql.begin("read only", async (transaction) =>
      (await canHaveDuplicates(transaction))
        ? findDuplicates(transaction)
        : { categories: [], templates: [] },
    );
    const outcome = categories.length + templates.length === 0 ? "nothing to do" : "shown";
    return { outcome, id: null, categories, templates, changed: [], kept: [] };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const takenSchema = z.tuple([z.object({ next: z.coerce.number() })]);

/**
 * Takes over what merges before it changed and did not come to the end of: whoever undoes this one undoes them too.
 * @returns the place of the next change
 */
async function takeOver(sql: Queryable, id: UUID): Promise<number> {
  const { changes, deployments } = recordTables(spfpNames);
  const [{ next }] = takenSchema.parse([
    ...(await sql.unsafe(
      `with unfinished as (
         select c.deployment_id, c.seq, row_number() over (order by d.started_at, c.seq) - 1 as place
         from ${changes} c join ${deployments} d on d.id = c.deployment_id
         where d.kind = 'fix' and d.outcome in ('interrupted', 'failed') and d.details ->> 'undoneBy' is null
       ), taken as (
         update ${changes} c set deployment_id = $1::uuid, seq = u.place
         from unfinished u where c.deployment_id = u.deployment_id and c.seq = u.seq
         returning 1
       )
       select count(*) as next from taken`,
      [id],
    )),
  ]);
  return next;
}

/**
 * Shows the duplicates that the uniqueness rules would refuse; with `apply` merges them, user by user and in pieces,
 * and records every change in the transaction that makes it, so that `undoFix` can restore what was there. What an
 * interrupted merge changed stays, and the next one goes on from there and is undone with it.
 *
 * @throws SpfpError as `connect`; with `apply` POOLER and DEPLOYMENT_RUNNING too, and LOCK_TIMEOUT
 */
export async function fixDuplicates(
  url: DatabaseUrl,
  { apply = false }: { readonly apply?: boolean } = {},
): Promise<FixReport> {
  const shown = await showDuplicates(url);
  if (!apply || shown.outcome === "nothing to do") return shown;
  return recorded(url, async ({ sql, verify }, id) => {
    let next = await takeOver(sql, id);
    const { categories, templates } = await mergeInPieces(sql, async (transaction, changes) => {
      await verify(transaction);
      await recordChanges(transaction, id, changes, next);
      next += changes.length;
    }).catch((error: unknown) => {
      if (!isMomentary(error)) throw error;
      throw new DeployError(
        "LOCK_TIMEOUT",
        "somebody holds rows of a user whose duplicates are being merged, for longer than it is worth waiting",
        `What was merged stays. Find who it is (select * from pg_stat_activity), then run spfp-db fix duplicates --apply again, which goes on; or take it back with --undo ${id}.`,
        { cause: error },
      );
    });
    const changed = countByTable(await readChanges(sql, id));
    await finishDeployment(sql, spfpNames, id, "completed", { fix: "duplicates", changed });
    return fixReportSchema.parse({ outcome: "merged", id, categories, templates, changed, kept: [] });
  });
}

const fixSchema = z.array(z.object({ undone: z.string().nullable() }));

const unknown = (what: string): SpfpError =>
  new SpfpError("FIX_UNKNOWN", what, "Give the id that spfp-db fix duplicates --apply printed.");

/**
 * That a fix is recorded in this database and was not undone.
 * @param lock whether it stays so until the transaction ends
 * @throws SpfpError FIX_UNKNOWN
 */
async function requireFix(sql: Queryable, fix: string, { lock }: { readonly lock: boolean }): Promise<void> {
  const rows = (await hasRecords(sql, spfpNames))
    ? await sql.unsafe(
        `select details ->> 'undoneBy' as undone from ${recordTables(spfpNames).deployments} d
         where id = $1::uuid and kind = 'fix' and (details ->> 'fix' = 'duplicates'
           or exists (select from ${recordTables(spfpNames).changes} c where c.deployment_id = d.id))${lock ? " for update" : ""}`,
        [fix],
      )
    : [];
  const [record] = fixSchema.parse([...rows]);
  if (!record) throw unknown(`there is no fix ${fix} in this database`);
  if (record.undone !== null) throw unknown(`fix ${fix} was undone before, by ${record.undone}`);
}

/**
 * Undoes a fix: every row that still holds what the fix had set gets back what it held before, in one transaction.
 * What was changed since is left as it is, and reported.
 *
 * @param fix the id that the fix reported
 * @throws SpfpError FIX_UNKNOWN: there is no such fix, or it was undone before; DATA_REFUSED: the uniqueness rules are
 * in force, which what was there before breaks
 */
export async function undoFix(url: DatabaseUrl, fix: string): Promise<FixReport> {
  if (!z.guid().safeParse(fix).success) throw unknown(`"${fix}" is no id of a fix`);
  // Looked for before anything is recorded: it may be the wrong database.
  const sql = await connect(url, { applicationName: "spfp-db fix" });
  await requireFix(sql, fix, { lock: false }).finally(() => sql.end({ timeout: 1 }));
  return recorded(url, (session, id) =>
    session.sql
      .begin("isolation level read committed", async (transaction) => {
        await session.verify(transaction);
        await requireFix(transaction, fix, { lock: true });
        const { undone, kept } = await undoMergeWithin(transaction, await readChanges(transaction, fix));
        const changed = countByTable(undone);
        await transaction.unsafe(
          `update ${recordTables(spfpNames).deployments} set details = details || jsonb_build_object('undoneBy', $2::text)
           where id = $1::uuid`,
          [fix, id],
        );
        await finishDeployment(transaction, spfpNames, id, "completed", { undoes: fix, changed, kept });
        return fixReportSchema.parse({
          outcome: "undone",
          id,
          categories: [],
          templates: [],
          changed,
          kept,
        });
      })
      .catch((error: unknown) => {
        if (!(error instanceof PostgresError) || error.code !== "23505") throw error;
        throw new DeployError(
          "DATA_REFUSED",
          `fix ${fix} cannot be undone: ${error.constraint_name ?? "a uniqueness rule"} refuses what was there before`,
          "Nothing was changed. Roll back the deployment first (spfp-db rollback --scope all), then undo the fix.",
          { cause: error },
        );
      }),
  );
}
