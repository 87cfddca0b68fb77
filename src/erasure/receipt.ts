import { z } from "zod";

const countSchema = z.strictObject({ table: z.string(), rows: z.int().min(0) });

/** What was found to stay after an erasure; `rows` is null where it cannot be counted. */
export const remainderSchema = z.strictObject({
  where: z.string(),
  rows: z.int().min(0).nullable(),
  why: z.string(),
});

/** What an erasure did, as `--json` prints it: counts, and nothing of the user but the id. */
export const receiptSchema = z.strictObject({
  version: z.literal(1),
  /** Of the record in the database. */
  id: z.guid(),
  user: z.guid(),
  database: z.string(),
  /** Who ran it: the account of the operating system, and the role in the database. */
  executor: z.string(),
  role: z.string(),
  /** Of the first run, where it was interrupted and run again; ISO 8601, UTC. */
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** How many runs it took. */
  runs: z.int().min(1),
  /** The export that was verified before; null where it was erased without. */
  export: z.strictObject({ manifest: z.string(), exportedAt: z.iso.datetime() }).nullable(),
  /** Rows deleted by table, of all runs; every table that was looked at, verified to be without a row of the user. */
  erased: z.array(countSchema),
  /** Rows among them that came in while it ran, after the export was compared with what is there. */
  cameIn: z.int().min(0),
  /** Rows of others that point to the user no longer. */
  unlinked: z.array(z.strictObject({ table: z.string(), column: z.string(), rows: z.int().min(0) })),
  /** Changes of the user's rows, taken out of the records of `spfp-db fix`: they cannot be undone any more. */
  recordedChanges: z.int().min(0),
  login: z.enum(["deleted", "kept", "was gone", "unknown"]),
  /** What is known to mention the user still, and why it was not touched. */
  left: z.array(remainderSchema),
});

export type Receipt = z.infer<typeof receiptSchema>;
export type Remainder = z.infer<typeof remainderSchema>;
