import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { DeployError, OperationalError } from "../findings/errors.ts";
import { visible } from "../findings/text.ts";
import { addCompletion } from "./completion.ts";
import type { AddCommand, CommandContext } from "./context.ts";
import { addHelp, type HelpText } from "./help.ts";
import { handleInterrupts, isInterrupted } from "./interrupt.ts";
import { print } from "./output.ts";

/** The fewest columns, in characters, that help is wrapped to: what is beside the options has that much room. */
const narrowest = 20;

/** Exit statuses: 0 done, 1 something checked does not hold, 2 wrong usage or bad input, 70 a bug. */
const status = { usage: 2, bug: 70 } as const;

/** With the full stop that a message may lack. */
function sentence(text: string): string {
  return /[.?!]\)?$/.test(text) || text === "" ? text : `${text}.`;
}

/** An error as the one line that a person reads, and the status that goes with it; null where all is said already. */
function describeError(
  error: unknown,
  { names: { command }, debugVariable }: CommandContext,
): { line: string | null; exitCode: number } {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { line: null, exitCode: 0 };
    // Help that was asked for by giving no command is already printed.
    const line =
      error.code === "commander.help"
        ? null
        : `USAGE: ${sentence(error.message.replace(/^error: /, "").trim())} Run ${command} --help.`;
    return { line, exitCode: status.usage };
  }
  if (error instanceof OperationalError) {
    return {
      line: `${error.code}: ${sentence(error.message)} ${sentence(error.remedy)}`,
      exitCode: status.usage,
    };
  }
  const text = error instanceof Error ? error.message : String(error);
  return {
    line: `${sentence(text || "an error without a message")} This is a bug; ${debugVariable}=1 shows where it happened.`,
    exitCode: status.bug,
  };
}

/** Prints an error on one line; what the text of others breaks is joined. Returns the exit status. */
function report(error: unknown, context: CommandContext): number {
  const { line, exitCode } = describeError(error, context);
  if (line !== null) {
    const joined = visible(line.replaceAll(/\s*\n\s*/g, " ").trim());
    print(`${context.names.command}: ${joined}`, process.stderr);
  }
  return exitCode;
}

/**
 * What becomes of a command whose output goes nowhere. Who reads it may have seen enough (`… | head`): what runs goes on
 * to its end, and its status says how it went, as nothing else does. Any other failure is one of the command.
 */
function handleLostOutput(context: CommandContext): void {
  let said = false;
  process.stdout.on("error", (error) => {
    if (said || ("code" in error && error.code === "EPIPE")) return;
    said = true;
    process.exitCode = report(
      new DeployError(
        "FILE_UNWRITABLE",
        `the output cannot be written: ${error.message}`,
        "What the command did is done; only its output is lost.",
      ),
      context,
    );
  });
  // There is nowhere left to complain.
  process.stderr.on("error", () => undefined);
}

/** Takes from `.env` of the current folder what the environment does not have, as drizzle-kit does. */
function readEnvironmentFile(): void {
  if (!existsSync(".env")) return;
  try {
    process.loadEnvFile(".env");
  } catch (cause) {
    throw new DeployError("FILE_MISSING", ".env is there and cannot be read", "Check its permissions.", {
      cause,
    });
  }
}

/** A command line of these commands, in the order of the help. */
export function createProgram(
  context: CommandContext,
  commands: readonly AddCommand[],
  help: HelpText,
): Command {
  const { names, description, version } = context;
  const program = new Command()
    .name(names.command)
    .description(description)
    .version(version, "-V, --version", "print the version")
    // Commander would give up wrapping at a terminal of some 60 columns.
    .configureHelp({ minWidthToWrap: narrowest })
    .helpOption("-h, --help", "print help; also after a command")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addHelp(program, help);
  for (const add of commands) add(program, context);
  const { common } = context;
  if (common) {
    for (const command of program.commands) common.add(command);
    program.hook("preAction", (_program, command) => common.take(command.opts()));
  }
  addCompletion(program, context);
  return program;
}

/** Runs the command that this process was started with; its exit status says how it went. */
export async function runCommandLine(
  context: CommandContext,
  commands: readonly AddCommand[],
  help: HelpText,
): Promise<void> {
  handleInterrupts();
  handleLostOutput(context);
  try {
    readEnvironmentFile();
    await createProgram(context, commands, help).parseAsync();
  } catch (error) {
    if (isInterrupted()) return;
    if (process.env[context.debugVariable] && !(error instanceof CommanderError)) {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    }
    process.exitCode = report(error, context);
  }
}
