import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface StatusCommandOptions extends DatabaseOptions, QuietOptions {
  json?: true;
}

/** `status`: where a database stands. */
export function addStatus(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const status = addDatabaseOption(
    program
      .command("status")
      .description("show which migrations a database has had, its last deployments, and what is half done"),
    context,
  )
    .option("--json", "print it as JSON")
    .action((options: StatusCommandOptions) => runStatus(options, context));
  addQuietOption(status, "print only what is pending, half done or different: nothing when all is applied");
  addHelp(status, {
    paragraphs: [
      "Exit status: 0 it could be told, 2 wrong usage, or a journal that the migrations folder contradicts.",
    ],
    examples: [`${command} status`, `${command} status --json | jq -r '.pending[].tag'`],
  });
}

async function runStatus(
  { json, quiet, ...database }: StatusCommandOptions,
  context: CommandContext,
): Promise<void> {
  const project = await context.loadProject();
  const { status } = await import("../deploy/status.ts");
  const { formatStatus } = await import("../report/index.ts");
  const found = await withDatabase(database, context, ({ sql }) => status(sql, project));
  if (json) printJson(found);
  else print(formatStatus(found, context.names, { quiet }));
}
