import type { Catalog } from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { quoteQualified } from "../sql/quote.ts";
import type { ParsedStatement } from "../statements/parse.ts";
import { isLeftBeside } from "./replaced-index.ts";

/** What the indexes are called that a rollback builds before a constraint takes them, and its name with them. */
export const unfinishedPrefix = ({ recordSchema }: Names): string => `${recordSchema}_restored_`;

/**
 * Statements that drop what was built for nothing: by an interrupted rollback for constraints that do not come back, now
 * that the way is forward again, and by an interrupted deployment in place of an index that another tool made since. It
 * would go on refusing rows. They come before a migration's own, and are numbered so.
 *
 * @param pending the statements of the migrations to come
 */
export function dropInvalidIndexes(
  { tables }: Catalog,
  names: Names,
  pending: readonly ParsedStatement[],
): ParsedStatement[] {
  const prefix = unfinishedPrefix(names);
  const left = tables.flatMap(({ schema, indexes }) =>
    indexes.flatMap(({ name, constraint }) =>
      constraint === null && (name.startsWith(prefix) || isLeftBeside(name, names, pending))
        ? [quoteQualified(schema, name)]
        : [],
    ),
  );
  return left.flatMap((name, at) =>
    parseStatements(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`).map((statement) => ({
      ...statement,
      asWritten: statement.sql,
      number: -at,
    })),
  );
}
