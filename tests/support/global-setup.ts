import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { findServer } from "./server.ts";
import { dropDatabases, makeTemplates } from "./states.ts";

declare module "vitest" {
  export interface ProvidedContext {
    testServer: {
      /** As the owner of the test databases. */
      owner: string;
      /** As the role that may bootstrap. */
      administrator: string;
      /** Every database of this run has a name that begins with it. */
      prefix: string;
    };
    /** For files that tests write; removed after the run, also after one that was interrupted. */
    scratchFolder: string;
  }
}

/** One server for the whole run, with a template of each state. Called by Vitest; returns the teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer(process.env);
  const scratchFolder = mkdtempSync(join(tmpdir(), "spfp-test-"));
  const prefix = `spfp_test_${randomBytes(5).toString("hex")}`;
  let ending: Promise<void> | undefined;
  const teardown = () => {
    ending ??= (async () => {
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      try {
        await dropDatabases(server, prefix);
      } finally {
        await server.stop();
        rmSync(scratchFolder, { recursive: true, force: true });
      }
    })();
    return ending;
  };
  // Vitest runs no teardown when it is interrupted.
  const interrupted = (signal: NodeJS.Signals) => {
    void teardown().finally(() => process.kill(process.pid, signal));
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    await makeTemplates(server, prefix);
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("testServer", {
    owner: server.owner,
    administrator: server.administrator,
    prefix,
  });
  project.provide("scratchFolder", scratchFolder);
  return teardown;
}
