export { formatBaselineReport } from "./baseline.ts";
export { formatCheckReport } from "./check.ts";
export { formatRehearsalReport, successLine } from "./rehearsal.ts";
export { dress, formatCount, formatDuration, plural } from "./text.ts";
