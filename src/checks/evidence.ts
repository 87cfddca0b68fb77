import { type Catalog, compareCatalogs, type Difference, type Index, type Table } from "../catalog/index.ts";
import { auditTable, type CatalogEvidence, rootOf } from "./area.ts";

/** The roles that an application's request can have; what others may do is their administrator's business. */
const requestRoles: ReadonlySet<string> = new Set(["PUBLIC", "anon", "authenticated", "service_role"]);

const checkedKinds: ReadonlySet<string> = new Set([
  "table",
  "view",
  "column",
  "constraint",
  "index",
  "policy",
  "trigger",
  "function",
  "grant",
]);

/** Cosmetic, or an operator's to tune. */
const uncheckedProperties: ReadonlySet<string> = new Set(["comment", "columnOrder", "options"]);

/**
 * Compares what is there with what the migrations make, and keeps what matters: managed objects, and of what was
 * added only what opens a door. A difference that follows from another one (the index of a missing column) is left
 * out, so that each cause is reported once.
 */
export function gatherEvidence(expected: Catalog, actual: Catalog): CatalogEvidence {
  const all = compareCatalogs(expected, actual);
  const tables = new Map(actual.tables.map((table) => [`${table.schema}.${table.name}`, table]));
  const differences = all.filter(
    (difference) =>
      isChecked(difference) &&
      (difference.kind !== "extra" || opensADoor(difference, expected, actual)) &&
      !isHarmlessGrant(difference) &&
      !follows(difference, { expected, tables, all }) &&
      !isOfOlderInvestments(difference, tables),
  );
  return { expected, actual, differences };
}

function isChecked({ kind, object, ...rest }: Difference): boolean {
  if (!checkedKinds.has(object.kind)) return false;
  if (object.kind === "grant" && !requestRoles.has(object.name)) return false;
  return !(kind === "different" && "property" in rest && uncheckedProperties.has(rest.property));
}

/** Unmanaged objects are nobody's business here, save those that change what a managed one does. */
function opensADoor({ object }: Difference, expected: Catalog, actual: Catalog): boolean {
  const root = rootOf(object);
  switch (object.kind) {
    case "grant":
      return true;
    case "policy":
      return actual.tables.some(
        (table) =>
          table.schema === root.schema &&
          table.name === root.name &&
          table.policies.some((policy) => policy.name === object.name && policy.permissive),
      );
    case "constraint":
      return root.name === auditTable;
    case "function":
      // A second version of a managed function makes calls ambiguous.
      return expected.functions.some(
        (one) => one.schema === object.schema && object.name.startsWith(`${one.name}(`),
      );
    default:
      return false;
  }
}

/** Fewer rights for `anon` than production's on a table are a hardening, not a defect. */
function isHarmlessGrant(difference: Difference): boolean {
  const { kind, object } = difference;
  if (object.kind !== "grant" || object.name !== "anon" || rootOf(object).kind !== "table") return false;
  if (kind === "missing") return true;
  if (kind !== "different") return false;
  const wanted = new Set((difference.expected ?? "").split(", "));
  return (difference.actual ?? "").split(", ").every((privilege) => wanted.has(privilege));
}

interface Surroundings {
  readonly expected: Catalog;
  readonly tables: ReadonlyMap<string, Table>;
  readonly all: readonly Difference[];
}

function follows(difference: Difference, { expected, tables, all }: Surroundings): boolean {
  const { kind, object } = difference;
  const root = rootOf(object);
  if (object.kind === "view" && kind === "different" && difference.property === "definition") {
    // Another set of columns is another definition; the columns say more.
    return all.some((other) => other.object.kind === "column" && rootOf(other.object).label === object.label);
  }
  if (kind !== "missing") return false;
  const wanted = expected.tables.find((table) => table.schema === root.schema && table.name === root.name);
  const found = tables.get(root.label);
  if (!wanted || !found) return false;
  if (object.kind === "trigger") {
    const trigger = wanted.triggers.find((one) => one.name === object.name);
    return all.some(
      (other) =>
        other.kind === "missing" &&
        other.object.kind === "function" &&
        other.object.schema === trigger?.function.schema &&
        other.object.name.startsWith(`${trigger?.function.name}(`),
    );
  }
  const present = new Set(found.columns.map((column) => column.name));
  const lacks = (columns: readonly (string | null)[]): boolean =>
    columns.some((column) => column !== null && !present.has(column));
  if (object.kind === "index") {
    const index = wanted.indexes.find((one) => one.name === object.name);
    return index !== undefined && lacks(columnsOf(index, wanted));
  }
  if (object.kind === "constraint") {
    return lacks(wanted.constraints.find((one) => one.name === object.name)?.columns ?? []);
  }
  return false;
}

/** The columns that an index cannot be without: its keys, and what its predicate names. */
function columnsOf(index: Index, table: Table): string[] {
  const text = [index.predicate ?? "", ...index.keys.map((key) => key.expression)].join(" ");
  return table.columns
    .map((column) => column.name)
    .filter((name) => new RegExp(`(?<![\\w"'.])"?${name}"?(?![\\w"'])`).test(text));
}

/**
 * Some production databases hold `investments` in an older shape (`ticker`, `institution`, … instead of `symbol`,
 * `account_id`, …). Nothing but one index needs the newer one.
 */
export function hasOlderInvestments(tables: Iterable<Table>): boolean {
  for (const { name, columns } of tables) {
    if (name === "investments") return !columns.some((column) => column.name === "account_id");
  }
  return false;
}

function isOfOlderInvestments({ object }: Difference, tables: ReadonlyMap<string, Table>): boolean {
  if (rootOf(object).label !== "public.investments" || rootOf(object) === object) return false;
  return hasOlderInvestments(tables.values()) && ["column", "constraint", "index"].includes(object.kind);
}
