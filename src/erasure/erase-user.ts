import { defaultExecutor, finishDeployment } from "drizzle-deploy";
import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { recorded } from "../fixes/index.ts";
import { spfpNames } from "../spfp.ts";
import { eraseRows, type OnProgress } from "./erase-rows.ts";
import { oneState } from "./export-user.ts";
import type { Login } from "./login.ts";
import { verifyExport } from "./manifest.ts";
import { type Receipt, type Remainder, receiptSchema } from "./receipt.ts";
import { beginProgress, findRecords, type Progress } from "./record.ts";
import { surveyUser } from "./survey.ts";

/** What an erasure would do, for whoever is asked. */
export interface ErasurePreview {
  readonly user: string;
  readonly database: string;
  /** Rows of the user. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** Rows of others that would point to the user no longer. */
  readonly unlinked: Receipt["unlinked"];
  readonly login: Login;
  /** Whether the login goes too. */
  readonly erasesLogin: boolean;
  /** What mentions the user and stays. */
  readonly left: readonly Remainder[];
  /** Of which moment the export is; null without one. */
  readonly exportedAt: string | null;
}

/** How a user is erased. */
export interface EraseUserOptions {
  readonly userId: string;
  /** The folder of an export of this user; null to erase what was not exported. */
  readonly exported: string | null;
  /** Whether the login goes too, the row of `auth.users`. Default false. */
  readonly login?: boolean;
  /** Asked before anything is deleted; false ends it. */
  readonly confirm?: (preview: ErasurePreview) => Promise<boolean>;
  readonly onProgress?: OnProgress;
}

function loginAfter(before: Login, { loginDeleted }: Progress): Receipt["login"] {
  if (loginDeleted) return "deleted";
  return before === "there" ? "kept" : before === "gone" ? "was gone" : "unknown";
}

/**
 * Erases a user: every row of theirs in the managed tables, soft-deleted ones and the trail included, what a rollback
 * moved out of the way, and what the records of fixes keep of their rows. Where other users' rows name them as approver,
 * that is emptied. With `login` the row of `auth.users` goes too, and what hangs on it by cascading foreign keys.
 *
 * In transactions of some thousand rows, so that nobody waits for long; what was committed stays when it is interrupted,
 * and the same call goes on. At its end it is seen that nothing is left. Holds the lock of deployments.
 *
 * @returns the receipt; null where `confirm` said no
 * @throws SpfpError as `connect`; POOLER, DEPLOYMENT_RUNNING; USER_UNKNOWN, NOT_DEPLOYED, EXPORT_INVALID,
 * EXPORT_OUTDATED, PERMISSION_DENIED and ERASURE_BLOCKED before anything is deleted; LOCK_TIMEOUT, ERASURE_INCOMPLETE and,
 * where rows of others came in meanwhile, ERASURE_BLOCKED in between
 */
export async function eraseUser(url: DatabaseUrl, options: EraseUserOptions): Promise<Receipt | null> {
  const { userId, exported, login: erasesLogin = false, confirm, onProgress = () => {} } = options;
  const verified = exported === null ? null : await verifyExport(exported, userId);
  const sql = await connect(url, { applicationName: "spfp-db user erase" });
  const survey = await sql
    .begin(oneState, (transaction) => surveyUser(transaction, userId, erasesLogin, verified))
    .finally(() => sql.end({ timeout: 1 }));
  const { database, role, counts, login, unlinked, left } = survey;
  const exportedAt = verified?.manifest.exportedAt ?? null;
  const preview = { user: userId, database, tables: counts, unlinked, login, erasesLogin, left, exportedAt };
  if (confirm !== undefined && !(await confirm(preview))) return null;

  return recorded(url, async (session, id) => {
    const progress = await session.sql.begin((transaction) => beginProgress(transaction, id, userId, left));
    await eraseRows(session, { survey, userId, login: erasesLogin, onProgress }, progress);
    const receipt = receiptSchema.parse({
      version: 1,
      id,
      user: userId,
      database,
      executor: defaultExecutor(),
      role,
      startedAt: progress.startedAt,
      finishedAt: new Date().toISOString(),
      runs: progress.runs,
      export: verified && { manifest: verified.sha256, exportedAt: verified.manifest.exportedAt },
      erased: counts.map(({ table }) => ({
        table,
        rows: progress.erased.find((one) => one.table === table)?.rows ?? 0,
      })),
      cameIn: progress.cameIn,
      unlinked: progress.unlinked,
      recordedChanges: progress.recordedChanges,
      login: loginAfter(login, progress),
      left: [...progress.left, ...(await findRecords(session.sql, userId))],
    } satisfies Receipt);
    await finishDeployment(session.sql, spfpNames, id, "completed", { receipt });
    return receipt;
  });
}
