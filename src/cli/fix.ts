import {
  addDatabaseOption,
  addHelp,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  InvalidArgumentError,
  isId,
  Option,
  withDatabase,
} from "drizzle-deploy/cli";

interface FixOptions extends DatabaseOptions {
  apply?: true;
  dryRun?: true;
  undo?: string;
  json?: true;
}

function parseId(text: string): string {
  const id = text.trim();
  if (!isId(id)) throw new InvalidArgumentError("Give the id that --apply printed.");
  return id;
}

/** `spfp-db fix duplicates`: what the uniqueness rules would refuse, shown and merged. */
export function addFix(program: Command, context: CommandContext): void {
  const fix = program
    .command("fix")
    .description("put right what stands in the way of a deployment")
    .helpCommand(false);
  addHelp(fix, { examples: ["spfp-db fix duplicates"] });
  const duplicates = addDatabaseOption(
    fix
      .command("duplicates")
      .description("show the duplicates that the uniqueness rules would refuse; with --apply merge them"),
    context,
  )
    .addOption(new Option("--apply", "merge them, in short pieces that can be undone"))
    .addOption(new Option("--dry-run", "show them only (the default)").conflicts(["apply", "undo"]))
    .addOption(
      new Option("--undo <id>", "restore what a merge changed, where nobody changed it since")
        .argParser(parseId)
        .conflicts("apply"),
    )
    .option("--json", "print the report as JSON")
    .action((options: FixOptions) => runFix(options, context));
  addHelp(duplicates, {
    paragraphs: [
      "Of categories whose names differ only in case the oldest stays; transactions and budgets of the others are filed under it, and the others are soft-deleted. Of several default templates of a type the newest stays default. Every changed row is recorded in the database, so that the merge can be undone.",
    ],
    examples: [
      "spfp-db fix duplicates",
      "spfp-db fix duplicates --apply",
      "spfp-db fix duplicates --undo ID",
      "spfp-db fix duplicates --json | jq '.categories[]'",
    ],
  });
}

async function runFix(
  { apply, undo, json, ...database }: FixOptions,
  context: CommandContext,
): Promise<void> {
  const { fixDuplicates, undoFix } = await import("../duplicates/index.ts");
  const { formatFixReport } = await import("../report/index.ts");
  const report = await withDatabase(database, context, ({ url }) =>
    undo === undefined ? fixDuplicates(url, { apply: apply ?? false }) : undoFix(url, undo),
  );
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatFixReport(report)}\n`);
}
