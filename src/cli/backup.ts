import type { Command } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { parseFile } from "./file.ts";
import { onInterrupt } from "./interrupt.ts";

interface BackupCommandOptions extends DatabaseOptions {
  out?: string;
  json?: true;
}

/** `spfp-db backup`: a restore point before a deployment. */
export function addBackup(program: Command): void {
  addDatabaseOption(
    program
      .command("backup")
      .description("dump the database with pg_dump of the right version, and verify the dump by listing it"),
  )
    .option(
      "--out <file>",
      "the file to write; never overwrites (default: the database's name and the time)",
      parseFile,
    )
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
pg_dump is looked for on PATH and where installers put it; PG_DUMP names another. It has to be of the server's major
version or later. The file is of PostgreSQL's custom format, and only you may read it.

Examples:
  $ spfp-db backup --out before.dump --database-url postgres://postgres@db.example.com/postgres
  $ PG_DUMP=/opt/pg17/bin/pg_dump spfp-db backup
  $ spfp-db deploy --backup-id "$(spfp-db backup --json | jq -r .id)"
Restore it with:
  $ pg_restore --dbname "$DATABASE_URL" --clean --if-exists before.dump`,
    )
    .action(runBackup);
}

async function runBackup({ out, json, ...database }: BackupCommandOptions): Promise<void> {
  const { backup } = await import("../engine.ts");
  const { formatBackupReport } = await import("../report/index.ts");
  const stop = new AbortController();
  const report = await withDatabase(database, async ({ url }) => {
    const work = backup(url, { file: out, stopSignal: stop.signal });
    const forget = onInterrupt(async () => {
      stop.abort();
      await work.catch(() => undefined);
    });
    return work.finally(forget);
  });
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatBackupReport(report)}\n`);
}
