import { readFileSync } from "node:fs";
import { type Command, CommanderError, program } from "commander";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { visible } from "../text.ts";
import { addBackup } from "./backup.ts";
import { addBaseline } from "./baseline.ts";
import { addBootstrap } from "./bootstrap.ts";
import { addCheck } from "./check.ts";
import { addCleanup } from "./cleanup.ts";
import { addDeploy } from "./deploy.ts";
import { addDev } from "./dev.ts";
import { addExport } from "./export.ts";
import { addFix } from "./fix.ts";
import { handleInterrupts, isInterrupted } from "./interrupt.ts";
import { addLog } from "./log.ts";
import { addPlan } from "./plan.ts";
import { addPreflight } from "./preflight.ts";
import { addRehearse } from "./rehearse.ts";
import { addRollback } from "./rollback.ts";
import { addStatus } from "./status.ts";

/** Every command, in the order of the help. */
const commands: readonly ((program: Command) => void)[] = [
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

/** Exit statuses: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug. */
const status = { usage: 2, bug: 70 } as const;

/** An error on one line; what the text of others breaks is joined. */
function complain(line: string): void {
  process.stderr.write(`spfp-db: ${visible(line.replaceAll(/\s*\n\s*/g, " ").trim())}\n`);
}

/** With the full stop that a message may lack. */
function sentence(text: string): string {
  return /[.?!]\)?$/.test(text) || text === "" ? text : `${text}.`;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Help that was asked for by giving no command is already printed.
    if (error.code !== "commander.help") {
      complain(`USAGE: ${sentence(error.message.replace(/^error: /, "").trim())} Run spfp-db --help.`);
    }
    return status.usage;
  }
  if (error instanceof SpfpError) {
    complain(`${error.code}: ${sentence(error.message)} ${sentence(error.remedy)}`);
    return status.usage;
  }
  const text = error instanceof Error ? error.message : String(error);
  complain(
    `${sentence(text || "an error without a message")} This is a bug; SPFP_DEBUG=1 shows where it happened.`,
  );
  return status.bug;
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/**
 * What becomes of a command whose output goes nowhere. Who reads it may have seen enough (`spfp-db … | head`): what runs
 * goes on to its end, and its status says how it went, as nothing else does. Any other failure is one of the command.
 */
function handleLostOutput(): void {
  let said = false;
  process.stdout.on("error", (error) => {
    if (said || ("code" in error && error.code === "EPIPE")) return;
    said = true;
    process.exitCode = report(
      new SpfpError(
        "FILE_UNWRITABLE",
        `the output cannot be written: ${error.message}`,
        "What the command did is done; only its output is lost.",
      ),
    );
  });
  // There is nowhere left to complain.
  process.stderr.on("error", () => undefined);
}

async function main(): Promise<void> {
  handleInterrupts();
  handleLostOutput();
  program
    .name("spfp-db")
    .description("SPFP's PostgreSQL schema as typed code: develop on it, deploy it, prove it")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help; also after a command")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      "after",
      `
Examples:
  $ spfp-db rehearse                  the whole optimisation on generated data, checked in every detail
  $ spfp-db dev                       a database to develop on, until Ctrl-C
  $ spfp-db dev --state production    the same, as production is before anything is deployed

Without --database-url or DATABASE_URL a command uses an embedded PostgreSQL 17 under .spfp/, and stops it at its end.
Exit status: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug.`,
    );
  for (const add of commands) add(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (isInterrupted()) return;
    if (process.env["SPFP_DEBUG"] && !(error instanceof CommanderError)) {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    }
    process.exitCode = report(error);
  }
}

await main();
