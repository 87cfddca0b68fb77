import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ExportKind } from "../index.ts";
import type { CommandContext } from "./context.ts";
import { createFile, parseFile } from "./file.ts";
import { addHelp } from "./help.ts";
import { addQuietOption, type QuietOptions } from "./options.ts";
import { print } from "./output.ts";

interface ExportCommandOptions extends QuietOptions {
  for: ExportKind;
  out?: string;
}

/** `export`: the migrations as a script for those without the command line. */
export function addExport(program: Command, context: CommandContext): void {
  const { command, success } = context.names;
  const exported = program
    .command("export")
    .description(
      "write one SQL script for the Supabase SQL editor, psql or supabase/migrations/; touches no database",
    )
    .addOption(
      new Option("--for <use>", "what the script is for")
        .choices(["editor", "supabase", "validate"])
        .makeOptionMandatory(),
    )
    .option(
      "--out <file>",
      "write to this file; a folder gets a file of the right name (default: standard output)",
      parseFile,
    )
    .action((options: ExportCommandOptions) => runExport(options, context));
  addQuietOption(exported, "with --out, do not print the name of the file");
  addHelp(exported, {
    terms: {
      title: "Uses",
      rows: [
        [
          "editor",
          "Supabase's SQL editor or psql: one transaction, which blocks writes until it ends; safe to run again",
        ],
        ["supabase", "the same as a file of supabase/migrations/, named by the time"],
        ["validate", "only looks: a row for each thing that is not as the migrations make it"],
      ],
    },
    paragraphs: [
      `Each ends with "${success}" when all is well, and only then. Prefer ${command} deploy on a live database: it does the same online.`,
    ],
    examples: [
      `${command} export --for editor --out optimizations.sql`,
      `${command} export --for supabase --out supabase/migrations/`,
      `${command} export --for validate | psql "$DATABASE_URL"`,
    ],
  });
}

async function runExport(options: ExportCommandOptions, context: CommandContext): Promise<void> {
  const { exportScript } = await import("../index.ts");
  const project = await context.loadProject();
  const { name, sql } = await exportScript(project, options.for);
  if (options.out === undefined) {
    process.stdout.write(sql);
    return;
  }
  const file = write(options.out, name, sql);
  if (!options.quiet) print(`Written to ${file}.`);
}

/**
 * Writes a script to a file, or into a folder under the script's own name; nothing of it stays where that fails.
 * @returns the file
 * @throws DeployError FILE_EXISTS, FILE_UNWRITABLE
 */
function write(out: string, name: string, sql: string): string {
  const isFolder = /[/\\]$/.test(out) || (existsSync(out) && statSync(out).isDirectory());
  const file = isFolder ? join(out, name) : out;
  createFile(file).write(sql);
  return file;
}
