import { visible } from "./text.ts";

/** Where a value is longer than this, the part that differs is shown. */
const shortEnough = 200;
/** Characters shown from the first difference on. */
const excerpt = 120;

const oneLine = (text: string): string => visible(text.replaceAll(/\s*\n\s*/g, " ⏎ ").trim());

function part(text: string, from: number, line: number): string {
  const shown = oneLine(text.slice(from, from + excerpt));
  const more = text.length > from + excerpt ? " …" : "";
  return `${line > 1 ? `line ${line}: ` : ""}${from > 0 ? "… " : ""}${shown || "(ends)"}${more}`;
}

/** Two values for a person to compare: whole where they are short, from the first difference on where not. */
export function contrast(
  expected: string | null,
  actual: string | null,
): { expected: string; actual: string } {
  if (expected === null || actual === null || Math.max(expected.length, actual.length) <= shortEnough) {
    const short = (text: string | null): string => {
      const line = oneLine(text ?? "nothing");
      return line.length > 2 * shortEnough ? `${line.slice(0, 2 * shortEnough)} …` : line;
    };
    return { expected: short(expected), actual: short(actual) };
  }
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at += 1;
  const lineStart = expected.lastIndexOf("\n", Math.max(0, at - 1)) + 1;
  const from = at - lineStart < excerpt / 2 ? lineStart : at;
  const line = expected.slice(0, at).split("\n").length;
  return { expected: part(expected, from, line), actual: part(actual, from, line) };
}
