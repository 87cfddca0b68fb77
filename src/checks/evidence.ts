import {
  aboutKey,
  type Catalog,
  compareCatalogs,
  type Difference,
  type FunctionObject,
  followsFrom,
  rootOf,
  type Table,
} from "drizzle-deploy/catalog";
import { auditTable, type CatalogEvidence } from "./area.ts";

/** The roles that an application's request can have; what others may do is their administrator's business. */
const requestRoles: ReadonlySet<string> = new Set(["PUBLIC", "anon", "authenticated", "service_role"]);

/** Those of them that policies hold for: `service_role` reads and writes past them. */
const underPolicies: ReadonlySet<string> = new Set(["public", "anon", "authenticated"]);

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
const uncheckedProperties: ReadonlySet<string> = new Set([
  "comment",
  "columnOrder",
  "options",
  "storage",
  "compression",
  "statistics",
  "replicaIdentity",
]);

/**
 * Compares what is there with what the migrations make, and keeps what matters: managed objects, and of what was
 * added only what opens a door. A difference that follows from another one (the index of a missing column) is left
 * out, so that each cause is reported once.
 *
 * @param here the same expectation with what the database was met with: what differs from `expected` alone is inherited
 */
export function gatherEvidence(
  expected: Catalog,
  actual: Catalog,
  here: Catalog = expected,
): CatalogEvidence {
  const all = compareCatalogs(withoutNotValid(expected), withoutNotValid(actual));
  const follows = followsFrom(all, expected);
  const found = all.filter(
    (difference) =>
      isChecked(difference) &&
      (difference.kind !== "extra" || opensADoor(difference, expected, actual)) &&
      !isHarmlessGrant(difference) &&
      !follows(difference) &&
      !isOfOlderInvestments(difference, actual),
  );
  if (here === expected) return { expected, actual, differences: found, inherited: [] };
  const wrong = new Set(compareCatalogs(withoutNotValid(here), withoutNotValid(actual)).map(aboutKey));
  const isInherited = (difference: Difference): boolean => !wrong.has(aboutKey(difference));
  return {
    expected,
    actual,
    differences: found.filter((difference) => !isInherited(difference)),
    inherited: found.filter(isInherited),
  };
}

/** Definitions without the words that `validated` says as well. */
function withoutNotValid(catalog: Catalog): Catalog {
  return {
    ...catalog,
    tables: catalog.tables.map((table) => ({
      ...table,
      constraints: table.constraints.map((constraint) => ({
        ...constraint,
        definition: constraint.definition.replace(/ NOT VALID$/, ""),
      })),
    })),
  };
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
          table.policies.some(
            ({ name, permissive, roles }) =>
              name === object.name && permissive && roles.some((role) => underPolicies.has(role)),
          ),
      );
    case "constraint":
      return root.name === auditTable;
    case "function": {
      const other = actual.functions.find(
        (one) => one.schema === object.schema && `${one.name}(${one.argumentTypes})` === object.name,
      );
      return (
        other !== undefined &&
        expected.functions.some(
          (one) => one.schema === other.schema && one.name === other.name && areAmbiguous(one, other),
        )
      );
    }
    default:
      return false;
  }
}

/** How many arguments a function can be called with, at least and at most. */
function argumentCount({ argumentTypes, fullArguments }: FunctionObject): [least: number, most: number] {
  // A type's own modifiers are not printed in what tells overloads apart.
  const most = argumentTypes === "" ? 0 : argumentTypes.split(", ").length;
  return [most - (fullArguments.match(/ DEFAULT /g)?.length ?? 0), most];
}

/** Whether a call may mean either of two functions of one name: both can be called with as many arguments. */
function areAmbiguous(one: FunctionObject, other: FunctionObject): boolean {
  const [[least, most], [otherLeast, otherMost]] = [argumentCount(one), argumentCount(other)];
  return least <= otherMost && otherLeast <= most;
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

/**
 * Some production databases hold `investments` in an older shape (`ticker`, `institution`, … instead of `symbol`,
 * `account_id`, …). Nothing but one index needs the newer one. A table that lacks only one of these was damaged.
 */
export function hasOlderInvestments(tables: readonly Table[]): boolean {
  const columns = tables.find(({ name }) => name === "investments")?.columns;
  return columns !== undefined && !columns.some(({ name }) => name === "symbol" || name === "account_id");
}

function isOfOlderInvestments({ object }: Difference, { tables }: Catalog): boolean {
  if (rootOf(object).label !== "public.investments" || rootOf(object) === object) return false;
  return hasOlderInvestments(tables) && ["column", "constraint", "index"].includes(object.kind);
}
