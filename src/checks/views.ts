import { type Difference, rootOf } from "drizzle-deploy/catalog";
import { type CatalogCheck, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";

function ruleOf(difference: Difference): { check: SpfpCheckId; remedy: string } {
  const { kind, object } = difference;
  if (object.kind === "grant") {
    return {
      check: "views.grants",
      remedy: `REVOKE ALL ON ${rootOf(object).label} FROM PUBLIC, anon; GRANT SELECT ON ${rootOf(object).label} TO authenticated, service_role;`,
    };
  }
  if (object.kind === "column") return { check: "views.columns", remedy: redeploy };
  if (kind !== "different") return { check: "views.missing", remedy: redeploy };
  return difference.property === "securityInvoker"
    ? {
        check: "views.invoker",
        remedy: `Everybody reads everybody's rows through it: ALTER VIEW ${object.label} SET (security_invoker = true);`,
      }
    : { check: "views.definition", remedy: redeploy };
}

/** The views: columns, types, definition, the caller's rights, and who may read them. */
export const views: CatalogCheck = {
  area: "views",
  title: "Views",
  examines: (expected) => expected.views.length,
  run: ({ differences }) =>
    differences
      .filter(({ object }) => rootOf(object).kind === "view")
      .map((difference) => toFinding(difference, ruleOf(difference))),
};
