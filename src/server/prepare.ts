import { connect, type DatabaseUrl, parseDatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral } from "drizzle-deploy/sql";
import { requestRoles } from "../bootstrap/bootstrap-sql.ts";
import { bootstrap } from "./bootstrap.ts";

/** The database that commands work on where no other is named. */
export const mainDatabase = "spfp";

/** A bootstrapped and otherwise empty database of the embedded server, for copying. */
export const emptyTemplate = "spfp_empty";

/** URL of a database of a server on this machine. */
export function localUrl(role: string, password: string, port: number, database: string): DatabaseUrl {
  const part = encodeURIComponent;
  return parseDatabaseUrl(
    `postgresql://${part(role)}:${part(password)}@127.0.0.1:${port}/${part(database)}?sslmode=disable`,
  );
}

/**
 * Lays out a new cluster as Supabase's: the superuser is `supabase_admin`, and `postgres`, which owns the databases and
 * everything in them, is none.
 */
export async function prepareCluster(port: number, password: string): Promise<void> {
  const as = (database: string) => connect(localUrl("supabase_admin", password, port, database));
  const admin = await as("postgres");
  try {
    await admin.unsafe(
      `create role postgres login createdb createrole bypassrls replication password ${quoteLiteral(password)}`,
    );
    await admin.unsafe("grant pg_monitor, pg_signal_backend to postgres");
    await createDatabase(admin, emptyTemplate, { owner: "postgres" });
    const empty = await as(emptyTemplate);
    try {
      await bootstrap(empty, { owner: "postgres" });
    } finally {
      await empty.end();
    }
    await admin.unsafe(`grant ${requestRoles.join(", ")}, authenticator to postgres with admin option`);
    await createDatabase(admin, mainDatabase, { owner: "postgres", template: emptyTemplate });
  } finally {
    await admin.end();
  }
}

/**
 * Creates a database, as a copy of the template where one is named: on the embedded server `emptyTemplate` makes it
 * bootstrapped. The template must have no other session.
 */
export async function createDatabase(
  sql: Sql,
  name: string,
  options: { template?: string; owner?: string; strategy?: "file_copy" } = {},
): Promise<void> {
  const owner = options.owner === undefined ? "" : ` owner ${quoteIdentifier(options.owner)}`;
  const template = options.template === undefined ? "" : ` template ${quoteIdentifier(options.template)}`;
  const strategy = options.strategy === undefined ? "" : ` strategy ${options.strategy}`;
  await sql.unsafe(`create database ${quoteIdentifier(name)}${owner}${template}${strategy}`);
}

/** Drops a database, ending the sessions in it; nothing where there is none. */
export async function dropDatabase(sql: Sql, name: string): Promise<void> {
  await sql.unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`);
}
