import { deploy, type Project, projectOfFolder } from "../../packages/drizzle-deploy/src/index.ts";
import { connect, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../src/project.ts";
import { spfpNames } from "../../src/spfp.ts";

/*
 * Deploys SPFP to the database of the first argument; at the statement event whose number is the second (from 1; 0
 * for none) it says where it is, and does not go on. Where a folder of migrations is given it is those that it deploys,
 * with a database for scratch.
 */

const [url = "", stopAt = "0", parallel = "1", folder, scratch = ""] = process.argv.slice(2);
let count = 0;

async function projectOf(migrationsFolder: string): Promise<Project> {
  const sql = await connect(parseDatabaseUrl(scratch));
  try {
    const schemas = ["public"] as const;
    // The next one finds there what the scratch database said.
    const cacheFolder = `${migrationsFolder}-cache`;
    const described = { name: "folder", migrationsFolder, schemas, names: spfpNames, cacheFolder };
    return await projectOfFolder(sql, described);
  } finally {
    await sql.end();
  }
}

const report = await deploy(
  folder === undefined ? { ...spfpProject, validate: async () => [] } : await projectOf(folder),
  parseDatabaseUrl(url),
  {
    mode: "quick",
    backupId: "none",
    parallel: Number(parallel),
    ...(folder === undefined ? {} : { allow: ["long-lock", "data-loss"] }),
  },
  async (event) => {
    if (event.type !== "statement") return;
    count += 1;
    if (count !== Number(stopAt)) return;
    process.stdout.write(`${JSON.stringify({ at: event.at, step: event.step.id })}\n`);
    await new Promise(() => {});
  },
);
process.stdout.write(`${JSON.stringify({ outcome: report.outcome, error: report.error })}\n`);
