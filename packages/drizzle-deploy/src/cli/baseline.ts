import type { Command } from "commander";
import type { BaselineOptions, BaselineReport } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, collect, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface BaselineCommandOptions extends DatabaseOptions, QuietOptions {
  at?: string;
  accept?: string[];
  executor?: string;
  dryRun?: true;
  yes?: true;
  json?: true;
}

/** `baseline`: adopts a database that Drizzle has never seen. */
export function addBaseline(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const baseline = addDatabaseOption(
    program
      .command("baseline")
      .description(
        "adopt a live database: find where it stands in the migrations and record those before it, running no SQL of theirs",
      ),
    context,
  )
    .option("--at <tag>", "the migration at which it stands (default: the one that what is there proves)")
    .option(
      "--accept <object>",
      "accept, on record, that it will be wrong after the deployment as it is now; may be repeated",
      collect,
    )
    .option("--executor <name>", "who adopts it (default: the account that this runs as)")
    .option("--dry-run", "look and say; write nothing")
    .option("--yes", "adopt it without asking, at a terminal too")
    .option("--json", "print the report as JSON, and ask nothing")
    .action((options: BaselineCommandOptions) => runBaseline(options, context));
  addQuietOption(baseline, "print only what stands in the way, and what a question is about");
  addHelp(baseline, {
    paragraphs: [
      "At a terminal it walks through what was found, where the database stands and why, what is different and what will be replaced, and asks before it writes. In a pipeline it asks nothing and guesses nothing: where only a person can tell where the database stands it refuses, and --at says it.",
      "Exit status: 0 adopted, or nothing to do; 1 something stands in the way, or the answer was no; 2 wrong usage or a database that cannot be read.",
    ],
    examples: [
      `${command} baseline --dry-run`,
      `${command} baseline`,
      `${command} baseline --at 0001_baseline_objects`,
      `${command} baseline --json | jq '.inTheWay[].sql[]'`,
    ],
  });
}

async function runBaseline(
  { at, accept, executor, dryRun, yes, json, quiet, ...database }: BaselineCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { baseline } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatBaselineReport, formatBaselineVerdict } = await import("../report/index.ts");
  const { canAsk, choosePoint, confirmAdoption } = await import("./prompts.ts");
  const isAsked = canAsk() && !json && !dryRun && !yes;
  let isShown = false;
  const confirm = async (report: BaselineReport): Promise<boolean> => {
    isShown = true;
    print(formatBaselineReport(report, context.names));
    return confirmAdoption(report);
  };
  const options: BaselineOptions = {
    ...(at === undefined ? {} : { at }),
    ...(accept === undefined ? {} : { accept }),
    executor,
    dryRun: dryRun ?? false,
    ...(isAsked ? { confirm } : {}),
  };
  const report = await withDatabase(database, context, async ({ url }) => {
    const first = await baseline(project, url, options);
    if (!isAsked || first.outcome !== "refused" || first.choices.length === 0) return first;
    print(formatBaselineReport(first, context.names));
    const point = await choosePoint(first.choices);
    if (point === undefined) return first;
    return baseline(project, url, { ...options, at: point });
  });
  if (json) printJson(report);
  else if (!isShown) print(formatBaselineReport(report, context.names, { quiet }));
  else if (report.outcome !== "adopted") print("Not adopted: nothing was written.");
  else if (!quiet) print(formatBaselineVerdict(report, context.names));
  if (report.outcome === "refused" || (isShown && report.outcome !== "adopted")) process.exitCode = 1;
}
