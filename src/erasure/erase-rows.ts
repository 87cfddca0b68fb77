import type { Session } from "drizzle-deploy";
import { recordTables } from "drizzle-deploy";
import { DeployError, plural } from "drizzle-deploy/findings";
import { PostgresError, type Queryable, type Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { isMomentary, lockTimeout, persistently } from "../fixes/index.ts";
import { spfpNames } from "../spfp.ts";
import { oneState } from "./export-user.ts";
import { type Progress, recordProgress } from "./record.ts";
import { countPointing, type Reference } from "./references.ts";
import { blocked, isUnlinked, nameOfKey, type Survey } from "./survey.ts";
import {
  countOfUser,
  countRows,
  exactSettings,
  isAudited,
  isTrail,
  labelOf,
  quoted,
  type UserTable,
} from "./user-tables.ts";

/** Rows that are deleted in a transaction: whoever waits for them waits no longer than that takes. */
const batch = 2_000;

/** How often it is gone through the tables for rows that came in meanwhile. */
const passes = 5;

/** Told how many rows of a table are gone, and of how many. */
export type OnProgress = (progress: { table: string; erased: number; of: number }) => void;

/** A row of the user came in that points to what was about to be deleted: it has to be deleted first. */
class CameIn extends Error {}

const idsSchema = z.array(z.object({ id: z.string() }));

/** What a foreign key refuses with: since PostgreSQL 18 one that says RESTRICT does so with a code of its own. */
const stillReferenced = ["23503", "23001"];

/** PostgreSQL's refusal where somebody points to what was to be deleted. */
function refuseReferenced(error: unknown): never {
  if (!(error instanceof PostgresError) || !stillReferenced.includes(error.code)) throw error;
  throw blocked([`rows of ${error.table_name ?? "a table"} (${error.constraint_name ?? "a key"})`], error);
}

/** Adds rows to the count of what they have in common. */
function add<Count extends { rows: number }>(
  counts: Count[],
  entry: Count,
  isSame: (one: Count) => boolean,
): void {
  const found = counts.find(isSame);
  if (found) found.rows += entry.rows;
  else if (entry.rows > 0) counts.push(entry);
}

function addUnlinked(progress: Progress, { from, columns }: Reference, rows: number): void {
  const table = labelOf(from);
  const column = columns.map((pair) => pair.from).join(", ");
  add(progress.unlinked, { table, column, rows }, (one) => one.table === table && one.column === column);
}

/**
 * Deletes the rows of a user in short transactions, each recorded with what it did, until a look at all tables at once
 * finds none; then, where that is asked for, the login.
 * @throws SpfpError ERASURE_BLOCKED, ERASURE_INCOMPLETE; DeployError LOCK_TIMEOUT
 */
export async function eraseRows(
  session: Session,
  {
    survey,
    userId,
    login,
    onProgress,
  }: {
    readonly survey: Survey;
    readonly userId: string;
    readonly login: boolean;
    readonly onProgress: OnProgress;
  },
  progress: Progress,
): Promise<void> {
  const counted = new Map(survey.counts.map(({ table, rows }) => [table, rows]));
  const trail = survey.tables.find(isTrail);

  /** Commits what `work` did together with its record, and tries again while somebody is in the way. */
  function piece(work: (sql: Transaction) => Promise<number>): Promise<number> {
    return persistently(async () => {
      const before = structuredClone(progress);
      try {
        return await session.sql.begin("isolation level read committed", async (sql) => {
          await sql.unsafe(
            `select set_config('lock_timeout', $1, true), set_config('row_security', 'off', true)`,
            [lockTimeout],
          );
          await session.verify(sql);
          const done = await work(sql);
          await recordProgress(sql, session.id, progress);
          return done;
        });
      } catch (error) {
        Object.assign(progress, before);
        throw error;
      }
    }).catch((error: unknown) => {
      if (!isMomentary(error)) throw error;
      throw new DeployError(
        "LOCK_TIMEOUT",
        "another session holds rows to be erased for too long",
        "What was erased stays erased. Find who it is (select * from pg_stat_activity), then run the same command again, which goes on.",
        { cause: error },
      );
    });
  }

  /** Takes the changes of the user's rows out of the records of fixes, while it is known which rows are theirs. */
  async function forgetChanges(table: UserTable): Promise<void> {
    const { changes } = recordTables(spfpNames);
    await piece(async (sql) => {
      const rows = await countRows(
        sql,
        `with gone as (
           delete from ${changes} c using ${quoted(table)} t
           where c.table_name = $2 and c.row_id = t.id::text and t.user_id = $1::uuid
           returning 1
         )
         select count(*) as rows from gone`,
        [userId, table.name],
      );
      progress.recordedChanges += rows;
      return rows;
    });
  }

  /** That nothing points to these rows but what a foreign key empties; they are locked, so that nothing will. */
  async function requireFree(sql: Transaction, table: UserTable, ids: readonly string[]): Promise<void> {
    for (const reference of survey.references) {
      if (labelOf(reference.to) !== labelOf(table) || !reference.isReadable) continue;
      if (reference.isOfUsers && (await countPointing(sql, reference, userId, "own", ids)) > 0)
        throw new CameIn();
      const rows = await countPointing(sql, reference, userId, "others", ids);
      if (rows > 0 && reference.onDelete !== "unlink")
        throw blocked([`${plural(rows, "row")} of ${nameOfKey(reference)} that came in meanwhile`]);
      addUnlinked(progress, reference, rows);
    }
  }

  async function eraseBatch(sql: Transaction, table: UserTable): Promise<number> {
    const rows = await sql.unsafe(
      `select id::text from ${quoted(table)} where user_id = $1::uuid limit $2::int for update`,
      [userId, String(batch)],
    );
    const ids = idsSchema.parse([...rows]).map(({ id }) => id);
    if (ids.length === 0) return 0;
    await requireFree(sql, table, ids);
    const gone = await countRows(
      sql,
      `with gone as (
         delete from ${quoted(table)} where id in (select one::uuid from json_array_elements_text($1::text::json) one)
         returning 1
       )
       select count(*) as rows from gone`,
      [JSON.stringify(ids)],
    );
    if (isAudited(table) && trail !== undefined) {
      // What the trigger has just written says that the permissions were deleted: the erasure's own doing.
      await sql.unsafe(`delete from ${quoted(trail)} where user_id = $1::uuid and changed_at >= now()`, [
        userId,
      ]);
    }
    return gone;
  }

  const erasedHere = new Map<string, number>();

  async function eraseTable(table: UserTable): Promise<void> {
    const label = labelOf(table);
    const of = counted.get(label) ?? 0;
    for (;;) {
      const before = erasedHere.get(label) ?? 0;
      const gone = await piece(async (sql) => {
        const rows = await eraseBatch(sql, table);
        add(progress.erased, { table: label, rows }, (one) => one.table === label);
        progress.cameIn += Math.max(0, before + rows - of) - Math.max(0, before - of);
        return rows;
      }).catch(refuseReferenced);
      if (gone === 0) return;
      erasedHere.set(label, before + gone);
      onProgress({ table: label, erased: before + gone, of: Math.max(before + gone, of) });
    }
  }

  async function unlink(reference: Reference): Promise<void> {
    const column = quoteIdentifier(reference.columns[0]?.from ?? "");
    const table = quoted(reference.from);
    let rows: number;
    do {
      rows = await piece(async (sql) => {
        const emptied = await countRows(
          sql,
          `with emptied as (
             update ${table} set ${column} = null
             where id in (select id from ${table} where ${column} = $1::uuid and user_id <> $1::uuid
               limit $2::int for update)
             returning 1
           )
           select count(*) as rows from emptied`,
          [userId, String(batch)],
        );
        addUnlinked(progress, reference, emptied);
        return emptied;
      });
    } while (rows === batch);
  }

  async function isNothingLeft(sql: Queryable): Promise<boolean> {
    const counts = await countOfUser(sql, survey.tables, userId);
    return counts.every(({ rows }) => rows === 0);
  }

  /** Deletes the login, which is locked first, so that no row of the user can come in any more. */
  async function eraseLogin(): Promise<void> {
    await piece(async (sql) => {
      await sql.unsafe(`select from auth.users where id = $1::uuid for update`, [userId]);
      if (!(await isNothingLeft(sql))) throw new CameIn();
      const gone = await countRows(
        sql,
        `with gone as (delete from auth.users where id = $1::uuid returning 1) select count(*) as rows from gone`,
        [userId],
      );
      if (gone > 0) progress.loginDeleted = true;
      return gone;
    }).catch(refuseReferenced);
  }

  async function pass(): Promise<boolean> {
    for (const table of survey.tables) await eraseTable(table);
    for (const reference of survey.references.filter(isUnlinked)) await unlink(reference);
    if (login) await eraseLogin();
    return session.sql.begin(oneState, async (sql) => {
      await sql.unsafe(exactSettings);
      return isNothingLeft(sql);
    });
  }

  for (const table of survey.tables) await forgetChanges(table);
  for (let done = 0; done < passes; done += 1) {
    const isDone = await pass().catch((error: unknown) => {
      if (error instanceof CameIn) return false;
      throw error;
    });
    if (isDone) return;
  }
  throw new SpfpError(
    "ERASURE_INCOMPLETE",
    `rows of this user come in as fast as they are erased: ${plural(passes, "pass", "passes")} were not enough`,
    "Keep the user from signing in (Supabase: ban the user), and what writes for them from running, then run the same command again, which goes on.",
  );
}
