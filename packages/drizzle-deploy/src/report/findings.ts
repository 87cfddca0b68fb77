import type { Finding } from "../findings/finding.ts";
import { contrast } from "./difference.ts";
import { dress, visible } from "./text.ts";

const todo = "        to do     ";

const marks = { error: dress.bad("✗"), warning: dress.doubtful("!"), info: dress.quiet("i") };

/**
 * Findings for a person: the object, what was expected and found, and what to do. Where several that follow each other
 * ask for the same, it is said once, after the last.
 */
export function formatFindings(findings: readonly Finding[]): string[] {
  return findings.map(({ check, severity, object, remedy, sql = [], ...values }, at) => {
    const { expected, actual } = contrast(values.expected, values.actual);
    return [
      `    ${marks[severity]} ${dress.strong(visible(object))}  ${dress.quiet(check)}`,
      `        expected  ${expected}`,
      `        found     ${actual}`,
      ...(sql.length === 0 && findings[at + 1]?.remedy === remedy ? [] : [`${todo}${visible(remedy)}`]),
      ...sql.flatMap((statement) =>
        statement.split("\n").map((line) => `                  ${visible(line)}`),
      ),
    ].join("\n");
  });
}

/** Findings that all have the same to be said of them: a line each, at most `shown` of them. */
export function formatFindingLines(findings: readonly Finding[], shown: number): string[] {
  const lines = findings.slice(0, shown).map(({ severity, object, expected, actual }) => {
    const change = actual === null ? "is missing" : expected === null ? "is extra" : oneLine(actual);
    return `    ${marks[severity]} ${dress.strong(visible(object))}  ${dress.quiet(change)}`;
  });
  const more = findings.length - shown;
  return more > 0 ? [...lines, dress.quiet(`    … and ${more} more`)] : lines;
}

const lineLength = 100;

function oneLine(text: string): string {
  const line = visible(text.replaceAll(/\s+/g, " ").trim());
  return line.length > lineLength ? `${line.slice(0, lineLength - 1)}…` : line;
}
