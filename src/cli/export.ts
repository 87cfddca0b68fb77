import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ExportKind } from "../deploy/index.ts";
import { SpfpError } from "../errors.ts";

interface ExportCommandOptions {
  for: ExportKind;
  out?: string;
}

/** `spfp-db export`: the migrations as a script for those without the command line. */
export function addExport(program: Command): void {
  program
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
    )
    .addHelpText(
      "after",
      `
Uses:
  editor     Supabase's SQL editor or psql: one transaction, which blocks writes until it ends; safe to run again
  supabase   the same as a file of supabase/migrations/, named by the time
  validate   only looks: a row for each thing that is not as the migrations make it

Each ends with "Database optimizations completed successfully!" when all is well, and only then.
Prefer spfp-db deploy on a live database: it does the same online.

Examples:
  $ spfp-db export --for editor --out optimizations.sql
  $ spfp-db export --for supabase --out supabase/migrations/
  $ spfp-db export --for validate | psql "$DATABASE_URL"`,
    )
    .action(runExport);
}

async function runExport(options: ExportCommandOptions): Promise<void> {
  const { exportScript, spfpProject } = await import("../deploy/index.ts");
  const { name, sql } = await exportScript(spfpProject, options.for);
  if (options.out === undefined) {
    process.stdout.write(sql);
    return;
  }
  const isFolder =
    /[/\\]$/.test(options.out) || statSync(options.out, { throwIfNoEntry: false })?.isDirectory();
  const file = isFolder ? join(options.out, name) : options.out;
  try {
    writeFileSync(file, sql, { flag: "wx" });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
      throw new SpfpError(
        "FILE_EXISTS",
        `${file} is there already, and is not overwritten`,
        "Remove it, or give another name with --out.",
        { cause },
      );
    }
    throw new SpfpError(
      "FILE_MISSING",
      `${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`,
      "Give a file in a folder that exists and that you may write to.",
      { cause },
    );
  }
  process.stdout.write(`Written to ${file}.\n`);
}
