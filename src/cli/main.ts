import { readFileSync } from "node:fs";
import {
  type AddCommand,
  addBackup,
  addBaseline,
  addDeploy,
  addExport,
  addLog,
  addPlan,
  addPreflight,
  addRollback,
  addStatus,
  type CommandContext,
  runCommandLine,
} from "drizzle-deploy/cli";
import { z } from "zod";
import { makeSpfpFolder, spfpFolder } from "../server/running.ts";
import { spfpNames } from "../spfp.ts";
import { addBootstrap } from "./bootstrap.ts";
import { addCheck } from "./check.ts";
import { addCleanup } from "./cleanup.ts";
import { addDev } from "./dev.ts";
import { addFix } from "./fix.ts";
import { addRehearse } from "./rehearse.ts";

/** Every command, in the order of the help. */
const commands: readonly AddCommand[] = [
  addRehearse,
  addDev,
  addCheck,
  addStatus,
  addBaseline,
  addPreflight,
  addPlan,
  addFix,
  addDeploy,
  addBackup,
  addRollback,
  addExport,
  addLog,
  addBootstrap,
  addCleanup,
];

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

const context: CommandContext = {
  names: spfpNames,
  description: "SPFP's PostgreSQL schema as typed code: develop on it, deploy it, prove it",
  version: version(),
  debugVariable: "SPFP_DEBUG",
  loadProject: async () => (await import("../project.ts")).spfpProject,
  workFolder: { path: spfpFolder, make: makeSpfpFolder },
  ownDatabase: {
    description: `an embedded PostgreSQL under ${spfpNames.folder}/`,
    async open() {
      const { mainDatabase, runningServer, startServer } = await import("../server/index.ts");
      // Where `dev` keeps one running, on other data than the usual, that is the one that is meant.
      const server = await startServer({ dataDirectory: runningServer()?.dataDirectory });
      return { url: server.url(mainDatabase), stop: () => server.stop() };
    },
  },
};

await runCommandLine(context, commands, {
  paragraphs: [
    `Without --database-url or DATABASE_URL a command uses an embedded PostgreSQL 17 under ${spfpNames.folder}/, and stops it at its end.`,
    "Exit status: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug.",
  ],
  examples: [
    ["spfp-db rehearse", "the whole optimisation on generated data, checked"],
    ["spfp-db dev", "a database to develop on, until Ctrl-C"],
    ["spfp-db dev --state production", "the same, as production is before a deployment"],
  ],
});
