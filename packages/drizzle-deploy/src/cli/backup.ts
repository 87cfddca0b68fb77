import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { parseFile } from "./file.ts";
import { addHelp } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { addQuietOption, type QuietOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface BackupCommandOptions extends DatabaseOptions, QuietOptions {
  out?: string;
  json?: true;
}

/** `backup`: a restore point before a deployment. */
export function addBackup(program: Command, context: CommandContext): void {
  const { command } = context.names;
  const backup = addDatabaseOption(
    program
      .command("backup")
      .description("dump the database with pg_dump of the right version, and verify the dump by listing it"),
    context,
  )
    .option(
      "--out <file>",
      "the file to write; never overwrites (default: the database's name and the time)",
      parseFile,
    )
    .option("--json", "print the report as JSON")
    .action((options: BackupCommandOptions) => runBackup(options, context));
  addQuietOption(backup, "print only the backup id, which deploy --backup-id takes");
  addHelp(backup, {
    paragraphs: [
      "pg_dump is looked for on PATH and where installers put it; the variable PG_DUMP names another (PG_DUMP=/opt/pg17/bin/pg_dump). It has to be of the server's major version or later. The file is of PostgreSQL's custom format, and only you may read it.",
      'Restore it with: pg_restore --dbname "$DATABASE_URL" --clean --if-exists FILE',
    ],
    examples: [
      `${command} backup --out before.dump`,
      [`${command} backup --quiet`, "prints what deploy --backup-id takes"],
    ],
  });
}

async function runBackup(
  { out, json, quiet, ...database }: BackupCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { backup } = await import("../backup/backup.ts");
  const { formatBackupReport } = await import("../report/index.ts");
  const stop = new AbortController();
  const report = await withDatabase(database, context, async ({ url }) => {
    const work = backup(url, {
      applicationName: `${context.names.command} backup`,
      file: out,
      stopSignal: stop.signal,
    });
    const forget = onInterrupt(async () => {
      stop.abort();
      await work.catch(() => undefined);
    });
    return work.finally(forget);
  });
  if (json) printJson(report);
  else print(formatBackupReport(report, { quiet }));
}
