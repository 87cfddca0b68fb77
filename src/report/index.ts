export { formatBenchReport } from "./bench.ts";
export { requireCharts, writeBenchPage } from "./bench-html.ts";
export { formatCheckReport } from "./check.ts";
export { formatCrossingsReport, formatFixReport } from "./fix.ts";
export { formatRehearsalReport } from "./rehearsal.ts";
