/*
 * The command line as functions. Needs the engine, drizzle-deploy, which is an optional peer: the other doors do not.
 */

export {
  type BaselineOptions,
  type BaselineReport,
  backup,
  baseline,
  type DeploymentReport,
  type DeployOptions,
  deploy,
  exportScript,
  type Plan,
  type PreflightReport,
  type Project,
  planFor,
  preflight,
  projectOfFolder,
  type RollbackOptions,
  type RollbackReport,
  readLastLog,
  readLog,
  rollback,
  type Status,
  status,
} from "drizzle-deploy";
export { connect, type DatabaseUrl, parseDatabaseUrl, type Sql } from "drizzle-deploy/postgres";
export { type Area, areas, type CheckReport } from "../checks/index.ts";
export {
  type CleanupSchedule,
  cleanUpAutomationLogs,
  scheduleCleanup,
  unscheduleCleanup,
} from "../cleanup.ts";
export { type CrossingsReport, fixCrossings, undoCrossings } from "../crossings/index.ts";
export { type FixReport, fixDuplicates, undoFix } from "../duplicates/index.ts";
export {
  type EraseUserOptions,
  type ErasurePreview,
  type ExportUserOptions,
  eraseUser,
  exportUser,
  type Receipt,
  type UserManifest,
} from "../erasure/index.ts";
export { SpfpError, type SpfpErrorCode } from "../errors.ts";
export { checkDatabase, spfpProject } from "../project.ts";
export { type RehearsalOptions, type RehearsalReport, rehearse } from "../rehearsal/index.ts";
export { bootstrap } from "../server/index.ts";
export { type DatabaseState, databaseStates, reachState } from "../states.ts";
