export {
  type BenchReport,
  benchReportSchema,
  type PartId,
  type ScreenResult,
} from "./report.ts";
export { type BenchOptions, runBench } from "./run.ts";
export { nearFloor, type Verdict } from "./verdict.ts";
