import { type Difference, rootOf } from "drizzle-deploy/catalog";
import { auditTable, type CatalogCheck, isOfTable, redeploy, toFinding } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";

function ruleOf(difference: Difference): { check: SpfpCheckId; remedy: string } {
  const { kind, object } = difference;
  const { label } = rootOf(object);
  if (object.kind === "table" && kind === "different" && difference.property === "forceRowSecurity") {
    return {
      check: "rls.forced",
      remedy: `Its owner, and the trigger that writes the trail, fall under the policies too: ALTER TABLE ${label} NO FORCE ROW LEVEL SECURITY;`,
    };
  }
  if (object.kind === "table") {
    return {
      check: "rls.enabled",
      remedy: `Every role with a grant reads every row: ALTER TABLE ${label} ENABLE ROW LEVEL SECURITY;`,
    };
  }
  if (object.kind === "grant") {
    return {
      check: "rls.grants",
      remedy:
        kind === "missing"
          ? `${object.name} cannot use the table any more: grant it what it had.`
          : `TRUNCATE is not behind row-level security: REVOKE TRUNCATE, REFERENCES, TRIGGER ON ${label} FROM PUBLIC, anon, authenticated;`,
    };
  }
  if (kind === "missing") return { check: "rls.policy-missing", remedy: redeploy };
  if (kind === "extra") {
    return {
      check: "rls.policy-extra",
      remedy: "Permissive policies add up, so one more can only open the table further: drop it.",
    };
  }
  switch (difference.property) {
    case "roles":
    case "command":
    case "permissive":
      return { check: `rls.${difference.property}`, remedy: redeploy };
    default:
      return { check: "rls.expression", remedy: redeploy };
  }
}

const isRowSecurity = (difference: Difference): boolean =>
  difference.object.kind === "policy" ||
  difference.object.kind === "grant" ||
  (difference.object.kind === "table" &&
    difference.kind === "different" &&
    /rowSecurity/i.test(difference.property));

/** Per table and command: that row security is on, its policies' roles and expressions, and no right past it. */
export const rls: CatalogCheck = {
  area: "rls",
  title: "Row-level security",
  examines: (expected) =>
    expected.tables
      .filter(({ name }) => name !== auditTable)
      .reduce((sum, table) => sum + table.policies.length, 0),
  run: ({ differences }) =>
    differences
      .filter((difference) => isOfTable(difference) && isRowSecurity(difference))
      .map((difference) => toFinding(difference, ruleOf(difference))),
};
