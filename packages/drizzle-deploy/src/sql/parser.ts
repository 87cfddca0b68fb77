import { createRequire } from "node:module";
import { loadModule, type Node, parseSync } from "libpg-query";
import { z } from "zod";

/*
 * PostgreSQL's own parser, as WebAssembly: what SQL says is read from its tree and never guessed from its text.
 */

// Loaded with this module, so that nobody can forget it: everything else here is synchronous.
await loadModule();

const require = createRequire(import.meta.url);

/** A statement with its text. */
export interface Statement {
  /** Without the comments before it and the semicolon after it. */
  readonly sql: string;
  readonly node: Node;
}

/** Whether a value is one node of a tree, as far as its outside tells. */
export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && Object.keys(value).length === 1;

// What is inside a node is read through types in which every field is optional, so a missing one is a case to handle.
const resultSchema = z.object({
  stmts: z
    .array(
      z.object({
        stmt: z.custom<Node>(isNode),
        stmt_location: z.int().optional(),
        stmt_len: z.int().optional(),
      }),
    )
    .optional(),
});

/** A statement with its place in the text that it was read from, in characters from 0. */
export interface PlacedStatement extends Statement {
  readonly begin: number;
  /** Of the first character behind it. */
  readonly end: number;
}

/** As `parseStatements`, with the place of each statement in the text. */
export function parseWithPlaces(text: string): PlacedStatement[] {
  const { stmts = [] } = resultSchema.parse(parseSync(text));
  // The parser counts in bytes of UTF-8.
  const bytes = Buffer.from(text);
  return stmts.map(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    const whole = bytes.subarray(from, length ? from + length : undefined).toString();
    const bare = withoutLeadingComments(whole);
    const sql = bare.replace(/[\s;]+$/, "");
    const begin = bytes.subarray(0, from).toString().length + whole.length - bare.length;
    return { sql, node: stmt, begin, end: begin + sql.length };
  });
}

/** The statements of a text in order. Throws what the parser throws for one that is not SQL. */
export const parseStatements = (text: string): Statement[] =>
  parseWithPlaces(text).map(({ sql, node }) => ({ sql, node }));

/** White space, line comments and (nested) block comments off the front. PostgreSQL 17 manual, 4.1.5 "Comments". */
export function withoutLeadingComments(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    if (rest.startsWith("--")) {
      const end = rest.indexOf("\n");
      rest = end < 0 ? "" : rest.slice(end).trimStart();
    } else if (rest.startsWith("/*")) {
      let depth = 1;
      let at = 2;
      while (depth > 0 && at < rest.length) {
        const pair = rest.slice(at, at + 2);
        if (pair === "/*") depth += 1;
        if (pair === "*/") depth -= 1;
        at += pair === "/*" || pair === "*/" ? 2 : 1;
      }
      rest = rest.slice(at).trimStart();
    } else return rest;
  }
}

/** The fields of a tree that say where in the source a part of it stands. */
export const places: ReadonlySet<string> = new Set([
  ...["location", "name_location", "stmt_location", "stmt_len"],
  ...["list_start", "list_end", "rexpr_list_start", "rexpr_list_end"],
]);

/** A tree as text without places in the source and with its fields in one order, so that two can be compared. */
export function fingerprint(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (places.has(key)) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/**
 * A statement as SQL. What is printed is parsed again and has to be the same tree, so that a printer's mistake cannot
 * become a change to a database. Throws a RangeError where it is not: the statement then can't be rewritten.
 */
export function print(node: Node): string {
  // Loaded with the first statement that is printed: who only compares prints none.
  const { deparseSync }: typeof import("pgsql-deparser") = require("pgsql-deparser");
  let sql = "";
  let again: string | null = null;
  try {
    sql = deparseSync(node, { pretty: false }).replace(/[\s;]+$/, "");
    const [first, ...others] = parseStatements(sql);
    if (first && others.length === 0) again = fingerprint(first.node);
  } catch {
    // Then it is not SQL at all, or of a kind that the printer does not know.
  }
  if (again !== fingerprint(node)) throw new RangeError(`cannot be printed faithfully: ${sql}`);
  return sql;
}

/**
 * A statement as SQL, printed; where that is not faithful, its own text with a change made to it, if that says the same.
 * Throws the RangeError of `print` where neither will do.
 *
 * @param ofText what the text has to say, where that is not `node` to the letter
 */
export function printOr(node: Node, text: string, ofText = node): string {
  try {
    return print(node);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [first, ...others] = parseStatements(text);
    if (first && others.length === 0 && fingerprint(first.node) === fingerprint(ofText)) return text;
    throw error;
  }
}
