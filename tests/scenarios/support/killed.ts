import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { inject } from "vitest";
import { z } from "zod";
import type { DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { projectFolder } from "../../support/states.ts";

/**
 * Bundles the deploying process, which is started hundreds of times, with all that it reads beside it.
 * @returns its file
 */
export async function compileDeployer(): Promise<string> {
  const folder = mkdtempSync(join(inject("scratchFolder"), "deployer-"));
  const file = join(folder, "src", "deployer.mjs");
  await build({
    entryPoints: [join(projectFolder, "tests/scenarios/support/deployer.ts")],
    outfile: file,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
    // The parser finds its WebAssembly by the names of CommonJS.
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); const __dirname = import.meta.dirname;`,
    },
  });
  const parser = join(projectFolder, "node_modules/libpg-query/wasm/libpg-query.wasm");
  cpSync(parser, join(folder, "src", "libpg-query.wasm"));
  for (const [from, to] of [
    ["drizzle", "drizzle"],
    ["src/expected/catalogs", "src/catalogs"],
  ] as const)
    symlinkSync(join(projectFolder, from), join(folder, to), "junction");
  return file;
}

const saidSchema = z.union([
  z.object({ at: z.enum(["before", "after"]), step: z.string() }),
  z.object({ outcome: z.string(), error: z.unknown() }),
]);

/** Where a deployer was killed, or how it ended. */
export type Said = z.infer<typeof saidSchema>;

/** Runs a deployer until it ends, or has come to its `stopAt`th statement event; there it is killed with SIGKILL. */
export function runDeployer(
  file: string,
  url: DatabaseUrl,
  { stopAt, parallel = 1 }: { stopAt: number; parallel?: number },
): Promise<Said> {
  const child = spawn(process.execPath, [file, url, String(stopAt), String(parallel)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let out = "";
    let complaints = "";
    child.once("error", reject);
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) child.kill("SIGKILL");
    });
    child.once("close", () => {
      if (out.includes("\n")) resolve(saidSchema.parse(JSON.parse(out)));
      else reject(new Error(`the deployer ended without a word: ${complaints}`));
    });
  });
}

/** Starts a deployer that nothing stops but being killed. */
export function startDeployer(
  file: string,
  url: DatabaseUrl,
  { parallel }: { parallel: number },
): { kill: () => Promise<void> } {
  const child = spawn(process.execPath, [file, url, "0", String(parallel)], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    kill: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}
