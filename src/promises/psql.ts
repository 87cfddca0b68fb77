import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { clientEnvironment, clientVersion, type DatabaseUrl } from "drizzle-deploy/postgres";
import { SpfpError } from "../errors.ts";

/** PostgreSQL's own terminal. */
export interface Psql {
  readonly file: string;
  /** As it prints it: `17.10`. */
  readonly version: string;
}

const program = process.platform === "win32" ? "psql.exe" : "psql";

/** The first `psql` on the PATH of an environment that runs; null where there is none. */
export async function findPsql(environment: NodeJS.ProcessEnv): Promise<Psql | null> {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const file of folders.map((folder) => join(folder, program))) {
    const version = existsSync(file) ? await clientVersion(file) : null;
    if (version !== null) return { file, version };
  }
  return null;
}

/**
 * Has psql run statements in one transaction, as a person would run a file of them.
 * @throws SpfpError STATEMENT_FAILED with what psql says; nothing was changed then
 */
export function runByPsql(psql: Psql, url: DatabaseUrl, statements: readonly string[]): Promise<void> {
  const settings = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"];
  return new Promise((done, fail) => {
    const child = execFile(
      psql.file,
      [...settings, "--single-transaction", "--file=-"],
      { env: { ...process.env, LC_ALL: "C", ...clientEnvironment(url, "spfp-db bench") } },
      (error, _stdout, stderr) => {
        if (!error) return done();
        fail(
          new SpfpError(
            "STATEMENT_FAILED",
            `psql ended with ${error.code ?? error.signal ?? "an error"}: ${stderr.trim().split("\n")[0]}`,
            "Take it off the PATH to have the program's own driver run the statements.",
            { cause: error },
          ),
        );
      },
    );
    // Where psql is gone before it has read all, what it said tells more than that.
    child.stdin?.on("error", () => {});
    // A statement may end in a comment, and with or without its semicolon.
    child.stdin?.end(statements.map((statement) => `${statement}\n;\n`).join(""));
  });
}
