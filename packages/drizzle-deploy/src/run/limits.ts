/** How long a statement queues for a lock, with everybody behind it, in milliseconds. */
export const defaultLockTimeout = 1_000;
/** How long a step tries to get its locks, in milliseconds. */
export const defaultGiveUpAfter = 5 * 60_000;
/** How long a step that cannot be seen into may hold what it locked, in milliseconds. */
export const defaultBlockTimeout = 5_000;
/** How many indexes are built at once. */
export const defaultParallel = 2;
/** How long a batch of a change of rows is to take, in milliseconds: its size follows from that. */
export const batchTarget = 500;
/** How long a batch may take before it is ended and made smaller, in milliseconds. */
export const batchTimeout = 5_000;
/** How far replicas may be behind before batches wait for them, in bytes of the write-ahead log; 0 for however far. */
export const defaultReplicationLag = 64 * 1024 * 1024;
