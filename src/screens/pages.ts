import type { Cursor, Page } from "../client/cursor.ts";

/**
 * A page out of one row more than it shows, which tells whether another page follows.
 *
 * @param after the cursor after a row
 */
export function pageOf<Row>(rows: readonly Row[], limit: number, after: (row: Row) => Cursor): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? after(last) : null };
}
