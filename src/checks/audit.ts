import { type Difference, rootOf } from "drizzle-deploy/catalog";
import { auditTable, type CatalogCheck, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";

function ruleOf({ kind, object }: Difference): { check: SpfpCheckId; remedy: string } {
  switch (object.kind) {
    case "table":
      return { check: kind === "missing" ? "audit.missing" : "audit.table", remedy: redeploy };
    case "column":
      return { check: "audit.columns", remedy: redeploy };
    case "constraint":
      return kind === "extra"
        ? {
            check: "audit.extra-constraint",
            remedy:
              "A foreign key that cascades deletes the record together with what it records: drop the constraint.",
          }
        : { check: "audit.constraints", remedy: redeploy };
    case "index":
      return { check: "audit.indexes", remedy: redeploy };
    case "grant":
      return {
        check: "audit.append-only",
        remedy: `Only the trigger writes the trail: REVOKE ALL ON public.${auditTable} FROM PUBLIC, anon, authenticated, service_role; GRANT SELECT ON public.${auditTable} TO authenticated, service_role;`,
      };
    default:
      return { check: "audit.policies", remedy: redeploy };
  }
}

/** The audit table in all it consists of; its trigger and function answer in their own areas. */
export const audit: CatalogCheck = {
  area: "audit",
  title: "Audit table",
  examines: (expected) => expected.tables.filter(({ name }) => name === auditTable).length,
  run: ({ differences }) =>
    differences
      .filter(({ object }) => rootOf(object).kind === "table" && rootOf(object).name === auditTable)
      .map((difference) => toFinding(difference, ruleOf(difference))),
};
