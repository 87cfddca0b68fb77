import type { Argument, Command, Help, Option } from "commander";
import { ListOption } from "../options.ts";

/** What may stand for an option or an argument, as a shell completes it. */
export type CompletedValue =
  | { readonly kind: "choice"; readonly values: readonly string[] }
  /** Some of the values, with commas between them. */
  | { readonly kind: "list"; readonly values: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "folder" }
  /** Nothing that a shell could know. */
  | { readonly kind: "text" };

/** An option, as a shell completes it. */
export interface CompletedOption {
  /** Its flags: `-h` and `--help`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What is given with it; null for a switch. */
  readonly value: CompletedValue | null;
  /** What its value is called: `file`. */
  readonly valueName: string;
  /** Whether it may be given more than once. */
  readonly isRepeated: boolean;
}

/** A command and what may follow it; the first is the program itself. */
export interface CompletedCommand {
  /** The words that lead to it, without the program's name; empty for the program. */
  readonly path: readonly string[];
  readonly options: readonly CompletedOption[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Its arguments, in their order. */
  readonly values: readonly { readonly name: string; readonly value: CompletedValue }[];
}

/** The first clause of a description: a list of completions has a line for each. */
const inShort = (description: string): string => (description.split(/ \(default|; /)[0] ?? "").trim();

const valueName = (option: Option): string => /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? "";

/** What a value is tells its placeholder, `<file>` or `<folder>`, where it is not one of a closed set. */
function describeValue(one: Option | Argument, name: string): CompletedValue {
  if (one instanceof ListOption) return { kind: "list", values: one.values };
  if (one.argChoices) return { kind: "choice", values: one.argChoices };
  if (name === "file" || name === "folder") return { kind: name };
  return { kind: "text" };
}

function describeOption(option: Option): CompletedOption {
  const name = valueName(option);
  const hasValue = option.required || option.optional;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: inShort(option.description),
    value: hasValue ? describeValue(option, name) : null,
    valueName: name,
    isRepeated: option instanceof ListOption || option.description.includes("may be repeated"),
  };
}

/** Reads what a shell has to know from the definitions of the commands: of the program first, then of each below it. */
export function describeCommands(program: Command): CompletedCommand[] {
  const help: Help = program.createHelp();
  const describe = (command: Command, path: readonly string[]): CompletedCommand[] => {
    const below = help.visibleCommands(command);
    return [
      {
        path,
        options: help.visibleOptions(command).map(describeOption),
        commands: below.map((one) => ({ name: one.name(), description: inShort(one.description()) })),
        values: command.registeredArguments.map((argument) => ({
          name: argument.name(),
          value: describeValue(argument, argument.name()),
        })),
      },
      ...below.flatMap((one) => describe(one, [...path, one.name()])),
    ];
  };
  return describe(program, []);
}

/** A name for a function of a shell: `drizzle-deploy` and `plan` as `_drizzle_deploy_plan`. */
export const functionName = (...words: readonly string[]): string =>
  `_${words.join("_").replaceAll(/\W/g, "_")}`;

/** Quotes a text for bash, zsh or fish, between single quotes. */
export function quoteForShell(text: string, shell: "bash" | "zsh" | "fish"): string {
  const quoted =
    shell === "fish" ? text.replaceAll("\\", "\\\\").replaceAll("'", "\\'") : text.replaceAll("'", "'\\''");
  return `'${quoted}'`;
}
