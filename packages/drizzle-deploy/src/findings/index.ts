export { type CheckId, checkIds } from "./check-ids.ts";
export { DeployError, type ErrorCode, errorCodes, OperationalError } from "./errors.ts";
export { type Finding, findingSchema, type Severity, severities, withSql } from "./finding.ts";
export { formatCount, plural, visible } from "./text.ts";
