import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface CheckCommandOptions extends DatabaseOptions, QuietOptions {
  json?: true;
}

/** `check`: a database against what its migrations make. */
export function addCheck(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const check = addDatabaseOption(
    program
      .command("check")
      .description(
        "check a database against what the migrations that it has had make of it: its catalog, drift",
      ),
    context,
  )
    .option("--json", "print the report as JSON")
    .action((options: CheckCommandOptions) => runCheck(options, context));
  addQuietOption(check);
  addHelp(check, {
    paragraphs: [
      "What is missing or different is an error; what no migration makes is a warning. What the database had when the project met it is told only.",
      "Exit status: 0 when all holds, 1 when not, 2 for wrong usage or a database that cannot be checked.",
    ],
    examples: [`${command} check`, `${command} check --json | jq '.findings[]'`],
  });
}

async function runCheck(
  { json, quiet, ...database }: CheckCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { checkDatabase } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatCheckReport } = await import("../report/index.ts");
  const report = await withDatabase(database, context, ({ sql }) => checkDatabase(sql, project));
  if (json) printJson(report);
  else print(formatCheckReport(report, { quiet }));
  if (!report.ok) process.exitCode = 1;
}
