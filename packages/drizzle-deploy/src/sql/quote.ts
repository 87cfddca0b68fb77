import type { QualifiedName } from "./names.ts";
/**
 * The one place where SQL text is quoted by this project; everything else passes values as parameters.
 * PostgreSQL 17 manual, 4.1.1 "Identifiers and Key Words" and 4.1.2 "Constants".
 */

/** A name as a quoted identifier. Throws a RangeError for a name that PostgreSQL cannot hold. */
export function quoteIdentifier(name: string): string {
  if (name === "" || name.includes("\0")) throw new RangeError(`not an identifier: ${JSON.stringify(name)}`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** A schema-qualified name, each part quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The name of something that lives in a schema, each part quoted. */
export const quoteName = ({ schema, name }: QualifiedName): string => quoteQualified(schema, name);

/** A text as a string literal, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new RangeError("a PostgreSQL string cannot hold a NUL character");
  const body = text.replaceAll("'", "''");
  return body.includes("\\") ? `E'${body.replaceAll("\\", "\\\\")}'` : `'${body}'`;
}

/** A text in dollar quotes whose tag does not occur in it. PostgreSQL 17 manual, 4.1.2.4 "Dollar-Quoted String Constants". */
export function dollarQuote(text: string, tag: string): string {
  let free = tag;
  for (let number = 1; text.includes(`$${free}`); number += 1) free = `${tag}${number}`;
  return `$${free}$${text}$${free}$`;
}
