import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import * as schema from "spfp-db/schema";
import { z } from "zod";
import { Refused } from "./refused.ts";

export type Database = PostgresJsDatabase<typeof schema>;

/** A database, and how to let it go. */
export interface Opened {
  readonly db: Database;
  close(): Promise<void>;
}

/** Opens the database of a URL: a pool, from which each request takes one connection for its session. */
export function openDatabase(url: string): Opened {
  const client = postgres(url, { max: 10, onnotice: () => {} });
  return { db: drizzle(client, { schema }), close: () => client.end({ timeout: 5 }) };
}

const commandSchema = z.object({ bin: z.object({ "spfp-db": z.string() }) });

/** The program behind `npx spfp-db`, as its package says. */
function commandLine(): string {
  const require = createRequire(import.meta.url);
  const { bin } = commandSchema.parse(require("spfp-db/package.json"));
  return join(dirname(require.resolve("spfp-db/package.json")), bin["spfp-db"]);
}

/** A server that runs as long as it is wanted. */
export interface Server {
  /** Its database's URL, when it has started; rejects with {@link Refused} and the line that it ended with. */
  readonly url: Promise<string>;
  stop(): Promise<void>;
}

/** Starts the embedded PostgreSQL with the deployed database: `spfp-db dev`, which keeps its data in `.spfp/data`. */
export function startServer(): Server {
  const child = spawn(process.execPath, [commandLine(), "dev"], {
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C is for this process, which stops the server last.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);
  void ended.then(() => process.off("exit", kill));

  let [out, told] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      const [line = "", rest] = out.split("\n");
      if (rest !== undefined) resolve(line);
    });
    void ended.then(() =>
      reject(new Refused(told.trim().split("\n").at(-1) || "The database did not start.")),
    );
  });
  return {
    url,
    stop: async () => {
      kill();
      await ended;
    },
  };
}
