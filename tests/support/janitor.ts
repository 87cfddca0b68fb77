/*
 * Clears away what a test run leaves behind: its scratch folder and, on a server that outlives the run, its databases.
 * It is a process of its own, because Vitest gives its own process no time for that when it is interrupted. The run
 * writes what there is to do to its standard input and leaves that open; it ends with the run, however that ends.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import postgres from "postgres";
import { z } from "zod";
import { quoteIdentifier } from "../../packages/drizzle-deploy/src/sql/quote.ts";
import { states, templateOf } from "./states.ts";

const jobSchema = z.object({
  folder: z.string(),
  databases: z.object({ url: z.string(), prefix: z.string().regex(/^spfp_test_/) }).optional(),
});

/** What to clear away: a folder, and every database whose name begins with the prefix. */
export type Job = z.infer<typeof jobSchema>;

/** Starts the process; call what it returns to have things cleared away now, and to wait for that. */
export function hireJanitor(job: Job): () => Promise<void> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const child = spawn(process.execPath, ["--import", loader, fileURLToPath(import.meta.url)], {
    // In a group of its own: Ctrl-C at a terminal goes to the whole group of the run.
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => {
      if (status === 0) resolve();
      else reject(new Error(`the janitor of the test run ended with status ${status}`));
    });
  });
  ended.catch(() => {});
  child.stdin.write(JSON.stringify(job));
  return () => {
    child.stdin.end();
    return ended;
  };
}

async function work(): Promise<void> {
  const { folder, databases } = jobSchema.parse(JSON.parse(await text(process.stdin)));
  rmSync(folder, { recursive: true, force: true });
  if (databases === undefined) return;
  const sql = postgres(databases.url, { max: 1, onnotice: () => {} });
  const drop = async (condition: postgres.PendingQuery<postgres.Row[]>) => {
    const rows = await sql`select datname as name from pg_database where ${condition}`;
    for (const { name } of z.array(z.object({ name: z.string() })).parse([...rows])) {
      await sql.unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`);
    }
  };
  // The templates first: workers that outlive an interrupted run for a moment can make no more copies then.
  const templates = states.map((state) => templateOf(databases.prefix, state));
  await drop(sql`datname in ${sql(templates)}`);
  await drop(sql`starts_with(datname, ${databases.prefix})`);
  await sql.end();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await work();
