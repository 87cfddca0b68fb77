export { formatAuditTrail } from "./audit.ts";
export { formatBenchReport } from "./bench.ts";
export { requireCharts, writeBenchPage } from "./bench-html.ts";
export { formatCheckReport } from "./check.ts";
export {
  formatErasurePreview,
  formatErasureProgress,
  formatManifest,
  formatReceipt,
  formatUserRows,
} from "./erasure.ts";
export { formatCrossingsReport, formatFixReport } from "./fix.ts";
export { formatRehearsalReport } from "./rehearsal.ts";
