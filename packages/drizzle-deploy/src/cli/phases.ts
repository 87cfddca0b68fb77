/** What a phase did, in a few words, and with what it ended. */
export interface PhaseOutcome<Result> {
  readonly summary: string;
  readonly result: Result;
}

/** The work of a phase; it may tell how far it is. */
export type PhaseWork<Result> = (tell: (progress: string) => void) => Promise<PhaseOutcome<Result>>;

/** Runs a phase, and shows it or not. */
export type PhaseRunner = <Result>(title: string, work: PhaseWork<Result>) => Promise<PhaseOutcome<Result>>;

/**
 * Shows each phase as a line that turns from running to done, with what it did and how long it took; in a pipe or a
 * log, as plain lines.
 */
export const showPhases: PhaseRunner = async (title, work) => {
  const { Listr } = await import("listr2");
  const begun = performance.now();
  let outcome: Awaited<ReturnType<typeof work>> | undefined;
  await new Listr(
    [
      {
        title,
        task: async (_context, task) => {
          outcome = await work((progress) => {
            task.output = progress;
          });
          task.title = `${title}: ${outcome.summary} (${((performance.now() - begun) / 1000).toFixed(1)} s)`;
        },
      },
    ],
    // Its own would end the process at once, and leave behind what the command's cleanups take away.
    { registerSignalListeners: false },
  ).run();
  if (!outcome) throw new TypeError(`phase "${title}" ended without a result`);
  return outcome;
};
