export { type Area, areas } from "./area.ts";
export {
  type AreaReport,
  type CheckReport,
  checkCatalog,
  checkReportSchema,
  extraFindings,
  runChecks,
} from "./run.ts";
