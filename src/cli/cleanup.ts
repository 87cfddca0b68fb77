import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type Command,
  type CommandContext,
  type DatabaseOptions,
  numberOf,
  Option,
  print,
  type QuietOptions,
  withDatabase,
} from "drizzle-deploy/cli";
import type { CleanupSchedule } from "../cleanup.ts";

interface CleanupOptions extends DatabaseOptions, QuietOptions {
  retention: number;
  schedule?: true;
  unschedule?: true;
}

/** `spfp-db cleanup`: what `pg_cron` does daily where it is installed. */
export function addCleanup(program: Command, context: CommandContext): void {
  const cleanup = addDatabaseOption(
    program.command("cleanup").description("delete old automation logs, now or daily by pg_cron"),
    context,
  )
    .option(
      "--retention <days>",
      "delete what is older than this",
      numberOf("The retention in days", 1, 36_500),
      90,
    )
    .option("--schedule", "have pg_cron do it daily at 02:00 UTC; may be repeated")
    .addOption(new Option("--unschedule", "stop having pg_cron do it").conflicts(["schedule", "retention"]))
    .action((options: CleanupOptions) => runCleanup(options, context));
  addQuietOption(cleanup, "print nothing");
  addHelp(cleanup, {
    paragraphs: [
      "Where there is no pg_cron, in a crontab: 0 2 * * *  spfp-db cleanup --retention 90",
      "Exit status: 0 done or scheduled, 2 where pg_cron is missing or the role may not use it.",
    ],
    examples: ["spfp-db cleanup", "spfp-db cleanup --schedule", "spfp-db cleanup --schedule --retention 30"],
  });
}

async function runCleanup(
  { retention, schedule, unschedule, quiet, ...database }: CleanupOptions,
  context: CommandContext,
): Promise<void> {
  const { cleanUpAutomationLogs, scheduleCleanup, unscheduleCleanup } = await import("../cleanup.ts");
  const { plural } = await import("drizzle-deploy/findings");
  const line = await withDatabase(database, context, async ({ sql }) => {
    if (unschedule) return describe(await unscheduleCleanup(sql));
    if (schedule) return describe(await scheduleCleanup(sql, retention));
    const deleted = await cleanUpAutomationLogs(sql, retention);
    return `${plural(deleted, "automation log")} older than ${plural(retention, "day")} deleted.`;
  });
  if (!quiet) print(line);
}

const words: Readonly<Record<CleanupSchedule["outcome"], string>> = {
  scheduled: "is scheduled",
  changed: "is scheduled again",
  unchanged: "is scheduled already",
  unscheduled: "is not scheduled any more",
  "was not scheduled": "was not scheduled",
};

function describe({ outcome, name, schedule, timeZone, command }: CleanupSchedule): string {
  const what = command === null ? "." : `: daily at 02:00 ${timeZone} (${schedule}), ${command}`;
  return `${name} ${words[outcome]}${what}`;
}
