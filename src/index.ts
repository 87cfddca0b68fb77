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
  ParameterInvalid,
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
export {
  type CalendarDay,
  type CalendarDays,
  type CalendarPost,
  calendarDay,
  marketingCalendar,
} from "./screens/calendar.ts";
export { type HistoryDays, type HistoryEntry, transactionHistory } from "./screens/history.ts";
export { type KanbanTask, kanbanBoard, kanbanColumn } from "./screens/kanban.ts";
export { type OverdueTask, overdueCount, overdueTasks } from "./screens/overdue.ts";
export type { DayRange, OfUser, OnDay, PageOf } from "./screens/parameters.ts";
export {
  type OpenStage,
  type PipelineLead,
  pipelineBoard,
  pipelineFigures,
  pipelineStage,
  type StageFigures,
} from "./screens/pipeline.ts";
export type { Reader } from "./screens/reading.ts";
export { type UserViews, userView } from "./screens/views.ts";
