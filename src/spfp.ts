import { fileURLToPath } from "node:url";
import type { Names } from "drizzle-deploy/project";
import { lastTag } from "./expected/catalogs/tags.ts";

/** What is SPFP's own, handed to rooms that know nothing of it. */
export const spfp = {
  /** The Drizzle migrations that describe every change. */
  migrationsFolder: fileURLToPath(new URL("../drizzle", import.meta.url)),
  /** The last migration that describes production as it was before anything was deployed. */
  baselineTag: "0001_baseline_objects",
  /** The last migration: what a deployed database is held against. */
  headTag: lastTag,
  /** Where the managed objects live. */
  schemas: ["public"],
} as const;

/** What SPFP's command line, its records and its lock are called; the databases that were deployed to keep them. */
export const spfpNames: Names = {
  command: "spfp-db",
  recordSchema: "spfp_db",
  archiveSchema: "spfp_db_archive",
  // `spfp` in ASCII.
  lockKey: 0x73706670,
  folder: ".spfp",
  rehearse: "spfp-db rehearse",
  mergeDuplicates: "spfp-db fix duplicates",
  success: "Database optimizations completed successfully!",
};
