import { errorCodes, OperationalError } from "drizzle-deploy/findings";

/** Every way in which a command of SPFP's can refuse: the engine's, and its own. The codes are stable. */
export const spfpErrorCodes = [
  ...errorCodes,
  "NOT_BOOTSTRAPPED",
  "ALREADY_SUPABASE",
  "PORT_TAKEN",
  "DATA_DIRECTORY_UNUSABLE",
  "NOT_EMPTY",
  "FIX_UNKNOWN",
  "CHART_LIBRARY_MISSING",
  "CRON_MISSING",
  "USER_UNKNOWN",
  "EXPORT_INVALID",
  "EXPORT_OUTDATED",
  "ERASURE_BLOCKED",
  "ERASURE_INCOMPLETE",
  "SCREEN_CHANGED",
] as const;

export type SpfpErrorCode = (typeof spfpErrorCodes)[number];

/** What SPFP's own part refuses with: a code, what happened, and what to do. */
export class SpfpError extends OperationalError<SpfpErrorCode> {
  override readonly name = "SpfpError";
}
