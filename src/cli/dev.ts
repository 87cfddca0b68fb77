import { addHelp, addQuietOption, type Command, InvalidArgumentError, Option } from "drizzle-deploy/cli";
import { parseScale } from "./rehearse.ts";
import type { DevOptions, State } from "./run-dev.ts";

const states: readonly State[] = ["empty", "production", "deployed"];

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
    .option("--fresh", "delete its data and start again")
    .option(
      "--scale <scale>",
      "with --state production: fill it with generated data, 1 being production's 5 million rows",
      parseScale,
    )
    .action(async (options: DevOptions) => (await import("./run-dev.ts")).runDev(options));
  addQuietOption(command, "print only the URL");
  addHelp(command, {
    examples: [
      ["spfp-db dev", "to develop on: every migration applied"],
      ["spfp-db dev --state production --scale 0.01", "to practise a deployment on"],
      ["spfp-db dev --fresh --state empty --port 5433", "a server for something else"],
    ],
  });
}
