import { join, relative } from "node:path";
import type { Command } from "commander";
import { DeployError } from "../findings/errors.ts";
import type { DeploymentLog } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, isId, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface LogCommandOptions extends DatabaseOptions, QuietOptions {
  json?: true;
}

/** `log`: the record of a deployment or rollback, from the database that it was of. */
export function addLog(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const log = addDatabaseOption(
    program
      .command("log")
      .argument("[id]", `which one, as ${command} status lists them (default: the last of either)`)
      .description("print the log of a deployment or rollback: who, when, on what ground, every step, sizes"),
    context,
  )
    .option("--json", "print it as JSON instead of Markdown")
    .action((id: string | undefined, options: LogCommandOptions) => printLog(id, options, context));
  addQuietOption(log, "print nothing for a log of what was completed");
  addHelp(log, {
    examples: [`${command} log > deployment.md`, `${command} log ID --json | jq .steps`],
  });
}

async function printLog(
  id: string | undefined,
  { json, quiet, ...database }: LogCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { command } = context.names;
  const { readLastLog, readLog } = await import("../deploy/log.ts");
  const { formatDeploymentLog } = await import("../report/index.ts");
  if (id !== undefined && !isId(id)) {
    throw new DeployError("USAGE", `"${id}" is not the id of a deployment`, `${command} status lists them.`);
  }
  const names = await context.loadNames();
  const log = await withDatabase(database, context, ({ sql }) =>
    id === undefined ? readLastLog(sql, names) : readLog(sql, names, id),
  );
  if (!log) {
    throw new DeployError(
      "NOT_DEPLOYED",
      id === undefined
        ? "nothing was ever deployed to this database, or rolled back"
        : `there is no record ${id} in this database`,
      `${command} status shows what was.`,
    );
  }
  if (quiet && !json && log.outcome === "completed") return;
  if (json) printJson(log);
  else print(formatDeploymentLog(log).trimEnd());
}

/** Writes a log into a folder, by default `log` of the work folder; returns where its Markdown is, from here. */
export async function writeLog(
  log: DeploymentLog,
  folder: string | undefined,
  context: CommandContext,
): Promise<string> {
  const { writeDeploymentLog } = await import("../report/index.ts");
  if (folder === undefined) context.workFolder.make();
  const { markdown } = writeDeploymentLog(log, folder ?? join(context.workFolder.path(), "log"));
  return relative(process.cwd(), markdown);
}
