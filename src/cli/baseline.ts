import type { Command } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

interface BaselineCommandOptions extends DatabaseOptions {
  at?: string;
  dryRun?: true;
  json?: true;
}

/** `spfp-db baseline`: adopts a database that Drizzle has never seen. */
export function addBaseline(program: Command): void {
  addDatabaseOption(
    program
      .command("baseline")
      .description(
        "adopt a live database: find where it stands in the migrations and record those before it, running no SQL of theirs",
      ),
  )
    .option("--at <tag>", "the migration at which it stands (default: the one that it is closest to)")
    .option("--dry-run", "look and say; write nothing")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Exit status: 0 adopted, or nothing to do; 1 something stands in the way; 2 wrong usage or a database that cannot be read.

Examples:
  $ spfp-db baseline --dry-run --database-url postgres://postgres@db.example.com/postgres
  $ spfp-db baseline
  $ spfp-db baseline --at 0001_baseline_objects
  $ spfp-db baseline --json | jq '.inTheWay[]'`,
    )
    .action(runBaseline);
}

async function runBaseline({ at, dryRun, json, ...database }: BaselineCommandOptions): Promise<void> {
  const { baseline, spfpProject } = await import("../deploy/index.ts");
  const { formatBaselineReport } = await import("../report/index.ts");
  const report = await withDatabase(database, ({ url }) =>
    baseline(spfpProject, url, { ...(at === undefined ? {} : { at }), dryRun: dryRun ?? false }),
  );
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatBaselineReport(report)}\n`);
  if (report.outcome === "refused") process.exitCode = 1;
}
