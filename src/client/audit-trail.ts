import { and, desc, eq, gte, inArray, lt, type SQL, sql, type TablesRelationalConfig } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT, PgTransactionConfig } from "drizzle-orm/pg-core";
import { automationPermissionsAudit as audit, type PermissionChange } from "../schema/index.ts";
import { decodeCursor, encodeCursor, type Page, pageOf, timeKey, uuidKey } from "./cursor.ts";
import { SnapshotMissing } from "./errors.ts";

/** What became of one user's automation permissions: a row of `automation_permissions_audit`. */
export interface AuditEntry {
  readonly id: string;
  /** Whose permissions. */
  readonly userId: string;
  /** ISO 8601 in UTC, to the microsecond as the database has it: `2026-02-14T03:00:00.123456Z`. */
  readonly changedAt: string;
  /** Who changed them: a user's id, or the database role where nobody was signed in. */
  readonly changedBy: string;
  readonly changeType: PermissionChange;
  /** A domain, `true` or `false`, `setting=value`, or all settings as JSON, by the type of change. */
  readonly previousValue: string | null;
  readonly newValue: string | null;
}

/** Which entries of the trail; all that the session may see where nothing is named. */
export interface AuditFilter {
  readonly userId?: string;
  /** The earliest, inclusive. */
  readonly since?: Date;
  /** Where it ends, exclusive. */
  readonly until?: Date;
  readonly types?: readonly PermissionChange[];
}

/** Which page of the trail. */
export interface AuditPage extends AuditFilter {
  /** Where the page before ended: its `next`. */
  readonly after?: string;
  /** Entries of a page, 1 to 1000. Default 50. */
  readonly limit?: number;
}

/** One state of the database to read from, whatever is written meanwhile: for sessions that {@link auditEntries} reads in. */
export const snapshot = {
  isolationLevel: "repeatable read",
  accessMode: "read only",
} as const satisfies PgTransactionConfig;

const list = "audit trail";
const largestPage = 1000;

/** The last entry that was read: its time as PostgreSQL reads it, and its id. */
type Key = readonly [changedAt: string, id: string];

const columns = {
  id: audit.id,
  userId: audit.userId,
  // As text: a Date ends at the millisecond, and entries of the same one would be left out between two pages.
  changedAt: sql<string>`to_char(${audit.changedAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  changedBy: audit.changedBy,
  changeType: audit.changeType,
  previousValue: audit.previousValue,
  newValue: audit.newValue,
};

const keyOf = ({ changedAt, id }: AuditEntry): Key => [changedAt.replace("T", " ").replace("Z", "+00"), id];

/** One comparison of both keys, which an index on the time alone can begin with. */
const isAfter = ([changedAt, id]: Key): SQL =>
  sql`(${audit.changedAt}, ${audit.id}) < (${changedAt}::timestamptz, ${id}::uuid)`;

function conditions({ userId, since, until, types }: AuditFilter, after: Key | undefined): SQL | undefined {
  return and(
    userId === undefined ? undefined : eq(audit.userId, userId),
    since === undefined ? undefined : gte(audit.changedAt, since),
    until === undefined ? undefined : lt(audit.changedAt, until),
    types === undefined ? undefined : inArray(audit.changeType, [...types]),
    after === undefined ? undefined : isAfter(after),
  );
}

/**
 * A page of the audit trail, the newest entry first. As a user it has that user's own entries, whatever `userId` says;
 * as service everybody's.
 *
 * @throws {CursorInvalid} for an `after` that no page of the trail gave out
 * @throws RangeError for a limit that is no whole number from 1 to 1000
 *
 * @example
 * const page = await asUser(db, claims, (tx) => auditTrail(tx, { types: ["whitelist_added"], limit: 20 }));
 * for (const { day, entries } of auditTimeline(page.rows)) console.log(day, entries.map(({ text }) => text));
 */
export async function auditTrail<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  tx: PgDatabase<Query, Full, Schema>,
  { after, limit = 50, ...filter }: AuditPage = {},
): Promise<Page<AuditEntry>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > largestPage)
    throw new RangeError(`a page has 1 to ${largestPage} entries, not ${limit}`);
  const key = after === undefined ? undefined : decodeCursor<Key>(list, after, [timeKey, uuidKey]);
  // One more than asked for: whether there is a next page is known without another query.
  const found: AuditEntry[] = await tx
    .select(columns)
    .from(audit)
    .where(conditions(filter, key))
    .orderBy(desc(audit.changedAt), desc(audit.id))
    .limit(limit + 1);
  return pageOf(found, limit, (entry) => encodeCursor(list, keyOf(entry)));
}

/** Entries that are read at once, and in memory at a time. */
const batch = 1000;

/**
 * The whole trail, the newest entry first, read as it is consumed and a thousand entries at a time, however long it is.
 * The session has to be a {@link snapshot}, so that all of it is of one state.
 *
 * @throws {SnapshotMissing} in a transaction that would see what others commit between two reads
 *
 * @example
 * await asService(
 *   db,
 *   (tx) => pipeline(auditEntries(tx, { since }), auditCsv, createWriteStream("trail.csv")),
 *   snapshot,
 * );
 */
export async function* auditEntries<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  tx: PgDatabase<Query, Full, Schema>,
  filter: AuditFilter = {},
): AsyncGenerator<AuditEntry, void, undefined> {
  for (let after: Key | undefined; ; ) {
    const rows = await tx
      .select({ ...columns, isolation: sql<string>`current_setting('transaction_isolation')` })
      .from(audit)
      .where(conditions(filter, after))
      .orderBy(desc(audit.changedAt), desc(audit.id))
      .limit(batch);
    for (const { isolation, ...entry } of rows) {
      if (isolation !== "repeatable read" && isolation !== "serializable") throw new SnapshotMissing();
      yield entry;
      after = keyOf(entry);
    }
    if (rows.length < batch) return;
  }
}
