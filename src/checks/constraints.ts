import { type Catalog, type Difference, rootOf } from "drizzle-deploy/catalog";
import { auditTable, type CatalogCheck, isOfTable, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";

/** Whether an index is one of the rules of uniqueness, which PostgreSQL can only express as indexes. */
export function isUniquenessRule({ object }: Difference, expected: Catalog): boolean {
  if (object.kind !== "index") return false;
  const root = rootOf(object);
  return expected.tables.some(
    (table) =>
      table.schema === root.schema &&
      table.name === root.name &&
      table.indexes.some((index) => index.name === object.name && index.unique),
  );
}

function ruleOf(difference: Difference): { check: SpfpCheckId; remedy: string } {
  if (difference.object.kind === "index") {
    const invalid = difference.kind === "different" && difference.property !== "definition";
    return {
      check: difference.kind === "missing" ? "constraints.uniqueness-missing" : "constraints.uniqueness",
      remedy: invalid
        ? "The index was left half built, by duplicates or an interruption, and enforces nothing: drop it, merge the duplicates, deploy again."
        : redeploy,
    };
  }
  if (difference.kind !== "different") return { check: "constraints.missing", remedy: redeploy };
  return difference.property === "validated"
    ? {
        check: "constraints.not-validated",
        remedy:
          "Existing rows were never checked: ALTER TABLE … VALIDATE CONSTRAINT, which blocks no writer.",
      }
    : { check: "constraints.definition", remedy: redeploy };
}

/** Primary keys, foreign keys, checks, and the rules of uniqueness. */
export const constraints: CatalogCheck = {
  area: "constraints",
  title: "Uniqueness and constraints",
  examines: (expected) =>
    expected.tables
      .filter(({ name }) => name !== auditTable)
      .reduce(
        (sum, table) =>
          sum +
          table.constraints.length +
          table.indexes.filter((index) => index.unique && index.constraint === null).length,
        0,
      ),
  run: ({ expected, differences }) =>
    differences
      .filter(
        (difference) =>
          isOfTable(difference) &&
          (difference.object.kind === "constraint" || isUniquenessRule(difference, expected)),
      )
      .map((difference) => toFinding(difference, ruleOf(difference))),
};
