import type { Node } from "libpg-query";
import { walk } from "../sql/tree.ts";

/** What a statement says that only newer servers understand. */
export interface NeededVersion {
  /** The first major version that does. */
  readonly version: number;
  /** In words, for the middle of a sentence. */
  readonly what: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Says of one node what it needs; a table constraint is there with its own fields. */
function ofNode(node: Fields): NeededVersion | null {
  const { contype } = node;
  const since18 = (what: string): NeededVersion => ({ version: 18, what });
  if (contype === "CONSTR_GENERATED" && node["generated_kind"] === "v")
    return since18("a virtual generated column (one without STORED)");
  if (contype === "CONSTR_NOTNULL" && Array.isArray(node["keys"]))
    return since18("a not-null constraint of a table");
  if (contype === "CONSTR_ATTR_NOT_ENFORCED" || contype === "CONSTR_ATTR_ENFORCED")
    return since18("ENFORCED");
  const isRule = contype === "CONSTR_CHECK" || contype === "CONSTR_FOREIGN";
  if (isRule && node["skip_validation"] === true && node["is_enforced"] !== true)
    return since18("NOT ENFORCED");
  if (node["without_overlaps"] === true) return since18("WITHOUT OVERLAPS");
  if (node["fk_with_period"] === true) return since18("PERIOD");
  if (node["alterEnforceability"] === true || node["alterInheritability"] === true)
    return since18("this form of ALTER CONSTRAINT");
  if (node["subtype"] === "AT_SetExpression") return { version: 17, what: "SET EXPRESSION" };
  return null;
}

/**
 * The newest thing that a statement needs of a server; null where every server that the engine knows
 * understands it, as far as the grammar tells. PostgreSQL 16, 17 and 18, release notes.
 */
export function neededVersion(node: Node): NeededVersion | null {
  if ("CreateStatsStmt" in node && (node.CreateStatsStmt.defnames ?? []).length === 0)
    return { version: 16, what: "statistics without a name" };
  if (!("CreateStmt" in node || "AlterTableStmt" in node)) return null;
  const found: NeededVersion[] = [];
  walk(node, (object) => {
    const one = ofNode(object);
    if (one !== null) found.push(one);
  });
  return found.reduce<NeededVersion | null>(
    (most, one) => (most === null || one.version > most.version ? one : most),
    null,
  );
}
