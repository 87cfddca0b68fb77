import type { Command } from "drizzle-deploy/cli";
import {
  addDatabaseOption,
  addHelp,
  type CommandContext,
  type DatabaseOptions,
  withDatabase,
} from "drizzle-deploy/cli";

/** `spfp-db bootstrap`: Supabase's surroundings for a database of a plain server. */
export function addBootstrap(program: Command, context: CommandContext): void {
  const bootstrap = addDatabaseOption(
    program
      .command("bootstrap")
      .description("give a plain server's database Supabase's roles, schema auth and default privileges"),
    context,
  ).action((options: DatabaseOptions) => runBootstrap(options, context));
  addHelp(bootstrap, {
    paragraphs: ["Never for a Supabase database, which has all of it."],
    examples: ["spfp-db bootstrap --database-url postgres://localhost/db"],
  });
}

async function runBootstrap(options: DatabaseOptions, context: CommandContext): Promise<void> {
  const { redactUrl } = await import("drizzle-deploy/postgres");
  const { bootstrap } = await import("../server/index.ts");
  await withDatabase(options, context, async ({ sql, url }) => {
    const outcome = await bootstrap(sql);
    process.stdout.write(
      `${redactUrl(url)} ${outcome === "made" ? "is bootstrapped." : "was bootstrapped already."}\n`,
    );
  });
}
