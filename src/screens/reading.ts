import { eq, isNull, type SQL, sql } from "drizzle-orm";
import type { AnyPgColumn, PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";

/**
 * What a screen is read through: the transaction of a session, or a database, of any of Drizzle's PostgreSQL drivers.
 * Whose rows are seen is told by its role; through a database of the application's own role they are all seen, and the
 * user whom the query names is all that holds it.
 */
export type Reader = Pick<PgDatabase<PgQueryResultHKT>, "select">;

/** Which rows a query is about. A benchmark asks without the one or the other, to measure what it is worth. */
export interface Scope {
  /** That a row is the user's. */
  readonly own: (userId: AnyPgColumn) => SQL | undefined;
  /** That a row is not deleted. */
  readonly live: (deletedAt: AnyPgColumn) => SQL | undefined;
}

/**
 * The live rows of a user. Every query names the user, whom row-level security names too: from `auth.uid()` alone the
 * planner expects an average user, and reads the largest one's rows in a way that is a hundred times slower.
 */
export const liveRowsOf = (user: string): Scope => ({
  own: (userId) => eq(userId, user),
  live: (deletedAt) => isNull(deletedAt),
});

/**
 * A comparison with a constant, in the text of the query. As a parameter it would cost the partial index once a
 * prepared statement gets its generic plan: PostgreSQL can't prove the index's predicate from a value it doesn't know.
 */
export function isNot<Value extends string>(
  column: AnyPgColumn<{ data: Value }>,
  value: NoInfer<Value>,
): SQL {
  return sql`${column} <> ${sql`${value}`.inlineParams()}`;
}

/** A day as the database reads it: the one that is given, or today where the business is. */
export const dayOf = (today: string | undefined): SQL =>
  today === undefined ? sql`public.business_date()` : sql`${today}::date`;

/** A day, moved by whole days. */
export const movedBy = (day: SQL, days: number): SQL => sql`${day} + ${sql.raw(`(${days})`)}`;
