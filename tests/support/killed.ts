import { spawn } from "node:child_process";
import { inject } from "vitest";
import { z } from "zod";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";

const saidSchema = z.union([
  z.object({ at: z.enum(["before", "after"]), step: z.string() }),
  z.object({ outcome: z.string(), error: z.unknown() }),
]);

/** What a deployer deploys, where it is not SPFP: a folder of migrations, and an empty database to find out what they make. */
export interface Deployed {
  readonly folder: string;
  readonly scratch: DatabaseUrl;
}

/** Where a deployer was killed, or how it ended. */
export type Said = z.infer<typeof saidSchema>;

/** Runs a deployer until it ends, or has come to its `stopAt`th statement event; there it is killed with SIGKILL. */
export function runDeployer(
  url: DatabaseUrl,
  { stopAt, parallel = 1, of }: { stopAt: number; parallel?: number; of?: Deployed },
): Promise<Said> {
  const child = spawn(
    process.execPath,
    [
      inject("compiled").deployer,
      url,
      String(stopAt),
      String(parallel),
      ...(of ? [of.folder, of.scratch] : []),
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
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
  url: DatabaseUrl,
  { parallel }: { parallel: number },
): { kill: () => Promise<void> } {
  const child = spawn(process.execPath, [inject("compiled").deployer, url, "0", String(parallel)], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    kill: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}
