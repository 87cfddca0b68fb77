import { print } from "./output.ts";

/** What a phase did, in a few words, and with what it ended. */
export interface PhaseOutcome<Result> {
  readonly summary: string;
  readonly result: Result;
}

/** The work of a phase; it may tell how far it is. */
export type PhaseWork<Result> = (tell: (progress: string) => void) => Promise<PhaseOutcome<Result>>;

/** Runs a phase, and shows it or not. */
export type PhaseRunner = <Result>(title: string, work: PhaseWork<Result>) => Promise<PhaseOutcome<Result>>;

/** How often a line in a log says how far a phase is, in milliseconds. */
const reminder = 10_000;

const seconds = (begun: number): string => ((performance.now() - begun) / 1000).toFixed(1);

/** A line for each phase when it is over, and now and then one that says how far it is. */
const logPhase: PhaseRunner = async (title, work) => {
  const begun = performance.now();
  let said = begun;
  const outcome = await work((progress) => {
    if (performance.now() - said < reminder) return;
    said = performance.now();
    print(`${title}: ${progress} …`);
  });
  print(`${title}: ${outcome.summary} (${seconds(begun)} s)`);
  return outcome;
};

/** Shows each phase: at a terminal as a line that turns from running to done, in a pipe or a log as a plain line. */
export const showPhases: PhaseRunner = async (title, work) => {
  if (!process.stdout.isTTY) return logPhase(title, work);
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
          task.title = `${title}: ${outcome.summary} (${seconds(begun)} s)`;
        },
      },
    ],
    // Its own would end the process at once, and leave behind what the command's cleanups take away.
    { registerSignalListeners: false },
  ).run();
  if (!outcome) throw new TypeError(`phase "${title}" ended without a result`);
  return outcome;
};
