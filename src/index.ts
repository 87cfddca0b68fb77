/*
 * What an application imports beside schema, views and validation: needs drizzle-orm and its own driver, nothing else.
 */

export type { Cursor, Page } from "./client/cursor.ts";
export {
  ArgumentInvalid,
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
export {
  type Dependant,
  type DependantRule,
  deleted,
  dependants,
  live,
  type Purged,
  type PurgeOptions,
  purge,
  restore,
  type SoftDeletableName,
  type SoftDeletableTable,
  softDelete,
} from "./client/soft-delete.ts";
