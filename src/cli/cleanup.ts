import { type Command, InvalidArgumentError } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

interface CleanupOptions extends DatabaseOptions {
  retention: number;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > 36_500) {
    throw new InvalidArgumentError("The retention is a whole number of days, 1 to 36500.");
  }
  return days;
}

/** `spfp-db cleanup`: what `pg_cron` does daily where it is installed. */
export function addCleanup(program: Command): void {
  addDatabaseOption(
    program
      .command("cleanup")
      .description("delete old automation logs: the daily job, for servers without pg_cron"),
  )
    .option("--retention <days>", "delete what is older than this", parseDays, 90)
    .addHelpText(
      "after",
      "\nExamples:\n  $ spfp-db cleanup\nIn a crontab:\n  0 2 * * *  spfp-db cleanup --retention 90",
    )
    .action(async (options: CleanupOptions) => {
      const { cleanUpAutomationLogs } = await import("../cleanup.ts");
      const { plural } = await import("../report/index.ts");
      const deleted = await withDatabase(options, ({ sql }) => cleanUpAutomationLogs(sql, options.retention));
      process.stdout.write(
        `${plural(deleted, "automation log")} older than ${plural(options.retention, "day")} deleted.\n`,
      );
    });
}
