import { z } from "zod";
import { errorCodes } from "../findings/errors.ts";
import { findingSchema } from "../findings/finding.ts";
import { modes, tableSizeSchema } from "../model/deployment-report.ts";
import type { Names } from "../model/names.ts";
import { planSchema } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "../records/records.ts";
import { watchReportSchema } from "../run/watch.ts";

const person = z.string().min(1);

/** Who stands for what a deployment left behind, and when they looked. */
export const signOffSchema = z.strictObject({
  by: person,
  at: z.iso.datetime(),
  /** What they had before them: the validation's result, or that of the watch after it. */
  after: z.enum(["validation", "watch"]),
});

/** What is known of a deployment beyond its own columns in the database; each where it applies. */
export const logDetailsSchema = z.object({
  window: z.string().nullable().default(null),
  notice: z.string().nullable().default(null),
  /** The rehearsal that let it run, by its digest. */
  rehearsal: z.strictObject({ at: z.iso.datetime(), digest: z.string() }).nullable().default(null),
  error: z
    .object({ code: z.enum(errorCodes), message: z.string(), remedy: z.string() })
    .nullable()
    .default(null),
  /** What the validation found; empty too where the steps did not get to their end. */
  findings: z.array(findingSchema).default([]),
  sizes: z
    .strictObject({ before: z.array(tableSizeSchema), after: z.array(tableSizeSchema) })
    .default({ before: [], after: [] }),
  /** How much a rollback took back. */
  scope: z.string().nullable().default(null),
  /** How the catalog differs, after a rollback, from the one before the deployment. */
  differences: z
    .array(
      z.object({
        object: z.string(),
        /** `kept`: on purpose. `others`: not the deployment's doing. `left`: it should not be so. */
        why: z.enum(["kept", "others", "left"]),
        expected: z.string().nullable(),
        actual: z.string().nullable(),
      }),
    )
    .default([]),
  /** Of an adoption: the migrations that were recorded as applied. */
  recorded: z.array(z.string()).default([]),
  /** Of a merge of duplicates, or of undoing one: how many rows were changed, by table. */
  changed: z.array(z.strictObject({ table: z.string(), rows: z.int() })).default([]),
  /** Of undoing a merge: which. */
  undoes: z.string().nullable().default(null),
  /** Of a merge: what undid it. */
  undoneBy: z.string().nullable().default(null),
  /** Of an erasure: how many rows were deleted, by table. */
  erased: z
    .array(z.strictObject({ table: z.string(), rows: z.int() }))
    .nullable()
    .default(null),
  /** Of a merge or an erasure: why it failed. */
  reason: z.string().nullable().default(null),
  watch: watchReportSchema.nullable().default(null),
  signOffs: z.array(signOffSchema).default([]),
});

const kinds = ["deploy", "rollback", "baseline", "fix"] as const;
const outcomes = ["completed", "stopped", "failed", "interrupted"] as const;

/** A deployment or rollback as it is remembered: what the runbook of old left as a form to fill in. */
export const deploymentLogSchema = z.strictObject({
  version: z.literal(1),
  id: z.uuid(),
  kind: z.enum(kinds),
  project: z.string(),
  /** Name of the database, and the server's version as `17.10`. */
  database: z.string(),
  server: z.string(),
  mode: z.enum(modes).nullable(),
  executor: z.string(),
  approver: z.string().nullable(),
  ticket: z.string().nullable(),
  backup: z.string().nullable(),
  plan: planSchema.pick({ id: true, from: true, to: true, notes: true }).nullable(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  /** Null while it runs, or where it was killed and nothing has run since. */
  outcome: z.enum(outcomes).nullable(),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      action: z.string(),
      reason: z.string().nullable(),
      status: z.enum(["running", "done", "failed", "undone", "not run"]),
      attempts: z.int(),
      expectedMilliseconds: z.number(),
      /** Null where it did not run, or did not get to its end. */
      milliseconds: z.number().nullable(),
      error: z.string().nullable(),
    }),
  ),
  ...logDetailsSchema.shape,
});

export type SignOff = z.infer<typeof signOffSchema>;
export type LogDetails = z.infer<typeof logDetailsSchema>;
export type DeploymentLog = z.infer<typeof deploymentLogSchema>;

const secretForms: readonly [RegExp, string][] = [
  // The password of a URL, up to the last @ before its host: it may hold one itself where it is not encoded.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s"'<>]*@/gi, "$1@"],
  [/(\bpassword\s*[=:]\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s"'&,;]+)/gi, "$1…"],
];

/** A text without the passwords of URLs and of connection strings that it may hold. */
export function withoutSecrets(text: string): string {
  return secretForms.reduce((clean, [form, replacement]) => clean.replaceAll(form, replacement), text);
}

/** Every text inside a value of JSON without secrets: what people type and what servers say may repeat a URL. */
function scrub(value: unknown): unknown {
  if (typeof value === "string") return withoutSecrets(value);
  if (Array.isArray(value)) return value.map(scrub);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, scrub(part)]));
}

/** Adds to what is known of a deployment: a sign-off, a watch's result. What is given replaces what was there. */
export async function addDetails(
  sql: Queryable,
  names: Names,
  id: string,
  details: Partial<LogDetails>,
): Promise<void> {
  await sql.unsafe(
    `update ${recordTables(names).deployments} set details = details || $2::text::jsonb where id = $1::uuid`,
    [id, JSON.stringify(scrub(details))],
  );
}

const time = z.coerce.date().transform((date) => date.toISOString());

const recordSchema = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(kinds),
    project: z.string(),
    mode: z.enum(modes).nullable().catch(null),
    executor: z.string(),
    approver: z.string().nullable(),
    ticket: z.string().nullable(),
    backup: z.string().nullable(),
    plan: planSchema.nullable().catch(null),
    started: time,
    finished: time.nullable(),
    outcome: z.enum(outcomes).nullable(),
    details: logDetailsSchema,
    database: z.string(),
    server: z.string(),
    steps: z.array(
      z.object({
        id: z.string(),
        status: z.enum(["running", "done", "failed", "undone"]),
        attempts: z.int(),
        milliseconds: z.number().nullable(),
        error: z.string().nullable(),
      }),
    ),
  }),
);

// Times as text with their zone, arrays and documents as JSON: no driver's settings come between.
const columnsOf = (names: Names): string => `
  d.id::text, d.kind, d.project, d.mode, d.executor, d.approver, d.ticket, d.backup, to_json(d.plan) as plan,
  to_json(d.started_at)#>>'{}' as started, to_json(d.finished_at)#>>'{}' as finished, d.outcome,
  to_json(d.details) as details, current_database() as database, current_setting('server_version') as server,
  coalesce((
    select json_agg(json_build_object('id', s.step_id, 'status', s.status, 'attempts', s.attempts,
      'milliseconds', s.milliseconds, 'error', s.error) order by s.started_at, s.step_id)
    from ${recordTables(names).steps} s where s.deployment_id = d.id), '[]') as steps`;

type LogRecord = z.infer<typeof recordSchema>[number];

/** The steps of the plan with what became of them; what ran without being of the plan, as a rollback's, follows. */
function stepsOf({ plan, steps }: LogRecord): DeploymentLog["steps"] {
  const ran = new Map(steps.map((step) => [step.id, step]));
  const planned = plan?.steps ?? [];
  const known = new Set(planned.map(({ id }) => id));
  return [
    ...planned.map(({ id, title, action, reason, estimate }) => {
      const result = ran.get(id);
      return {
        id,
        title,
        action,
        reason,
        expectedMilliseconds: estimate.milliseconds,
        status: result?.status ?? ("not run" as const),
        attempts: result?.attempts ?? 0,
        milliseconds: result?.milliseconds ?? null,
        error: result?.error ?? null,
      };
    }),
    ...steps
      .filter(({ id }) => !known.has(id))
      .map((step) => ({ ...step, title: step.id, action: "run", reason: null, expectedMilliseconds: 0 })),
  ];
}

function toLog(record: LogRecord): DeploymentLog {
  const { started, finished, details, steps: _steps, plan, ...facts } = record;
  return deploymentLogSchema.parse(
    scrub({
      version: 1,
      ...facts,
      server: facts.server.split(" ")[0],
      plan: plan && { id: plan.id, from: plan.from, to: plan.to, notes: plan.notes },
      startedAt: started,
      finishedAt: finished,
      steps: stepsOf(record),
      ...details,
    }),
  );
}

/** The record of one deployment or rollback; undefined where there is none of this id. */
export async function readLog(sql: Queryable, names: Names, id: string): Promise<DeploymentLog | undefined> {
  if (!(await hasRecords(sql, names))) return undefined;
  const rows = await sql.unsafe(
    `select ${columnsOf(names)} from ${recordTables(names).deployments} d where d.id = $1::uuid`,
    [id],
  );
  const [record] = recordSchema.parse([...rows]);
  return record && toLog(record);
}

const idsSchema = z.array(z.object({ id: z.string() }));

/** The record of the last deployment or rollback, whatever became of it; undefined where nothing ever ran. */
export async function readLastLog(sql: Queryable, names: Names): Promise<DeploymentLog | undefined> {
  if (!(await hasRecords(sql, names))) return undefined;
  const rows = await sql.unsafe(
    `select id::text from ${recordTables(names).deployments} where kind in ('deploy', 'rollback')
     order by started_at desc limit 1`,
  );
  const [last] = idsSchema.parse([...rows]);
  return last && (await readLog(sql, names, last.id));
}
