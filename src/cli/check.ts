import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  ListOption,
  print,
  printJson,
  type QuietOptions,
  withDatabase,
} from "drizzle-deploy/cli";
import type { Area } from "../checks/index.ts";

/** The areas in a few words each, for the help; the checks themselves are only loaded when they run. */
const areas: Readonly<Record<Area, string>> = {
  columns: "tables and columns",
  constraints: "uniqueness and constraints",
  indexes: "indexes, and that they are valid",
  views: "views, their rights and grants",
  audit: "the audit table",
  functions: "functions and who may execute them",
  triggers: "triggers",
  rls: "row-level security",
  data: "duplicates, orphans, and a trail that agrees",
  behaviour: "two users and an anonymous one try everything, rolled back",
};

interface CheckOptions extends DatabaseOptions, QuietOptions {
  json?: true;
  only?: Area[];
}

/** `spfp-db check`: holds a database against what the migrations make. */
export function addCheck(program: Command, context: CommandContext): void {
  const command = addDatabaseOption(
    program
      .command("check")
      .description(
        "check a database in every detail against what the migrations make; writes nothing that stays",
      ),
    context,
  )
    .addOption(new ListOption("--only <area>", "look at this area only", Object.keys(areas)))
    .option("--json", "print the report as JSON")
    .action((options: CheckOptions) => check(options, context));
  addQuietOption(command);
  addHelp(command, {
    terms: { title: "Areas", rows: Object.entries(areas) },
    paragraphs: [
      "Exit status: 0 when all holds, 1 when not, 2 for wrong usage or a database that cannot be checked.",
    ],
    examples: [
      "spfp-db check",
      "spfp-db check --only indexes,rls",
      "spfp-db check --json | jq '.areas[].findings[]'",
    ],
  });
}

async function check(options: CheckOptions, context: CommandContext): Promise<void> {
  const { checkDatabase } = await import("../project.ts");
  const { requireBootstrapped } = await import("../server/index.ts");
  const { formatCheckReport } = await import("../report/check.ts");
  const report = await withDatabase(options, context, async ({ sql }) => {
    await requireBootstrapped(sql);
    return checkDatabase(sql, options.only);
  });
  if (options.json) printJson(report);
  else print(formatCheckReport(report, options));
  if (!report.ok) process.exitCode = 1;
}
