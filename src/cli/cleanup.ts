import {
  addDatabaseOption,
  addHelp,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  InvalidArgumentError,
  withDatabase,
} from "drizzle-deploy/cli";

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
export function addCleanup(program: Command, context: CommandContext): void {
  const cleanup = addDatabaseOption(
    program
      .command("cleanup")
      .description("delete old automation logs: the daily job, for servers without pg_cron"),
    context,
  )
    .option("--retention <days>", "delete what is older than this", parseDays, 90)
    .action((options: CleanupOptions) => runCleanup(options, context));
  addHelp(cleanup, {
    paragraphs: ["In a crontab: 0 2 * * *  spfp-db cleanup --retention 90"],
    examples: ["spfp-db cleanup"],
  });
}

async function runCleanup(options: CleanupOptions, context: CommandContext): Promise<void> {
  const { cleanUpAutomationLogs } = await import("../cleanup.ts");
  const { plural } = await import("drizzle-deploy/findings");
  const deleted = await withDatabase(options, context, ({ sql }) =>
    cleanUpAutomationLogs(sql, options.retention),
  );
  process.stdout.write(
    `${plural(deleted, "automation log")} older than ${plural(options.retention, "day")} deleted.\n`,
  );
}
