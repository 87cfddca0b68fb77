/*
 * What Ctrl-C has to wait for. A command that leaves in the middle leaves nothing running: what it holds says here how
 * to let it go.
 */

const cleanups = new Set<() => Promise<void>>();

/**
 * Has `cleanup` run when the command is interrupted. Cleanups run newest first, once each.
 * @returns what to call when there is nothing to clean up any more
 */
export function onInterrupt(cleanup: () => Promise<void>): () => void {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
}

// The exit status of a process that a signal ended, as shells count it.
const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

let interrupted = false;

/** Whether the command is on its way out: what fails now fails because of that. */
export function isInterrupted(): boolean {
  return interrupted;
}

/** Ends the process on a signal after the cleanups, and at once on a second one. */
export function handleInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(statuses[signal]);
      interrupted = true;
      process.exitCode = statuses[signal];
      // What the cleanups take away fails under who worked on it, wherever that may be.
      process.on("uncaughtException", () => undefined);
      process.on("unhandledRejection", () => undefined);
      void (async () => {
        for (const cleanup of [...cleanups].reverse()) await cleanup().catch(() => undefined);
        process.exit(statuses[signal]);
      })();
    });
  }
}
