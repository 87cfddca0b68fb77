import type { CommentStmt } from "libpg-query";
import type { Lock, Target } from "../model/step.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { functionTarget } from "./function.ts";
import { publicationTarget } from "./publication.ts";
import { resolveName } from "./resolve.ts";

/** `COMMENT ON`: nobody reads or writes less for it. */
export function comment(statement: CommentStmt, sql: string, context: StatementContext): Draft[] {
  const { itself, locks } = commented(statement, context);
  return [
    catalogChange({
      kind: "comment",
      title: `comment on ${itself ? `${itself.kind} ${[itself.schema, itself.table, itself.name].filter((one) => one !== null).join(".")}` : (statement.objtype ?? "").replace("OBJECT_", "").toLowerCase()}`,
      sql,
      target: itself,
      needs: itself ? [itself] : [],
      locks,
      safety: "Only the comment is changed; others read and write meanwhile.",
      goal:
        itself && hasComment.includes(itself.kind)
          ? { does: "alter", target: itself, properties: ["comment"] }
          : { does: "journalled" },
      replacement: sql,
    }),
  ];
}

/** The kinds whose comments a catalog holds. */
const hasComment = [
  "table",
  "view",
  "column",
  "function",
  "type",
  "domain",
  "schema",
  "statistics",
  "publication",
];

function commented(
  statement: CommentStmt,
  context: StatementContext,
): { itself: Target | null; locks: Lock[] } {
  const node = statement.object;
  const path =
    node && "List" in node
      ? names(node.List.items)
      : node && "TypeName" in node
        ? names(node.TypeName.names)
        : names(node ? [node] : []);
  const relation = resolveName(path);
  const parent = resolveName(path.slice(0, -1));
  const name = path.at(-1) ?? "";
  switch (statement.objtype) {
    case "OBJECT_TABLE":
      return { itself: target("table", relation), locks: [lock(relation, "SHARE UPDATE EXCLUSIVE")] };
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      return { itself: target("view", relation), locks: [lock(relation, "SHARE UPDATE EXCLUSIVE")] };
    case "OBJECT_COLUMN":
      return { itself: part("column", parent, name), locks: [lock(parent, "SHARE UPDATE EXCLUSIVE")] };
    case "OBJECT_INDEX": {
      const table = context.indexTable(relation);
      return { itself: part("index", table ?? relation, name), locks: [] };
    }
    case "OBJECT_TABCONSTRAINT":
      return { itself: part("constraint", parent, name), locks: [lock(parent, "ACCESS SHARE")] };
    case "OBJECT_TRIGGER":
      return { itself: part("trigger", parent, name), locks: [lock(parent, "ACCESS SHARE")] };
    case "OBJECT_POLICY":
      return { itself: part("policy", parent, name), locks: [lock(parent, "ACCESS SHARE")] };
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE":
      return { itself: functionTarget(node, context), locks: [] };
    case "OBJECT_TYPE":
      return { itself: target("type", relation), locks: [] };
    case "OBJECT_DOMAIN":
      return { itself: target("domain", relation), locks: [] };
    case "OBJECT_SEQUENCE":
      return { itself: target("sequence", relation), locks: [lock(relation, "SHARE UPDATE EXCLUSIVE")] };
    case "OBJECT_STATISTIC_EXT":
      return { itself: target("statistics", relation), locks: [] };
    case "OBJECT_PUBLICATION":
      return { itself: publicationTarget(name), locks: [] };
    case "OBJECT_SCHEMA":
      return { itself: { kind: "schema", schema: null, name, table: null }, locks: [] };
    default:
      return { itself: null, locks: [] };
  }
}
