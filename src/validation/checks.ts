import { getTableConfig, PgDialect, type PgTable } from "drizzle-orm/pg-core";

const operators = [">=", ">", "<=", "<"] as const;

/** One side of a range: a value is `operator` `than`, a decimal number. */
export interface Bound {
  readonly operator: (typeof operators)[number];
  readonly than: string;
}

const comparison = /^"\w+"\."(?<column>\w+)" (?<sign>[<>]=?) (?<than>-?\d+(?:\.\d+)?)$/;
const list = /^"\w+"\."(?<column>\w+)" in \(.*\)$/;

const dialect = new PgDialect();

/**
 * The bounds that the check constraints of a table set to its columns, by the columns' names in the database. Those
 * that `oneOf` made are left out: their values are the type of the column.
 *
 * Throws a TypeError for a check constraint of another form, because a validator that knows nothing of it would accept
 * what the database refuses.
 */
export function boundsOf(table: PgTable): ReadonlyMap<string, readonly Bound[]> {
  const { name, columns, checks } = getTableConfig(table);
  const hasLiterals = (column: string | undefined) =>
    columns.some((one) => one.name === column && (one.enumValues?.length ?? 0) > 0);
  const bounds = new Map<string, Bound[]>();
  for (const check of checks) {
    const { sql } = dialect.sqlToQuery(check.value);
    if (hasLiterals(list.exec(sql)?.groups?.["column"])) continue;
    for (const condition of sql.split(" and ")) {
      const { column, sign, than } = comparison.exec(condition)?.groups ?? {};
      const operator = operators.find((one) => one === sign);
      if (column === undefined || operator === undefined || than === undefined)
        throw new TypeError(
          `no validator for check ${check.name} of ${name}, "${sql}": teach src/validation/checks.ts its form`,
        );
      bounds.set(column, [...(bounds.get(column) ?? []), { operator, than }]);
    }
  }
  return bounds;
}
