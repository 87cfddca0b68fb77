import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/* Loaded by drizzle.config.ts, synchronously: this module imports nothing of the project. */

/** The folder that a command works for: the nearest one upwards with a package.json, or else the current one. */
function projectFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return from;
  }
}

/** `.spfp` of the project folder: what this program keeps between its runs. */
export function spfpFolder(): string {
  return join(projectFolder(process.cwd()), ".spfp");
}

/** Makes a folder of this program's, and tells git to leave it alone. */
export function makeSpfpFolder(): void {
  const folder = spfpFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".gitignore"), "*\n");
}

/** A server that `spfp-db dev` keeps running. */
export interface RunningServer {
  /** URL of its database; it holds the password that was generated for it. */
  url: string;
  /** The data directory that it was started for. */
  dataDirectory: string;
}

/** The server that `spfp-db dev` keeps running for this project; undefined where none does. */
export function runningServer(): RunningServer | undefined {
  const file = join(spfpFolder(), "url");
  if (!existsSync(file)) return undefined;
  const [url, pid, dataDirectory] = readFileSync(file, "utf8").split("\n");
  if (url === undefined || dataDirectory === undefined || !/^\d+$/.test(pid ?? "")) return undefined;
  try {
    process.kill(Number(pid), 0);
    return { url, dataDirectory };
  } catch {
    return undefined;
  }
}

/** URL of the database that `spfp-db dev` keeps running for this project; undefined where it doesn't. */
export function runningServerUrl(): string | undefined {
  return runningServer()?.url;
}

/**
 * Leaves a running server where `runningServer` finds it, as long as this process lives.
 * @returns what takes it away again
 */
export function showRunningServer(server: RunningServer): () => void {
  const file = join(spfpFolder(), "url");
  const text = `${server.url}\n${process.pid}\n${server.dataDirectory}\n`;
  if (!existsSync(dirname(file))) makeSpfpFolder();
  // Mode is only given to a file that is new.
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600 });
  return () => {
    if (existsSync(file) && readFileSync(file, "utf8") === text) rmSync(file, { force: true });
  };
}
