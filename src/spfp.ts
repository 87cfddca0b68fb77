import { fileURLToPath } from "node:url";

/** What is SPFP's own, handed to rooms that know nothing of it. */
export const spfp = {
  /** The Drizzle migrations that describe every change. */
  migrationsFolder: fileURLToPath(new URL("../drizzle", import.meta.url)),
  /** The last migration that describes production as it was before anything was deployed. */
  baselineTag: "0001_baseline_objects",
  /** The last migration: what a deployed database is held against. */
  headTag: "0005_views",
  /** Where the managed objects live. */
  schemas: ["public"],
} as const;
