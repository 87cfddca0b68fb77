import type { Command } from "commander";
import type { BaselineOptions, BaselineReport } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { collect } from "./options.ts";

interface BaselineCommandOptions extends DatabaseOptions {
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
  { at, accept, executor, dryRun, yes, json, ...database }: BaselineCommandOptions,
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
    process.stdout.write(`${formatBaselineReport(report, context.names)}\n`);
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
    process.stdout.write(`${formatBaselineReport(first, context.names)}\n`);
    const point = await choosePoint(first.choices);
    if (point === undefined) return first;
    return baseline(project, url, { ...options, at: point });
  });
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (!isShown) process.stdout.write(`${formatBaselineReport(report, context.names)}\n`);
  else if (report.outcome === "adopted")
    process.stdout.write(`${formatBaselineVerdict(report, context.names)}\n`);
  else process.stdout.write("Not adopted: nothing was written.\n");
  if (report.outcome === "refused" || (isShown && report.outcome !== "adopted")) process.exitCode = 1;
}
