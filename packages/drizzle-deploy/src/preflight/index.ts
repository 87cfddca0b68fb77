export {
  type Approvals,
  type Intent,
  type ItemReport,
  itemReportSchema,
  type PreflightContext,
} from "./item.ts";
export { runItems } from "./run.ts";
