export { formatCheckReport } from "./check.ts";
export { dress, formatCount, formatDuration, plural } from "./text.ts";
