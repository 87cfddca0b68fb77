import { loadModule, type Node, parseSync } from "libpg-query";
import { deparseSync } from "pgsql-deparser";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import type { Migration } from "../migrations/index.ts";

/** One statement of a migration, as PostgreSQL's own parser reads it. */
export interface ParsedStatement {
  /** Its place in the migration, from 1. */
  readonly number: number;
  /** Its text without the comments before it and the semicolon after it. */
  readonly sql: string;
  readonly node: Node;
}

const isNode = (value: unknown): boolean =>
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

/** Loads the parser, which is WebAssembly; every other function here needs that done. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** The statements of a text in order. Throws what the parser throws for one that is not SQL. */
export function parseStatements(text: string): Omit<ParsedStatement, "number">[] {
  const { stmts = [] } = resultSchema.parse(parseSync(text));
  // The parser counts in bytes of UTF-8.
  const bytes = Buffer.from(text);
  return stmts.map(({ stmt, stmt_location: from = 0, stmt_len: length }) => ({
    sql: withoutLeadingComments(bytes.subarray(from, length ? from + length : undefined).toString()).replace(
      /[\s;]+$/,
      "",
    ),
    node: stmt,
  }));
}

/**
 * The statements of a migration in order.
 * @throws SpfpError FILE_INVALID for one that PostgreSQL's grammar refuses, naming file and statement
 */
export async function parseMigration({ tag, statements }: Migration): Promise<ParsedStatement[]> {
  await loadParser();
  const parsed: ParsedStatement[] = [];
  for (const text of statements) {
    // The parser takes an empty text for an error, and a chunk may be all comment.
    if (withoutLeadingComments(text) === "") continue;
    try {
      for (const statement of parseStatements(text)) {
        parsed.push({ ...unwrapped(statement), number: parsed.length + 1 });
      }
    } catch (cause) {
      throw new SpfpError(
        "FILE_INVALID",
        `${tag}.sql, statement ${parsed.length + 1}, is not SQL that PostgreSQL 17 understands: ${cause instanceof Error ? cause.message : cause}`,
        "Correct the migration file; nothing was run.",
        { cause },
      );
    }
  }
  return parsed;
}

/*
 * The body of what drizzle-kit wrote, before PostgreSQL had to be asked, around a type or a foreign key that may be there
 * already. The parser of SQL takes a body for a text; in this one nothing is declared that could change what is inside.
 */
const envelope =
  /^\s*BEGIN\s+(\S[\s\S]*);\s*EXCEPTION\s+WHEN\s+duplicate_object\s+THEN\s+null\s*;\s*END\s*;?\s*$/i;

/** Whether a statement makes types or constraints and nothing else. */
function makesWhatMayBeThere({ node }: Omit<ParsedStatement, "number">): boolean {
  if ("CreateEnumStmt" in node) return true;
  if (!("AlterTableStmt" in node)) return false;
  const { cmds = [] } = node.AlterTableStmt;
  return cmds.every((one) => "AlterTableCmd" in one && one.AlterTableCmd.subtype === "AT_AddConstraint");
}

/**
 * The statement inside a block that only keeps silent about what is there already, so that it is taken as any other;
 * a statement that is no such block as it is.
 */
function unwrapped(statement: Omit<ParsedStatement, "number">): Omit<ParsedStatement, "number"> {
  if (!("DoStmt" in statement.node)) return statement;
  const [body, ...others] = (statement.node.DoStmt.args ?? []).flatMap((node) =>
    "DefElem" in node && node.DefElem.defname === "as" && node.DefElem.arg && "String" in node.DefElem.arg
      ? [node.DefElem.arg.String.sval ?? ""]
      : ["another language"],
  );
  const inside = others.length === 0 ? envelope.exec(body ?? "")?.[1] : undefined;
  if (inside === undefined) return statement;
  try {
    const [only, ...rest] = parseStatements(inside);
    return only && rest.length === 0 && makesWhatMayBeThere(only) ? only : statement;
  } catch {
    return statement;
  }
}

/** White space, line comments and (nested) block comments off the front. PostgreSQL 17 manual, 4.1.5 "Comments". */
function withoutLeadingComments(text: string): string {
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

const places = ["location", "stmt_location", "stmt_len"];

/** A tree as text without places in the source and with its fields in one order, so that two can be compared. */
export function fingerprint(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (places.includes(key)) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/**
 * A statement as SQL. What is printed is parsed again and has to be the same tree, so that a printer's mistake cannot
 * become a change to a database. Throws a RangeError where it is not: the statement then can't be rewritten.
 */
export function print(node: Node): string {
  const sql = deparseSync(node, { pretty: false }).replace(/[\s;]+$/, "");
  let again: string | null = null;
  try {
    const [first, ...others] = parseStatements(sql);
    if (first && others.length === 0) again = fingerprint(first.node);
  } catch {
    // Then it is not SQL at all.
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
