import { join, relative } from "node:path";
import type { Command } from "commander";
import type { DeploymentLog } from "../engine.ts";
import { SpfpError } from "../errors.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

interface LogCommandOptions extends DatabaseOptions {
  json?: true;
}

/** `spfp-db log`: the record of a deployment or rollback, from the database that it was of. */
export function addLog(program: Command): void {
  addDatabaseOption(
    program
      .command("log")
      .argument("[id]", "which one, as spfp-db status lists them (default: the last deployment or rollback)")
      .description("print the log of a deployment or rollback: who, when, on what ground, every step, sizes"),
  )
    .option("--json", "print it as JSON instead of Markdown")
    .addHelpText(
      "after",
      `
Examples:
  $ spfp-db log > deployment.md
  $ spfp-db log 6f1f5c2e-0f4e-4a3b-9a53-0d9f2f7c1f10 --json | jq '.steps[].milliseconds'`,
    )
    .action(printLog);
}

async function printLog(id: string | undefined, { json, ...database }: LogCommandOptions): Promise<void> {
  const { readLastLog, readLog } = await import("../engine.ts");
  const { formatDeploymentLog } = await import("../report/index.ts");
  if (id !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw new SpfpError("USAGE", `"${id}" is no id of a deployment`, "spfp-db status lists them.");
  }
  const log = await withDatabase(database, ({ sql }) =>
    id === undefined ? readLastLog(sql) : readLog(sql, id),
  );
  if (!log) {
    throw new SpfpError(
      "NOT_DEPLOYED",
      id === undefined
        ? "nothing was ever deployed to this database, or rolled back"
        : `there is no record ${id} in this database`,
      "spfp-db status shows what was.",
    );
  }
  process.stdout.write(json ? `${JSON.stringify(log, null, 2)}\n` : formatDeploymentLog(log));
}

/** Writes a log into a folder, by default `.spfp/log`; returns where its Markdown is, from here. */
export async function writeLog(log: DeploymentLog, folder: string | undefined): Promise<string> {
  const { makeSpfpFolder, spfpFolder } = await import("../postgres/index.ts");
  const { writeDeploymentLog } = await import("../report/index.ts");
  if (folder === undefined) makeSpfpFolder();
  const { markdown } = writeDeploymentLog(log, folder ?? join(spfpFolder(), "log"));
  return relative(process.cwd(), markdown);
}
