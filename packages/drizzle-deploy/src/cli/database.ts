import type { Command } from "commander";
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
  return command.option(
    "--database-url <url>",
    `the database to work on (default: DATABASE_URL, or ${ownDatabase.description})`,
  );
}

/**
 * Connects to the database that was named, or to the command line's own. Also released when the command is interrupted.
 * @throws DeployError as `connect`, and what opening its own database throws
 */
async function openDatabase(options: DatabaseOptions, context: CommandContext): Promise<Database> {
  const { connect, parseDatabaseUrl } = await import("../postgres/index.ts");
  // An empty variable counts as none; an empty option is a mistake (--database-url "$UNSET").
  const text = options.databaseUrl ?? (process.env["DATABASE_URL"] || undefined);
  const own = text === undefined ? await context.ownDatabase.open() : undefined;
  const url = own ? own.url : parseDatabaseUrl(text ?? "");
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
