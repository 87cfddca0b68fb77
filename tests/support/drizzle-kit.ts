import { execFile } from "node:child_process";
import { join } from "node:path";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";

/** Runs the real `drizzle-kit migrate` with the project's own configuration. */
export function drizzleKitMigrate(folder: string, url: DatabaseUrl): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(folder, "node_modules/drizzle-kit/bin.cjs"), "migrate"],
      { cwd: folder, env: { ...process.env, DATABASE_URL: url } },
      (error, stdout, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`drizzle-kit migrate failed: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}
