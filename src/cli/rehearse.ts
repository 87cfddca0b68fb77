import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  InvalidArgumentError,
  onInterrupt,
  print,
  printJson,
  type QuietOptions,
  showPhases,
  withDatabase,
} from "drizzle-deploy/cli";

interface RehearseOptions extends DatabaseOptions, QuietOptions {
  scale?: number;
  seed?: number;
  json?: true;
}

/** The size of generated data, as a flag. */
export function parseScale(text: string): number {
  const scale = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || scale < 0.001 || scale > 10) {
    throw new InvalidArgumentError(
      "The scale is a number from 0.001 to 10; 1 is as much data as production has.",
    );
  }
  return scale;
}

/** Which of the generated data of a size, as a flag. */
export function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError("The seed is a whole number of up to 9 digits.");
  return Number(text);
}

/** `spfp-db rehearse`: the whole optimisation on a database made for it. */
export function addRehearse(program: Command, context: CommandContext): void {
  const { folder } = context.names;
  const command = addDatabaseOption(
    program
      .command("rehearse")
      .description("run the whole optimisation on generated data, check everything, and say how it went"),
    context,
  )
    .option(
      "--scale <scale>",
      "size of the data: 1 is production's 5 million rows (default: 0.02)",
      parseScale,
    )
    .option("--seed <seed>", "other data of the same kind (default: 1)", parseSeed)
    .option("--json", "print the report as JSON, and no progress")
    .action((options: RehearseOptions) => runRehearsal(options, context));
  addQuietOption(command);
  addHelp(command, {
    paragraphs: [
      `Works in a database of its own on the server that is named (default: ${context.ownDatabase?.description}), and drops it afterwards. What went well is recorded under ${folder}/rehearsals, for deploy --mode enterprise.`,
      "Exit status: 0 when all went well, 1 when not, 2 for wrong usage or a server that cannot be used.",
    ],
    examples: [
      ["spfp-db rehearse", "some 100,000 rows, in well under a minute"],
      ["spfp-db rehearse --scale 1", "as much data as production; takes minutes"],
    ],
  });
}

async function runRehearsal(
  { scale, seed, json, quiet, ...database }: RehearseOptions,
  context: CommandContext,
): Promise<void> {
  const { saveRehearsal } = await import("drizzle-deploy");
  const { rehearse } = await import("../rehearsal/index.ts");
  const { formatRehearsalReport } = await import("../report/index.ts");
  const report = await withDatabase(database, context, ({ url }) =>
    rehearse(
      url,
      {
        ...(scale === undefined ? {} : { scale }),
        ...(seed === undefined ? {} : { seed }),
        onScratch: onInterrupt,
      },
      json || quiet ? undefined : showPhases,
    ),
  );
  if (report.ok) {
    context.workFolder.make();
    saveRehearsal(context.workFolder.path(), report.record);
  }
  if (json) printJson(report);
  else print(formatRehearsalReport(report, { quiet }));
  if (!report.ok) process.exitCode = 1;
}
