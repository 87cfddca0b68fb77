import { userInfo } from "node:os";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

/** The URL of one PostgreSQL database, parsed by `parseDatabaseUrl`; it may hold a password. */
export type DatabaseUrl = string & z.$brand<"DatabaseUrl">;

/** How TLS is used. PostgreSQL 17 manual, 32.19.1 "Client Verification of Server Certificates". */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/** What a database URL says, with libpq's defaults for what it leaves out. */
export interface DatabaseAddress {
  /** Host name, address, or directory of a Unix-domain socket. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  sslMode: (typeof sslModes)[number];
  /** File of trusted certificate authorities. */
  sslRootCertificate: string | undefined;
  applicationName: string | undefined;
  /** Command-line options for the session, as `-c name=value`. */
  options: string | undefined;
  connectTimeoutSeconds: number;
}

// Poolers and other libraries have parameters of their own in such URLs (`pgbouncer=true`); they are not ours to refuse.
const parametersSchema = z.object({
  host: z.string().min(1).optional(),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  user: z.string().min(1).optional(),
  dbname: z.string().min(1).optional(),
  sslmode: z.enum(sslModes).default("prefer"),
  sslrootcert: z.string().min(1).optional(),
  application_name: z.string().optional(),
  options: z.string().optional(),
  password: z.string().optional(),
  connect_timeout: z.coerce.number().int().min(0).default(10),
});

const example = "Give it as postgresql://user:password@host:5432/database";

function invalid(what: string): DeployError {
  return new DeployError("URL_INVALID", what, `${example}.`);
}

// No message repeats any part of the text: where it is malformed, any part may be the password.
function parts(text: string): DatabaseAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid("The database URL is not a URL.");
  if (scheme !== "postgres" && scheme !== "postgresql") {
    throw invalid(`The database URL is for "${scheme}", not for PostgreSQL.`);
  }
  try {
    const url = new URL(text);
    // A password with a bare /, ? or # ends the authority early, and its rest would be taken for a database.
    if (url.hash !== "" || `${url.pathname}${url.search}`.includes("@"))
      throw new TypeError("stray delimiter");
    return complete(url.searchParams, {
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      host: decodeURIComponent(url.hostname.replace(/^\[|\]$/g, "")),
      port: url.port === "" ? 5432 : Number(url.port),
    });
  } catch (error) {
    if (error instanceof DeployError) throw error;
    throw invalid(
      "The database URL cannot be read: the host, the port or an escape is malformed, or the password is not percent-encoded (# as %23, / as %2F, @ as %40).",
    );
  }
}

function complete(
  search: URLSearchParams,
  authority: { user: string; password: string; database: string; host: string; port: number },
): DatabaseAddress {
  const parsed = parametersSchema.safeParse(Object.fromEntries(search));
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? "a parameter");
    const allowed = name === "sslmode" ? ` (one of ${sslModes.join(", ")})` : "";
    throw invalid(`The database URL has a wrong value for ${name}${allowed}.`);
  }
  const parameters = parsed.data;
  // As for libpq, what is named there goes before what stands in front of it.
  const user = parameters.user ?? (authority.user || process.env["PGUSER"] || userInfo().username);
  const database = parameters.dbname ?? (authority.database || user);
  const host = parameters.host ?? (authority.host || "localhost");
  // libpq tries several hosts in turn; what is journalled in one of them would be missing in the next.
  if (host.includes(",")) throw invalid("The database URL names several hosts: name the one to work on.");
  for (const part of [user, database, authority.password]) {
    if (part.includes("\0")) throw invalid("The database URL holds a NUL character.");
  }
  return {
    host,
    port: parameters.port ?? authority.port,
    user,
    password: authority.password || parameters.password || process.env["PGPASSWORD"] || "",
    database,
    sslMode: parameters.sslmode,
    sslRootCertificate: parameters.sslrootcert,
    applicationName: parameters.application_name,
    options: parameters.options,
    connectTimeoutSeconds: parameters.connect_timeout || 10,
  };
}

const databaseUrlSchema = z
  .string()
  .superRefine((text) => void parts(text))
  .brand<"DatabaseUrl">();

/**
 * Parses the URL of a database. PostgreSQL 17 manual, 32.1.1.2 "Connection URIs".
 * @throws DeployError URL_INVALID; its message repeats nothing of the text, which may hold a password.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  return databaseUrlSchema.parse(text.trim());
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
