import type { Command } from "drizzle-deploy/cli";
import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  type CommandContext,
  type DatabaseOptions,
  print,
  type QuietOptions,
  withDatabase,
} from "drizzle-deploy/cli";

interface BootstrapOptions extends DatabaseOptions, QuietOptions {}

/** `spfp-db bootstrap`: Supabase's surroundings for a database of a plain server. */
export function addBootstrap(program: Command, context: CommandContext): void {
  const bootstrap = addDatabaseOption(
    program
      .command("bootstrap")
      .description("give a plain server's database Supabase's roles, schema auth and default privileges"),
    context,
  ).action((options: BootstrapOptions) => runBootstrap(options, context));
  addQuietOption(bootstrap, "print nothing");
  addHelp(bootstrap, {
    paragraphs: ["Never for a Supabase database, which has all of it."],
    examples: ["spfp-db bootstrap --database-url postgres://localhost/db"],
  });
}

async function runBootstrap(options: BootstrapOptions, context: CommandContext): Promise<void> {
  const { redactUrl } = await import("drizzle-deploy/postgres");
  const { bootstrap } = await import("../server/index.ts");
  await withDatabase(options, context, async ({ sql, url }) => {
    const outcome = await bootstrap(sql);
    if (options.quiet) return;
    print(`${redactUrl(url)} ${outcome === "made" ? "is bootstrapped." : "was bootstrapped already."}`);
  });
}
