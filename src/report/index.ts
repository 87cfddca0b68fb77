export { formatBaselineReport } from "./baseline.ts";
export { formatCheckReport } from "./check.ts";
export { formatDeploymentReport } from "./deploy.ts";
export { formatBytes, formatDeploymentLog, writeDeploymentLog } from "./deployment.ts";
export { formatFixReport } from "./fix.ts";
export { formatPreflightReport } from "./preflight.ts";
export { formatRehearsalReport, successLine } from "./rehearsal.ts";
export { formatRollbackEvent, formatRollbackPreview, formatRollbackReport } from "./rollback.ts";
export { dress, formatCount, formatDuration, plural } from "./text.ts";
