export { keepCopies, type OnScratchDatabases } from "./databases.ts";
export { runs } from "./measure.ts";
export {
  type BenchReport,
  benchReportSchema,
  type PartId,
  type ScreenResult,
  screenResultSchema,
  tenantSchema,
} from "./report.ts";
export { type BenchOptions, runBench } from "./run.ts";
export { findLargestTenant, measureScreens } from "./screens.ts";
export { nearFloor, promisedAtScale, type Verdict } from "./verdict.ts";
