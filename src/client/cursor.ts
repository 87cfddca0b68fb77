import { CursorInvalid } from "./errors.ts";
import { isDate, isUuid } from "./forms.ts";

declare const brand: unique symbol;

/**
 * Where a page of a list ended, as text that goes through a URL unchanged. Only the list that gave it out can read
 * it. It is no secret and no permission: it holds the last row's keys, and whose rows are seen is told by the session.
 */
export type Cursor = string & { readonly [brand]: "cursor" };

/** A page of a list, and where the next one begins; null after the last. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: Cursor | null;
}

/** Reads a key out of a cursor; undefined where it is none. */
export type KeyParser<Key> = (value: unknown) => Key | undefined;

/** A key that is text of a form. */
const textKey =
  (isOfForm: (text: string) => boolean): KeyParser<string> =>
  (value) =>
    typeof value === "string" && isOfForm(value) ? value : undefined;

/** An id as PostgreSQL prints it, in lower case. */
export const uuidKey = textKey((text) => isUuid(text) && text === text.toLowerCase());

/** A date as PostgreSQL prints it, which may be before Christ or the beginning or end of all time. */
export const dateKey = textKey((text) => isDate(text.replace(/ BC$/, "")) || /^-?infinity$/.test(text));

/**
 * A time as PostgreSQL prints it: to the microsecond, which a JavaScript Date would lose, and rows of the same
 * millisecond with it.
 */
export const timeKey = textKey((text) =>
  /^\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?([+-]\d{2}(:\d{2}){0,2})?$/.test(text),
);

export const integerKey: KeyParser<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;

/** The cursor after the row with these keys. */
export function encodeCursor(list: string, keys: readonly (string | number)[]): Cursor {
  const isCursor = (text: string): text is Cursor => text !== "";
  const text = Buffer.from(JSON.stringify([list, ...keys]), "utf8").toString("base64url");
  if (!isCursor(text)) throw new TypeError("a cursor is never empty");
  return text;
}

/**
 * The keys of the row that a page of this list ended with.
 * @throws {CursorInvalid} for whatever else
 */
export function decodeCursor<Keys extends readonly unknown[]>(
  list: string,
  cursor: string,
  parsers: { readonly [Index in keyof Keys]: KeyParser<Keys[Index]> },
): Keys {
  let held: unknown;
  try {
    held = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw new CursorInvalid();
  }
  if (!Array.isArray(held) || held[0] !== list || held.length !== parsers.length + 1)
    throw new CursorInvalid();
  const keys: unknown[] = parsers.map((parse, at) => parse(held[at + 1]));
  const areKeys = (found: readonly unknown[]): found is Keys => found.every((key) => key !== undefined);
  if (!areKeys(keys)) throw new CursorInvalid();
  return keys;
}

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
