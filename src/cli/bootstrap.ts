import type { Command } from "commander";
import { addDatabaseOption, type DatabaseOptions, withDatabase } from "./database.ts";

/** `spfp-db bootstrap`: Supabase's surroundings for a database of a plain server. */
export function addBootstrap(program: Command): void {
  addDatabaseOption(
    program
      .command("bootstrap")
      .description("give a plain server's database Supabase's roles, schema auth and default privileges"),
  )
    .addHelpText(
      "after",
      `
Never for a Supabase database, which has all of it.

Example:
  $ spfp-db bootstrap --database-url postgres://postgres@127.0.0.1:5432/spfp`,
    )
    .action(async (options: DatabaseOptions) => {
      const { bootstrap, redactUrl } = await import("../postgres/index.ts");
      await withDatabase(options, async ({ sql, url }) => {
        const outcome = await bootstrap(sql);
        process.stdout.write(
          `${redactUrl(url)} ${outcome === "made" ? "is bootstrapped." : "was bootstrapped already."}\n`,
        );
      });
    });
}
