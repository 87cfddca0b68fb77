/*
 * The process that keeps one scratch server. It stops the server, and removes its folder, when its standard input ends:
 * with the command that started it, however that ended. It belongs to no terminal, so that Ctrl-C reaches the command only.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, type Job, jobSchema, owner } from "./job.ts";

let server: ChildProcess | undefined;

/** The last line of the log that says why. */
function reasonIn(log: string): string {
  const lines = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.findLast((line) => /FATAL|PANIC|error:/i.test(line)) ?? lines.at(-1) ?? "no reason was logged";
}

async function start({ initdb, postgres, folder, port, account }: Job): Promise<Answer> {
  const data = join(folder, "data");
  const log = join(folder, "log");
  const output = openSync(log, "a", 0o600);
  const options = {
    cwd: folder,
    env: { PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"], LC_ALL: "C", TZ: "UTC" },
    stdio: ["ignore", output, output] satisfies ["ignore", number, number],
    windowsHide: true,
    ...(account ?? {}),
  };
  const make = spawn(
    initdb,
    [
      ...[`--pgdata=${data}`, `--username=${owner}`, `--pwfile=${join(folder, "password")}`],
      ...["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"],
    ],
    options,
  );
  const [status]: unknown[] = await once(make, "close");
  if (status !== 0) return { failure: reasonIn(log) };
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    timezone: "UTC",
    // What is lost with the machine is lost with the command anyway.
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    // A migration may make a publication.
    wal_level: "logical",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const running = spawn(postgres, ["-D", data, ...flags], options);
  server = running;
  let hasEnded = false;
  running.once("error", () => {
    hasEnded = true;
  });
  running.once("exit", () => {
    hasEnded = true;
  });
  while (!hasEnded) {
    // Its last line; src/include/utils/pidfile.h of PostgreSQL.
    if (/^ready\s*$/m.test(textOf(join(data, "postmaster.pid")))) return { ready: true };
    await pause(10);
  }
  return { failure: reasonIn(log) };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

async function end(folder: string): Promise<void> {
  if (server && server.exitCode === null && server.signalCode === null) {
    const gone = once(server, "exit");
    // An immediate shutdown: nothing of it is to be kept.
    server.kill(process.platform === "win32" ? "SIGTERM" : "SIGQUIT");
    await gone;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

const job = jobSchema.parse(JSON.parse(process.argv[2] ?? ""));
const over = once(process.stdin.resume(), "end");
const answer = start(job).catch((error: unknown): Answer => ({ failure: String(error) }));
void answer.then((said) => process.stdout.write(`${JSON.stringify(said)}\n`));
process.stdout.on("error", () => undefined);
await over;
// What is still being made would write into the folder.
await answer;
await end(job.folder);
