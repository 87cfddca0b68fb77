import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  InvalidArgumentError,
  isId,
  Option,
  print,
  printJson,
  type QuietOptions,
  withDatabase,
} from "drizzle-deploy/cli";
import type { DatabaseUrl } from "drizzle-deploy/postgres";

interface FixOptions extends DatabaseOptions, QuietOptions {
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

/** `spfp-db fix`: what a deployment would be refused for, or would leave, shown and put right. */
export function addFix(program: Command, context: CommandContext): void {
  const fix = program
    .command("fix")
    .description("put right what stands in the way of a deployment")
    .helpCommand(false);
  addHelp(fix, { examples: ["spfp-db fix duplicates", "spfp-db fix crossings"] });
  addKind(fix, context, {
    name: "duplicates",
    description: "show the duplicates that the uniqueness rules would refuse; with --apply merge them",
    apply: "merge them, in short pieces that can be undone",
    paragraph:
      "Of categories whose names differ only in case the oldest stays; transactions and budgets of the others are filed under it, and the others are soft-deleted. Of several default templates of a type the newest stays default. Every changed row is recorded in the database, so that the merge can be undone.",
    list: "categories",
    async run(url, { apply, undo, json, quiet }) {
      const { fixDuplicates, undoFix } = await import("../duplicates/index.ts");
      const { formatFixReport } = await import("../report/index.ts");
      const report =
        undo === undefined ? await fixDuplicates(url, { apply: apply ?? false }) : await undoFix(url, undo);
      return json ? printJson(report) : print(formatFixReport(report, { quiet }));
    },
  });
  addKind(fix, context, {
    name: "crossings",
    description: "show the rows that refer to rows of another user; with --apply correct them",
    apply: "take them back, in short pieces that can be undone",
    paragraph:
      "A transaction filed under another user's account or category, a budget for another's category and a client of another's partner get a row of their own user's that stands in for the other one and says nothing of it; a transaction in another's group and an investment in another's account are in none then. No row is deleted. Every changed row is recorded in the database, so that it can be undone.",
    list: "crossings",
    async run(url, { apply, undo, json, quiet }) {
      const { fixCrossings, undoCrossings } = await import("../crossings/index.ts");
      const { formatCrossingsReport } = await import("../report/index.ts");
      const report =
        undo === undefined
          ? await fixCrossings(url, { apply: apply ?? false })
          : await undoCrossings(url, undo);
      return json ? printJson(report) : print(formatCrossingsReport(report, { quiet }));
    },
  });
}

/** One thing that can be put right, as a command of its own. */
interface Kind {
  readonly name: string;
  readonly description: string;
  /** What `--apply` does. */
  readonly apply: string;
  readonly paragraph: string;
  /** What of the report an example lists. */
  readonly list: string;
  /** Does it, and prints what came out. */
  readonly run: (url: DatabaseUrl, options: FixOptions) => Promise<void>;
}

function addKind(fix: Command, context: CommandContext, kind: Kind): void {
  const command = addDatabaseOption(fix.command(kind.name).description(kind.description), context)
    .addOption(new Option("--apply", kind.apply))
    .addOption(new Option("--dry-run", "show them only (the default)").conflicts(["apply", "undo"]))
    .addOption(
      new Option("--undo <id>", "restore what --apply changed, where nobody changed it since")
        .argParser(parseId)
        .conflicts("apply"),
    )
    .option("--json", "print the report as JSON")
    .action((options: FixOptions) => withDatabase(options, context, ({ url }) => kind.run(url, options)));
  addQuietOption(command, "print only the last line: nothing where there is nothing to do");
  addHelp(command, {
    paragraphs: [kind.paragraph],
    examples: [
      `spfp-db fix ${kind.name}`,
      `spfp-db fix ${kind.name} --apply`,
      `spfp-db fix ${kind.name} --undo ID`,
      `spfp-db fix ${kind.name} --json | jq '.${kind.list}[]'`,
    ],
  });
}
