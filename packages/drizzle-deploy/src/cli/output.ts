import { once } from "node:events";

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
