import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type Compiled, compileProcesses } from "./compiled.ts";
import { hireJanitor } from "./janitor.ts";
import { findServer, majorVersionOf } from "./server.ts";
import { makeTemplates } from "./states.ts";

declare module "vitest" {
  export interface ProvidedContext {
    testServer: {
      /** As the owner of the test databases. */
      owner: string;
      /** As the role that may bootstrap. */
      administrator: string;
      /** Every database of this run has a name that begins with it. */
      prefix: string;
      /** The major version of its PostgreSQL. */
      version: number;
      /** Whether it stays after the run. */
      outlivesRun: boolean;
    };
    /** For files that tests write; removed after the run, also after one that was interrupted. */
    scratchFolder: string;
    /** The processes that tests start. */
    compiled: Compiled;
  }
}

/** One server for the whole run, with a template of each state. Called by Vitest; returns the teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer(process.env);
  const prefix = `spfp_test_${randomBytes(5).toString("hex")}`;
  const scratchFolder = mkdtempSync(join(tmpdir(), "spfp-test-"));
  const clearAway = hireJanitor({
    folder: scratchFolder,
    ...(server.outlivesRun ? { databases: { url: server.owner, prefix } } : {}),
  });
  const teardown = async () => {
    try {
      await clearAway();
    } finally {
      await server.stop();
    }
  };
  try {
    const [compiled, version] = await Promise.all([
      compileProcesses(join(scratchFolder, "programs")),
      makeTemplates(server, prefix).then(() => majorVersionOf(server)),
    ]);
    project.provide("compiled", compiled);
    project.provide("testServer", {
      owner: server.owner,
      administrator: server.administrator,
      prefix,
      version,
      outlivesRun: server.outlivesRun,
    });
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("scratchFolder", scratchFolder);
  return teardown;
}
