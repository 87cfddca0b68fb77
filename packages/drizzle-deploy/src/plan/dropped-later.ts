import type { Node } from "libpg-query";
import type { Target } from "../model/step.ts";
import { names, walk } from "../sql/tree.ts";
import type { Draft } from "../statements/index.ts";
import type { ParsedStatement } from "../statements/parse.ts";
import { resolveName } from "../statements/resolve.ts";

const isPartOfWord = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{N}_$]/u.test(character);

/** A text with a word in the place of another. */
export function withWord(text: string, from: string, to: string): string {
  let result = "";
  let rest = 0;
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1)) {
    if (at < rest || isPartOfWord(text[at - 1]) || isPartOfWord(text[at + from.length])) continue;
    result += text.slice(rest, at) + to;
    rest = at + from.length;
  }
  return result + text.slice(rest);
}

/** Whether a text has a name as a word of its own: `idx_leads_stage` is none of `idx_leads`. */
export function hasWord(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!isPartOfWord(text[at - 1]) && !isPartOfWord(text[at + name.length])) return true;
  }
  return false;
}

/** Whether a tree mentions a name anywhere, also inside a body or a DO block. */
export function mentions(tree: unknown, name: string): boolean {
  let found = false;
  walk(tree, (object) => {
    found ||= Object.values(object).some((value) => typeof value === "string" && hasWord(value, name));
  });
  return found;
}

/** Whether it is `DROP INDEX IF EXISTS` of that index, by its name or with its schema. */
function dropsIfThere({ node }: ParsedStatement, { schema, name }: Target): boolean {
  if (!("DropStmt" in node)) return false;
  const { removeType, missing_ok: isTolerant, objects = [] } = node.DropStmt;
  if (removeType !== "OBJECT_INDEX" || isTolerant !== true) return false;
  return objects.some((object) => {
    const dropped = resolveName("List" in object ? names(object.List.items) : []);
    return dropped.name === name && dropped.schema === schema;
  });
}

/** Whether a statement takes what a table has to another schema. */
const movesSchema = (node: Node, { table }: Target): boolean =>
  "AlterObjectSchemaStmt" in node
    ? node.AlterObjectSchemaStmt.relation?.relname === table
    : "RenameStmt" in node && node.RenameStmt.renameType !== "OBJECT_COLUMN";

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
  const all = later.flat();
  const at = all.findIndex((one) => mentions(one.node, target.name));
  const first = all[at];
  // With its table it may go to another schema, where the statement does not look for it.
  const isMoved = all.slice(0, at).some(({ node }) => movesSchema(node, target));
  return first !== undefined && !isMoved && dropsIfThere(first, target);
}

/** Statements about a view that make nothing of it which stays when it goes. */
const dresses = ["IndexStmt", "CommentStmt", "GrantStmt", "CreateTrigStmt", "RefreshMatViewStmt"];

/**
 * Whether nothing names what a statement makes until a later one drops it.
 *
 * @param later as for `isDroppedLater`
 */
export function isUnusedUntilDropped(
  { goal }: Draft,
  later: readonly (readonly ParsedStatement[])[],
): boolean {
  if (goal.does !== "create") return false;
  const first = later
    .flat()
    .find(({ node }) => mentions(node, goal.target.name) && !dresses.some((kind) => kind in node));
  return first !== undefined && "DropStmt" in first.node;
}
