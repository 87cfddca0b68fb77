import { execFile } from "node:child_process";
import { passwordOf } from "./password-file.ts";
import { addressOf, type DatabaseUrl } from "./url.ts";

/**
 * The environment that has one of PostgreSQL's own programs connect to a database: the password stands on no command
 * line. What is undefined in it must not be inherited either. PostgreSQL 17 manual, 32.15 "Environment Variables".
 * @param applicationName the name of the connection, as the server lists it
 */
export function clientEnvironment(
  url: DatabaseUrl,
  applicationName: string,
): Record<string, string | undefined> {
  const address = addressOf(url);
  return {
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGUSER: address.user,
    PGPASSWORD: passwordOf(address).password,
    PGDATABASE: address.database,
    PGSSLMODE: address.sslMode,
    PGSSLROOTCERT: address.sslRootCertificate,
    PGSSLCERT: address.sslCertificate,
    PGSSLKEY: address.sslKey,
    PGOPTIONS: address.options,
    PGCONNECT_TIMEOUT: String(address.connectTimeoutSeconds),
    PGAPPNAME: applicationName,
    PGHOSTADDR: address.hostAddress,
    // These would go before the ones above.
    PGSERVICE: undefined,
    PGPASSFILE: undefined,
  };
}

/** The version that one of PostgreSQL's programs prints, as `17.10`; null where there is none that runs. */
export function clientVersion(program: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, ["--version"], { timeout: 10_000 }, (error, stdout) => {
      resolve(error ? null : (/\(PostgreSQL\) (\d+(?:\.\d+)?\S*)/.exec(stdout)?.[1] ?? null));
    });
  });
}
