import { resolve } from "node:path";
import { onInterrupt, print } from "drizzle-deploy/cli";
import { connect, type Sql } from "drizzle-deploy/postgres";
import { SpfpError } from "../errors.ts";
import {
  createDatabase,
  dropDatabase,
  type EmbeddedServer,
  emptyTemplate,
  mainDatabase,
  showRunningServer,
  spfpFolder,
  startServer,
} from "../server/index.ts";

/** What the database of `dev` holds. */
export type State = "empty" | "production" | "deployed";

/** What the options of `dev` parse to. */
export interface DevOptions {
  state?: State;
  port?: number;
  data?: string;
  fresh?: true;
  /** Of generated data; 1 is as much as production has. */
  scale?: number;
  /** Nothing is printed but the URL. */
  quiet?: true;
}

/**
 * Keeps a server running until Ctrl-C, its database at the state that is wanted, and prints its URL.
 * @throws SpfpError USAGE, CONNECTION_LOST where somebody else stops it, and what `startServer` throws
 */
export async function runDev(options: DevOptions): Promise<void> {
  if (options.scale !== undefined && options.state !== "production") {
    throw new SpfpError(
      "USAGE",
      "--scale fills production as it was before the optimisation, and --state is not production.",
      "Add --state production, or leave --scale out.",
    );
  }
  const dataDirectory = resolve(options.data ?? `${spfpFolder()}/data`);
  const say = (line: string): void => {
    if (!options.quiet) print(line, process.stderr);
  };
  const server = await startServer({ dataDirectory, port: options.port, fresh: options.fresh });
  let stopped = false;
  const stop = async () => {
    stopped = true;
    await server.stop();
  };
  const forget = onInterrupt(async () => {
    await stop();
    say("Stopped; the data stays for the next time.");
  });
  try {
    const state = await ensureState(server, options.state, say);
    if (options.scale !== undefined) await fill(server, options.scale, say);
    const url = server.url(mainDatabase);
    const hide = showRunningServer({ url, dataDirectory });
    process.once("exit", hide);
    say(`PostgreSQL 17 runs, its database at state "${state}". Stop it with Ctrl-C.`);
    process.stdout.write(`${url}\n`);
    await server.ended();
    if (stopped) return await new Promise(() => {});
    hide();
    throw new SpfpError(
      "CONNECTION_LOST",
      `The PostgreSQL of ${dataDirectory} was stopped by another process, or crashed.`,
      `Start it again with spfp-db dev; see its log, ${dataDirectory}.log.`,
    );
  } finally {
    forget();
    await stop();
  }
}

/** Fills the database with generated data; rows that are there already are kept, and none are added to them. */
async function fill(server: EmbeddedServer, scale: number, say: (line: string) => void): Promise<void> {
  const { generateData } = await import("../bench/index.ts");
  say("Generating data …");
  const filled = await generateData(server.url(mainDatabase), { scale }).catch((error: unknown) => {
    if (error instanceof SpfpError && error.code === "NOT_EMPTY") return null;
    throw error;
  });
  if (filled === null) return say("It holds rows already: they stay, and none were generated.");
  say(`${filled.reduce((sum, { rows }) => sum + rows, 0).toLocaleString("en")} rows were generated.`);
}

/** What the database holds; told from its relations, since it may have been changed by any tool. */
async function presentState(sql: Sql): Promise<State> {
  const rows = await sql`
    select
      exists (select from pg_catalog.pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')) as filled,
      exists (select from pg_catalog.pg_namespace where nspname = 'drizzle') as journalled`;
  const row = rows[0];
  if (row?.["journalled"] === true) return "deployed";
  return row?.["filled"] === true ? "production" : "empty";
}

/** Brings an empty database to the state that is wanted. What is there already is kept, and never changed. */
async function ensureState(
  server: EmbeddedServer,
  wanted: State | undefined,
  say: (line: string) => void,
): Promise<State> {
  const admin = await connect(server.url("postgres"));
  try {
    // Another `dev` of the same folder waits here, and then finds the state reached.
    await admin`select pg_advisory_lock(hashtext('spfp-db dev'))`;
    const main = await connect(server.url(mainDatabase));
    const present = await presentState(main).finally(() => main.end());
    const state = wanted ?? (present === "empty" ? "deployed" : present);
    if (present === state) return state;
    if (present !== "empty") {
      throw new SpfpError(
        "USAGE",
        `The database is at state "${present}", not "${state}".`,
        "Leave --state out to go on with what is there, or add --fresh to delete it and start again.",
      );
    }
    say(`Bringing the database to state "${state}" …`);
    await makeState(server, admin, state);
    return state;
  } finally {
    await admin.end();
  }
}

/**
 * Makes a state in a database of its own, which takes the place of the empty one when it is complete: whatever
 * interrupts this, no half-made state is left behind under the name.
 */
async function makeState(server: EmbeddedServer, admin: Sql, state: State): Promise<void> {
  const { reachState } = await import("../states.ts");
  const making = `${mainDatabase}_making`;
  await dropDatabase(admin, making);
  await createDatabase(admin, making, { template: emptyTemplate });
  const sql = await connect(server.url(making));
  await reachState(sql, state).finally(() => sql.end());
  await dropDatabase(admin, mainDatabase);
  await admin`alter database ${admin(making)} rename to ${admin(mainDatabase)}`;
}
