import postgres from "postgres";
import { DeployError } from "../findings/errors.ts";
import type { Step } from "../model/step.ts";
import { translate } from "../postgres/index.ts";
import { describeHolder, type Holder } from "./locks.ts";

/** What a deployment that did not complete says last. */
export const continues = "Then run the same command again: it continues after the last step that is done.";

/**
 * Class 40 and 55P03: nothing was wrong but the moment. PostgreSQL 17 manual, appendix A: a lock that was not to be
 * had in time, a deadlock, and two transactions that cannot both have come first.
 */
const momentary = new Set(["55P03", "40P01", "40001"]);

/** Whether the same statement may succeed a moment later. */
export function isMomentary(error: unknown): boolean {
  return error instanceof postgres.PostgresError && momentary.has(error.code);
}

/** Rows that a rule refuses: unique, foreign key (`RESTRICT` since PostgreSQL 18), check, not null, exclusion. */
const refusedRows = new Set(["23505", "23503", "23001", "23514", "23502", "23P01"]);

/** PostgreSQL 17 manual, appendix A: a statement that was ended, by its timeout or by somebody. */
const canceled = "57014";

/** Whether a statement was ended by its timeout, and by nobody. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof postgres.PostgresError &&
  error.code === canceled &&
  !error.message.includes("user request");

/** That replicas stayed too far behind for as long as a step waits. */
export const replicaBehind = (step: Step, reason: string, milliseconds: number): DeployError =>
  new DeployError(
    "REPLICATION_LAG",
    `${step.title} (step ${step.id}) waited ${(milliseconds / 1000).toFixed(1)} s before its next batch: ${reason}. What it did so far stays`,
    `Where the replica may stay behind: --replication-lag MEGABYTES, 0 for no limit. ${continues}`,
  );

/**
 * The error of a step as one that a person can act on.
 * @param blockTimeout how long a step that cannot be seen into may take, in milliseconds; 0 for as long as it takes
 */
export function stepError(step: Step, error: unknown, blockTimeout: number): DeployError {
  if (error instanceof DeployError) return error;
  if (
    error instanceof postgres.PostgresError &&
    error.code === canceled &&
    step.kind === "opaque" &&
    blockTimeout > 0 &&
    !error.message.includes("user request")
  ) {
    return new DeployError(
      "BLOCK_TIMEOUT",
      `${step.title} (step ${step.id}) was ended after ${blockTimeout / 1000} s: a DO block or a CALL may hold its locks for that long only. It changed nothing`,
      `Where no client needs what it locks, allow more time: --block-timeout SECONDS, 0 for no limit. ${continues}`,
      { cause: error },
    );
  }
  if (error instanceof postgres.PostgresError && refusedRows.has(error.code)) {
    const detail = error.detail ? ` ${error.detail}` : "";
    return new DeployError(
      "DATA_REFUSED",
      `${step.title} (step ${step.id}): ${error.message}.${detail}`,
      `Correct the rows. ${continues}`,
      { cause: error },
    );
  }
  const known = translate(error);
  if (!(known instanceof DeployError)) throw known;
  const remedy =
    known.code === "CONNECTION_LOST"
      ? "Once the server is back, run the same command again: it continues after the last step that is done."
      : `${known.remedy} ${continues}`;
  return new DeployError(known.code, `${step.title} (step ${step.id}): ${known.message}`, remedy, {
    cause: error,
  });
}

/** That a step waited for as long as it may. */
export function gaveUp(
  step: Step,
  milliseconds: number,
  holders: readonly Holder[],
  left: string,
): DeployError {
  const who =
    holders.length === 0
      ? "sessions that come and go"
      : holders.map((holder) => describeHolder(holder)).join("; ");
  return new DeployError(
    "LOCK_TIMEOUT",
    `${step.title} (step ${step.id}) did not get its lock in ${(milliseconds / 1000).toFixed(1)} s, because of ${who}.${left}`,
    `Wait for them or end them. ${continues}`,
  );
}
