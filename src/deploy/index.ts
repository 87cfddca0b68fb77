export { adopt, type BaselineOptions, baseline } from "./adopt.ts";
export { type BaselineReport, baselineReportSchema } from "./baseline-report.ts";
export { cleanUpAutomationLogs } from "./cleanup.ts";
export { type FixReport, fixDuplicates, fixReportSchema, undoFix } from "./fix-duplicates.ts";
export { migrate } from "./migrate.ts";
export {
  type PreflightOptions,
  type PreflightReport,
  preflight,
  preflightReportSchema,
} from "./preflight.ts";
export type { Project } from "./project.ts";
export { spfpProject } from "./spfp-project.ts";
export { baselineMigrations, type DatabaseState, databaseStates, reachState } from "./state.ts";
