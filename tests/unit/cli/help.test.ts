import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../../packages/drizzle-deploy/src/cli/command-line.ts";
import * as engine from "../../../packages/drizzle-deploy/src/cli/configured.ts";
import { commands, context, help } from "../../../src/cli/commands.ts";

const withSubcommands = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
];

/** What `--help` prints at a terminal of so many columns, by command. */
function helpAt(columns: number): Map<string, string> {
  return new Map(
    withSubcommands(createProgram(context, commands, help)).map((command) => {
      let text = "";
      command.configureOutput({
        writeOut: (part) => {
          text += part;
        },
        getOutHelpWidth: () => columns,
      });
      command.outputHelp();
      return [`${command.parent?.name() ?? ""} ${command.name()}`.trim(), text];
    }),
  );
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** The help less its examples: where one says what it does is beside it or above it, as there is room. */
const prose = (text: string): string => text.split(/^Examples?:$/m)[0] ?? "";

function examplesOf(text: string): string[] {
  const [, examples = ""] = text.split(/^Examples?:\n/m);
  return examples.trimEnd().split("\n");
}

const unwrapped = helpAt(1000);

describe.each([80, 60])("help at a terminal of %i columns", (columns) => {
  const narrow = helpAt(columns);

  it.each([...narrow])("%s: no line is longer", (_name, text) => {
    expect(text.split("\n").filter((line) => line.length > columns)).toEqual([]);
  });

  it.each([...narrow])("%s: wraps between words, and leaves none out", (name, text) => {
    expect(wordsOf(prose(text))).toEqual(wordsOf(prose(unwrapped.get(name) ?? "")));
  });

  it.each([...narrow])("%s: has examples to copy, each on a line of its own", (_name, text) => {
    const examples = examplesOf(text);
    expect(examples.filter((line) => line.startsWith("  $ "))).not.toEqual([]);
    expect(examples.filter((line) => !/^ {2}(\$ spfp-db|#) \S/.test(line))).toEqual([]);
  });
});

it("is asked of subcommands too", () => {
  expect([...unwrapped.keys()]).toEqual(
    expect.arrayContaining(["spfp-db", "spfp-db check", "spfp-db fix", "fix duplicates"]),
  );
});

it.each([
  ["spfp-db", createProgram(context, commands, help)],
  ["drizzle-deploy", createProgram(engine.context, engine.commands, engine.help)],
])("%s: every command has --quiet and says what it prints then", (_name, program) => {
  const leaves = withSubcommands(program).filter(
    (command) => command.commands.length === 0 && command.name() !== "completion",
  );
  expect(leaves.length).toBeGreaterThan(10);
  const quiet = leaves.map((command) => {
    const option = command.options.find(({ long }) => long === "--quiet");
    return `${command.name()}: ${option?.short} ${option?.description}`;
  });
  expect(quiet.filter((line) => !/: -q (print|with --out, do not print) /.test(`${line} `))).toEqual([]);
});
