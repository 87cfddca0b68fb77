import type { Command } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

interface StatusCommandOptions extends DatabaseOptions {
  json?: true;
}

/** `spfp-db status`: where a database stands. */
export function addStatus(program: Command): void {
  addDatabaseOption(
    program
      .command("status")
      .description("show which migrations a database has had, its last deployments, and what is half done"),
  )
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      `
Exit status: 0 it could be told, 2 wrong usage, or a journal that the migrations folder contradicts.

Examples:
  $ spfp-db status --database-url postgres://postgres@db.example.com/postgres
  $ spfp-db status --json | jq -r '.pending[].tag'`,
    )
    .action(runStatus);
}

async function runStatus({ json, ...database }: StatusCommandOptions): Promise<void> {
  const { spfpProject } = await import("../project.ts");
  const { status } = await import("../engine.ts");
  const { formatStatus } = await import("../report/index.ts");
  const found = await withDatabase(database, ({ sql }) => status(sql, spfpProject));
  process.stdout.write(`${json ? JSON.stringify(found, null, 2) : formatStatus(found)}\n`);
}
