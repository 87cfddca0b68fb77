import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { inject } from "vitest";
import { OperationalError } from "../../packages/drizzle-deploy/src/findings/errors.ts";
import { dataFolder } from "./memory.ts";
import { projectFolder } from "./states.ts";

/** A folder for the data directories of a test file; open to be passed through, since as root PostgreSQL runs as somebody else. */
export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(dataFolder(), "spfp-test-"));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Waits for a condition; fails with what it was when it doesn't come. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await pause(10);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !(existsSync(stat) && /\) Z /.test(readFileSync(stat, "utf8")));
}

/** The server process of a data directory. */
export function postmasterPid(data: string): number | undefined {
  const file = join(data, "postmaster.pid");
  return existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : undefined;
}

/** The supervisor of a data directory, by its claim. */
export function supervisorPid(data: string): number {
  const folder = `${data}.claims`;
  const last = Math.max(...readdirSync(folder).map(Number));
  return Number(JSON.parse(readFileSync(join(folder, String(last)), "utf8")).pid);
}

/** Waits until nothing runs for a data directory any more. */
export async function stopped(data: string, pid: number): Promise<void> {
  await eventually("the server has stopped", () => !isAlive(pid) && postmasterPid(data) === undefined);
  await eventually("its supervisor has ended", () => !isAlive(supervisorPid(data)));
}

export interface Running {
  child: ChildProcess;
  /** The first line that it prints. */
  line: Promise<string>;
  /** Its end: exit status or signal, and all it printed. */
  end: Promise<{ status: number | null; signal: string | null; out: string; err: string }>;
}

const children = new Set<ChildProcess>();

/** Ends what a test file has left running, because a test of it failed; the setup of each file calls it at its end. */
export function killLeft(): void {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
}

function run(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Running {
  const { DATABASE_URL: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...env, ...options.env },
  });
  children.add(child);
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) resolve(out.slice(0, out.indexOf("\n")));
    });
    child.once("close", () => reject(new Error(`it ended without a word: ${err}`)));
  });
  line.catch(() => undefined);
  const end = once(child, "close").then(() => ({
    status: child.exitCode,
    signal: child.signalCode,
    out,
    err,
  }));
  return { child, line, end };
}

/** A command that uses the embedded server of a data directory; its first line is the port. */
export function hold(data: string, end?: "crash"): Running {
  return run([inject("compiled").hold, data, ...(end ? [end] : [])]);
}

/** `spfp-db` as from a shell, and compiled. */
export function cli(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Running {
  return run([inject("compiled").cli, ...args], options);
}

/** `drizzle-deploy` as from a shell, and compiled. */
export function engineCli(
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Running {
  return run([inject("compiled").engine, ...args], options);
}

/** The example of `examples/back-office` from the source, on a database; its first line has the address. */
export function backOffice(env: { DATABASE_URL: string; PORT: string }): Running {
  const folder = join(projectFolder, "examples");
  return run(["--import", "tsx", "src/main.ts"], {
    cwd: join(folder, "back-office"),
    env: { ...env, TSX_TSCONFIG_PATH: join(folder, "tsconfig.json") },
  });
}

/** The error that a promise is rejected with; what isn't one for a person fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<OperationalError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
  throw new Error(`not refused, but ${JSON.stringify(value)}`);
}
