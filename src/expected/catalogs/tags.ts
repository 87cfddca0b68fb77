/** Written by expected/write.ts: the migrations in order. */
export const expectedTags = [
  "0000_baseline",
  "0001_baseline_objects",
  "0002_optimization",
  "0003_functions_and_triggers",
  "0004_row_level_security",
  "0005_views",
  "0006_screen_order",
  "0007_tenant_references",
] as const;

/** The last of them. */
export const lastTag = "0007_tenant_references";
