import type { Node, ObjectWithArgs, RangeVar, TypeName } from "libpg-query";

/*
 * Reading parse trees. The names are those of PostgreSQL's own nodes (src/include/nodes/parsenodes.h).
 */

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Calls `visit` with every object inside a tree, parents first. */
export function walk(tree: unknown, visit: (object: Readonly<Record<string, unknown>>) => void): void {
  if (Array.isArray(tree)) {
    for (const part of tree) walk(part, visit);
  } else if (isRecord(tree)) {
    visit(tree);
    for (const part of Object.values(tree)) walk(part, visit);
  }
}

/** A tree with other nodes in the place of those that `other` gives one for; parents first, and not within what it gave. */
export function replaceNodes(
  tree: unknown,
  other: (object: Readonly<Record<string, unknown>>) => Node | undefined,
): unknown {
  if (Array.isArray(tree)) return tree.map((part) => replaceNodes(part, other));
  if (!isRecord(tree)) return tree;
  return (
    other(tree) ??
    Object.fromEntries(Object.entries(tree).map(([key, part]) => [key, replaceNodes(part, other)]))
  );
}

/** The texts of a list of String nodes: the parts of a qualified name. */
export function names(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) =>
    "String" in node && node.String.sval !== undefined ? [node.String.sval] : [],
  );
}

const texts = (value: unknown): string[] => {
  const found: string[] = [];
  walk(value, (object) => {
    if (typeof object["sval"] === "string") found.push(object["sval"]);
  });
  return found;
};

/** Every relation that a tree mentions, without the names of its own `WITH` queries. */
export function relationsIn(tree: unknown): RangeVar[] {
  const own = new Set<string>();
  const found: RangeVar[] = [];
  walk(tree, (object) => {
    const { ctename, relname, schemaname } = object;
    if (typeof ctename === "string") own.add(ctename);
    if (typeof relname === "string") {
      found.push({ relname, ...(typeof schemaname === "string" ? { schemaname } : {}) });
    }
  });
  return found.filter(
    ({ schemaname, relname }) => schemaname !== undefined || (relname !== undefined && !own.has(relname)),
  );
}

/** The name of every function that a tree calls, as its parts. */
export function functionsIn(tree: unknown): string[][] {
  const found: string[][] = [];
  walk(tree, ({ FuncCall }) => {
    if (typeof FuncCall === "object" && FuncCall !== null && "funcname" in FuncCall) {
      found.push(texts(FuncCall.funcname));
    }
  });
  return found;
}

/** The last part of every column reference in a tree. */
export function columnsIn(tree: unknown): string[] {
  const found = new Set<string>();
  walk(tree, ({ ColumnRef }) => {
    const last = texts(ColumnRef).at(-1);
    if (last !== undefined) found.add(last);
  });
  return [...found];
}

/** PostgreSQL's own types as `format_type` prints them, by the names that the grammar and people use. */
const printedTypes: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  varchar: "character varying",
  bpchar: "character",
  varbit: "bit varying",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
};

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/**
 * A type as `format_type` prints it for a reader whose search path is the managed schemas, so that it compares with a
 * catalog: `character varying(50)`. A managed type is printed without its schema.
 */
export function typeText(type: TypeName | undefined, managed: readonly string[]): string {
  const path = names(type?.names);
  const last = path.at(-1) ?? "";
  const schema = path.at(-2);
  const known = schema === undefined || schema === "pg_catalog" ? printedTypes[last] : undefined;
  const plain =
    known ??
    (schema === undefined || schema === "pg_catalog" || managed.includes(schema)
      ? quoted(last)
      : `${quoted(schema)}.${quoted(last)}`);
  const modifiers = (type?.typmods ?? []).flatMap((node) =>
    "A_Const" in node ? [String(node.A_Const.ival?.ival ?? 0)] : [],
  );
  return withModifiers(plain, modifiers) + "[]".repeat((type?.arrayBounds ?? []).length > 0 ? 1 : 0);
}

function withModifiers(type: string, modifiers: readonly string[]): string {
  if (modifiers.length === 0) return type;
  if (type === "interval") return withFields(modifiers);
  const [first = "", ...rest] = type.split(" ");
  const list = `(${modifiers.join(",")})`;
  return first === "timestamp" || first === "time" ? [first + list, ...rest].join(" ") : type + list;
}

/** The fields of an interval, by their mask (src/include/utils/timestamp.h), as they are printed. */
const intervalFields: Readonly<Record<string, string>> = {
  4: " year",
  2: " month",
  6: " year to month",
  8: " day",
  1024: " hour",
  2048: " minute",
  4096: " second",
  1032: " day to hour",
  3080: " day to minute",
  7176: " day to second",
  3072: " hour to minute",
  7168: " hour to second",
  6144: " minute to second",
};

/** An interval with its modifiers: its fields first, then its precision. */
function withFields([fields = "", precision]: readonly string[]): string {
  return `interval${intervalFields[fields] ?? ""}${precision === undefined ? "" : `(${precision})`}`;
}

/** The argument types of a function's name, as a catalog has them. Empty also where none were given. */
export function argumentTypes(object: ObjectWithArgs | undefined, managed: readonly string[]): string {
  return (object?.objargs ?? [])
    .flatMap((node) => ("TypeName" in node ? [typeText({ ...node.TypeName, typmods: [] }, managed)] : []))
    .join(", ");
}
