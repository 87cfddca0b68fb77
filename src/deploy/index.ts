export { adopt } from "./adopt.ts";
export { cleanUpAutomationLogs } from "./cleanup.ts";
export { migrate } from "./migrate.ts";
export { baselineMigrations, type DatabaseState, databaseStates, reachState } from "./state.ts";
