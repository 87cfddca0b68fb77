import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A user of the operating system. */
export interface Account {
  uid: number;
  gid: number;
}

/** The users that the system can name: initdb refuses to run as one that it cannot look up. */
function namedAccounts(): Map<string, Account> {
  const accounts = new Map<string, Account>();
  if (!existsSync("/etc/passwd")) return accounts;
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name !== undefined && uid !== undefined && gid !== undefined) {
      accounts.set(name, { uid: Number(uid), gid: Number(gid) });
    }
  }
  return accounts;
}

/** The nearest folder, from the path upwards, that exists. */
export function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/**
 * As whom PostgreSQL, which refuses to run as root, runs when this process is root: the owner of the place where its
 * data lives, or else the system's `postgres`, or `nobody`. Undefined: as the user of this process.
 */
export function accountFor(dataDirectory: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(nearestExisting(dataDirectory));
  const named = namedAccounts();
  const owner = existsSync(dataDirectory) || [...named.values()].some((account) => account.uid === uid);
  if (uid !== 0 && owner) return { uid, gid };
  return named.get("postgres") ?? named.get("_postgres") ?? named.get("nobody") ?? { uid: 65534, gid: 65534 };
}

/** Whether the account can get at the path and use it so, by the mode bits of it and of every folder above. */
export function canReach(path: string, account: Account | undefined, use: "read" | "enter"): boolean {
  if (account === undefined) return true;
  const allows = (each: string, bits: number): boolean => {
    const { uid, gid, mode } = statSync(each);
    const granted = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
    return (granted & bits) === bits;
  };
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!allows(folder, 1)) return false;
    if (dirname(folder) === folder) return allows(path, use === "read" ? 5 : 1);
  }
}
