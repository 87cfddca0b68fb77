import type { AlterDefaultPrivilegesStmt, GrantRoleStmt, GrantStmt, Node } from "libpg-query";
import type { Target } from "../model/step.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, type StatementContext, target } from "./draft.ts";
import { functionTarget } from "./function.ts";
import { columns, resolve, resolveName, unique } from "./resolve.ts";

const safety = "Privileges live in the catalog: no table is locked.";

/** `GRANT` and `REVOKE` on objects. */
export function grant(statement: GrantStmt, sql: string, context: StatementContext): Draft[] {
  const inSchema = statement.targtype !== "ACL_TARGET_OBJECT";
  const targets = inSchema
    ? []
    : (statement.objects ?? []).flatMap((node) => targetOf(node, statement, context));
  const grantees = (statement.grantees ?? []).flatMap((node) => {
    if (!("RoleSpec" in node)) return [];
    const { roletype, rolename } = node.RoleSpec;
    return roletype === "ROLESPEC_PUBLIC" ? ["PUBLIC"] : rolename === undefined ? [] : [rolename];
  });
  const verb = statement.is_grant ? "grant" : "revoke";
  const known = targets.length === (statement.objects ?? []).length && !ofColumns(statement);
  const direction = statement.is_grant ? "to" : "from";
  return [
    catalogChange({
      kind: "grant",
      title: `${verb} ${privileges(statement)} on ${objects(targets)} ${direction} ${grantees.join(", ")}`,
      sql,
      target: targets.length === 1 ? (targets[0] ?? null) : null,
      needs: unique([...targets, ...columnsOf(statement, targets)]),
      safety,
      goal: known && targets.length > 0 ? { does: "grant", targets, grantees } : { does: "journalled" },
    }),
  ];
}

/** The columns that privileges are given or taken of. */
const columnsOf = ({ privileges: list }: GrantStmt, targets: readonly Target[]): Target[] =>
  (list ?? []).flatMap((node) =>
    "AccessPriv" in node
      ? targets.flatMap(({ schema, name }) =>
          columns({ schema: schema ?? "", name }, names(node.AccessPriv.cols)),
        )
      : [],
  );

const ofColumns = ({ privileges: list }: GrantStmt) =>
  (list ?? []).some((node) => "AccessPriv" in node && (node.AccessPriv.cols ?? []).length > 0);

function privileges({ privileges: list }: GrantStmt): string {
  const named = (list ?? []).flatMap((node) =>
    "AccessPriv" in node && node.AccessPriv.priv_name ? [node.AccessPriv.priv_name] : [],
  );
  return named.length > 0 ? named.join(", ") : "all";
}

function objects(targets: readonly Target[]): string {
  const [first] = targets;
  if (first === undefined) return "every object of a kind in a schema";
  const label = first.schema === null ? first.name : `${first.schema}.${first.name}`;
  return targets.length === 1 ? `${first.kind} ${label}` : `${targets.length} objects`;
}

function targetOf(node: Node, { objtype }: GrantStmt, context: StatementContext): Target[] {
  switch (objtype) {
    case "OBJECT_TABLE": {
      if (!("RangeVar" in node)) return [];
      const relation = resolve(node.RangeVar);
      return [target(context.isView(relation) ? "view" : "table", relation)];
    }
    case "OBJECT_SEQUENCE":
      return "RangeVar" in node ? [target("sequence", resolve(node.RangeVar))] : [];
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE": {
      const found = functionTarget(node, context);
      return found ? [found] : [];
    }
    case "OBJECT_SCHEMA":
      return names([node]).map((name) => ({ kind: "schema", schema: null, name, table: null }));
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN":
      return "List" in node ? [target("type", resolveName(names(node.List.items)))] : [];
    default:
      return [];
  }
}

/** `ALTER DEFAULT PRIVILEGES`: what later objects get. */
export function defaultPrivileges(_: AlterDefaultPrivilegesStmt, sql: string): Draft[] {
  return [
    catalogChange({
      kind: "grant",
      title: "alter default privileges",
      sql,
      target: null,
      safety: "It concerns objects that are made later; nothing is locked.",
      goal: { does: "journalled" },
    }),
  ];
}

/** `GRANT role TO role`. */
export function grantRole(statement: GrantRoleStmt, sql: string): Draft[] {
  return [
    catalogChange({
      kind: "grant",
      title: `${statement.is_grant ? "grant" : "revoke"} a role`,
      sql,
      target: null,
      safety: "Memberships live in the catalog: no table is locked.",
      goal: { does: "journalled" },
    }),
  ];
}
