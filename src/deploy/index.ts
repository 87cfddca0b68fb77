export { type BaselineOptions, baseline } from "./adopt.ts";
export { type BackupOptions, type BackupReport, backup, backupReportSchema } from "./backup.ts";
export { type BaselineReport, baselineReportSchema } from "./baseline-report.ts";
export { cleanUpAutomationLogs } from "./cleanup.ts";
export {
  type Confirmation,
  type DeployOptions,
  defaultExecutor,
  defaultGiveUpAfter,
  defaultLockTimeout,
  defaultParallel,
  deploy,
} from "./deploy.ts";
export {
  type DeploymentReport,
  deploymentReportSchema,
  type Mode,
  modes,
  type TableSize,
} from "./deployment-report.ts";
export { type BuildProgress, type DeploymentEvent, type Observer, type Phase, phases } from "./events.ts";
export { type ExportedScript, type ExportKind, exportKinds, exportScript } from "./export.ts";
export { type Facts, gatherFacts } from "./facts.ts";
export { type FixReport, fixDuplicates, fixReportSchema, undoFix } from "./fix-duplicates.ts";
export { projectOfFolder } from "./folder-project.ts";
export { type MigrationState, readState } from "./journal-state.ts";
export { hasWork, type LeadEvent, type Leading, type LeadOptions, leadDeployment } from "./lead.ts";
export { describeHolder, type Holder } from "./locks.ts";
export {
  addDetails,
  type DeploymentLog,
  deploymentLogSchema,
  readLastLog,
  readLog,
  withoutSecrets,
} from "./log.ts";
export { migrate } from "./migrate.ts";
export {
  type Answers,
  type Ask,
  parseWatch,
  type Question,
  questions,
  requireAnswers,
  unanswered,
} from "./modes.ts";
export { isStillValid, makePlan, type PlanOptions, planFor } from "./plan.ts";
export {
  type PreflightOptions,
  type PreflightReport,
  preflight,
  preflightReportSchema,
} from "./preflight.ts";
export type { Project } from "./project.ts";
export {
  type RehearsalRecord,
  recordRehearsal,
  rehearsalRecordSchema,
  requireRehearsal,
  saveRehearsal,
} from "./rehearsal-record.ts";
export {
  previewRollback,
  type RollbackOptions,
  type RollbackPreview,
  type RollbackReport,
  type RollbackScope,
  rollback,
  rollbackPreviewSchema,
  rollbackReportSchema,
} from "./rollback.ts";
export { checkDatabase, spfpProject } from "./spfp-project.ts";
export { baselineMigrations, type DatabaseState, databaseStates, reachState } from "./state.ts";
export { type Status, status, statusSchema } from "./status.ts";
export { type Plan, planSchema, type Step } from "./step.ts";
export { type WatchOptions, type WatchReport, watch } from "./watch.ts";
