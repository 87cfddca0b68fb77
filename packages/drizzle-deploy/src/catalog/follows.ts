import type { QualifiedName } from "../sql/names.ts";
import type { Catalog, Constraint, Table, View } from "./catalog.ts";
import type { Difference } from "./compare.ts";
import { type ObjectIdentity, rootOf } from "./objects.ts";

/** Properties that are text of PostgreSQL's, in which other objects are named. */
const expressions: ReadonlySet<string> = new Set(["definition", "default", "generated", "using", "check"]);

/** What other objects may need: gone, or no longer of its type. */
interface Broken {
  readonly tables: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  /** Primary and unique keys that are gone, as `schema.table(column, …)`. */
  readonly keys: ReadonlySet<string>;
  /** By table, each column with what is wrong with it. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, "missing" | "type">>;
}

/** Whether a text names something, as a word of its own or quoted; a longer name or a literal does not count. */
export function mentions(text: string, name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`(?<![\\w"'$])"?${escaped}"?(?![\\w"'$])`, "u").test(text);
}

const keyOf = (schema: string, table: string, columns: readonly string[]): string =>
  `${schema}.${table}(${columns.join(", ")})`;

function findBroken(all: readonly Difference[], expected: Catalog): Broken {
  const tables = new Set<string>();
  const functions = new Set<string>();
  const keys = new Set<string>();
  const columns = new Map<string, Map<string, "missing" | "type">>();
  for (const difference of all) {
    const { kind, object } = difference;
    const root = rootOf(object);
    if (object.kind === "column" && root.kind === "table" && kind !== "extra") {
      if (kind === "different" && difference.property !== "type") continue;
      const ofTable = columns.get(root.label) ?? new Map<string, "missing" | "type">();
      columns.set(root.label, ofTable.set(object.name, kind === "missing" ? "missing" : "type"));
    }
    if (kind !== "missing") continue;
    if (object.kind === "table") tables.add(object.label);
    if (object.kind === "function") functions.add(object.label.replace(/\(.*/, ""));
    if (object.kind === "constraint") {
      const constraint = expected.tables
        .find((table) => table.schema === root.schema && table.name === root.name)
        ?.constraints.find(({ name, type }) => name === object.name && (type === "p" || type === "u"));
      if (constraint) keys.add(keyOf(root.schema ?? "", root.name, constraint.columns));
    }
  }
  return { tables, functions, keys, columns };
}

type Kinds = ReadonlySet<string | undefined>;

/** Whether a text names a column of a table that is broken in one of these ways; `self` does not count. */
function namesBrokenColumn(
  broken: Broken,
  text: string,
  table: string,
  kinds: Kinds,
  self?: string,
): boolean {
  return [...(broken.columns.get(table) ?? [])].some(
    ([name, what]) => name !== self && kinds.has(what) && mentions(text, name),
  );
}

/** Whether a view's text names something broken. */
function viewNeedsBroken(broken: Broken, { definition }: View, kinds: Kinds): boolean {
  const named = (label: string): boolean => mentions(definition, label.slice(label.indexOf(".") + 1));
  return (
    [...broken.tables, ...broken.functions].some(named) ||
    [...broken.columns.keys()].some(
      (table) => named(table) && namesBrokenColumn(broken, definition, table, kinds),
    )
  );
}

function constraintNeedsBroken(
  broken: Broken,
  { columns, definition, references }: Constraint,
  table: string,
  kinds: Kinds,
): boolean {
  if (references) {
    const parent = `${references.schema}.${references.table}`;
    const parentColumns = broken.columns.get(parent);
    if (
      broken.tables.has(parent) ||
      broken.keys.has(keyOf(references.schema, references.table, references.columns)) ||
      references.columns.some((column) => kinds.has(parentColumns?.get(column)))
    ) {
      return true;
    }
  }
  if (columns.length === 0) return namesBrokenColumn(broken, definition, table, kinds);
  return columns.some((column) => kinds.has(broken.columns.get(table)?.get(column)));
}

/** Whether a part of a table, as it is expected, needs something broken. */
function partNeedsBroken(
  broken: Broken,
  { kind, name }: ObjectIdentity,
  table: Table,
  kinds: Kinds,
): boolean {
  const label = `${table.schema}.${table.name}`;
  const named = <T extends { name: string }>(list: readonly T[]): T | undefined =>
    list.find((one) => one.name === name);
  const names = (text: string, self?: string): boolean => namesBrokenColumn(broken, text, label, kinds, self);
  switch (kind) {
    case "column": {
      const column = named(table.columns);
      return names(column?.generated ?? column?.default ?? "", name);
    }
    case "index":
      return names(named(table.indexes)?.definition.replace(/^.* USING /, "") ?? "");
    case "policy": {
      const policy = named(table.policies);
      return names(`${policy?.using ?? ""} ${policy?.check ?? ""}`);
    }
    case "trigger": {
      const trigger = named(table.triggers);
      if (!trigger) return false;
      const { schema, name: called } = trigger.function;
      return (
        broken.functions.has(`${schema}.${called}`) || names(trigger.definition.replace(/ EXECUTE .*$/, ""))
      );
    }
    case "constraint": {
      const constraint = named(table.constraints);
      return constraint !== undefined && constraintNeedsBroken(broken, constraint, label, kinds);
    }
    default:
      return false;
  }
}

/** Whether another difference of the same object, or of its columns, says it better. */
function isSaidBetter(difference: Difference & { kind: "different" }, all: readonly Difference[]): boolean {
  const { object, property } = difference;
  const also = (other: string): boolean =>
    all.some(
      (one) => one.kind === "different" && one.object.label === object.label && one.property === other,
    );
  // An index that is not ready is not valid either; a default is cast to its column's type; another set of columns
  // is another definition.
  if (object.kind === "index") return property === "ready" && also("valid");
  if (object.kind === "column") return property === "default" && also("type");
  return (
    object.kind === "view" &&
    property === "definition" &&
    all.some(
      (one) =>
        one.kind !== "extra" && one.object.kind === "column" && one.object.parent?.label === object.label,
    )
  );
}

/**
 * Which differences follow from another one: what is missing because it cannot be without something else that is
 * (the view of a missing table, the foreign key to a missing primary key), and what reads differently because a column
 * in it was renamed or is of another type. Reported alone, the cause is what there is to repair.
 */
export function followsFrom(
  all: readonly Difference[],
  expected: Catalog,
): (difference: Difference) => boolean {
  const broken = findBroken(all, expected);
  return (difference) => {
    const { kind, object } = difference;
    if (kind === "extra") return false;
    if (kind === "different" && isSaidBetter(difference, all)) return true;
    const root = rootOf(object);
    const isRoot = ({ schema, name }: QualifiedName): boolean => schema === root.schema && name === root.name;
    const view = root.kind === "view" && object.kind !== "grant" ? expected.views.find(isRoot) : undefined;
    const table = root.kind === "table" ? expected.tables.find(isRoot) : undefined;
    const isText = (property: string): boolean =>
      expressions.has(property) || (view !== undefined && property === "type");
    if (kind === "different" && !isText(difference.property)) return false;
    // A missing object can be made again whatever type a column has; one that is there reads differently.
    const kinds = new Set(kind === "missing" ? ["missing"] : ["missing", "type"]);
    if (view) return viewNeedsBroken(broken, view, kinds);
    return table !== undefined && partNeedsBroken(broken, object, table, kinds);
  };
}
