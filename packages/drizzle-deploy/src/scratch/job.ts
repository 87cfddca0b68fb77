import { z } from "zod";

/** What the process that keeps a scratch server is told. */
export const jobSchema = z.strictObject({
  initdb: z.string(),
  postgres: z.string(),
  /** The folder of the server, which goes with it. */
  folder: z.string(),
  port: z.int(),
  /** As whom PostgreSQL runs, where this process is root. */
  account: z.strictObject({ uid: z.int(), gid: z.int() }).nullable(),
});

export type Job = z.infer<typeof jobSchema>;

/** What it answers, in a line: that the server takes connections, or why it does not. */
export const answerSchema = z.union([
  z.strictObject({ ready: z.literal(true) }),
  z.strictObject({ failure: z.string() }),
]);

export type Answer = z.infer<typeof answerSchema>;

/** The role that owns all of a scratch server. */
export const owner = "postgres";
