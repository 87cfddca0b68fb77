import { type Catalog, type Difference, type Index, rootOf } from "drizzle-deploy/catalog";
import { auditTable, type CatalogCheck, isOfTable, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";
import { isUniquenessRule } from "./constraints.ts";

function findIndex(catalog: Catalog, { object }: Difference): Index | undefined {
  const root = rootOf(object);
  return catalog.tables
    .find((table) => table.schema === root.schema && table.name === root.name)
    ?.indexes.find((index) => index.name === object.name);
}

/** In which way a definition differs: the first that does, in the order in which it matters to a planner. */
function aspect(wanted: Index, found: Index) {
  const keys = (pick: (key: Index["keys"][number]) => string) => (index: Index) =>
    index.keys.map(pick).join(", ");
  const aspects = [
    ["method", (index) => index.method],
    ["uniqueness", (index) => String(index.unique)],
    ["keys", keys((key) => key.expression)],
    ["order", keys((key) => key.order)],
    ["nulls", keys((key) => key.nulls)],
    ["predicate", (index) => index.predicate ?? ""],
    ["include", (index) => index.include.join(", ")],
  ] as const satisfies [string, (index: Index) => string][];
  return aspects.find(([, of]) => of(wanted) !== of(found))?.[0] ?? "definition";
}

function ruleOf(
  difference: Difference,
  expected: Catalog,
  actual: Catalog,
): { check: SpfpCheckId; remedy: string } {
  if (difference.kind === "missing") return { check: "indexes.missing", remedy: redeploy };
  if (difference.kind === "different" && difference.property !== "definition") {
    return {
      check: "indexes.invalid",
      remedy: `A build was interrupted and left it behind: DROP INDEX CONCURRENTLY ${difference.object.name}, then deploy again.`,
    };
  }
  const wanted = findIndex(expected, difference);
  const found = findIndex(actual, difference);
  const what = wanted && found ? aspect(wanted, found) : "definition";
  return {
    check: `indexes.${what}`,
    remedy:
      what === "nulls"
        ? "An index with NULLS on the other end cannot serve ORDER BY: drop it and deploy again."
        : "Another index of the same name is in the way: drop or rename it and deploy again.",
  };
}

/** Every index: method, uniqueness, keys, order, nulls, predicate, and that it is valid. */
export const indexes: CatalogCheck = {
  area: "indexes",
  title: "Indexes",
  examines: (expected) =>
    expected.tables
      .filter(({ name }) => name !== auditTable)
      .reduce(
        (sum, table) => sum + table.indexes.filter((one) => !one.unique && one.constraint === null).length,
        0,
      ),
  run: ({ expected, actual, differences }) =>
    differences
      .filter(
        (difference) =>
          isOfTable(difference) &&
          difference.object.kind === "index" &&
          !isUniquenessRule(difference, expected),
      )
      .map((difference) => toFinding(difference, ruleOf(difference, expected, actual))),
};
