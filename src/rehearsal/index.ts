export { type RehearsalOptions, rehearse } from "./rehearse.ts";
export { type RehearsalReport, rehearsalReportSchema } from "./report.ts";
