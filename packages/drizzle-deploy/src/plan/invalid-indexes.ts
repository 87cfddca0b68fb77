import type { Catalog } from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { quoteQualified } from "../sql/quote.ts";
import type { ParsedStatement } from "./parse.ts";

/** What the indexes are called that a rollback builds before a constraint takes them, and its name with them. */
export const unfinishedPrefix = ({ recordSchema }: Names): string => `${recordSchema}_restored_`;

/**
 * Statements that drop what an interrupted rollback built for constraints that do not come back, now that the way is
 * forward again: it would go on refusing rows. They come before a migration's own, and are numbered so.
 */
export function dropInvalidIndexes({ tables }: Catalog, names: Names): ParsedStatement[] {
  const prefix = unfinishedPrefix(names);
  const left = tables.flatMap(({ schema, indexes }) =>
    indexes.flatMap(({ name, constraint }) =>
      constraint === null && name.startsWith(prefix) ? [quoteQualified(schema, name)] : [],
    ),
  );
  return left.flatMap((name, at) =>
    parseStatements(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`).map((statement) => ({
      ...statement,
      number: -at,
    })),
  );
}
