import { type Command, Option } from "commander";
import type { PreflightOptions } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, parseRate, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface PreflightCommandOptions extends DatabaseOptions, QuietOptions {
  mode: NonNullable<PreflightOptions["mode"]>;
  lowTraffic?: number;
  backupId?: string;
  ticket?: string;
  approvedBy?: string;
  executor?: string;
  json?: true;
}

/** `preflight`: everything that has to be so before a deployment. */
export function addPreflight(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const preflight = addDatabaseOption(
    program
      .command("preflight")
      .description("look at everything that has to be so before a deployment; reads only"),
    context,
  )
    .addOption(
      new Option("--mode <mode>", "how the deployment will be led")
        .choices(["quick", "guided", "enterprise"])
        .default("guided"),
    )
    .option("--backup-id <id>", "what the database can be restored from")
    .option("--low-traffic <tps>", "warn above this many transactions per second", parseRate)
    .option("--ticket <id>", "the change ticket (enterprise)")
    .option("--approved-by <name>", "who approved the change (enterprise)")
    .option("--executor <name>", "who will deploy (default: the user of this process)")
    .option("--json", "print the report as JSON")
    .action((options: PreflightCommandOptions) => runPreflight(options, context));
  addQuietOption(preflight, "print only the items that warn or block");
  addHelp(preflight, {
    paragraphs: [
      "Each item passes, warns or blocks, and says what to do.",
      "Exit status: 0 nothing blocks, 1 something does, 2 wrong usage or a database that cannot be read.",
    ],
    examples: [
      `${command} preflight --backup-id 2026-02-14`,
      `${command} preflight --mode enterprise --approved-by Ana`,
      `${command} preflight --json | jq '.items[].findings[]'`,
    ],
  });
}

async function runPreflight(options: PreflightCommandOptions, context: CommandContext): Promise<void> {
  const { preflight } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatPreflightReport } = await import("../report/index.ts");
  const folder = context.workFolder.path();
  const report = await withDatabase(options, context, ({ url }) =>
    preflight(project, url, { ...options, folder }),
  );
  if (options.json) printJson(report);
  else print(formatPreflightReport(report, options));
  if (!report.ok) process.exitCode = 1;
}
