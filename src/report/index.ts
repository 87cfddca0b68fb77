export { formatCheckReport } from "./check.ts";
export { formatFixReport } from "./fix.ts";
export { formatRehearsalReport } from "./rehearsal.ts";
