import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DeployError } from "../findings/errors.ts";

/** Where libpq looks for a file of the user's own, by the name that it has on Unix and below the folder of Windows. */
export function ownFile(unix: string, windows: string, environment: NodeJS.ProcessEnv = process.env): string {
  const applicationData = environment["APPDATA"];
  return process.platform === "win32" && applicationData
    ? join(applicationData, "postgresql", windows)
    : join(homedir(), unix);
}

/** The text of a file; undefined where there is none. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether others than its owner may get at a file; nothing tells on Windows. */
export function isOpenToOthers(file: string): boolean {
  if (process.platform === "win32") return false;
  const { mode, uid } = statSync(file);
  // A file of root's may be read by a group: that is how a server's keys are handed out.
  return (mode & (uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077)) !== 0;
}

/**
 * A file that TLS needs.
 * @param setting what names it: `sslrootcert`
 * @throws DeployError FILE_MISSING
 */
export function readForTls(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new DeployError(
      "FILE_MISSING",
      `The file ${file} (${setting}) cannot be read.`,
      "Check its path and its permissions.",
    );
  }
}
