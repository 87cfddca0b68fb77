import type { Catalog, FunctionObject } from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";

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
  return `SET ${quotedName} TO ${values.length > 0 ? values.map((one) => quoteLiteral(one)).join(", ") : "''"}`;
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
    isBody ? one.body : `AS ${quoteLiteral(one.body)}`,
  ];
  return `CREATE OR REPLACE ${kind} ${quoteQualified(one.schema, one.name)}(${one.fullArguments})\n${clauses.join("\n")};`;
}

/** A function's name with what tells overloads apart, as DROP and GRANT want it. */
export function functionSignature({ schema, name, argumentTypes }: FunctionObject): string {
  return `${quoteQualified(schema, name)}(${argumentTypes})`;
}

/** A function's name with its argument types, as identities have it. */
export const functionLabel = ({ name, argumentTypes }: FunctionObject): string => `${name}(${argumentTypes})`;

/** The function that such a name tells. */
export function functionNamed(catalog: Catalog, { schema, name }: QualifiedName): FunctionObject | undefined {
  return catalog.functions.find((one) => one.schema === schema && functionLabel(one) === name);
}
