import type { Catalog, Difference } from "../catalog/index.ts";
import { rootOf } from "./area.ts";

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
  const escaped = name.replaceAll(/[^\w]/g, "\\$&");
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

  const namesBrokenColumn = (
    text: string,
    table: string,
    kinds: ReadonlySet<string>,
    self?: string,
  ): boolean =>
    [...(broken.columns.get(table) ?? [])].some(
      ([name, what]) => name !== self && kinds.has(what) && mentions(text, name),
    );

  return (difference) => {
    const { kind, object } = difference;
    if (kind === "extra") return false;
    const root = rootOf(object);
    if (kind === "different") {
      const also = (property: string): boolean =>
        all.some(
          (other) =>
            other.kind === "different" && other.object.label === object.label && other.property === property,
        );
      // An index that is not ready is not valid either; a default is cast to its column's type.
      if (object.kind === "index" && difference.property === "ready" && also("valid")) return true;
      if (object.kind === "column" && difference.property === "default" && also("type")) return true;
    }
    if (kind === "different" && root.kind === "table" && !expressions.has(difference.property)) return false;
    // A missing object can be made again whatever type a column has; one that is there reads differently.
    const kinds = new Set(kind === "missing" ? ["missing"] : ["missing", "type"]);

    if (root.kind === "view") {
      const view = expected.views.find(({ schema, name }) => schema === root.schema && name === root.name);
      if (!view || object.kind === "grant") return false;
      if (kind === "different" && !["definition", "type"].includes(difference.property)) return false;
      if (object === root && kind === "different") {
        // Another set of columns is another definition; the columns say more.
        const hasOtherColumns = all.some(
          (other) =>
            other.kind !== "extra" &&
            other.object.kind === "column" &&
            rootOf(other.object).label === root.label,
        );
        if (hasOtherColumns) return true;
      }
      const text = view.definition;
      const named = (label: string): boolean => mentions(text, label.slice(label.indexOf(".") + 1));
      return (
        [...broken.tables, ...broken.functions].some(named) ||
        [...broken.columns.keys()].some((table) => named(table) && namesBrokenColumn(text, table, kinds))
      );
    }

    const table = expected.tables.find(({ schema, name }) => schema === root.schema && name === root.name);
    if (!table) return false;
    const { name } = object;
    switch (object.kind) {
      case "column": {
        const column = table.columns.find((one) => one.name === name);
        return namesBrokenColumn(column?.generated ?? column?.default ?? "", root.label, kinds, name);
      }
      case "index": {
        const index = table.indexes.find((one) => one.name === name);
        return namesBrokenColumn(index?.definition.replace(/^.* USING /, "") ?? "", root.label, kinds);
      }
      case "policy": {
        const policy = table.policies.find((one) => one.name === name);
        return namesBrokenColumn(`${policy?.using ?? ""} ${policy?.check ?? ""}`, root.label, kinds);
      }
      case "trigger": {
        const trigger = table.triggers.find((one) => one.name === name);
        const { schema, name: called } = trigger?.function ?? { schema: "", name: "" };
        return (
          broken.functions.has(`${schema}.${called}`) ||
          namesBrokenColumn(trigger?.definition.replace(/ EXECUTE .*$/, "") ?? "", root.label, kinds, name)
        );
      }
      case "constraint": {
        const constraint = table.constraints.find((one) => one.name === name);
        if (!constraint) return false;
        const { references } = constraint;
        if (references) {
          const parent = `${references.schema}.${references.table}`;
          const parentColumns = broken.columns.get(parent);
          if (
            broken.tables.has(parent) ||
            broken.keys.has(keyOf(references.schema, references.table, references.columns)) ||
            references.columns.some((column) => kinds.has(parentColumns?.get(column) ?? ""))
          ) {
            return true;
          }
        }
        return constraint.columns.length > 0
          ? constraint.columns.some((column) => kinds.has(broken.columns.get(root.label)?.get(column) ?? ""))
          : namesBrokenColumn(constraint.definition, root.label, kinds);
      }
      default:
        return false;
    }
  };
}
