import { rootOf } from "drizzle-deploy/catalog";
import { type CatalogCheck, redeploy, toFinding } from "./area.ts";

/** Every trigger: when it fires, what it calls, and that it is enabled. */
export const triggers: CatalogCheck = {
  area: "triggers",
  title: "Triggers",
  examines: (expected) => expected.tables.reduce((sum, table) => sum + table.triggers.length, 0),
  run: ({ differences }) =>
    differences
      .filter(({ object }) => object.kind === "trigger" && rootOf(object).kind === "table")
      .map((difference) =>
        difference.kind === "different" && difference.property === "enabled"
          ? toFinding(difference, {
              check: "triggers.disabled",
              remedy: `ALTER TABLE ${rootOf(difference.object).label} ENABLE TRIGGER ${difference.object.name};`,
            })
          : toFinding(difference, {
              check: difference.kind === "missing" ? "triggers.missing" : "triggers.definition",
              remedy: redeploy,
            }),
      ),
};
