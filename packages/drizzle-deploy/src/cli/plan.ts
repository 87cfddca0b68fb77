import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, allowing, collectLists, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface PlanCommandOptions extends DatabaseOptions, QuietOptions {
  allow?: string[];
  json?: true;
}

/** `plan`: what a deployment would do. */
export function addPlan(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const plan = addDatabaseOption(
    program
      .command("plan")
      .description("show what a deployment would do to a live database, statement by statement; reads only"),
    context,
  )
    .option("--allow <what>", allowing, collectLists)
    .option("--json", `print the plan itself, for ${command} deploy --plan`)
    .action((options: PlanCommandOptions) => runPlan(options, context));
  addQuietOption(plan, "print only what is blocked, what stops others for long, and notes");
  addHelp(plan, {
    paragraphs: [
      "Exit status: 0 nothing is blocked, 1 something is, 2 wrong usage or a database that cannot be read.",
    ],
    examples: [
      `${command} plan`,
      `${command} plan --allow 0006_drop_legacy/2`,
      `${command} plan --allow breaks-clients`,
      `${command} plan --json > plan.json`,
    ],
  });
}

async function runPlan(
  { allow = [], json, quiet, ...database }: PlanCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { planFor } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatPlan } = await import("../report/index.ts");
  const plan = await withDatabase(database, context, ({ sql }) => planFor(sql, project, allow));
  if (json) printJson(plan);
  else print(formatPlan(plan, { quiet }));
  if (plan.steps.some(({ action }) => action === "blocked")) process.exitCode = 1;
}
