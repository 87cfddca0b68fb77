import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

const text = z.string().optional();

/**
 * What drizzle-kit takes as `dbCredentials` of PostgreSQL. Values are often read from the environment, where one that is
 * not set is undefined or empty.
 */
const credentialsSchema = z.union([
  z.object({ url: z.string().min(1) }),
  z.object({
    host: z.string().min(1),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
    user: text,
    password: text,
    database: z.string().min(1),
    ssl: z
      .union([
        z.boolean(),
        z.enum(["require", "allow", "prefer", "verify-full"]),
        z.strictObject({ rejectUnauthorized: z.boolean().optional() }),
      ])
      .optional(),
  }),
]);

type Credentials = z.infer<typeof credentialsSchema>;

/** As drizzle-kit has `pg` connect: it encrypts where it is told to, and verifies unless it is told not to. */
function sslModeOf(ssl: Extract<Credentials, { host: string }>["ssl"]): string | null {
  switch (ssl) {
    case undefined:
      return null;
    case false:
      return "disable";
    case true:
    case "verify-full":
      return "verify-full";
    case "require":
    case "allow":
    case "prefer":
      return "require";
    default:
      return ssl.rejectUnauthorized === false ? "require" : "verify-full";
  }
}

/** The database URL of credentials. */
function urlOf(credentials: Credentials): string {
  if ("url" in credentials) return credentials.url;
  const { host, port, user, password, database, ssl } = credentials;
  const mode = sslModeOf(ssl);
  const settings = new URLSearchParams();
  for (const [name, value] of Object.entries({
    host,
    port,
    user,
    password,
    dbname: database,
    sslmode: mode,
  })) {
    if (value !== undefined && value !== null && value !== "") settings.set(name, String(value));
  }
  return `postgresql:///?${settings}`;
}

/** Whether anything is said at all: `{ url: process.env.DATABASE_URL }` says nothing where that is not set. */
function isEmpty(credentials: unknown): boolean {
  if (credentials === undefined || credentials === null) return true;
  if (typeof credentials !== "object") return false;
  const { url, host } = { url: undefined, host: undefined, ...credentials };
  return [url, host].every((value) => value === undefined || value === "");
}

/**
 * The database URL that `dbCredentials` of a configuration mean; null where they say nothing.
 * @throws DeployError CONFIG_INVALID
 */
export function urlOfCredentials(credentials: unknown, file: string): string | null {
  if (isEmpty(credentials)) return null;
  const parsed = credentialsSchema.safeParse(credentials);
  if (parsed.success) return urlOf(parsed.data);
  throw new DeployError(
    "CONFIG_INVALID",
    `dbCredentials of ${file} name no database`,
    'Give { url }, or { host, port, user, password, database, ssl }, where ssl is a mode, a boolean or { rejectUnauthorized }. For a file of authorities give the url "…?sslmode=verify-full&sslrootcert=FILE".',
  );
}
