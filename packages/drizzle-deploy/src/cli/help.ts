import type { Command, Help } from "commander";

/** What the help of a command says below its options. */
export interface HelpText {
  /** Each is wrapped to the width of the terminal. */
  readonly paragraphs?: readonly string[];
  /** Words and what each means, under a heading. */
  readonly terms?: { readonly title: string; readonly rows: readonly (readonly [string, string])[] };
  /** Command lines, without the prompt; what is said of one stands behind it. */
  readonly examples: readonly (string | readonly [string, string])[];
}

function formatTerms(rows: readonly (readonly [string, string])[], width: number, help: Help): string {
  const column = Math.max(...rows.map(([term]) => term.length)) + 4;
  return rows
    .map(([term, text]) => {
      const [first = "", ...others] = help.boxWrap(text, Math.max(width - column, 20)).split("\n");
      return [
        `  ${term.padEnd(column - 2)}${first}`,
        ...others.map((line) => " ".repeat(column) + line),
      ].join("\n");
    })
    .join("\n");
}

function formatExamples(examples: HelpText["examples"], width: number): string {
  const lines = examples.map((one): readonly [string, string | null] =>
    typeof one === "string" ? [one, null] : one,
  );
  const column = Math.max(...lines.map(([line, text]) => (text === null ? 0 : line.length))) + 6;
  return lines
    .map(([line, text]) => {
      if (text === null) return `  $ ${line}`;
      const beside = `  $ ${line}`.padEnd(column) + text;
      return beside.length <= width ? beside : `  # ${text}\n  $ ${line}`;
    })
    .join("\n");
}

/** Adds what the options cannot say to a command's help, wrapped to the terminal that it is read at. */
export function addHelp(command: Command, { paragraphs = [], terms, examples }: HelpText): Command {
  return command.addHelpText("after", ({ error }) => {
    const output = command.configureOutput();
    const width = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? 80;
    const help = command.createHelp();
    const parts = [
      ...(terms ? [`${terms.title}:\n${formatTerms(terms.rows, width, help)}`] : []),
      ...paragraphs.map((text) => help.boxWrap(text, width)),
      `${examples.length === 1 ? "Example" : "Examples"}:\n${formatExamples(examples, width)}`,
    ];
    return `\n${parts.join("\n\n")}`;
  });
}
