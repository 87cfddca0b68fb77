/*
 * An example as its user would have it: both packages packed and installed into a copy of it, outside this checkout, and
 * started there. `npm run example`; Ctrl-C ends it and removes the copy.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const example = fileURLToPath(new URL("back-office", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "spfp-example-"));
// PostgreSQL, which does not run as root, goes through it as another user.
if (process.getuid?.() === 0) chmodSync(folder, 0o755);

const say = (line: string) => process.stdout.write(`${line}\n`);

let running: ChildProcess | undefined;
let interrupted = false;

/** Ends what runs, with what it has started; what comes next does not begin. */
function interrupt(): void {
  interrupted = true;
  const pid = running?.pid;
  if (pid === undefined || running?.exitCode !== null) return;
  if (process.platform === "win32") running.kill();
  else process.kill(-pid, "SIGTERM");
}

/** A program's exit status, null where a signal ended it, and what it said where it was not to be heard. */
function run(
  command: string,
  args: readonly string[],
  cwd: string,
  heard: boolean,
): Promise<{ status: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: heard ? "inherit" : ["ignore", "pipe", "pipe"],
      // npm is a script of the shell there.
      shell: process.platform === "win32" && command === "npm",
      // Ctrl-C is for this process, which passes it on.
      detached: process.platform !== "win32",
    });
    running = child;
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, said }));
  });
}

/** Runs what has to succeed; what it said is shown where it does not. */
async function succeed(what: string, args: readonly string[], cwd: string): Promise<void> {
  if (interrupted) return;
  say(`${what} …`);
  const { status, said } = await run("npm", args, cwd, false);
  if (status !== 0 && !interrupted) throw new Error(`npm ${args.join(" ")}: exit status ${status}\n${said}`);
}

async function start(): Promise<number> {
  const [packed, copy] = [join(folder, "packed"), join(folder, "back-office")];
  mkdirSync(packed);
  cpSync(example, copy, { recursive: true, filter: (path) => !path.includes("node_modules") });
  await succeed("Building both packages", ["run", "build"], checkout);
  await succeed(
    "Packing them",
    [
      "pack",
      "--ignore-scripts",
      "--pack-destination",
      packed,
      "--workspace",
      "drizzle-deploy",
      "--include-workspace-root",
    ],
    checkout,
  );
  const tarballs = readdirSync(packed).map((name) => join(packed, name));
  await succeed(
    "Installing the example with them",
    ["install", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs],
    copy,
  );
  if (interrupted) return 0;
  const { status } = await run(process.execPath, ["--import", "tsx", "src/main.ts"], copy, true);
  return interrupted ? 0 : (status ?? 1);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);

try {
  process.exitCode = await start();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
