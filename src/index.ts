/*
 * What an application imports beside schema, views and validation: needs drizzle-orm and its own driver, nothing else.
 */

export { auditCsv, auditJsonLines } from "./client/audit-export.ts";
export {
  auditTimeline,
  type Day,
  describeChange,
  type Moment,
  type TimelineOptions,
} from "./client/audit-timeline.ts";
export {
  type AuditEntry,
  type AuditFilter,
  type AuditPage,
  auditEntries,
  auditTrail,
  snapshot,
} from "./client/audit-trail.ts";
export type { Cursor, Page } from "./client/cursor.ts";
export {
  ClaimsInvalid,
  ClientError,
  type ClientErrorCode,
  CursorInvalid,
  clientErrorCodes,
  DuplicateCategoryName,
  DuplicateDefaultTemplate,
  DuplicateValue,
  MissingReference,
  NotAllowed,
  namedError,
  ParentDeleted,
  RoleNotGranted,
  SessionNested,
  SnapshotMissing,
  StillInUse,
  StillReferenced,
  TryAgain,
  type ValueFault,
  ValueRefused,
} from "./client/errors.ts";
export {
  asAnonymous,
  asService,
  asUser,
  type JsonValue,
  type SessionRole,
  type UserClaims,
} from "./client/sessions.ts";
