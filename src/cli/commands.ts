import { readFileSync } from "node:fs";
import {
  type AddCommand,
  addBackup,
  addBaseline,
  addDeploy,
  addExport,
  addLint,
  addLog,
  addPlan,
  addPreflight,
  addRollback,
  addStatus,
  type CommandContext,
  type HelpText,
} from "drizzle-deploy/cli";
import { makeSpfpFolder, spfpFolder } from "../server/running.ts";
import { spfp, spfpNames } from "../spfp.ts";
import { addAudit } from "./audit.ts";
import { addBench } from "./bench.ts";
import { addBootstrap } from "./bootstrap.ts";
import { addCheck } from "./check.ts";
import { addCleanup } from "./cleanup.ts";
import { addDev } from "./dev.ts";
import { addFix } from "./fix.ts";
import { addRehearse } from "./rehearse.ts";
import { addUser } from "./user.ts";

/** Every command, in the order of the help. */
export const commands: readonly AddCommand[] = [
  addRehearse,
  addBench,
  addDev,
  addCheck,
  addLint,
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
  addAudit,
  addUser,
  addCleanup,
];

function version(): string {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  // Zod would take longer to load than everything else that a command line begins with.
  const { version: own }: { version?: unknown } = JSON.parse(file);
  return String(own);
}

/** What SPFP's command line is, and what it finds around itself. */
export const context: CommandContext = {
  names: spfpNames,
  description: "SPFP's PostgreSQL schema as typed code: develop on it, deploy it, prove it",
  version: version(),
  debugVariable: "SPFP_DEBUG",
  common: null,
  loadProject: async () => (await import("../project.ts")).spfpProject,
  loadNames: async () => spfpNames,
  migrationsFolder: async () => spfp.migrationsFolder,
  configuredUrl: async () => null,
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

/** What `spfp-db --help` says below its commands. */
export const help: HelpText = {
  paragraphs: [
    `Without --database-url or DATABASE_URL a command uses an embedded PostgreSQL 17 under ${spfpNames.folder}/, and stops it at its end.`,
    "--quiet prints only what needs attention: findings and errors. The exit status and --json stay the same.",
    "Exit status: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug.",
  ],
  examples: [
    ["spfp-db rehearse", "the whole optimisation on generated data, checked"],
    ["spfp-db dev", "a database to develop on, until Ctrl-C"],
    ["spfp-db dev --state production", "the same, as production is before a deployment"],
  ],
};
