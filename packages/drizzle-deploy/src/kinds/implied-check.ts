import { withoutValidity } from "../catalog/index.ts";
import { parseStatements } from "../sql/parser.ts";
import { walk } from "../sql/tree.ts";

/**
 * Whether every row that one check allows is allowed by another: both list the values of the same column, and the
 * other's list has them all. Anything else is taken not to be.
 */
export function impliesCheck(one: string, other: string): boolean {
  const [inner, outer] = [valuesOf(one), valuesOf(other)];
  return (
    inner !== null &&
    outer !== null &&
    inner.column === outer.column &&
    [...inner.values].every((value) => outer.values.has(value))
  );
}

/** The column and values of `CHECK ((c = ANY (ARRAY['a'::text, 'b'::text])))` and its like, as PostgreSQL prints them. */
function valuesOf(definition: string): { column: string; values: Set<string> } | null {
  const expression = withoutValidity(definition).replace(/^CHECK\s*/, "");
  let tree: unknown;
  try {
    tree = parseStatements(`SELECT ${expression}`)[0]?.node;
  } catch {
    return null;
  }
  const columns = new Set<string>();
  const values = new Set<string>();
  let isPlain = true;
  let lists = 0;
  walk(tree, (object) => {
    for (const [kind, value] of Object.entries(object)) {
      if (kind === "ColumnRef")
        columns.add(JSON.stringify(value, (key, part) => (key === "location" ? undefined : part)));
      if (kind === "A_Const" && typeof value === "object" && value !== null) {
        const text = "sval" in value ? value.sval : null;
        if (typeof text === "object" && text !== null && "sval" in text && typeof text.sval === "string") {
          values.add(text.sval);
        } else isPlain = false;
      }
      if (kind === "A_Expr" && typeof value === "object" && value !== null && "kind" in value) {
        const isEqual = "name" in value && JSON.stringify(value.name) === '[{"String":{"sval":"="}}]';
        if (isEqual && value.kind === "AEXPR_OP_ANY") lists += 1;
        else isPlain = false;
      }
      if (["BoolExpr", "FuncCall", "SubLink", "NullTest", "CaseExpr", "CoalesceExpr"].includes(kind))
        isPlain = false;
    }
  });
  const [column, ...others] = columns;
  return isPlain && lists === 1 && column !== undefined && others.length === 0 ? { column, values } : null;
}
