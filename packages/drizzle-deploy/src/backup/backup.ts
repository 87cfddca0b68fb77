import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, linkSync, openSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { addressOf, clientEnvironment, connect, type DatabaseUrl, redactUrl } from "../postgres/index.ts";
import { type BackupTool, findBackupTool } from "./backup-tools.ts";

/** What is known of a backup that was made. */
export const backupReportSchema = z.strictObject({
  /** To be given to a deployment: `--backup-id`. */
  id: z.string(),
  file: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  /** What was dumped, without the password. */
  database: z.string(),
  server: z.string(),
  tool: z.strictObject({ file: z.string(), version: z.string() }),
  /** What listing it showed: all entries, and tables with their rows. */
  entries: z.int(),
  tables: z.int(),
  startedAt: z.iso.datetime(),
  milliseconds: z.number(),
});

export type BackupReport = z.infer<typeof backupReportSchema>;

/** How a backup is taken. */
export interface BackupOptions {
  /** The name of the connection, as the server lists it. Default: `drizzle-deploy backup`. */
  readonly applicationName?: string;
  /** Default: a file of the database's name and the time in the current folder. */
  readonly file?: string | undefined;
  /** Aborted: stop, and leave nothing behind. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Where to look for `pg_dump`: PATH and PG_DUMP. Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

const versionSchema = z.tuple([z.object({ number: z.coerce.number().int(), name: z.string() })]);

/**
 * Dumps a database into a file of PostgreSQL's custom format, which only its owner may read, and verifies that
 * `pg_restore` can list it. The password goes through the environment and stands on no command line.
 *
 * @throws DeployError BACKUP_TOOL_MISSING, BACKUP_TOOL_TOO_OLD, BACKUP_FAILED, FILE_EXISTS, and as `connect`
 * @example
 * const { id } = await backup(parseDatabaseUrl(url), { file: "before.dump" });
 */
export async function backup(url: DatabaseUrl, options: BackupOptions = {}): Promise<BackupReport> {
  const begun = performance.now();
  const startedAt = new Date();
  const { applicationName = "drizzle-deploy backup" } = options;
  const server = await serverVersion(url, applicationName);
  const tool = await findBackupTool(Math.floor(server.number / 10_000), options.environment);
  const stamp = startedAt.toISOString().replace(/\.\d+Z$/, "Z");
  const name = addressOf(url).database.replaceAll(/[^\w-]+/g, "_");
  const file = resolve(options.file ?? `${name}-${stamp.replaceAll(":", "")}.dump`);
  if (existsSync(file)) throw exists(file);
  const partial = `${file}.partial`;
  reserve(partial, file);
  try {
    const signal = options.stopSignal;
    await run(
      tool.dump,
      ["--format=custom", "--no-password", `--file=${partial}`],
      clientEnvironment(url, applicationName),
      signal,
    );
    const list = await run(tool.restore, ["--list", partial], {}, signal);
    const entries = list.split("\n").filter((line) => /^\d+;/.test(line));
    // An empty database has a dump without entries: that it was read tells its head.
    if (!/^; +TOC Entries: \d+$/m.test(list)) throw failed("pg_restore does not list what is in the dump");
    const sha256 = await checksum(partial);
    publish(partial, file);
    return {
      id: `${stamp}-${sha256.slice(0, 12)}`,
      file,
      bytes: statSync(file).size,
      sha256,
      database: redactUrl(url),
      server: server.name,
      tool: { file: tool.dump, version: tool.version },
      entries: entries.length,
      tables: entries.filter((line) => / TABLE DATA /.test(line)).length,
      startedAt: startedAt.toISOString(),
      milliseconds: performance.now() - begun,
    };
  } finally {
    rmSync(partial, { force: true });
  }
}

async function serverVersion(
  url: DatabaseUrl,
  applicationName: string,
): Promise<{ number: number; name: string }> {
  const sql = await connect(url, { applicationName });
  try {
    const rows = await sql`
      select current_setting('server_version_num') as number, current_setting('server_version') as name`;
    const [{ number, name }] = versionSchema.parse([...rows]);
    return { number, name: name.split(" ")[0] ?? name };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const exists = (file: string): DeployError =>
  new DeployError(
    "FILE_EXISTS",
    `${file} is there already, and a backup is never overwritten`,
    "Move it away, or give another name with --out.",
  );

function failed(what: string, cause?: unknown): DeployError {
  return new DeployError(
    "BACKUP_FAILED",
    what,
    "Put right what it says (room on the disk, the role's rights on every table) and run it again. There is no backup yet.",
    { cause },
  );
}

/** Makes the file before anything is written to it, so that it is never readable by others. */
function reserve(partial: string, file: string): void {
  try {
    closeSync(openSync(partial, "wx", 0o600));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
      throw failed(
        `${partial} is there: another backup to ${file} runs, or was killed and left it to be deleted`,
        cause,
      );
    }
    throw failed(`${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** Gives the dump its name; a link, unlike a renaming, never replaces what is there. */
function publish(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw exists(file);
    throw failed(
      `the dump cannot be named ${file}: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
  }
}

function checksum(file: string): Promise<string> {
  return new Promise((done, fail) => {
    const hash = createHash("sha256");
    createReadStream(file)
      .on("data", (chunk) => hash.update(chunk))
      .on("error", fail)
      .on("end", () => done(hash.digest("hex")));
  });
}

/** Runs one of PostgreSQL's programs; returns what it printed. */
function run(
  program: BackupTool["dump"],
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((done, fail) => {
    execFile(
      program,
      [...args],
      {
        env: { ...process.env, LC_ALL: "C", ...environment },
        maxBuffer: 256 * 1024 * 1024,
        ...(signal ? { signal } : {}),
      },
      (error, stdout, stderr) => {
        if (!error) return done(stdout);
        const said = stderr.trim().split("\n").slice(0, 3).join("; ");
        fail(failed(signal?.aborted ? "it was stopped" : said || `${program}: ${error.message}`, error));
      },
    );
  });
}
