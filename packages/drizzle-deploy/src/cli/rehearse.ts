import type { Command } from "commander";
import type { RehearsalPhase } from "../index.ts";
import type { Scratch } from "../scratch/index.ts";
import type { AddCommand, CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { addHelp } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { addQuietOption, allowing, collectLists, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface RehearseCommandOptions extends DatabaseOptions, QuietOptions {
  allow?: string[];
  json?: true;
}

const phases: Readonly<Record<RehearsalPhase, string>> = {
  prepare: "Bringing a scratch database to where yours stands.",
  deploy: "Deploying the pending migrations there.",
  "roll back": "Rolling them back.",
  "deploy again": "Deploying them again.",
};

/**
 * `rehearse`: the pending migrations there, back and there again, on a scratch database.
 * @param openScratch opens where that database comes from
 */
export const addRehearse =
  (openScratch: () => Promise<Scratch>): AddCommand =>
  (program: Command, context: CommandContext): void => {
    const { command, folder } = context.names;
    const rehearse = addDatabaseOption(
      program
        .command("rehearse")
        .description(
          "deploy the pending migrations to a scratch database that stands where yours does, roll back, deploy again",
        ),
      context,
    )
      .option("--allow <what>", allowing, collectLists)
      .option("--json", "print the report as JSON, and no progress")
      .action((options: RehearseCommandOptions) => runRehearsal(options, context, openScratch));
    addQuietOption(rehearse);
    addHelp(rehearse, {
      paragraphs: [
        `Your database is only read. The scratch database has its tables and none of its rows: what rows may refuse, ${command} preflight and a restored copy tell. What went well is recorded under ${folder}/rehearsals, for deploy --mode enterprise.`,
        "Exit status: 0 when all went well, 1 when not, 2 for wrong usage or a server that cannot be used.",
      ],
      examples: [
        `${command} rehearse`,
        [`${command} rehearse --scratch-url postgresql://localhost/postgres`, "on a server of your own"],
      ],
    });
  };

async function runRehearsal(
  { allow = [], json, quiet, ...database }: RehearseCommandOptions,
  context: CommandContext,
  openScratch: () => Promise<Scratch>,
): Promise<void> {
  const { rehearse, saveRehearsal } = await import("../index.ts");
  const project = await context.loadProject();
  const { formatRehearsalReport } = await import("../report/index.ts");
  const tell = (phase: RehearsalPhase): void => {
    if (!json && !quiet) print(phases[phase]);
  };
  const report = await withDatabase(database, context, async ({ sql }) => {
    const scratch = await openScratch();
    const forget = onInterrupt(() => scratch.end());
    try {
      const { url } = await scratch.make();
      return await rehearse(project, sql, url, { allow, tell });
    } finally {
      forget();
      await scratch.end();
    }
  });
  if (report.record) {
    context.workFolder.make();
    saveRehearsal(context.workFolder.path(), report.record);
  }
  if (json) printJson(report);
  else print(formatRehearsalReport(report, project.names, { quiet }));
  if (!report.ok) process.exitCode = 1;
}
