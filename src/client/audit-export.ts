import type { AuditEntry } from "./audit-trail.ts";

/*
 * The trail as text, some lines at a time: nothing is read before it is asked for, so that `pipeline` of
 * `node:stream/promises` waits for whoever writes slowly.
 */

/** The columns of the table, in the order in which a person looks for them. */
const fields = [
  ["changed_at", "changedAt"],
  ["user_id", "userId"],
  ["changed_by", "changedBy"],
  ["change_type", "changeType"],
  ["previous_value", "previousValue"],
  ["new_value", "newValue"],
  ["id", "id"],
] as const satisfies readonly (readonly [string, keyof AuditEntry])[];

/** What a spreadsheet takes for the beginning of a formula, also in the wide forms of East Asian keyboards. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

/** A field as in RFC 4180: quoted where it has to be, and where it is empty, since a null is nothing at all. */
function cell(value: string | null): string {
  if (value === null) return "";
  const text = formula.test(value) ? `'${value}` : value;
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Characters that are handed on at once: writing line by line takes longer than reading the rows. */
const chunkLength = 16_384;

async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let chunk = "";
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

async function* csvLines(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
): AsyncGenerator<string, void, undefined> {
  yield `${fields.map(([name]) => name).join(",")}\r\n`;
  for await (const entry of entries) yield `${fields.map(([, key]) => cell(entry[key])).join(",")}\r\n`;
}

async function* jsonLines(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
): AsyncGenerator<string, void, undefined> {
  for await (const entry of entries)
    yield `${JSON.stringify(Object.fromEntries(fields.map(([name, key]) => [name, entry[key]])))}\n`;
}

/**
 * The trail as CSV, some lines at a time: RFC 4180, UTF-8 without a byte order mark, the names of the columns first. A
 * null is empty, an empty text `""`. It is for spreadsheets, which run what looks like a formula: a value that begins like
 * one (`=`, `+`, `-`, `@`, a tab or the end of a line) has an apostrophe before it. Take JSON lines where values must not
 * change.
 */
export function auditCsv(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
): AsyncGenerator<string, void, undefined> {
  return inChunks(csvLines(entries));
}

/** The trail as JSON lines: an object a line, with the names of the columns and the values as they are. */
export function auditJsonLines(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
): AsyncGenerator<string, void, undefined> {
  return inChunks(jsonLines(entries));
}
