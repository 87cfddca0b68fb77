import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { ownFile } from "./files.ts";
import { readService } from "./service-file.ts";

/** The URL of one PostgreSQL database, parsed by `parseDatabaseUrl`; it may hold a password. */
export type DatabaseUrl = string & z.$brand<"DatabaseUrl">;

/** How TLS is used. PostgreSQL 17 manual, 32.19.1 "Client Verification of Server Certificates". */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/** What a database URL says, with the environment's values and libpq's defaults for what it leaves out. */
export interface DatabaseAddress {
  /** Host name, address, or directory of a Unix-domain socket. */
  host: string;
  /** The address to connect to where the name is not to be looked up: certificates are still for the host. */
  hostAddress: string | undefined;
  port: number;
  user: string;
  /** Empty where the URL and the environment name none: see `passwordOf`. */
  password: string;
  /** The file to look for a password in, where it is not the usual one. */
  passwordFile: string | undefined;
  database: string;
  sslMode: (typeof sslModes)[number];
  /** File of trusted certificate authorities, or `system` for those that Node trusts. */
  sslRootCertificate: string | undefined;
  /** Files of the client's own certificate and its key. */
  sslCertificate: string | undefined;
  sslKey: string | undefined;
  /** The password of that key. */
  sslPassword: string | undefined;
  applicationName: string | undefined;
  /** Command-line options for the session, as `-c name=value`. */
  options: string | undefined;
  connectTimeoutSeconds: number;
}

const text = z.string().min(1).optional();

// Poolers and other libraries have parameters of their own in such URLs (`pgbouncer=true`); they are not ours to refuse.
const settingsSchema = z.object({
  host: text,
  hostaddr: text,
  port: z.coerce.number().int().min(1).max(65_535).default(5432),
  user: text,
  dbname: text,
  password: text,
  passfile: text,
  sslmode: z.enum(sslModes).optional(),
  sslrootcert: text,
  sslcert: text,
  sslkey: text,
  sslpassword: text,
  application_name: text,
  options: text,
  connect_timeout: z.coerce.number().int().min(0).default(10),
});

type Setting = keyof typeof settingsSchema.shape;

/** The variables of libpq, by what they set. PostgreSQL 17 manual, 32.15 "Environment Variables". */
const variables: Readonly<Partial<Record<Setting, string>>> = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  user: "PGUSER",
  dbname: "PGDATABASE",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  application_name: "PGAPPNAME",
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
};

/** Those of them that say which database is meant. */
const naming = ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE"];

/** Settings of a URL, as text and by libpq's names. */
type Settings = Record<string, string>;

/** What a URL says itself. As for libpq, what is named as a parameter goes before what stands in front of it. */
function settingsIn(url: URL): Settings {
  const authority: Settings = {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: decodeURIComponent(url.pathname.slice(1)),
    host: decodeURIComponent(url.hostname.replace(/^\[|\]$/g, "")),
    port: url.port,
  };
  return Object.fromEntries(
    [...Object.entries(authority), ...url.searchParams].filter(([, value]) => value !== ""),
  );
}

/** What the environment says of what the URL does not. */
function settingsAround(own: Settings, environment: NodeJS.ProcessEnv): Settings {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, variable]) => {
      const value = environment[variable] || undefined;
      // The address belongs to the host that is named beside it, and to no other.
      const isAnothers = name === "hostaddr" && own["host"] !== undefined;
      return value === undefined || isAnothers ? [] : [[name, value] as const];
    }),
  );
}

const example = "Give it as postgresql://user:password@host:5432/database";

function invalid(what: string): DeployError {
  return new DeployError("URL_INVALID", what, `${example}.`);
}

/** A user in front of no host, which stands in a parameter or in the environment; the URLs of Node do not have that. */
const withoutHost =
  /^(?<scheme>[a-z]+:\/\/)(?<user>[^:/?#]*)(?::(?<password>[^/?#]*))?@(?::(?<port>\d+))?(?=[/?#]|$)/i;

// No message repeats any part of the text: where it is malformed, any part may be the password.
function readUrl(text: string): URL {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid("The database URL is not a URL.");
  if (scheme !== "postgres" && scheme !== "postgresql") {
    throw invalid(`The database URL is for "${scheme}", not for PostgreSQL.`);
  }
  try {
    const url = new URL(text.replace(withoutHost, "$<scheme>"));
    // A password with a bare /, ? or # ends the authority early, and its rest would be taken for a database.
    if (url.hash !== "" || `${url.pathname}${url.search}`.includes("@"))
      throw new TypeError("stray delimiter");
    const { user = "", password = "", port = "" } = withoutHost.exec(text)?.groups ?? {};
    for (const [name, value] of Object.entries({ user, password, port })) {
      if (value !== "" && !url.searchParams.has(name)) {
        url.searchParams.set(name, decodeURIComponent(value));
      }
    }
    settingsIn(url);
    return url;
  } catch {
    throw invalid(
      "The database URL cannot be read: the host, the port or an escape is malformed, or the password is not percent-encoded (# as %23, / as %2F, @ as %40).",
    );
  }
}

/** The certificates that are trusted where none are named: the user's own file, if there is one. */
function ownAuthorities(): string | undefined {
  const file = ownFile(".postgresql/root.crt", "root.crt");
  return existsSync(file) ? file : undefined;
}

function parts(text: string): DatabaseAddress {
  const own = settingsIn(readUrl(text));
  const parsed = settingsSchema.safeParse({ ...settingsAround(own, process.env), ...own });
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? "a parameter");
    const allowed = name === "sslmode" ? ` (one of ${sslModes.join(", ")})` : "";
    const variable = Object.entries(variables).find(([setting]) => setting === name)?.[1];
    throw invalid(
      own[name] === undefined && variable !== undefined
        ? `The variable ${variable} has a wrong value${allowed}.`
        : `The database URL has a wrong value for ${name}${allowed}.`,
    );
  }
  const settings = parsed.data;
  const user = settings.user ?? userInfo().username;
  const database = settings.dbname ?? user;
  const host = settings.host ?? settings.hostaddr ?? "localhost";
  const password = settings.password ?? "";
  // libpq tries several hosts in turn; what is journalled in one of them would be missing in the next.
  if (host.includes(",")) throw invalid("The database URL names several hosts: name the one to work on.");
  for (const part of [user, database, password]) {
    if (part.includes("\0")) throw invalid("The database URL holds a NUL character.");
  }
  const trustsSystem = settings.sslrootcert === "system";
  if (trustsSystem && settings.sslmode !== undefined && settings.sslmode !== "verify-full") {
    throw invalid(`sslrootcert=system requires sslmode=verify-full, and it is ${settings.sslmode}.`);
  }
  return {
    host,
    hostAddress: settings.hostaddr,
    port: settings.port,
    user,
    password,
    passwordFile: settings.passfile,
    database,
    sslMode: settings.sslmode ?? (trustsSystem ? "verify-full" : "prefer"),
    sslRootCertificate: settings.sslrootcert ?? ownAuthorities(),
    sslCertificate: settings.sslcert,
    sslKey: settings.sslkey,
    sslPassword: settings.sslpassword,
    applicationName: settings.application_name,
    options: settings.options,
    connectTimeoutSeconds: settings.connect_timeout || 10,
  };
}

/** A URL with the settings of the service that it, or the environment, names. */
function withService(text: string, environment: NodeJS.ProcessEnv): string {
  const url = readUrl(text);
  const own = settingsIn(url);
  const service = own["service"] ?? (environment["PGSERVICE"] || undefined);
  if (service === undefined) return withoutHost.test(text) ? url.href : text;
  url.searchParams.delete("service");
  for (const [name, value] of readService(service, environment)) {
    const isAnothers = name === "hostaddr" && own["host"] !== undefined;
    if (own[name] === undefined && !isAnothers && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

const databaseUrlSchema = z
  .string()
  .superRefine((text) => void parts(text))
  .brand<"DatabaseUrl">();

/**
 * Parses the URL of a database. What it does not say is taken from the service that it names (`service=`, PGSERVICE), from
 * libpq's variables, and from libpq's defaults. PostgreSQL 17 manual, 32.1.1.2 "Connection URIs".
 * @throws DeployError URL_INVALID; its message repeats nothing of the text, which may hold a password. FILE_MISSING and
 * FILE_INVALID for a service that cannot be read
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  return databaseUrlSchema.parse(withService(text.trim(), process.env));
}

/** The URL of the database that libpq's variables name; undefined where they name none. */
export function urlOfEnvironment(environment: NodeJS.ProcessEnv = process.env): DatabaseUrl | undefined {
  return naming.some((name) => environment[name]) ? parseDatabaseUrl("postgresql://") : undefined;
}

/** What the URL says, in parts. */
export function addressOf(url: DatabaseUrl): DatabaseAddress {
  return parts(url);
}

/** The URL as it may be shown: who, where and which database; never a password, wherever it stood. */
export function redactUrl(url: DatabaseUrl): string {
  const { host, port, user, database, sslMode } = parts(url);
  const who = encodeURIComponent(user);
  const name = encodeURIComponent(database);
  const mode = sslMode === "prefer" ? "" : `sslmode=${sslMode}`;
  if (host.startsWith("/")) return `postgresql://${who}@/${name}?host=${host}${mode && `&${mode}`}`;
  const where = host.includes(":") ? `[${host}]` : host;
  return `postgresql://${who}@${where}:${port}/${name}${mode && `?${mode}`}`;
}

/** The URL of another database of the same server. */
export function siblingUrl(url: DatabaseUrl, database: string): DatabaseUrl {
  const sibling = new URL(url);
  sibling.pathname = `/${encodeURIComponent(database)}`;
  sibling.searchParams.delete("dbname");
  return parseDatabaseUrl(sibling.href);
}
