import postgres from "postgres";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { passwordOf } from "./password-file.ts";
import { openSocket } from "./socket.ts";
import { translate } from "./translate.ts";
import { addressOf, type DatabaseUrl, redactUrl } from "./url.ts";

/** A handle on one database: postgres.js over exactly one connection. */
export type Sql = postgres.Sql<Record<never, never>>;

/** The oldest major version of PostgreSQL that this project works with. */
export const oldestVersion = 15;

const bannerSchema = z.tuple([z.object({ version: z.coerce.number().int(), banner: z.string() })]);

/**
 * Connects to a database: one connection, never silently replaced when it is lost (what a session holds, such as
 * advisory locks and settings, would be lost with it), without prepared statements, so that it works behind a pooler.
 * One round trip verifies that the server is PostgreSQL, and not too old. End it with `sql.end()`.
 * Types are not fetched: arrays arrive as PostgreSQL's text; select `to_json(...)` where one is wanted.
 * @throws DeployError SERVER_UNREACHABLE, NOT_POSTGRES, SERVER_TOO_OLD, LOGIN_REFUSED, DATABASE_MISSING,
 * PERMISSION_DENIED, FILE_MISSING and FILE_INVALID (a certificate, a key)
 */
export async function connect(url: DatabaseUrl, options: { applicationName?: string } = {}): Promise<Sql> {
  const address = addressOf(url);
  const { password, ignored } = passwordOf(address);
  let state: "new" | "connecting" | "open" | "lost" = "new";
  let opened = () => {};
  const settings: postgres.Options<Record<never, never>> & { socket: () => Promise<unknown> } = {
    host: address.host,
    port: address.port,
    user: address.user,
    // postgres.js falls back on PGPASSWORD where this is empty, as libpq does.
    password,
    database: address.database,
    max: 1,
    prepare: false,
    fetch_types: false,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 0,
    ssl: false,
    onnotice: () => {},
    onclose: () => {
      if (state !== "open") return;
      state = "lost";
      // Else the driver would keep the next query waiting for a connection that never comes.
      void sql.end({ timeout: 0 });
    },
    connection: {
      application_name: options.applicationName ?? address.applicationName ?? "drizzle-deploy",
      ...(address.options === undefined ? {} : { options: address.options }),
    },
    // Called for the connection itself, and, while that is open, for each request to cancel a query.
    socket: async () => {
      if (state === "connecting") {
        throw new DeployError(
          "NOT_POSTGRES",
          `${redactUrl(url)} closes the connection when it is addressed as PostgreSQL.`,
          "Check the host and the port of the URL, and the server's log.",
        );
      }
      if (state === "lost") {
        throw Object.assign(new Error("the connection is gone"), { code: "CONNECTION_CLOSED" });
      }
      if (state === "new") state = "connecting";
      const connection = await openSocket(url);
      if (state === "open") connection.opened();
      else opened = connection.opened;
      return connection.socket;
    },
  };
  const sql = postgres(settings);
  try {
    const rows = await sql`select current_setting('server_version_num') as version, version() as banner`;
    state = "open";
    opened();
    verify(rows, url);
    return sql;
  } catch (error) {
    // Not awaited: after a failure there may be nothing left that would answer.
    void sql.end({ timeout: 0 });
    const refused = translate(error, url);
    // Else nobody would look for the reason there.
    if (ignored === null || !(refused instanceof DeployError) || refused.code !== "LOGIN_REFUSED")
      throw refused;
    throw new DeployError(refused.code, refused.message, ignored, { cause: error });
  }
}

function verify(rows: unknown, url: DatabaseUrl): void {
  const parsed = bannerSchema.safeParse(rows);
  const banner = parsed.success ? parsed.data[0].banner : "";
  if (!parsed.success || !banner.startsWith("PostgreSQL")) {
    throw new DeployError(
      "NOT_POSTGRES",
      `${redactUrl(url)} speaks PostgreSQL's protocol but is ${JSON.stringify(banner.slice(0, 60))}.`,
      `Use PostgreSQL ${oldestVersion} or later.`,
    );
  }
  const major = Math.floor(parsed.data[0].version / 10_000);
  if (major < oldestVersion) {
    throw new DeployError(
      "SERVER_TOO_OLD",
      `${redactUrl(url)} is PostgreSQL ${major}; ${oldestVersion} or later is needed.`,
      "Upgrade the server (Supabase: Settings, Infrastructure), then run the command again.",
    );
  }
}
