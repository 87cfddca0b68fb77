import type { Node } from "libpg-query";
import { columnsIn } from "../../sql/tree.ts";
import { resolve } from "../../statements/resolve.ts";
import type { Act } from "../rule.ts";

/** As many rows as are changed in the blink of an eye; the planner's own bound. */
const few = 10_000;

const isConstant = (node: Node | undefined): boolean =>
  node !== undefined &&
  ("A_Const" in node ||
    ("TypeCast" in node && isConstant(node.TypeCast.arg)) ||
    ("List" in node && (node.List.items ?? []).every(isConstant)));

/** The column of a table that a term holds to a few values. */
function heldColumn(term: Node): string | null {
  if (!("A_Expr" in term)) return null;
  const { kind, name = [], lexpr, rexpr } = term.A_Expr;
  const [operator] = name.flatMap((node) => ("String" in node ? [node.String.sval] : []));
  const isEqual = operator === "=" && (kind === "AEXPR_OP" || kind === "AEXPR_IN");
  if (!isEqual || !lexpr || !("ColumnRef" in lexpr) || !isConstant(rexpr)) return null;
  return columnsIn(lexpr).at(-1) ?? null;
}

/** Whether a term takes rows of a query that has a limit. */
function isLimited(term: Node): boolean {
  if (!("SubLink" in term) || term.SubLink.subLinkType !== "ANY_SUBLINK") return false;
  const query = term.SubLink.subselect;
  if (!query || !("SelectStmt" in query)) return false;
  const count = query.SelectStmt.limitCount;
  return count !== undefined && "A_Const" in count && (count.A_Const.ival?.ival ?? few + 1) <= few;
}

function termsOf(node: Node | undefined): Node[] {
  if (node === undefined) return [];
  if ("BoolExpr" in node && node.BoolExpr.boolop === "AND_EXPR") return node.BoolExpr.args ?? [];
  return [node];
}

/** Whether the condition of a change holds it to rows that a key names, or to as many as a limit says. */
function isBounded({ node, context }: Act): boolean {
  const statement =
    "UpdateStmt" in node ? node.UpdateStmt : "DeleteStmt" in node ? node.DeleteStmt : undefined;
  if (statement === undefined) return false;
  const terms = termsOf(statement.whereClause);
  if (terms.some(isLimited)) return true;
  const held = terms.map(heldColumn);
  return (context.table(resolve(statement.relation))?.indexes ?? []).some(
    ({ unique, predicate, keys }) =>
      unique && predicate === null && keys.every(({ column }) => column !== null && held.includes(column)),
  );
}

/** Whether an act changes rows of a table that is there already, and nothing says that they are few. */
export const isUnbounded = (act: Act): boolean =>
  !isBounded(act) &&
  act.drafts.some(
    ({ kind, hazards }) =>
      (kind === "change data" || kind === "opaque") && hazards.some(({ name }) => name === "long-lock"),
  ) &&
  !("RefreshMatViewStmt" in act.node);
