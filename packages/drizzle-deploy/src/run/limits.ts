/** How long a statement queues for a lock, with everybody behind it, in milliseconds. */
export const defaultLockTimeout = 1_000;
/** How long a step tries to get its locks, in milliseconds. */
export const defaultGiveUpAfter = 5 * 60_000;
/** How long a step that cannot be seen into may hold what it locked, in milliseconds. */
export const defaultBlockTimeout = 5_000;
/** How many indexes are built at once. */
export const defaultParallel = 2;
