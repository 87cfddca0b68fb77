import type { AlterFunctionStmt, CreateFunctionStmt, Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements, printOr } from "../sql/parser.ts";
import { argumentTypes, names, typeText } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, type StatementContext, target } from "./draft.ts";
import { relationsOf, resolveName } from "./resolve.ts";

const inputs = ["FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC", "FUNC_PARAM_DEFAULT"];

/** A function's name in a catalog: with its argument types. */
export function functionName(name: string, types: string): string {
  return `${name}(${types})`;
}

/** `CREATE [OR REPLACE] FUNCTION` and `PROCEDURE`. */
export function createFunction(
  statement: CreateFunctionStmt,
  sql: string,
  context: StatementContext,
): Draft[] {
  const { schema, name } = resolveName(names(statement.funcname));
  const types = (statement.parameters ?? []).flatMap((node) => {
    if (!("FunctionParameter" in node)) return [];
    const { argType, mode } = node.FunctionParameter;
    if (mode !== undefined && !inputs.includes(mode)) return [];
    return [typeText(argType && { ...argType, typmods: [] }, context.schemas)];
  });
  const itself = target("function", { schema, name: functionName(name, types.join(", ")) });
  const present = context.exists(itself);
  const kind = statement.is_procedure ? "procedure" : "function";
  return [
    catalogChange({
      kind: "create function",
      title: `${present ? "replace" : "create"} ${kind} ${qualifiedLabel({ schema, name })}`,
      sql,
      target: itself,
      locks: readsOfBody(statement).map((relation) => lock(relation, "ACCESS SHARE")),
      safety: present
        ? "Calls that run go on with the old body; the next ones take the new."
        : "A new function: nobody calls it yet.",
      goal: { does: "create", target: itself, parts: [] },
      replacement: statement.replace ? sql : replacing(statement, sql),
    }),
  ];
}

function replacing(statement: CreateFunctionStmt, sql: string): string {
  try {
    return printOr(
      { CreateFunctionStmt: { ...statement, replace: true } },
      sql.replace(/^CREATE\s/i, "CREATE OR REPLACE "),
    );
  } catch {
    return "";
  }
}

/** What PostgreSQL looks at when it checks the body: an SQL function's queries, and no other language's. */
function readsOfBody(statement: CreateFunctionStmt): QualifiedName[] {
  if (statement.sql_body) return relationsOf(statement.sql_body);
  const option = (name: string) =>
    (statement.options ?? []).flatMap((node) =>
      "DefElem" in node && node.DefElem.defname === name && node.DefElem.arg ? [node.DefElem.arg] : [],
    )[0];
  if (textOf(option("language"))?.toLowerCase() !== "sql") return [];
  const body = textOf(option("as"));
  if (body === undefined) return [];
  try {
    return parseStatements(body).flatMap(({ node }) => relationsOf(node));
  } catch {
    // The server checks it, and says what is wrong with it.
    return [];
  }
}

function textOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if ("String" in node) return node.String.sval;
  if ("List" in node) return names(node.List.items)[0];
  return undefined;
}

/** The function that an `ALTER`, `DROP`, `COMMENT` or `GRANT` names. */
export function functionTarget(node: Node | undefined, context: StatementContext) {
  if (node === undefined || !("ObjectWithArgs" in node)) return null;
  const object = node.ObjectWithArgs;
  const { schema, name } = resolveName(names(object.objname));
  const types = object.args_unspecified
    ? context.overloads({ schema, name })[0]
    : argumentTypes(object, context.schemas);
  return target("function", { schema, name: functionName(name, types ?? "") });
}

/** `ALTER FUNCTION … SET`, `STABLE`, `SECURITY DEFINER` and so on. */
export function alterFunction(statement: AlterFunctionStmt, sql: string, context: StatementContext): Draft[] {
  const itself = functionTarget(statement.func && { ObjectWithArgs: statement.func }, context);
  const properties = (statement.actions ?? []).flatMap((node) =>
    "DefElem" in node ? (propertyOf[node.DefElem.defname ?? ""] ?? []) : [],
  );
  return [
    catalogChange({
      kind: "alter function",
      title: `alter function ${itself ? `${itself.schema}.${itself.name}` : ""}`,
      sql,
      target: itself,
      needs: itself ? [itself] : [],
      safety: "Calls that run go on as they are; the next ones take the change.",
      goal:
        itself && properties.length > 0
          ? { does: "alter", target: itself, properties }
          : { does: "journalled" },
    }),
  ];
}

const propertyOf: Readonly<Record<string, string[]>> = {
  set: ["config"],
  volatility: ["volatility"],
  strict: ["strict"],
  security: ["securityDefiner"],
  leakproof: ["leakproof"],
  parallel: ["parallel"],
};
