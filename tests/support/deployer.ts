import { deploy } from "../../packages/drizzle-deploy/src/index.ts";
import { parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../src/project.ts";

/*
 * Deploys SPFP to the database of the first argument; at the statement event whose number is the second (from 1; 0
 * for none) it says where it is, and does not go on.
 */

const [url = "", stopAt = "0", parallel = "1"] = process.argv.slice(2);
let count = 0;

const report = await deploy(
  { ...spfpProject, validate: async () => [] },
  parseDatabaseUrl(url),
  { mode: "quick", backupId: "none", parallel: Number(parallel) },
  async (event) => {
    if (event.type !== "statement") return;
    count += 1;
    if (count !== Number(stopAt)) return;
    process.stdout.write(`${JSON.stringify({ at: event.at, step: event.step.id })}\n`);
    await new Promise(() => {});
  },
);
process.stdout.write(`${JSON.stringify({ outcome: report.outcome, error: report.error })}\n`);
