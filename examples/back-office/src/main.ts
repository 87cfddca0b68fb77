import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createAdaptorServer } from "@hono/node-server";
import { z } from "zod";
import { createApp } from "./app.tsx";
import { openDatabase, startServer } from "./database.ts";
import { Refused } from "./refused.ts";
import { seed } from "./seed.ts";

const environmentSchema = z.object({
  PORT: z.coerce.number("PORT has to be a number from 0 to 65535.").int().min(0).max(65_535).default(3000),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "DATABASE_URL has to be a URL of PostgreSQL." })
    .optional(),
});

const say = (line: string) => process.stdout.write(`${line}\n`);

/** What has to be let go at the end, the newest first. */
const held: (() => Promise<void>)[] = [];

async function letGo(): Promise<void> {
  for (let release = held.pop(); release !== undefined; release = held.pop()) await release();
}

/** What the driver said, without the query that Drizzle puts before it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  return error.message || error.name;
}

async function start(): Promise<void> {
  const environment = environmentSchema.safeParse(process.env);
  if (!environment.success)
    throw new Refused(environment.error.issues[0]?.message ?? "the environment is not right");
  const { PORT: port, DATABASE_URL: given } = environment.data;

  let url = given;
  if (url === undefined) {
    say("Starting PostgreSQL …");
    const server = startServer();
    held.push(server.stop);
    url = await server.url;
  }
  const { db, close } = openDatabase(url);
  held.push(close);
  await seed(db).catch((error: unknown) => {
    throw new Refused(`The database cannot be used: ${reasonOf(error)}. Has it been deployed?`, {
      cause: error,
    });
  });

  // Sign-ins end with this process: an application keeps its secret, and uses another sign-in.
  const http = createAdaptorServer({ fetch: createApp(db, randomBytes(32).toString("hex")).fetch });
  held.push(async () => {
    const closed = once(http, "close");
    http.close();
    if ("closeAllConnections" in http) http.closeAllConnections();
    await closed;
  });
  http.listen(port, "127.0.0.1");
  try {
    await once(http, "listening");
  } catch (error) {
    held.pop();
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      throw new Refused(`Port ${port} is taken. Give another: PORT=3001 npm start`);
    throw error;
  }
  const address = http.address();
  const at = typeof address === "object" && address !== null ? address.port : port;
  say(`The back office is at http://127.0.0.1:${at}/ – end it with Ctrl-C.`);
}

let ending = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void letGo().then(() => process.exit(0));
  });
}

try {
  await start();
} catch (error) {
  if (!ending) {
    await letGo();
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`back-office: ${error.message}\n`);
    process.exitCode = 2;
  }
}
