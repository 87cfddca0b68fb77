import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Binaries } from "drizzle-deploy/scratch";
import { SpfpError } from "../errors.ts";
import type { Places } from "./places.ts";

/** Lines of `postmaster.pid`; src/include/utils/pidfile.h of PostgreSQL 17. */
function pidFile(places: Places): { pid: number; status: string } | undefined {
  try {
    const lines = readFileSync(join(places.data, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), status: (lines[7] ?? "").trim() };
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and was not waited for, as happens in containers without an init.
    const stat = `/proc/${pid}/stat`;
    return !(existsSync(stat) && /\) Z /.test(readFileSync(stat, "utf8")));
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Whether the process is a PostgreSQL of this data directory, and not one that has its number by chance. */
function serves(pid: number, places: Places): boolean {
  try {
    const command = existsSync(`/proc/${pid}/cmdline`)
      ? readFileSync(`/proc/${pid}/cmdline`, "utf8")
      : execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return command.includes(places.data);
  } catch {
    return false;
  }
}

/** Waits until the condition holds; false when the time is over first. */
async function until(condition: () => boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) return false;
    await pause(10);
  }
  return true;
}

/**
 * Stops PostgreSQL: politely (fast shutdown, which ends sessions and writes a checkpoint), then firmly.
 * PostgreSQL 17 manual, 18.5 "Shutting Down the Server".
 */
export async function stopPostgres(pid: number, places: Places, binaries: Binaries): Promise<void> {
  const gone = () => !alive(pid);
  if (process.platform === "win32") {
    spawn(binaries.pg_ctl, ["stop", "-D", places.data, "-m", "fast", "-W"], {
      stdio: "ignore",
      windowsHide: true,
    });
    await until(gone, 20_000);
    return;
  }
  for (const [signal, patience] of [
    ["SIGINT", 15_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    if (await until(gone, patience)) return;
  }
}

/** Stops a PostgreSQL of this data directory that nobody looks after any more, since its supervisor was killed. */
export async function stopOrphan(places: Places, binaries: Binaries): Promise<void> {
  const found = pidFile(places);
  if (found === undefined || !(found.pid > 0)) return;
  if (alive(found.pid) && serves(found.pid, places)) await stopPostgres(found.pid, places, binaries);
  // PostgreSQL itself refuses to start where another process has this number by chance.
  else rmSync(join(places.data, "postmaster.pid"), { force: true });
}

/** What was logged since the offset, line by line. */
function linesSince(log: string, offset: number): string[] {
  const length = statSync(log).size - offset;
  if (length <= 0) return [];
  const buffer = Buffer.alloc(Math.min(length, 64 * 1024));
  const file = openSync(log, "r");
  try {
    readSync(file, buffer, 0, buffer.length, offset + length - buffer.length);
  } finally {
    closeSync(file);
  }
  return buffer.toString("utf8").split("\n");
}

/** The last line of the log that says why, without its time stamp; undefined where there is none. */
export function lastLogLine(log: string, offset: number): string | undefined {
  const lines = linesSince(log, offset)
    .map((line) => line.replace(/^\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] /, "").trim())
    .filter((line) => line !== "");
  const telling = (pattern: RegExp) => lines.findLast((line) => pattern.test(line));
  return telling(/^(PANIC|FATAL)|error:/i) ?? telling(/^(ERROR|HINT|DETAIL)/) ?? lines.at(-1);
}

export type Start = "ready" | "port taken" | "still there" | "failed";

/** Waits until the server that was spawned accepts connections, or ends. */
export async function awaitReady(child: ChildProcess, places: Places, offset: number): Promise<Start> {
  let failed = false;
  child.once("error", () => {
    failed = true;
  });
  const ended = () => failed || child.exitCode !== null || child.signalCode !== null;
  const ready = () => {
    const file = pidFile(places);
    return file?.pid === child.pid && file?.status === "ready";
  };
  // Recovery after a crash may take its time; as long as the process lives there is progress.
  await until(() => ended() || ready(), 120_000);
  if (!ended() && ready()) return "ready";
  const lines = linesSince(places.log, offset).join("\n");
  if (/could not bind|Address already in use|could not create any TCP\/IP sockets/.test(lines))
    return "port taken";
  if (/pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(lines))
    return "still there";
  return "failed";
}

/** A port of loopback that is free now: the one asked for, or one of the system's choice. */
export async function freePort(wanted: number | undefined): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      reject(
        new SpfpError(
          "PORT_TAKEN",
          `Port ${wanted} of this machine cannot be used: ${error.message}.`,
          "Choose another with --port, or leave it out for one that is free.",
        ),
      );
    });
    server.listen({ port: wanted ?? 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
