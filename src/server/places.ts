import { createHash } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { accountFor, canReach, nearestExisting } from "drizzle-deploy/scratch";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { makeSpfpFolder, spfpFolder } from "./running.ts";

/** Where one embedded server keeps what it has. */
export const placesSchema = z.object({
  /** PostgreSQL's data directory. */
  data: z.string(),
  /** Its password and whether it is complete; readable by its user only. */
  secrets: z.string(),
  log: z.string(),
  /** Who serves it: see `claim.ts`. */
  claims: z.string(),
  /** As whom PostgreSQL runs, where this process is root. */
  account: z.object({ uid: z.number(), gid: z.number() }).optional(),
  /** A folder to remove when the server stops. */
  temporary: z.string().optional(),
});

export type Places = z.infer<typeof placesSchema>;

function around(data: string): Pick<Places, "data" | "secrets" | "log" | "claims"> {
  return { data, secrets: `${data}.json`, log: `${data}.log`, claims: `${data}.claims` };
}

/**
 * Where the server of a data directory keeps what it has; makes the folder above it.
 * When root runs the command in a place that PostgreSQL's account cannot enter (`/root` is closed to all others),
 * the data lives in the temporary folder instead, under a name derived from the path.
 * @throws SpfpError DATA_DIRECTORY_UNUSABLE
 */
export function placesOf(dataDirectory: string): Places {
  const asked = resolve(dataDirectory);
  const account = accountFor(asked);
  let data = asked;
  if (account !== undefined && !canReach(nearestExisting(dirname(asked)), account, "enter")) {
    const key = createHash("sha256").update(asked).digest("hex").slice(0, 12);
    const home = join(tmpdir(), `spfp-${key}`);
    prepareFolder(home);
    if (lstatSync(home).uid !== 0) throw unusable(home, "belongs to another user", "Delete it.");
    data = join(home, "data");
  }
  prepareFolder(dirname(data));
  // One name for one folder: it is looked for in the command lines of processes.
  data = join(realpathSync(dirname(data)), basename(data));
  return { ...around(data), ...(account && { account }) };
}

/** Places, in a folder, of a server whose data goes when it stops. */
export function temporaryPlaces(parent: string): Places {
  const temporary = mkdtempSync(join(parent, "spfp-"));
  if (process.getuid?.() === 0) chmodSync(temporary, 0o711);
  const account = accountFor(join(temporary, "data"));
  return { ...around(join(temporary, "data")), temporary, ...(account && { account }) };
}

/** Makes a folder and those above it; as root, for the owner of what was there, and open to be passed through. */
function prepareFolder(folder: string): void {
  const owner = statSync(nearestExisting(folder));
  let first: string | undefined;
  try {
    first = mkdirSync(folder, { recursive: true });
    if (first === undefined) return;
    if (folder === spfpFolder()) makeSpfpFolder();
  } catch (error) {
    throw unusable(
      folder,
      `cannot be made: ${error instanceof Error ? error.message : error}`,
      "Choose another with --data.",
    );
  }
  if (process.getuid?.() !== 0) return;
  for (let each = folder; ; each = dirname(each)) {
    chmodSync(each, 0o755);
    chownSync(each, owner.uid, owner.gid);
    if (each === resolve(first)) return;
  }
}

/** As root, gives what was made in a folder to the owner of that folder, who may be the next to run a command. */
export function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

/** A refusal of a folder. */
export function unusable(folder: string, what: string, remedy: string): SpfpError {
  return new SpfpError("DATA_DIRECTORY_UNUSABLE", `The data directory ${folder} ${what}.`, remedy);
}
