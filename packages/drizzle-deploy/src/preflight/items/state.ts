import type { PreflightItem } from "../item.ts";

/** The journal and the catalog tell the same story, and every step of the plan can run. */
export const state: PreflightItem = {
  id: "state",
  title: "Journal, catalog and plan",
  run: async (context) => context.state,
};
