import { userInfo } from "node:os";

/** Who runs this process, for the record. */
export function defaultExecutor(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that no user has.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
