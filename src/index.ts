export * from "./catalog/index.ts";
export * from "./checks/index.ts";
export * from "./deploy/index.ts";
export { type ErrorCode, SpfpError } from "./errors.ts";
export { type Finding, findingSchema, type Severity } from "./finding.ts";
export * from "./postgres/index.ts";
export * from "./preflight/index.ts";
export * from "./rehearsal/index.ts";
export { spfp } from "./spfp.ts";
