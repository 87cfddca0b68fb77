export { adopt, type BaselineOptions, baseline } from "./adopt.ts";
export { type BaselineReport, baselineReportSchema } from "./baseline-report.ts";
export { cleanUpAutomationLogs } from "./cleanup.ts";
export { migrate } from "./migrate.ts";
export type { Project } from "./project.ts";
export { spfpProject } from "./spfp-project.ts";
export { baselineMigrations, type DatabaseState, databaseStates, reachState } from "./state.ts";
