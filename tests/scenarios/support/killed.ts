import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { z } from "zod";
import type { DatabaseUrl } from "../../../src/postgres/index.ts";
import { projectFolder } from "../../support/states.ts";

/**
 * Compiles the deploying process, which is started hundreds of times.
 * @returns its file
 */
export function compileDeployer(): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "deployer-"));
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(projectFolder, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        rootDir: projectFolder,
        outDir: folder,
        typeRoots: [join(projectFolder, "node_modules/@types")],
      },
      files: [join(projectFolder, "tests/scenarios/support/deployer.ts")],
      include: [],
    }),
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const compiler = join(projectFolder, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the deployer does not compile: ${stdout}`);
  for (const name of ["node_modules", "drizzle"]) symlinkSync(join(projectFolder, name), join(folder, name));
  cpSync(join(projectFolder, "src/catalog/expected"), join(folder, "src/catalog/expected"), {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
  return join(folder, "tests/scenarios/support/deployer.js");
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
