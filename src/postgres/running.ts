import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/* Loaded by drizzle.config.ts, synchronously: this module imports nothing of the project. */

function files(from: string): string[] {
  const here = join(from, ".spfp", "url");
  return dirname(from) === from ? [here] : [here, ...files(dirname(from))];
}

/**
 * URL of the database that `spfp-db dev` keeps running for this folder, or one above it; undefined where none does.
 * It holds the password that was generated for it.
 */
export function runningServerUrl(from = process.cwd()): string | undefined {
  const file = files(from).find((each) => existsSync(each));
  if (file === undefined) return undefined;
  const [url, pid] = readFileSync(file, "utf8").split("\n");
  try {
    process.kill(Number(pid), 0);
    return url;
  } catch {
    return undefined;
  }
}

/**
 * Leaves the URL of a running server where `runningServerUrl` finds it, as long as this process lives.
 * @returns what takes it away again
 */
export function showRunningServer(folder: string, url: string): () => void {
  const file = join(folder, "url");
  mkdirSync(folder, { recursive: true });
  rmSync(file, { force: true });
  writeFileSync(file, `${url}\n${process.pid}\n`, { mode: 0o600 });
  return () => {
    const own = existsSync(file) && readFileSync(file, "utf8").endsWith(`\n${process.pid}\n`);
    if (own) rmSync(file, { force: true });
  };
}
