export { crossingFindings, crossingsItem } from "./crossing-findings.ts";
export { type Crossing, findCrossings } from "./crossings.ts";
export {
  type CrossingsReport,
  crossingsReportSchema,
  fixCrossings,
  undoCrossings,
} from "./fix-crossings.ts";
