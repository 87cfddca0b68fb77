import type { Command } from "commander";
import type { DatabaseUrl, Sql } from "../postgres/index.ts";
import { onInterrupt } from "./interrupt.ts";

/** What the option of `addDatabaseOption` parses to. */
export interface DatabaseOptions {
  databaseUrl?: string;
}

/** A database that a command works on. */
export interface Database {
  sql: Sql;
  url: DatabaseUrl;
  /** Disconnects; and stops the embedded server, where this command was its last user. */
  release(): Promise<void>;
}

/** Adds `--database-url` to a command. */
export function addDatabaseOption(command: Command): Command {
  return command.option(
    "--database-url <url>",
    "the database to work on (default: DATABASE_URL, or an embedded PostgreSQL under .spfp/)",
  );
}

/**
 * Connects to the database that was named, or to database `spfp` of the embedded server, which is started where no
 * other command, such as `spfp-db dev`, keeps it running. Also released when the command is interrupted.
 * @throws SpfpError as `connect` and `startServer`
 */
export async function openDatabase(options: DatabaseOptions, applicationName = "spfp-db"): Promise<Database> {
  const { connect, mainDatabase, parseDatabaseUrl, runningServer, startServer } = await import(
    "../postgres/index.ts"
  );
  // An empty variable counts as none; an empty option is a mistake (--database-url "$UNSET").
  const text = options.databaseUrl ?? (process.env["DATABASE_URL"] || undefined);
  const server =
    text === undefined ? await startServer({ dataDirectory: runningServer()?.dataDirectory }) : undefined;
  const url = server ? server.url(mainDatabase) : parseDatabaseUrl(text ?? "");
  let sql: Sql;
  try {
    sql = await connect(url, { applicationName });
  } catch (error) {
    await server?.stop();
    throw error;
  }
  const release = async () => {
    forget();
    await sql.end({ timeout: 1 });
    await server?.stop();
  };
  const forget = onInterrupt(release);
  return { sql, url, release };
}

/**
 * Runs `work` on the database that the options name, and releases it whatever happens.
 * @throws SpfpError for what the server refuses: PERMISSION_DENIED, CONNECTION_LOST, LOCK_TIMEOUT, …
 */
export async function withDatabase<Result>(
  options: DatabaseOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(options);
  try {
    return await work(database);
  } catch (error) {
    const { translate } = await import("../postgres/index.ts");
    throw translate(error, database.url);
  } finally {
    await database.release();
  }
}
