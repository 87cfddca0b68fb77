import { Listr } from "listr2";
import type { PhaseRunner } from "../rehearsal/index.ts";

/**
 * Shows each phase as a line that turns from running to done, with what it did and how long it took; in a pipe or a
 * log, as plain lines.
 */
export const showPhases: PhaseRunner = async (title, work) => {
  const begun = performance.now();
  let outcome: Awaited<ReturnType<typeof work>> | undefined;
  await new Listr([
    {
      title,
      task: async (_context, task) => {
        outcome = await work((progress) => {
          task.output = progress;
        });
        task.title = `${title}: ${outcome.summary} (${((performance.now() - begun) / 1000).toFixed(1)} s)`;
      },
    },
  ]).run();
  if (!outcome) throw new TypeError(`phase "${title}" ended without a result`);
  return outcome;
};
