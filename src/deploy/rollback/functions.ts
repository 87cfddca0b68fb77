import type { FunctionObject } from "../../catalog/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../sql.ts";
import { archiveSchema } from "../facts.ts";
import {
  type Context,
  dependentLabel,
  find,
  functionLabel,
  functionNamed,
  inOrder,
  partKey,
  topKey,
} from "./context.ts";
import { underSchemas } from "./draft.ts";
import type { Dependent } from "./facts.ts";
import { defaultGrantees, setGrants } from "./grants.ts";
import { functionSignature } from "./signature.ts";

/** Settings whose value is a list of quoted names: each is set as a string of its own. */
const listSettings = [
  "search_path",
  "temp_tablespaces",
  "local_preload_libraries",
  "session_preload_libraries",
  "shared_preload_libraries",
  "unix_socket_directories",
];

/** The names of a list as PostgreSQL keeps it: `"$user", public`. */
function listElements(value: string): string[] {
  return [...value.matchAll(/"((?:[^"]|"")*)"|([^\s",]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

/** `search_path=""` as a SET clause. PostgreSQL 17 manual, CREATE FUNCTION. */
function setClause(setting: string): string {
  const at = setting.indexOf("=");
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const values = listSettings.includes(name) ? listElements(value) : [value];
  const quotedName = name.split(".").map(quoteIdentifier).join(".");
  return `SET ${quotedName} TO ${values.length > 0 ? values.map((one) => quoteLiteral(one).trim()).join(", ") : "''"}`;
}

/** Whether PostgreSQL replaces one by the other, or wants it dropped first. PostgreSQL 17 manual, CREATE FUNCTION. */
export function isReplaceable(from: FunctionObject, to: FunctionObject): boolean {
  return (
    from.kind === to.kind &&
    from.returns === to.returns &&
    // A parameter keeps its name; a default may be given or changed, not taken away.
    from.arguments === to.arguments &&
    (from.fullArguments === from.arguments || to.fullArguments !== to.arguments)
  );
}

/** Languages whose functions are text and nothing but. */
const nativeLanguages = ["c", "internal"];

/** Whether what a catalog says of a function is enough to make it. */
export function isRestorable({ language }: FunctionObject): boolean {
  return !nativeLanguages.includes(language);
}

/** The statement that makes a function as a catalog describes it. */
export function createFunction(one: FunctionObject): string {
  const kind = one.kind === "procedure" ? "PROCEDURE" : "FUNCTION";
  const isBody = one.language === "sql" && /^(BEGIN ATOMIC\b|RETURN\b)/.test(one.body);
  const clauses = [
    ...(one.returns === null ? [] : [`RETURNS ${one.returns}`]),
    `LANGUAGE ${quoteIdentifier(one.language)}`,
    ...(one.kind === "window" ? ["WINDOW"] : []),
    ...(one.kind === "procedure"
      ? []
      : [
          one.volatility.toUpperCase(),
          ...(one.strict ? ["STRICT"] : []),
          ...(one.leakproof ? ["LEAKPROOF"] : []),
          `PARALLEL ${one.parallel.toUpperCase()}`,
        ]),
    ...(one.securityDefiner ? ["SECURITY DEFINER"] : []),
    ...one.config.map(setClause),
    isBody ? one.body : `AS ${quoteLiteral(one.body).trim()}`,
  ];
  return `CREATE OR REPLACE ${kind} ${quoteQualified(one.schema, one.name)}(${one.fullArguments})\n${clauses.join("\n")};`;
}

const procedureOrFunction = ({ kind }: FunctionObject) => (kind === "procedure" ? "PROCEDURE" : "FUNCTION");

/** Makes the functions as they were, those that are gone too. */
export function restoreFunctions(context: Context): void {
  const { before, actual, add } = context;
  const grantees = defaultGrantees(actual);
  for (const was of before.functions) {
    const name = functionLabel(was);
    const key = topKey("function", { schema: was.schema, name });
    const now = functionNamed(actual, { schema: was.schema, name });
    if (now ? !context.isAltered(key, ["comment", "owner"]) : !context.isRemoved(key)) continue;
    const replaces = now !== undefined && isReplaceable(now, was);
    const kind = procedureOrFunction(was);
    const signature = functionSignature(was);
    const others =
      now && !replaces
        ? context
            .dependentsOn("function", { schema: was.schema, name })
            .filter(
              ({ kind: by, schema, name: trigger, table }) =>
                !(
                  by === "trigger" &&
                  table &&
                  context.isCreated(partKey("trigger", { schema, name: table }, trigger))
                ),
            )
        : [];
    const comment =
      was.comment === null ? [] : [`COMMENT ON ${kind} ${signature} IS ${quoteLiteral(was.comment).trim()};`];
    add({
      kind: "create function",
      title: `restore function ${was.schema}.${name}`,
      sql: underSchemas(
        before,
        [
          "SET LOCAL check_function_bodies = off;",
          ...(now && !replaces ? [`DROP ${kind} ${functionSignature(now)};`] : []),
          createFunction(was),
          ...(replaces ? [] : [...setGrants(kind, signature, { ...was, grantees }), ...comment]),
        ].join("\n"),
      ),
      target: { kind: "function", schema: was.schema, name, table: null },
      safety: "One row of the catalog: calls under way finish with the version that they began with.",
      blocked: !isRestorable(was)
        ? `it is written in ${was.language} and kept outside the database: create it again from where it came`
        : others.length > 0
          ? `its signature changes back, and ${others.map(dependentLabel).join(", ")} would not survive that: drop that first`
          : null,
    });
  }
}

/** Drops the functions that came with the deployment, save those that a kept column still needs. */
export function dropFunctions(context: Context): void {
  const { createdFunctions, createdTables, add } = context;
  // The policies and triggers of an archived table that need it are dropped; its columns and the rest stay.
  const staysWith = ({ kind, schema, table }: Dependent): boolean => {
    if (kind === "column") return true;
    if (kind !== "constraint" && kind !== "index") return false;
    return (
      schema === archiveSchema ||
      (table !== null && find(createdTables, { schema, name: table }) !== undefined)
    );
  };
  const dependents = (one: FunctionObject) =>
    context.dependentsOn("function", { schema: one.schema, name: functionLabel(one) });
  const ordered = inOrder(createdFunctions, (one) =>
    dependents(one).flatMap((by) => {
      const user = createdFunctions.find(
        (other) => other.schema === by.schema && functionLabel(other) === by.name,
      );
      return by.kind === "function" && user ? [user] : [];
    }),
  );
  for (const one of ordered) {
    const label = `${one.schema}.${functionLabel(one)}`;
    const blocked = context.foreign(dependents(one));
    const stays = dependents(one).filter(staysWith);
    if (!blocked && stays.length > 0) {
      context.keep(
        topKey("function", { schema: one.schema, name: functionLabel(one) }),
        `function ${label} is kept: ${stays.map(dependentLabel).join(", ")} needs it`,
      );
      continue;
    }
    add({
      kind: "drop function",
      title: `drop function ${label}`,
      sql: underSchemas(context.actual, `DROP ${procedureOrFunction(one)} ${functionSignature(one)};`),
      target: { kind: "function", schema: one.schema, name: functionLabel(one), table: null },
      safety: "One row of the catalog; nothing depends on it any more.",
      blocked,
    });
  }
}
