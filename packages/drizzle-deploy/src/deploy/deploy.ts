import { randomUUID } from "node:crypto";
import { type Catalog, readCatalog, withoutObjects } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import type { Finding } from "../findings/finding.ts";
import { plural } from "../findings/text.ts";
import { readMigrations } from "../migrations/index.ts";
import { allowedHazards, refusedHazards } from "../model/allowance.ts";
import { type DeploymentReport, deploymentReportSchema, type Mode } from "../model/deployment-report.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Plan } from "../model/step.ts";
import { gatherFacts } from "../plan/facts.ts";
import { planFor, planInDetail } from "../plan/plan.ts";
import { type DatabaseUrl, redactUrl, translate } from "../postgres/index.ts";
import { type Accepted, applyAcceptance } from "../records/acceptance.ts";
import { defaultExecutor } from "../records/executor.ts";
import { inOrder } from "../records/order.ts";
import {
  beginDeployment,
  type DeploymentRecord,
  ensureRecords,
  finishDeployment,
} from "../records/records.ts";
import type { Observer, Phase } from "../run/events.ts";
import { type Execution, executePlan } from "../run/execute.ts";
import { detectForeignChanges } from "../run/foreign-changes.ts";
import {
  defaultBlockTimeout,
  defaultGiveUpAfter,
  defaultLockTimeout,
  defaultParallel,
  defaultReplicationLag,
} from "../run/limits.ts";
import { requireSamePlan } from "../run/same-plan.ts";
import { openSession, type Session } from "../run/session.ts";
import { tableSizes } from "../run/sizes.ts";
import { continues } from "../run/step-error.ts";
import { foreseenFindings } from "../validate/foresight.ts";
import { validate } from "../validate/validate.ts";
import { withoutSecrets } from "./log.ts";

/** How a deployment runs, and who approved what. */
export interface DeployOptions {
  readonly mode: Mode;
  /** What to restore from if all else fails, as those who would do it know it. */
  readonly backupId?: string | undefined;
  readonly approvedBy?: string | undefined;
  /** Of the change, in whatever system keeps them. */
  readonly ticket?: string | undefined;
  /**
   * Whose hazards are accepted, on record: ids of steps, tags of migrations, kinds of hazard (`data-loss`), or a kind in
   * a migration (`0006_drop:data-loss`).
   */
  readonly allow?: readonly string[] | undefined;
  /** Objects that may be wrong afterwards as they are, by the names that findings give them; kept on record. */
  readonly accept?: readonly string[] | undefined;
  /** Exactly this plan, or none. */
  readonly plan?: Plan | undefined;
  /** How long a statement may wait in the queue for a lock, with everybody behind it, in milliseconds. Default 1000. */
  readonly lockTimeout?: number | undefined;
  /** How long a step may try to get its locks, in milliseconds. Default five minutes. */
  readonly giveUpAfter?: number | undefined;
  /**
   * How long a step that cannot be seen into, a DO block or a CALL, may hold what it locks, in milliseconds; 0 for as
   * long as it takes. Default 5000.
   */
  readonly blockTimeout?: number | undefined;
  /**
   * How far replicas may be behind, in bytes of the write-ahead log, before a change of rows in batches waits for them; 0
   * for however far. Default 64 MB.
   */
  readonly replicationLag?: number | undefined;
  /** How many indexes may be built at once, on different tables. Default 2. */
  readonly parallel?: number | undefined;
  /** Aborted: stop after the current step. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Who deploys. Default: whoever runs this process. */
  readonly executor?: string | undefined;
  /** Shown the plan before anything is changed; null stops the deployment there. */
  readonly confirm?: ((plan: Plan) => Promise<Confirmation | null>) | undefined;
}

/** What whoever was shown the plan says to it; it stands in for the option of the same name. */
export interface Confirmation {
  readonly backupId?: string | undefined;
  readonly approvedBy?: string | undefined;
  readonly ticket?: string | undefined;
  /** For the record: the agreed window, who was told. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What somebody said, for the record: a restore point may be named by a URL, with its password. */
const said = (text: string | undefined): string | null => (text === undefined ? null : withoutSecrets(text));

/** @throws DeployError PLAN_BLOCKED, naming the first steps that cannot run as they are */
function requireUnblocked(plan: Plan, { command }: Names): void {
  const blocked = plan.steps.filter(({ action }) => action === "blocked");
  const [first] = blocked;
  if (!first) return;
  const others = blocked.slice(1).map(({ id }) => id);
  const more = others.length > 0 ? ` The same goes for ${others.slice(0, 5).join(", ")}.` : "";
  const refused = first.hazards.filter(({ allowed }) => !allowed);
  const forms = refused.map(({ safeForm }) => safeForm);
  // What cannot work, or is not understood, cannot be allowed either.
  const isFinal = refused.some(({ name }) => name === "unsupported");
  const kinds = [...refusedHazards(plan)];
  const counted = kinds.map(([hazard, count]) => `${count} ${hazard}`).join(", ");
  const allowable = kinds.flatMap(([hazard]) => (hazard === "unsupported" ? [] : [`--allow ${hazard}`]));
  // One step, or one kind, is named as it is.
  const byKind =
    blocked.length > 1 && allowable.length > 0
      ? ` Blocked by kind of hazard: ${counted}. A kind is accepted as a whole, on record: ${allowable.join(" ")}.`
      : "";
  throw new DeployError(
    "PLAN_BLOCKED",
    `${first.title} (step ${first.id}) must not run: ${first.reason ?? "it is not safe here"}.${more} Nothing was changed.`,
    forms.length > 0
      ? `${forms.join(" ")}${isFinal ? "" : ` Or accept it by name: --allow ${first.id}.`}${byKind} See the whole plan with ${command} plan.`
      : `${byKind.trimStart()}${byKind === "" ? "" : " "}See the whole plan with ${command} plan.`,
  );
}

/** The catalog that a plan leads to. */
const expectedAtEnd = (project: Project, { from, to }: Plan, actual: Catalog): Catalog => {
  const last = to ?? from;
  return last === null ? withoutObjects(actual) : project.expectedCatalog(last);
};

/** @throws DeployError VALIDATION_FORESEEN */
function requireNothingForeseen(findings: readonly Finding[], { command }: Names): void {
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (!first) return;
  const sql = first.sql ? ` ${first.sql.join(" ")}` : "";
  throw new DeployError(
    "VALIDATION_FORESEEN",
    `${plural(errors.length, "requirement")} would not be met after the last step: first ${first.object} (${first.check}), found ${first.actual ?? "nothing"}. Nothing was changed`,
    `${first.remedy}${sql} See all of it with ${command} preflight. Or accept it by name, on record: --accept ${first.object}`,
  );
}

/**
 * Brings a live database to the last migration of a project, online: plans, executes, validates and records. What
 * was interrupted before is continued. Resolves with what became of it, also where it did not complete; what is wrong
 * before anything was changed is thrown.
 *
 * @throws DeployError as `openSession`, and PLAN_BLOCKED, PLAN_OUTDATED, and what planning throws
 * @example
 * const report = await deploy(project, parseDatabaseUrl(url), { mode: "quick", backupId: "2026-02-14" });
 * if (!report.ok) console.error(report.error?.message);
 */
export async function deploy(
  project: Project,
  url: DatabaseUrl,
  options: DeployOptions,
  observer: Observer = () => {},
): Promise<DeploymentReport> {
  let begun = performance.now();
  let startedAt = new Date().toISOString();
  const id = randomUUID();
  const phase = async <Result>(name: Phase, work: () => Promise<Result>): Promise<Result> => {
    const from = performance.now();
    await observer({ type: "phase started", phase: name });
    const result = await work();
    await observer({ type: "phase done", phase: name, milliseconds: performance.now() - from });
    return result;
  };
  const parallel = options.parallel ?? defaultParallel;
  const session = await phase("connect", () =>
    openSession(url, {
      kind: "deploy",
      names: project.names,
      id,
      builders: parallel,
      // What a name without a schema means, as with Drizzle: looked for in other schemas of the project, a table that is
      // not there would be another one.
      schemas: ["public"],
    }),
  );
  try {
    const executor = options.executor ?? defaultExecutor();
    const { plan, accepted, here } = await phase("plan", async () => {
      const facts = await gatherFacts(session.sql, project);
      const ordered = inOrder(project, facts.state);
      const planned = await planInDetail(project, facts, { allow: options.allow ?? [] });
      const fresh = planned.plan;
      if (options.plan) await requireSamePlan(session.sql, project.names, options.plan, fresh);
      await observer({ type: "planned", plan: fresh });
      requireUnblocked(fresh, project.names);
      const actual = facts.catalog;
      const known = await applyAcceptance(session.sql, project, foreseenFindings(ordered, planned), {
        names: options.accept,
        by: executor,
        sides: async () => ({ wanted: expectedAtEnd(ordered, fresh, actual), actual }),
      });
      requireNothingForeseen(known.findings, project.names);
      return { plan: fresh, accepted: known.accepted, here: ordered };
    });
    const confirmation = options.confirm ? await options.confirm(plan) : {};
    if (options.confirm && confirmation) {
      // Whoever was asked may have taken hours over it, which are none of the deployment's.
      await requireSamePlan(
        session.sql,
        project.names,
        plan,
        await planFor(session.sql, project, options.allow ?? []),
      );
      begun = performance.now();
      startedAt = new Date().toISOString();
    }
    const before = await readCatalog(session.sql, { schemas: project.schemas });
    const sizesBefore = await tableSizes(session.sql, project.schemas);
    const record = {
      id,
      kind: "deploy",
      project: project.name,
      mode: options.mode,
      executor,
      approver: said(confirmation?.approvedBy ?? options.approvedBy),
      ticket: said(confirmation?.ticket ?? options.ticket),
      backup: said(confirmation?.backupId ?? options.backupId),
      plan,
      before,
      details: { allowed: allowedHazards(plan) },
    } as const;
    const stopping = confirmation === null || options.stopSignal?.aborted === true;
    const result: Ending = stopping
      ? { execution: nothingDone(plan), findings: [], error: null, accepted: [] }
      : await carryOut(session, here, {
          plan,
          before,
          record,
          options,
          parallel,
          observer,
          phase,
          accepted,
        });
    const { execution, findings, error } = result;
    const outcome = error ? "failed" : execution.outcome;
    const sizesAfter = await tableSizes(session.sql, project.schemas).catch(() => sizesBefore);
    const report = deploymentReportSchema.parse({
      id,
      project: project.name,
      database: redactUrl(url),
      mode: options.mode,
      executor: record.executor,
      approver: record.approver,
      ticket: record.ticket,
      backup: record.backup,
      ok: outcome === "completed",
      outcome,
      startedAt,
      finishedAt: new Date().toISOString(),
      milliseconds: performance.now() - begun,
      plan,
      steps: plan.steps.map((step, at) => ({
        status: "not reached",
        attempts: 0,
        milliseconds: 0,
        waited: 0,
        ...execution.steps[at],
        id: step.id,
        title: step.title,
        reason: step.reason,
        expectedMilliseconds: step.estimate.milliseconds,
      })),
      findings: [...findings],
      sizes: { before: sizesBefore, after: sizesAfter },
      error: error && {
        code: error.code,
        message: error.message,
        remedy: error.remedy,
        step: execution.steps.find(({ status }) => status === "failed")?.id ?? null,
      },
    } satisfies DeploymentReport);
    const kept = result.accepted.length > 0 ? { accepted: result.accepted } : {};
    if (!stopping) await keep(session, project.names, report, { ...confirmation?.details, ...kept });
    return report;
  } finally {
    await session.end();
  }
}

/** What the work itself came to. */
interface Ending {
  readonly execution: Execution;
  readonly findings: DeploymentReport["findings"];
  readonly error: DeployError | null;
  /** What was accepted by name. */
  readonly accepted: readonly Accepted[];
}

const nothingDone = (plan: Plan): Execution => ({
  outcome: "stopped",
  steps: plan.steps.map(({ id }) => ({
    id,
    status: "not reached",
    attempts: 0,
    milliseconds: 0,
    waited: 0,
  })),
  error: null,
});

async function carryOut(
  session: Session,
  project: Project,
  {
    plan,
    before,
    record,
    options,
    parallel,
    observer,
    phase,
    accepted,
  }: {
    plan: Plan;
    before: Catalog;
    record: DeploymentRecord;
    options: DeployOptions;
    parallel: number;
    observer: Observer;
    phase: <Result>(name: Phase, work: () => Promise<Result>) => Promise<Result>;
    accepted: readonly Accepted[];
  },
): Promise<Ending> {
  await ensureRecords(
    session.sql,
    project.names,
    journalTableOf(project),
    readMigrations(project.migrationsFolder),
  );
  await beginDeployment(session.sql, project.names, record);
  const requireUnchanged = await detectForeignChanges(session.sql, project.names, plan);
  const execution = await phase("execute", () =>
    executePlan(session, plan, {
      names: project.names,
      journal: journalTableOf(project),
      lockTimeout: options.lockTimeout ?? defaultLockTimeout,
      giveUpAfter: options.giveUpAfter ?? defaultGiveUpAfter,
      blockTimeout: options.blockTimeout ?? defaultBlockTimeout,
      replicationLag: options.replicationLag ?? defaultReplicationLag,
      parallel,
      stopSignal: options.stopSignal,
      observer,
      requireUnchanged,
    }),
  );
  if (execution.outcome !== "completed") return { execution, findings: [], error: execution.error, accepted };
  let findings: readonly Finding[];
  let all = accepted;
  try {
    ({ findings, accepted: all } = await phase("validate", async () =>
      applyAcceptance(session.sql, project, await validate(session.sql, project, plan, before), {
        names: options.accept,
        by: record.executor,
        already: accepted,
        sides: async () => {
          const actual = await readCatalog(session.sql, { schemas: project.schemas });
          return { wanted: expectedAtEnd(project, plan, actual), actual };
        },
      }),
    ));
  } catch (cause) {
    const error = translate(cause);
    if (error instanceof DeployError) return { execution, findings: [], error, accepted };
    throw error;
  }
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  const error = first
    ? new DeployError(
        "VALIDATION_FAILED",
        `every step is done, but ${plural(errors.length, "requirement is", "requirements are")} not met: first ${first.object} (${first.check})`,
        `${first.remedy} ${continues} Or accept it by name, on record: --accept ${first.object}`,
      )
    : null;
  return { execution, findings: [...findings], error, accepted: all };
}

/** Keeps the report with the deployment's record; where the connection is gone, the next one says that it was. */
async function keep(
  { sql, id }: Session,
  names: Names,
  { plan: _, ...report }: DeploymentReport,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await finishDeployment(sql, names, id, report.outcome, { ...report, ...details }).catch(() => undefined);
}
