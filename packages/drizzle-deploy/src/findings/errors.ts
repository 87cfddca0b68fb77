/** Every way the engine can refuse. The code is stable: scripts and documents refer to it. */
export const errorCodes = [
  "USAGE",
  "URL_INVALID",
  "SERVER_UNREACHABLE",
  "NOT_POSTGRES",
  "SERVER_TOO_OLD",
  "LOGIN_REFUSED",
  "DATABASE_MISSING",
  "PERMISSION_DENIED",
  "FILE_MISSING",
  "FILE_INVALID",
  "FILE_UNWRITABLE",
  "CONNECTION_LOST",
  "NOT_DEPLOYED",
  "CATALOG_UNREADABLE",
  "STATEMENT_FAILED",
  "MIGRATION_CHANGED",
  "MIGRATION_MISSING",
  "MIGRATION_OUT_OF_ORDER",
  "MIGRATION_UNNAMED",
  "NOT_ADOPTED",
  "DEPLOYMENT_RUNNING",
  "POOLER",
  "LOCK_TIMEOUT",
  "BLOCK_TIMEOUT",
  "REPLICATION_LAG",
  "PLAN_OUTDATED",
  "PLAN_BLOCKED",
  "DATA_REFUSED",
  "VALIDATION_FORESEEN",
  "VALIDATION_FAILED",
  "ANSWER_MISSING",
  "APPROVAL_REFUSED",
  "REHEARSAL_MISSING",
  "APPROVAL_MISSING",
  "NOTHING_TO_ROLL_BACK",
  "ROLLBACK_INCOMPLETE",
  "FILE_EXISTS",
  "BACKUP_TOOL_MISSING",
  "BACKUP_TOOL_TOO_OLD",
  "BACKUP_FAILED",
  "CONFIG_INVALID",
  "DATABASE_UNNAMED",
  "SCRATCH_MISSING",
  "SCRATCH_TOO_OLD",
  "SERVER_START_FAILED",
  "PLATFORM_UNSUPPORTED",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * An error that a person can act on: a stable code, what happened (the message) and what to do (the remedy).
 * A command line prints it as one line and exits with status 2; anything else that is thrown is a bug.
 * Neither text may hold a secret: URLs go through `redactUrl` first.
 */
export class OperationalError<Code extends string = string> extends Error {
  override readonly name: string = "OperationalError";

  constructor(
    readonly code: Code,
    message: string,
    readonly remedy: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What the engine refuses with. */
export class DeployError extends OperationalError<ErrorCode> {
  override readonly name = "DeployError";
}
