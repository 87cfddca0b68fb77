import type { Command } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

interface PlanCommandOptions extends DatabaseOptions {
  allow?: string[];
  json?: true;
}

/** `spfp-db plan`: what a deployment would do. */
export function addPlan(program: Command): void {
  addDatabaseOption(
    program
      .command("plan")
      .description("show what a deployment would do to a live database, statement by statement; reads only"),
  )
    .option(
      "--allow <step>",
      "accept the hazards of a step, or of a migration's every step; may be repeated",
      (step: string, before: string[] = []) => [...before, step],
    )
    .option("--json", "print the plan itself, for spfp-db deploy --plan")
    .addHelpText(
      "after",
      `
Exit status: 0 nothing is blocked, 1 something is, 2 wrong usage or a database that cannot be read.

Examples:
  $ spfp-db plan --database-url postgres://postgres@db.example.com/postgres
  $ spfp-db plan --allow 0006_drop_legacy/2
  $ spfp-db plan --json > plan.json`,
    )
    .action(runPlan);
}

async function runPlan({ allow = [], json, ...database }: PlanCommandOptions): Promise<void> {
  const { planFor } = await import("../engine.ts");
  const { spfpProject } = await import("../project.ts");
  const { formatPlan } = await import("../report/index.ts");
  const plan = await withDatabase(database, ({ sql }) => planFor(sql, spfpProject, allow));
  process.stdout.write(`${json ? JSON.stringify(plan, null, 2) : formatPlan(plan)}\n`);
  if (plan.steps.some(({ action }) => action === "blocked")) process.exitCode = 1;
}
