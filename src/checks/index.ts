export { type Area, areas } from "./area.ts";
export { type AreaReport, type CheckReport, checkCatalog, checkReportSchema, runChecks } from "./run.ts";
