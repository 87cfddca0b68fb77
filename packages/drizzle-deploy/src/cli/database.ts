import type { Command } from "commander";
import { DeployError } from "../findings/errors.ts";
import type { DatabaseUrl, Sql } from "../postgres/index.ts";
import type { CommandContext } from "./context.ts";
import { onInterrupt } from "./interrupt.ts";

/** What the option of `addDatabaseOption` parses to. */
export interface DatabaseOptions {
  databaseUrl?: string;
}

/** A database that a command works on. */
export interface Database {
  sql: Sql;
  url: DatabaseUrl;
  /** Disconnects; and lets go of the command line's own server, where no database was named. */
  release(): Promise<void>;
}

/** Adds `--database-url` to a command. */
export function addDatabaseOption(command: Command, { ownDatabase }: CommandContext): Command {
  const otherwise = ownDatabase?.description ?? "dbCredentials of the configuration, or PGHOST and its like";
  return command.option(
    "--database-url <url>",
    `the database to work on (default: DATABASE_URL, or ${otherwise})`,
  );
}

/** The database that is named: by the option, DATABASE_URL, the project's configuration, or libpq's variables. */
async function namedUrl(
  { databaseUrl }: DatabaseOptions,
  context: CommandContext,
): Promise<DatabaseUrl | undefined> {
  const { parseDatabaseUrl, urlOfEnvironment } = await import("../postgres/index.ts");
  // An empty variable counts as none; an empty option is a mistake (--database-url "$UNSET").
  const text =
    databaseUrl ?? (process.env["DATABASE_URL"] || undefined) ?? (await context.configuredUrl()) ?? undefined;
  return text === undefined ? urlOfEnvironment() : parseDatabaseUrl(text);
}

/**
 * Connects to the database that was named, or to the command line's own. Also released when the command is interrupted.
 * @throws DeployError as `connect`, DATABASE_UNNAMED, and what opening its own database throws
 */
async function openDatabase(options: DatabaseOptions, context: CommandContext): Promise<Database> {
  const { connect } = await import("../postgres/index.ts");
  const named = await namedUrl(options, context);
  const own = named === undefined ? await context.ownDatabase?.open() : undefined;
  const url = named ?? own?.url;
  if (url === undefined) {
    throw new DeployError(
      "DATABASE_UNNAMED",
      "no database is named",
      "Name it: --database-url, DATABASE_URL (in .env too), dbCredentials of drizzle.config.ts, or PGHOST and its like.",
    );
  }
  let sql: Sql;
  try {
    sql = await connect(url, { applicationName: context.names.command });
  } catch (error) {
    await own?.stop();
    throw error;
  }
  const release = async () => {
    forget();
    await sql.end({ timeout: 1 });
    await own?.stop();
  };
  const forget = onInterrupt(release);
  return { sql, url, release };
}

/**
 * Runs `work` on the database that the options name, and releases it whatever happens.
 * @throws DeployError for what the server refuses: PERMISSION_DENIED, CONNECTION_LOST, LOCK_TIMEOUT, …
 */
export async function withDatabase<Result>(
  options: DatabaseOptions,
  context: CommandContext,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(options, context);
  try {
    return await work(database);
  } catch (error) {
    const { translate } = await import("../postgres/index.ts");
    throw translate(error, database.url);
  } finally {
    await database.release();
  }
}
