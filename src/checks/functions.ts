import { type Difference, rootOf } from "drizzle-deploy/catalog";
import { type CatalogCheck, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";

function ruleOf(difference: Difference): { check: SpfpCheckId; remedy: string } {
  const { kind, object } = difference;
  const { label } = rootOf(object);
  if (object.kind === "grant") {
    return {
      check: "functions.execute",
      remedy: `REVOKE or GRANT EXECUTE ON FUNCTION ${label} so that only those it is for may call it.`,
    };
  }
  if (kind === "missing") return { check: "functions.missing", remedy: redeploy };
  if (kind === "extra") {
    return { check: "functions.overload", remedy: `It makes calls ambiguous: DROP FUNCTION ${label};` };
  }
  switch (difference.property) {
    case "config":
      return {
        check: "functions.search-path",
        remedy: `Without a fixed search_path a caller chooses what it calls: ALTER FUNCTION ${label} SET search_path = '';`,
      };
    case "securityDefiner":
      return { check: "functions.security", remedy: redeploy };
    default:
      return { check: "functions.definition", remedy: redeploy };
  }
}

/** Every function: body, search_path, whose rights it runs with, and who may execute it. */
export const functions: CatalogCheck = {
  area: "functions",
  title: "Functions",
  examines: (expected) => expected.functions.length,
  run: ({ differences }) =>
    differences
      .filter(({ object }) => rootOf(object).kind === "function")
      .map((difference) => toFinding(difference, ruleOf(difference))),
};
