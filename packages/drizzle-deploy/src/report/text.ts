import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";

export { formatCount, plural, visible } from "../findings/text.ts";

// Not the library's own type, whose module a consumer's compiler does not find.
type Dress = (text: string) => string;

/** How text is dressed: with colours at a terminal, plain in a pipe (picocolors heeds NO_COLOR and FORCE_COLOR). */
export const dress: Record<"good" | "bad" | "doubtful" | "quiet" | "strong", Dress> = {
  good: pc.green,
  bad: pc.red,
  doubtful: pc.yellow,
  quiet: pc.dim,
  strong: pc.bold,
};

/** Milliseconds as a person reads them: `0.35 ms`, `12 ms`, `1.8 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The fewest characters beside a label that prose is wrapped to. */
const narrowest = 20;

/**
 * Prose as it goes behind a label: wrapped between words, and under its own beginning. A word that is longer than a line
 * stays whole.
 *
 * @param columns what a line may have, in characters; default those of the terminal, and in a pipe as many as it takes
 */
export function beside(
  label: string,
  prose: string,
  columns = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): string {
  const indent = stripVTControlCharacters(label).length;
  const width = columns - indent;
  if (prose.length <= width || width < narrowest) return prose;
  const lines: string[] = [];
  let line = "";
  for (const word of prose.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
