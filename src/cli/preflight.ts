import { type Command, Option } from "commander";
import type { PreflightOptions } from "../engine.ts";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";
import { parseRate } from "./options.ts";

interface PreflightCommandOptions extends DatabaseOptions {
  mode: NonNullable<PreflightOptions["mode"]>;
  lowTraffic?: number;
  backupId?: string;
  ticket?: string;
  approvedBy?: string;
  executor?: string;
  json?: true;
}

/** `spfp-db preflight`: everything that has to be so before a deployment. */
export function addPreflight(program: Command): void {
  addDatabaseOption(
    program
      .command("preflight")
      .description("look at everything that has to be so before a deployment; reads only"),
  )
    .addOption(
      new Option("--mode <mode>", "how the deployment will be led")
        .choices(["quick", "guided", "enterprise"])
        .default("guided"),
    )
    .option("--backup-id <id>", "what the database can be restored from")
    .option("--low-traffic <tps>", "warn above this many transactions per second", parseRate)
    .option("--ticket <id>", "the change ticket (enterprise)")
    .option("--approved-by <name>", "who approved the change (enterprise)")
    .option("--executor <name>", "who will deploy (default: the user of this process)")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Each item passes, warns or blocks, and says what to do.
Exit status: 0 nothing blocks, 1 something does, 2 wrong usage or a database that cannot be read.

Examples:
  $ spfp-db preflight --backup-id 2026-02-14 --database-url postgres://postgres@db.example.com/postgres
  $ spfp-db preflight --mode enterprise --ticket CHG-1234 --approved-by "Ana Souza" --backup-id 2026-02-14
  $ spfp-db preflight --low-traffic 50 --json | jq '.items[] | select(.verdict != "pass")'`,
    )
    .action(runPreflight);
}

async function runPreflight(options: PreflightCommandOptions): Promise<void> {
  const { preflight } = await import("../engine.ts");
  const { spfpProject } = await import("../project.ts");
  const { spfpFolder } = await import("../postgres/index.ts");
  const { formatPreflightReport } = await import("../report/index.ts");
  const folder = spfpFolder();
  const report = await withDatabase(options, ({ url }) =>
    preflight(spfpProject, url, { ...options, folder }),
  );
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatPreflightReport(report)}\n`);
  if (!report.ok) process.exitCode = 1;
}
