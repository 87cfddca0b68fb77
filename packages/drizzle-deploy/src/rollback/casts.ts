import type { ObjectIdentity } from "../catalog/index.ts";
import { fingerprint, parseStatements } from "../sql/parser.ts";

/** A statement around what a property holds, so that it parses. */
function statementOf({ kind }: ObjectIdentity, property: string, text: string): string {
  if (kind === "constraint") return `ALTER TABLE t ADD ${text}`;
  return property === "definition" ? text : `SELECT ${text}`;
}

/** A parse tree without its casts. */
function withoutCasts(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutCasts);
  if (typeof tree !== "object" || tree === null) return tree;
  const { TypeCast: cast }: { TypeCast?: unknown } = tree;
  if (typeof cast === "object" && cast !== null && "arg" in cast) return withoutCasts(cast.arg);
  return Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, withoutCasts(part)]));
}

/**
 * Whether two definitions, as PostgreSQL printed them, say the same but for casts. Where a column has another type,
 * PostgreSQL prints the casts of that type with whatever reads the column, and prints no others however it is written.
 */
export function isSameButForCasts(
  object: ObjectIdentity,
  { property, expected, actual }: { property: string; expected: string | null; actual: string | null },
): boolean {
  if (expected === null || actual === null) return false;
  const read = (text: string): string =>
    fingerprint(withoutCasts(parseStatements(statementOf(object, property, text)).map(({ node }) => node)));
  return read(expected) === read(actual);
}
