import type { Difference } from "drizzle-deploy/catalog";
import { auditTable, type CatalogCheck, isOfTable, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";
import { hasOlderInvestments } from "./evidence.ts";

function ruleOf(difference: Difference): SpfpCheckId {
  const { kind, object } = difference;
  if (object.kind === "table") return kind === "missing" ? "columns.table-missing" : "columns.storage";
  if (kind !== "different") return "columns.missing";
  switch (difference.property) {
    case "type":
    case "nullable":
    case "default":
    case "generated":
      return `columns.${difference.property}`;
    default:
      return "columns.definition";
  }
}

/** Row security is a property of the table, but the business of another area. */
const isRowSecurity = (difference: Difference): boolean =>
  difference.kind === "different" && /rowSecurity/i.test(difference.property);

/** Every managed table is there, with every column of its type, nullability, default and generation. */
export const columns: CatalogCheck = {
  area: "columns",
  title: "Tables and columns",
  examines: (expected) =>
    expected.tables
      .filter(({ name }) => name !== auditTable)
      .reduce((sum, table) => sum + table.columns.length, 0),
  run: ({ actual, differences }) => [
    ...differences
      .filter(
        (difference) =>
          isOfTable(difference) &&
          (difference.object.kind === "column" || difference.object.kind === "table") &&
          !isRowSecurity(difference),
      )
      .map((difference) => toFinding(difference, { check: ruleOf(difference), remedy: redeploy })),
    ...(hasOlderInvestments(actual.tables)
      ? [
          {
            check: "columns.older-shape" satisfies SpfpCheckId,
            severity: "info" as const,
            object: "public.investments",
            expected: "account_id",
            actual: null,
            remedy: "Nothing to do: its one new index, idx_investments_account_id, is left out.",
          },
        ]
      : []),
  ],
};
