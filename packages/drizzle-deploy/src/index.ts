/*
 * What the engine offers: everything that brings a database to the migrations of a project and back. It knows nothing of
 * any one project.
 */

export { type BaselineOptions, baseline } from "./adopt/adopt.ts";
export { type BaselineReport, baselineReportSchema } from "./adopt/baseline-report.ts";
export type {
  Answers,
  Ask,
} from "./approvals/modes.ts";
export {
  type RehearsalRecord,
  recordRehearsal,
  rehearsalRecordSchema,
  saveRehearsal,
} from "./approvals/rehearsal-record.ts";
export { type BackupOptions, type BackupReport, backup, backupReportSchema } from "./backup/backup.ts";
export { type CheckReport, checkDatabase, checkReportSchema } from "./check/check.ts";
export {
  type Configuration,
  readConfiguration,
} from "./config/configuration.ts";
export { type ConfiguredProject, configuredProject } from "./config/configured-project.ts";
export {
  type Confirmation,
  type DeployOptions,
  deploy,
} from "./deploy/deploy.ts";
export { projectOfFolder } from "./deploy/folder-project.ts";
export { type DeploymentLog, deploymentLogSchema, readLastLog, readLog } from "./deploy/log.ts";
export { type Status, status, statusSchema } from "./deploy/status.ts";
export { type ExportedScript, type ExportKind, exportKinds, exportScript } from "./export/export.ts";
export {
  deployGuided,
  type GuidedEvent,
  type GuidedOptions,
  type GuidedResult,
  hasWork,
} from "./guided/deploy-guided.ts";
export {
  acceptanceRule,
  type LintFinding,
  type LintOptions,
  type LintReport,
  lint,
  lintReportSchema,
} from "./lint/lint.ts";
export type { Rule as LintRule } from "./lint/rule.ts";
export { rules as lintRules } from "./lint/rules/index.ts";
export { migrationsSince, workingCopyOf } from "./lint/since.ts";
export {
  type DeploymentReport,
  deploymentReportSchema,
  type Mode,
  modes,
} from "./model/deployment-report.ts";
export type { Project } from "./model/project.ts";
export { type AdoptionRefusal, adoptionRefusals } from "./model/refusals.ts";
export { type Plan, planSchema, type Step } from "./model/step.ts";
export { type Facts, gatherFacts } from "./plan/facts.ts";
export { isStillValid, makePlan, type PlanOptions, planFor } from "./plan/plan.ts";
export {
  type PreflightOptions,
  type PreflightReport,
  preflight,
  preflightReportSchema,
} from "./preflight/preflight.ts";
export { defaultExecutor } from "./records/executor.ts";
export {
  beginDeployment,
  ensureRecords,
  finishDeployment,
  hasRecords,
  recordTables,
} from "./records/records.ts";
export {
  type RehearsalPhase,
  type RehearsalReport,
  rehearsalReportSchema,
  rehearse,
} from "./rehearsal/rehearse.ts";
export {
  previewRollback,
  type RollbackOptions,
  type RollbackPreview,
  type RollbackReport,
  type RollbackScope,
  rollback,
  rollbackPreviewSchema,
  rollbackReportSchema,
} from "./rollback/rollback.ts";
export {
  type BuildProgress,
  type DeploymentEvent,
  describeBatches,
  type Observer,
  type Phase,
  phases,
} from "./run/events.ts";
export { describeHolder, type Holder } from "./run/locks.ts";
export { migrate } from "./run/migrate.ts";
export { openSession, type Session } from "./run/session.ts";
export { type WatchOptions, type WatchReport, watch } from "./run/watch.ts";
