import { execFile } from "node:child_process";
import { join } from "node:path";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";

/** Runs the real drizzle-kit in a folder. */
function drizzleKit(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(folder, "node_modules/drizzle-kit/bin.cjs"), ...args],
      { cwd: folder, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`drizzle-kit ${args[0]} failed: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}

/** Runs the real `drizzle-kit migrate` with the project's own configuration. */
export const drizzleKitMigrate = (folder: string, url: DatabaseUrl): Promise<void> =>
  drizzleKit(folder, ["migrate"], { DATABASE_URL: url });

/** Runs the real `drizzle-kit generate` with the project's own configuration. */
export const drizzleKitGenerate = (folder: string, name: string): Promise<void> =>
  drizzleKit(folder, ["generate", "--name", name]);
