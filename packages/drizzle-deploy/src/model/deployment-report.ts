import { z } from "zod";
import { errorCodes } from "../findings/errors.ts";
import { findingSchema } from "../findings/finding.ts";
import { planSchema } from "./step.ts";

/** The ways to deploy: who is asked what on the way. */
export const modes = ["quick", "guided", "enterprise"] as const;

export type Mode = (typeof modes)[number];

/** What a table weighs. */
export const tableSizeSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** With its TOAST data and its maps. */
  tableBytes: z.number(),
  indexBytes: z.number(),
  /** As the planner estimates them; -1 where the table was never analysed. */
  rows: z.number(),
});

export type TableSize = z.infer<typeof tableSizeSchema>;

/** What became of a step. Times are in milliseconds. */
export const stepResultSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  status: z.enum(["done", "skipped", "left out", "failed", "not reached"]),
  /** Why it was skipped or left out. */
  reason: z.string().nullable(),
  attempts: z.int(),
  /** Of the attempt that succeeded or was the last. */
  milliseconds: z.number(),
  /** Before that attempt: in the queue for locks, and out of others' way. */
  waited: z.number(),
  expectedMilliseconds: z.number(),
});

/** Why a deployment or a rollback did not get to its end. */
export const reportedErrorSchema = z.strictObject({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string(),
  /** The step that failed. */
  step: z.string().nullable(),
});

/** All that there is to say of a deployment afterwards. JSON, without secrets. */
export const deploymentReportSchema = z.strictObject({
  /** That of its record in the database. */
  id: z.uuid(),
  project: z.string(),
  /** Where, without the password. */
  database: z.string(),
  mode: z.enum(modes),
  executor: z.string(),
  approver: z.string().nullable(),
  ticket: z.string().nullable(),
  backup: z.string().nullable(),
  /** Every step is done, and everything holds that has to. */
  ok: z.boolean(),
  /** `stopped`: on request, between two steps. */
  outcome: z.enum(["completed", "stopped", "failed"]),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  milliseconds: z.number(),
  plan: planSchema,
  steps: z.array(stepResultSchema),
  /** What does not hold, and what is worth knowing; empty where the steps did not get to their end. */
  findings: z.array(findingSchema),
  sizes: z.strictObject({ before: z.array(tableSizeSchema), after: z.array(tableSizeSchema) }),
  error: reportedErrorSchema.nullable(),
});

export type DeploymentReport = z.infer<typeof deploymentReportSchema>;
