import { once } from "node:events";
import { fitLines } from "./fit-lines.ts";

/**
 * Writes what comes to standard output, as it comes: nothing is asked for before the reader has the rest. Ends quietly
 * where the reader has seen enough (`… | head`); another failure of the output is told by the command line.
 */
export async function writeOutput(chunks: AsyncIterable<string>): Promise<void> {
  const { stdout } = process;
  for await (const chunk of chunks) {
    if (!stdout.write(chunk))
      await Promise.race([once(stdout, "drain"), once(stdout, "close")]).catch(() => undefined);
    if (stdout.errored !== null || stdout.destroyed) return;
  }
}

/**
 * Prints a report: at a terminal its lines are wrapped between words, elsewhere they stay whole, to be searched. An empty
 * text prints nothing, not even a line.
 */
export function print(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  if (text !== "") stream.write(`${stream.isTTY ? fitLines(text, stream.columns) : text}\n`);
}

/** Prints a value as JSON, to be copied from a terminal too. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
