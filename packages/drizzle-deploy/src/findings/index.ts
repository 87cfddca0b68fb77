export { type CheckId, checkIds } from "./check-ids.ts";
export { DeployError, type ErrorCode, errorCodes, OperationalError } from "./errors.ts";
export { type Finding, findingSchema, type Severity, withSql } from "./finding.ts";
export { plural } from "./text.ts";
