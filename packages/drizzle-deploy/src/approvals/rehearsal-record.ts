import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import type { DeploymentReport } from "../model/deployment-report.ts";
import type { Names } from "../model/names.ts";
import type { Plan } from "../model/step.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const contentSchema = z.strictObject({
  version: z.literal(1),
  /** Of the plan that ran: see `Plan.id`. */
  planId: sha256,
  project: z.string(),
  /** Where it ran, without a password. */
  database: z.string(),
  executor: z.string(),
  /** When it was over. */
  at: z.iso.datetime(),
  milliseconds: z.number(),
  /** Rows of the tables that it worked on, as the planner estimated them. */
  rows: z.number(),
  steps: z.array(z.strictObject({ id: z.string(), milliseconds: z.number() })),
});

/** That a plan ran to its end once, on another database, and everything held afterwards. */
export const rehearsalRecordSchema = contentSchema.extend({
  /** SHA-256 of all the rest: a record that was changed by hand is none. */
  digest: sha256,
});

export type RehearsalRecord = z.infer<typeof rehearsalRecordSchema>;

/** For how long a rehearsal counts, in milliseconds. */
export const rehearsalValidity = 7 * 24 * 60 * 60 * 1000;

// The schema puts the parts in one order, whatever order a file has them in.
const digestOf = (content: z.infer<typeof contentSchema>): string =>
  createHash("sha256")
    .update(JSON.stringify(contentSchema.parse(content)))
    .digest("hex");

/** What there is to remember of a deployment that completed, as a rehearsal of the same plan elsewhere. */
export function recordRehearsal(report: DeploymentReport): RehearsalRecord {
  const content = contentSchema.parse({
    version: 1,
    planId: report.plan.id,
    project: report.project,
    database: report.database,
    executor: report.executor,
    at: report.finishedAt,
    milliseconds: report.milliseconds,
    rows: report.sizes.before.reduce((sum, { rows }) => sum + Math.max(0, rows), 0),
    steps: report.steps
      .filter(({ status }) => status === "done")
      .map(({ id, milliseconds }) => ({ id, milliseconds })),
  });
  return { ...content, digest: digestOf(content) };
}

/** Where the rehearsal of a plan is kept, below `folder`. */
export function rehearsalPath(folder: string, planId: string): string {
  return join(folder, "rehearsals", `${planId}.json`);
}

/** Writes a record where `requireRehearsal` looks for it; returns the file. */
export function saveRehearsal(folder: string, record: RehearsalRecord): string {
  const path = rehearsalPath(folder, record.planId);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

/** How a plan gets rehearsed. */
export function rehearsalRemedy({ command, rehearse }: Names): string {
  const ways = [
    ...(rehearse === null ? [] : [rehearse]),
    `${command} deploy on a restored copy of the database`,
  ];
  return `Rehearse it: ${ways.join(", or ")}.`;
}

const refusalFor =
  (names: Names) =>
  (message: string, cause?: unknown): DeployError =>
    new DeployError("REHEARSAL_MISSING", message, rehearsalRemedy(names), { cause });

function readRecord(path: string, refusal: ReturnType<typeof refusalFor>): RehearsalRecord {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw refusal(`${path} is not the record of a rehearsal`, cause);
    throw refusal(`there is no rehearsal of this plan: ${path} cannot be read`, cause);
  }
  const parsed = rehearsalRecordSchema.safeParse(content);
  if (!parsed.success) throw refusal(`${path} is not the record of a rehearsal`, parsed.error);
  const { digest, ...rest } = parsed.data;
  if (digestOf(rest) !== digest) throw refusal(`${path} was changed after the rehearsal`);
  return parsed.data;
}

/**
 * The record of a rehearsal of this very plan within the last seven days.
 *
 * @param where the file, or the folder below which `saveRehearsal` put it
 * @throws DeployError REHEARSAL_MISSING: none, of another plan, too old, or changed by hand
 */
export function requireRehearsal(
  plan: Pick<Plan, "id">,
  names: Names,
  where: { readonly file: string } | { readonly folder: string },
  now = new Date(),
): RehearsalRecord {
  const path = "file" in where ? where.file : rehearsalPath(where.folder, plan.id);
  const refusal = refusalFor(names);
  const record = readRecord(path, refusal);
  if (record.planId !== plan.id) {
    throw refusal(
      `${path} is of another plan: ${record.planId.slice(0, 12)}, and not ${plan.id.slice(0, 12)}`,
    );
  }
  const age = now.getTime() - Date.parse(record.at);
  if (age > rehearsalValidity) {
    throw refusal(`the rehearsal of this plan is ${Math.floor(age / 86_400_000)} days old; 7 are allowed`);
  }
  if (age < -60_000) throw refusal(`${path} says that it was rehearsed in the future, at ${record.at}`);
  return record;
}
