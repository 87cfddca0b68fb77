export * from "drizzle-deploy";
export * from "drizzle-deploy";
export * from "drizzle-deploy/catalog";
export {
  type Finding,
  findingSchema,
  type Severity,
} from "drizzle-deploy/findings";
export * from "drizzle-deploy/postgres";
export * from "./checks/index.ts";
export { cleanUpAutomationLogs } from "./cleanup.ts";
export * from "./duplicates/index.ts";
export { SpfpError, type SpfpErrorCode } from "./errors.ts";
export { type ExpectedTag, expectedCatalog, expectedTags } from "./expected/index.ts";
export { checkDatabase, spfpProject } from "./project.ts";
export * from "./rehearsal/index.ts";
export { spfp } from "./spfp.ts";
export { baselineMigrations, type DatabaseState, databaseStates, reachState } from "./states.ts";
