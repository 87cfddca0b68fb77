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
 * Whether a statement makes an index for nothing: a later one drops it, does not mind when it is not there, and none
 * until then names it. A unique one is made all the same: rows depend on it.
 *
 * @param later the statements after it, of its own migration and of those that follow, in their order
 */
export function isDroppedLater(
  { goal }: Draft,
  { node }: ParsedStatement,
  later: readonly (readonly ParsedStatement[])[],
): boolean {
  if (goal.does !== "create" || !("IndexStmt" in node) || node.IndexStmt.unique === true) return false;
  const { target } = goal;
  // Few are dropped at all, and to look for what names one is to read every statement.
  if (!later.some((some) => some.some((one) => dropsIfThere(one, target)))) return false;
  const first = later.flat().find((one) => mentions(one.node, target.name));
  return first !== undefined && dropsIfThere(first, target);
}
