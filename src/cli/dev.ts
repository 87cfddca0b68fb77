import { resolve } from "node:path";
import { addHelp, type Command, InvalidArgumentError, Option, onInterrupt } from "drizzle-deploy/cli";
import type { Sql } from "drizzle-deploy/postgres";
import { SpfpError } from "../errors.ts";
import type { EmbeddedServer } from "../server/index.ts";
import { parseScale } from "./rehearse.ts";

const states = ["empty", "production", "deployed"] as const;

type State = (typeof states)[number];

interface DevOptions {
  state?: State;
  port?: number;
  data?: string;
  fresh?: true;
  scale?: number;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("A port is a number from 1 to 65535.");
  }
  return port;
}

/** `spfp-db dev`: a database to develop on, as long as the command runs. */
export function addDev(program: Command): void {
  const command = program
    .command("dev")
    .description("keep a PostgreSQL running to develop on, until Ctrl-C, and print its URL")
    .addOption(
      new Option("--state <state>", "what its database holds (default: what it holds, or deployed)").choices(
        states,
      ),
    )
    .option("--port <port>", "port on 127.0.0.1 (default: one that is free)", parsePort)
    .option("--data <folder>", "where its data is kept (default: .spfp/data)")
    .option("--fresh", "delete its data and start anew")
    .option(
      "--scale <scale>",
      "with --state production: fill it with generated data, 1 being production's 5 million rows",
      parseScale,
    )
    .action(dev);
  addHelp(command, {
    examples: [
      ["spfp-db dev", "to develop on: every migration applied"],
      ["spfp-db dev --state production --scale 0.01", "to practise a deployment on"],
      ["spfp-db dev --fresh --state empty --port 5433", "a server for something else"],
    ],
  });
}

async function dev(options: DevOptions): Promise<void> {
  const { mainDatabase, showRunningServer, spfpFolder, startServer } = await import("../server/index.ts");
  if (options.scale !== undefined && options.state !== "production") {
    throw new SpfpError(
      "USAGE",
      "--scale fills production as it was before the optimisation, and --state is not production.",
      "Add --state production, or leave --scale out.",
    );
  }
  const dataDirectory = resolve(options.data ?? `${spfpFolder()}/data`);
  const say = (line: string) => process.stderr.write(`${line}\n`);
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
      `The PostgreSQL of ${dataDirectory} was stopped by somebody else, or crashed.`,
      `Start it again with spfp-db dev; see its log, ${dataDirectory}.log.`,
    );
  } finally {
    forget();
    await stop();
  }
}

/** Fills the database with generated data; rows that are there already are kept, and none are added to them. */
async function fill(server: EmbeddedServer, scale: number, say: (line: string) => void): Promise<void> {
  const { connect } = await import("drizzle-deploy/postgres");
  const { mainDatabase } = await import("../server/index.ts");
  const { generateData } = await import("../bench/index.ts");
  say("Generating data …");
  const sql = await connect(server.url(mainDatabase));
  const filled = await generateData(sql, { scale })
    .catch((error: unknown) => {
      if (error instanceof SpfpError && error.code === "NOT_EMPTY") return null;
      throw error;
    })
    .finally(() => sql.end());
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
  const { connect } = await import("drizzle-deploy/postgres");
  const { mainDatabase } = await import("../server/index.ts");
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
        "Leave --state out to go on with what is there, or add --fresh to delete it and start anew.",
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
  const { connect } = await import("drizzle-deploy/postgres");
  const { createDatabase, dropDatabase, emptyTemplate, mainDatabase } = await import("../server/index.ts");
  const { reachState } = await import("../states.ts");
  const making = `${mainDatabase}_making`;
  await dropDatabase(admin, making);
  await createDatabase(admin, making, { template: emptyTemplate });
  const sql = await connect(server.url(making));
  await reachState(sql, state).finally(() => sql.end());
  await dropDatabase(admin, mainDatabase);
  await admin`alter database ${admin(making)} rename to ${admin(mainDatabase)}`;
}
