import type { Target } from "../model/step.ts";
import { names, walk } from "../sql/tree.ts";
import type { ParsedStatement } from "./parse.ts";
import type { Draft } from "./statements/index.ts";

/** Whether a tree mentions a text anywhere, also inside a body or a DO block. */
function mentions(tree: unknown, text: string): boolean {
  let found = false;
  walk(tree, (object) => {
    found ||= Object.values(object).some((value) => typeof value === "string" && value.includes(text));
  });
  return found;
}

/** Whether it is `DROP INDEX IF EXISTS` of that index, by its name or with its schema. */
function dropsIfThere({ node }: ParsedStatement, { schema, name }: Target): boolean {
  if (!("DropStmt" in node)) return false;
  const { removeType, missing_ok: isTolerant, objects = [] } = node.DropStmt;
  if (removeType !== "OBJECT_INDEX" || isTolerant !== true) return false;
  return objects.some((object) => {
    const parts = "List" in object ? names(object.List.items) : [];
    return parts.at(-1) === name && (parts.length === 1 || parts.at(-2) === schema);
  });
}

/**
 * Whether a statement makes an index for nothing: a later migration of the same plan drops it, does not mind when it is
 * not there, and no statement until then names it. A unique one is made all the same: rows depend on it.
 */
export function isDroppedLater(
  { goal }: Draft,
  statement: ParsedStatement,
  later: readonly ParsedStatement[],
): boolean {
  const { node } = statement;
  if (goal.does !== "create" || !("IndexStmt" in node) || node.IndexStmt.unique === true) return false;
  const first = later.find(({ node: other }) => mentions(other, goal.target.name));
  return first !== undefined && dropsIfThere(first, goal.target);
}
