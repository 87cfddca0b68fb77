import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { giveToOwner } from "./places.ts";

/*
 * Who serves a data directory. Node has no file locks, and a process identifier may be used again after a crash, so a
 * claim is the name of a socket that its holder listens on: the kernel closes that with the process, however it ends.
 *
 * Claims are files 1, 2, 3 … in one folder; the highest is the one that counts. Who finds it dead creates the next,
 * which exactly one can do (a hard link fails where the name exists), and then removes the lower ones. The highest is
 * never removed, so that nobody can begin again at 1 while another goes on.
 */

// The process identifier is for people who look.
const claimSchema = z.object({ socket: z.string(), pid: z.number() });

export type Claim = z.infer<typeof claimSchema> & { generation: number };

function generations(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);
}

/** The claim that counts, alive or dead. */
export function readClaim(folder: string): Claim | undefined {
  const [generation] = generations(folder);
  if (generation === undefined) return undefined;
  try {
    return {
      ...claimSchema.parse(JSON.parse(readFileSync(join(folder, String(generation)), "utf8"))),
      generation,
    };
  } catch {
    // Removed between the two looks, by the holder of a higher one; or damaged, which is as good as dead.
    return generations(folder)[0] === generation ? { socket: "", pid: 0, generation } : readClaim(folder);
  }
}

/** A connection to the holder of the claim; undefined when it is dead. */
export async function reach(claim: Claim): Promise<Socket | undefined> {
  if (claim.socket === "") return undefined;
  return await new Promise((resolve, reject) => {
    // Half-open: each side says that it is done by ending its own half, and still hears the other.
    const socket = connect({ path: claim.socket, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error) => {
      const code = "code" in error ? error.code : undefined;
      if (code === "ECONNREFUSED" || code === "ENOENT" || code === "ENOTSOCK") resolve(undefined);
      else reject(error);
    });
  });
}

/**
 * Claims the folder for the holder of a socket that already listens.
 * @returns false where another was first
 */
export async function stakeClaim(folder: string, socket: string): Promise<boolean> {
  if (mkdirSync(folder, { recursive: true }) !== undefined) giveToOwner(folder);
  const current = readClaim(folder);
  const rival = current && (await reach(current));
  if (rival) {
    rival.destroy();
    return false;
  }
  const generation = (current?.generation ?? 0) + 1;
  const name = join(folder, String(generation));
  const draft = join(folder, `draft-${process.pid}-${generation}`);
  writeFileSync(draft, JSON.stringify({ socket, pid: process.pid }), { mode: 0o644 });
  try {
    linkSync(draft, name);
  } catch (error) {
    if (existsSync(name)) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const all = generations(folder);
  // Our look at the folder was too old: others came, went, and were tidied away in between.
  if (all[0] !== generation) {
    rmSync(name, { force: true });
    return false;
  }
  // What the claim names may be anything, if somebody wrote it by hand.
  const left = current?.socket ? lstatSync(current.socket, { throwIfNoEntry: false }) : undefined;
  if (current && left?.isSocket()) rmSync(current.socket, { force: true });
  for (const old of all.slice(1)) rmSync(join(folder, String(old)), { force: true });
  return true;
}
