import { randomUUID, type UUID } from "node:crypto";
import { z } from "zod";
import {
  type Catalog,
  compareCatalogs,
  type ObjectIdentity,
  objectKey,
  readCatalog,
} from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { functionLabel } from "../kinds/function.ts";
import { reportedErrorSchema, stepResultSchema } from "../model/deployment-report.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import { hazardNames, planSchema, type Target, targetOf } from "../model/step.ts";
import { readArchive } from "../plan/facts.ts";
import type { Transaction } from "../postgres/index.ts";
import { connect, type DatabaseUrl, redactUrl, type Sql } from "../postgres/index.ts";
import { defaultExecutor } from "../records/executor.ts";
import { inOrderOfJournal } from "../records/order.ts";
import { expectedHere, readOrigin } from "../records/origin.ts";
import { beginDeployment, ensureRecords, finishDeployment } from "../records/records.ts";
import type { Observer } from "../run/events.ts";
import { type Execution, executePlan } from "../run/execute.ts";
import { defaultBlockTimeout, defaultGiveUpAfter, defaultLockTimeout } from "../run/limits.ts";
import { openSession, type Session } from "../run/session.ts";
import { tableSizes } from "../run/sizes.ts";
import type { QualifiedName } from "../sql/names.ts";
import { sayWhich, withoutInvalidIndexes } from "./changes.ts";
import { plainIndexes, type RollbackFacts } from "./context.ts";
import { constraintLabel, isOutOfBound, isRepeated, isViolated, readDependents } from "./facts.ts";
import { find } from "./find.ts";
import { findUnfit, type Questions } from "./fit.ts";
import { type PlannedRollback, planRollback, type RollbackScope, rollbackScopes } from "./plan.ts";
import { type Deployment, findDeployment } from "./records.ts";
import { type FormerNames, formerNames } from "./renamed-catalog.ts";
import { followNames, type Rename } from "./renames.ts";
import { nameNow, standingRenames } from "./standing-renames.ts";
import { changesUnseen, madeByCode, staysDone } from "./staying.ts";
import { tried } from "./trial.ts";

export { type PlannedRollback, planRollback, type RollbackFacts, type RollbackScope, rollbackScopes };

/** After so long, in hours, others have come to rely on what was deployed. */
export const lateAfter = 24;

/** A rollback before it is run. */
export const rollbackPreviewSchema = z.strictObject({
  scope: z.enum(rollbackScopes),
  /** Where, without the password. */
  database: z.string(),
  deployment: z.strictObject({
    id: z.uuid(),
    from: z.string().nullable(),
    to: z.string(),
    startedAt: z.iso.datetime(),
    hoursAgo: z.number(),
  }),
  /** What whoever approves it should know. */
  warnings: z.array(z.string()),
  plan: planSchema,
});

/** All that there is to say of a rollback afterwards. JSON, without secrets. */
export const rollbackReportSchema = rollbackPreviewSchema.extend({
  /** That of its record in the database. */
  id: z.uuid(),
  project: z.string(),
  executor: z.string(),
  approver: z.string(),
  /** Every step is done, and the catalog is as before but for what is kept. */
  ok: z.boolean(),
  outcome: z.enum(["completed", "stopped", "failed"]),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  milliseconds: z.number(),
  steps: z.array(stepResultSchema),
  /** How the catalog differs from the one before the deployment. */
  differences: z.array(
    z.strictObject({
      object: z.string(),
      /** `kept`: on purpose. `others`: not the deployment's doing. `left`: it should not be so. */
      why: z.enum(["kept", "others", "left"]),
      expected: z.string().nullable(),
      actual: z.string().nullable(),
    }),
  ),
  error: reportedErrorSchema.nullable(),
});

export type RollbackPreview = z.infer<typeof rollbackPreviewSchema>;
export type RollbackReport = z.infer<typeof rollbackReportSchema>;

/** How far a rollback goes, and who approved it. */
export interface RollbackOptions {
  /** Default `indexes`. */
  readonly scope?: RollbackScope | undefined;
  /** The id of the deployment that is meant. Default: the last one, unless that was rolled back already. */
  readonly deployment?: string | undefined;
  /** Hazards that are accepted, by the ids of their steps, or all of a name: `breaks-clients`. */
  readonly allow?: readonly string[] | undefined;
  /** Who approved it. */
  readonly approvedBy?: string | undefined;
  /** Who runs it. Default: whoever runs this process. */
  readonly executor?: string | undefined;
  /** Shown what will be done before it is; returns who approved it, or null to stop there. */
  readonly confirm?: ((preview: RollbackPreview) => Promise<{ approvedBy: string } | null>) | undefined;
  /** As of `deploy`. */
  readonly lockTimeout?: number | undefined;
  readonly giveUpAfter?: number | undefined;
  readonly stopSignal?: AbortSignal | undefined;
}

const continues = "Run the same command again: it continues with what is left.";

/** The schemas of a catalog in the order in which names were looked for when it was printed. */
function inPathOrder(catalog: Catalog, path: readonly string[]): Catalog {
  const place = ({ name }: { name: string }): number => path.indexOf(name);
  return { ...catalog, schemas: catalog.schemas.toSorted((one, other) => place(one) - place(other)) };
}

/** Reads what a rollback is planned from. */
async function gatherRollbackFacts(
  sql: Transaction,
  project: Project,
  { deployment, allow }: { deployment: Deployment; allow: readonly string[] },
): Promise<RollbackFacts> {
  const { schemas } = project;
  const before = inPathOrder(deployment.before, schemas);
  const expected = expectedHere(project, await readOrigin(sql, project))(deployment.to);
  const { renames: all, gone } = followNames(deployment.statements, { before, schemas });
  const places = all.flatMap(({ was, now }) => [was.schema, now.schema]).filter((schema) => schema !== "");
  const reached = [...new Set([...schemas, ...places])];
  const raw = inPathOrder(await readCatalog(sql, { schemas: reached }), reached);
  const found = await readDependents(sql, reached);
  const renamed = standingRenames(all, {
    raw,
    before,
    head: expected,
    dependents: found,
    takenBack: deployment.takenBack,
    names: project.names,
  });
  const former = formerNames(renamed.renames, { schemas: reached, now: raw });
  const isManaged = ({ schema }: { schema: string }): boolean => schemas.includes(schema);
  const actual = within(
    former.catalog({ ...raw, views: raw.views.filter((view) => !renamed.inTheWay.includes(view)) }),
    schemas,
  );
  // The deployment was to rename also what has its name back already.
  const intended = formerNames([...renamed.asides, ...all.filter((one) => !renamed.clashes.includes(one))], {
    schemas: reached,
    now: expected,
  });
  const made = deployment.made.map(intended.target);
  const head = withMoved(intended.catalog(expected), { before, actual, made, renames: all, schemas });
  // What is asked of the rows is asked under the names that things have now.
  const current = formerNames(
    renamed.renames.map(({ kind, was, now, of }) => ({
      kind,
      was: now,
      now: was,
      of: of && nameNow(renamed.renames, of, kind === "column" ? ["table", "view"] : ["type", "domain"]),
    })),
    { schemas: reached, now: former.catalog(raw) },
  );
  const questions = { before, actual, schemas: reached, asked: current.text };
  return {
    project: project.name,
    names: project.names,
    before,
    actual,
    head,
    dropped: [...deployment.dropped.map(intended.target), ...droppedAlong(project, deployment, intended)],
    made,
    renamed,
    allow,
    archived: await readArchive(sql, project),
    dependents: found.map(former.dependent).filter(({ on }) => isManaged(on)),
    violated: await violatedConstraints(sql, questions),
    unfit: await findUnfit(sql, questions),
    sizes: await tableSizes(sql, schemas),
    migrations: deployment.migrations,
    journal: journalTableOf(project),
    isJournalled: deployment.isJournalled,
    appliedSince: deployment.appliedSince,
    done: deployment.done,
    staying: staysDone(deployment, { all, gone }),
    remade: gone.flatMap(({ kind, was }) => (kind === "table" && find(raw.tables, was) ? was : [])),
    byCode: madeByCode(project, deployment, intended),
    from: deployment.from,
    once: deployment.once,
    begun: deployment.begun,
    unseen: changesUnseen(deployment),
    undo: project.undo ?? {},
    now: new Date(),
  };
}

/** What a catalog has in some schemas. */
function within(catalog: Catalog, schemas: readonly string[]): Catalog {
  const isWithin = ({ schema }: { schema: string }): boolean => schemas.includes(schema);
  return {
    ...catalog,
    schemas: catalog.schemas.filter(({ name }) => schemas.includes(name)),
    tables: catalog.tables.filter(isWithin),
    views: catalog.views.filter(isWithin),
    functions: catalog.functions.filter(isWithin),
    enums: catalog.enums.filter(isWithin),
    domains: catalog.domains.filter(isWithin),
    sequences: catalog.sequences.filter(isWithin),
    ...(catalog.structures ? { structures: catalog.structures.filter(isWithin) } : {}),
    ...(catalog.objects
      ? { objects: catalog.objects.filter(({ schema }) => schema === null || isWithin({ schema })) }
      : {}),
  };
}

/**
 * What a deployment was to make, with what it moved to a schema that nobody manages: no expected catalog shows that. Of
 * it, what was there before or is what a step made came with the deployment.
 */
function withMoved(
  head: Catalog,
  {
    before,
    actual,
    made,
    renames,
    schemas,
  }: {
    before: Catalog;
    actual: Catalog;
    made: readonly Target[];
    renames: readonly Rename[];
    schemas: readonly string[];
  },
): Catalog {
  const hidden = renames.filter(({ now, of }) => of === null && !schemas.includes(now.schema));
  const isHidden = (one: { schema: string; name: string }): boolean =>
    hidden.some(({ was }) => was.schema === one.schema && was.name === one.name);
  const tables = actual.tables.filter(isHidden).map((table) => {
    const was = find(before.tables, table);
    const known =
      (kind: Target["kind"], list: readonly { name: string }[] | undefined) =>
      ({ name }: { name: string }): boolean =>
        (list ?? []).some((one) => one.name === name) ||
        made.some(
          (target) =>
            target.kind === kind &&
            target.schema === table.schema &&
            target.table === table.name &&
            target.name === name,
        );
    return {
      ...table,
      columns: table.columns.filter(known("column", was?.columns)),
      constraints: table.constraints.filter(known("constraint", was?.constraints)),
      indexes: table.indexes.filter(known("index", was?.indexes)),
      policies: table.policies.filter(known("policy", was?.policies)),
      triggers: table.triggers.filter(known("trigger", was?.triggers)),
    };
  });
  const isOwned = ({ ownedBy }: Catalog["sequences"][number]): boolean =>
    ownedBy !== null && isHidden({ schema: ownedBy.schema, name: ownedBy.table });
  return {
    ...within(head, schemas),
    tables: [...within(head, schemas).tables, ...tables],
    views: [...within(head, schemas).views, ...actual.views.filter(isHidden)],
    functions: [
      ...within(head, schemas).functions,
      ...actual.functions.filter((one) => isHidden({ schema: one.schema, name: functionLabel(one) })),
    ],
    enums: [...within(head, schemas).enums, ...actual.enums.filter(isHidden)],
    domains: [...within(head, schemas).domains, ...actual.domains.filter(isHidden)],
    ...(head.structures && actual.structures
      ? {
          structures: [...(within(head, schemas).structures ?? []), ...actual.structures.filter(isHidden)],
        }
      : {}),
    sequences: [
      ...within(head, schemas).sequences,
      ...actual.sequences.filter((one) => isHidden(one) || isOwned(one)),
    ],
  };
}

/** What a deployment's migrations take away, also without saying so: an index with its column. */
function droppedAlong(project: Project, { from, to }: Deployment, former: FormerNames): Target[] {
  if (from === null) return [];
  const head = former.catalog(project.expectedCatalog(to));
  return compareCatalogs(project.expectedCatalog(from), head).flatMap(({ kind, object }) =>
    kind === "missing" ? (targetOf(object) ?? []) : [],
  );
}

const isSameName = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/** Constraints and unique indexes that would come back, and that rows written since do not satisfy. */
async function violatedConstraints(
  sql: Transaction,
  { before, actual, schemas, asked }: Questions,
): Promise<Set<string>> {
  const violated = new Set<string>();
  for (const was of before.tables) {
    const table = find(actual.tables, was);
    if (!table) continue;
    const { partition } = was;
    if (partition?.constraint && table.partition === null) {
      const rest = actual.tables.find(
        (one) => one.partition?.bound === "DEFAULT" && isSameName(one.partition.of, partition.of),
      );
      const { constraint } = partition;
      if (await isOutOfBound(sql, { table, constraint, rest, schemas, asked }))
        violated.add(constraintLabel(table, ""));
    }
    for (const constraint of was.constraints) {
      const now = table.constraints.find(({ name }) => name === constraint.name);
      if (now?.definition === constraint.definition) continue;
      const index = was.indexes.find((one) => one.constraint === constraint.name);
      if (await isViolated(sql, { table, constraint, index, schemas, asked }))
        violated.add(constraintLabel(table, constraint.name));
    }
    for (const index of plainIndexes(was.indexes)) {
      const now = table.indexes.find(({ name }) => name === index.name);
      if (now?.definition === index.definition && now.valid) continue;
      if (await isRepeated(sql, { table, index, schemas, asked }))
        violated.add(constraintLabel(table, index.name));
    }
  }
  return violated;
}

interface Wanted {
  readonly scope: RollbackScope;
  readonly deployment: string | undefined;
  readonly allow: readonly string[];
}

interface Planned {
  readonly deployment: Deployment;
  readonly facts: RollbackFacts;
  readonly planned: PlannedRollback;
}

/** Reads and plans in one transaction, so that everything is of one moment. */
async function plan(
  sql: Sql,
  project: Project,
  { scope, deployment: wanted, allow }: Wanted,
): Promise<Planned> {
  const result = await sql.begin("isolation level repeatable read read only", async (transaction) => {
    const here = await inOrderOfJournal(transaction, project);
    const deployment = await findDeployment(transaction, here, wanted);
    const facts = await gatherRollbackFacts(transaction, here, { deployment, allow });
    return { deployment, facts, planned: planRollback(facts, scope) };
  });
  return result;
}

/** As `plan`, with the statements run on a scratch database, where the project has one. */
async function planAndTry(sql: Sql, project: Project, wanted: Wanted): Promise<Planned> {
  const made = await plan(sql, project, wanted);
  const { planned, facts } = made;
  const { scope } = wanted;
  const { steps, notes } = await tried(project, planned.plan.steps, {
    actual: facts.renamed.raw,
    archived: facts.archived,
    leftIn: (catalog) =>
      differencesOf({ ...facts, actual: catalog }, { scope, kept: planned.kept }).flatMap(
        ({ object, why }) => (why === "left" ? object : []),
      ),
  });
  return {
    ...made,
    planned: {
      ...planned,
      plan: { ...planned.plan, steps: [...steps], notes: [...planned.plan.notes, ...notes] },
    },
  };
}

/** What is allowed has to be there, or a mistyped name would go unnoticed; a kind of hazard need not come up. */
function requireKnown(
  { command }: Names,
  allow: readonly string[],
  { deployment: { takenBack }, planned: { plan } }: Planned,
): void {
  const isStep = (one: string): boolean => plan.steps.some(({ id }) => id === one) || takenBack.includes(one);
  const unknown = allow.find((one) => !hazardNames.some((name) => name === one) && !isStep(one));
  if (unknown === undefined) return;
  throw new DeployError(
    "USAGE",
    `there is no hazard and no step ${unknown} to allow`,
    `Name a kind of hazard, as breaks-clients, or the id of a step, as ${command} rollback --dry-run --json prints it. Nothing was changed.`,
  );
}

function previewOf(
  url: DatabaseUrl,
  scope: RollbackScope,
  { deployment, planned }: Planned,
): RollbackPreview {
  const hoursAgo = (Date.now() - deployment.startedAt.getTime()) / 3_600_000;
  return {
    scope,
    database: redactUrl(url),
    deployment: {
      id: deployment.id,
      from: deployment.from,
      to: deployment.to,
      startedAt: deployment.startedAt.toISOString(),
      hoursAgo,
    },
    warnings:
      hoursAgo > lateAfter
        ? [
            `It was deployed ${Math.floor(hoursAgo)} hours ago, more than ${lateAfter}: applications may rely on it by now.`,
          ]
        : [],
    plan: planned.plan,
  };
}

/**
 * What a rollback would do. Changes nothing.
 *
 * @param allow as of `RollbackOptions`
 * @throws DeployError NOTHING_TO_ROLL_BACK, USAGE for an allowed step that there is none of, and as `connect`
 */
export async function previewRollback(
  project: Project,
  url: DatabaseUrl,
  scope: RollbackScope = "indexes",
  deployment?: string,
  allow: readonly string[] = [],
): Promise<RollbackPreview> {
  const sql = await connect(url, { applicationName: `${project.names.command} rollback preview` });
  try {
    const planned = await planAndTry(sql, project, { scope, deployment, allow });
    requireKnown(project.names, allow, planned);
    return previewOf(url, scope, planned);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** @throws DeployError PLAN_BLOCKED */
function requireUnblocked({ command }: Names, { plan: { steps } }: RollbackPreview): void {
  const blocked = steps.filter(({ action }) => action === "blocked");
  if (blocked.length === 0) return;
  const reasons = blocked.slice(0, 5).map(({ title, reason }) => `${title}: ${reason}`);
  const more = blocked.length > 5 ? `; and ${blocked.length - 5} more` : "";
  throw new DeployError(
    "PLAN_BLOCKED",
    `the rollback must not run as it is: ${reasons.join("; ")}${more}. Nothing was changed`,
    `Settle these, then run it again. ${command} rollback --dry-run shows the whole plan.`,
  );
}

/** @throws DeployError PLAN_OUTDATED */
function requireSame(shown: RollbackPreview, now: RollbackPreview): void {
  if (shown.plan.id === now.plan.id) return;
  const changed = now.plan.steps.find(({ sql }) => !shown.plan.steps.some((step) => step.sql === sql));
  throw new DeployError(
    "PLAN_OUTDATED",
    `the database was changed while the rollback was being approved${changed ? `: it would now ${changed.title}` : ""}. Nothing was changed`,
    "Run it again, and look at what it would do now.",
  );
}

function requireApprover(name: string | undefined): string {
  const approver = name?.trim();
  if (approver) return approver;
  throw new DeployError(
    "APPROVAL_MISSING",
    "a rollback needs somebody who approved it, and nobody is named",
    "Name who approved it: --approved-by NAME. Nothing was changed.",
  );
}

/**
 * Undoes the last deployment, online: never deletes a row, and keeps every column. Journalled and resumable as a
 * deployment is: interrupted anywhere, the same call continues, and so does `deploy`, forward. Resolves with what
 * became of it; what is wrong before anything was changed is thrown.
 *
 * @throws DeployError NOTHING_TO_ROLL_BACK, APPROVAL_MISSING, PLAN_BLOCKED, USAGE for an allowed step that there is
 * none of, and as `openSession`
 * @example
 * const report = await rollback(project, parseDatabaseUrl(url), { scope: "all", approvedBy: "Ana" });
 * if (!report.ok) console.error(report.error?.message);
 */
export async function rollback(
  project: Project,
  url: DatabaseUrl,
  options: RollbackOptions,
  observer: Observer = () => {},
): Promise<RollbackReport> {
  let begun = performance.now();
  let startedAt = new Date().toISOString();
  const id = randomUUID();
  const scope = options.scope ?? "indexes";
  if (!options.confirm) requireApprover(options.approvedBy);
  // What PostgreSQL printed leaves out the managed schemas, and an index is built outside a transaction of its own path.
  const session = await openSession(url, {
    kind: "rollback",
    names: project.names,
    id,
    schemas: project.schemas,
  });
  try {
    const wanted = { scope, deployment: options.deployment, allow: options.allow ?? [] };
    const planned = await planAndTry(session.sql, project, wanted);
    requireKnown(project.names, wanted.allow, planned);
    const preview = previewOf(url, scope, planned);
    await observer({ type: "planned", plan: preview.plan });
    requireUnblocked(project.names, preview);
    const confirmation = options.confirm
      ? await options.confirm(preview)
      : { approvedBy: options.approvedBy ?? "" };
    const approver = confirmation ? requireApprover(confirmation.approvedBy) : null;
    if (options.confirm && approver !== null) {
      // Whoever was asked may have taken hours over it, which are none of the rollback's.
      requireSame(preview, previewOf(url, scope, await plan(session.sql, project, wanted)));
      begun = performance.now();
      startedAt = new Date().toISOString();
    }
    const executor = options.executor ?? defaultExecutor();
    const before = await tableSizes(session.sql, project.schemas);
    const result =
      approver === null || options.stopSignal?.aborted
        ? { outcome: "stopped" as const, steps: [], error: null, differences: [] }
        : await carryOut(session, project, { preview, executor, approver, options, observer, id, scope });
    const report = rollbackReportSchema.parse({
      ...preview,
      id,
      project: project.name,
      executor,
      approver: approver ?? "nobody",
      ok: result.outcome === "completed",
      outcome: result.outcome,
      startedAt,
      finishedAt: new Date().toISOString(),
      milliseconds: performance.now() - begun,
      steps: preview.plan.steps.map((step, at) => ({
        status: "not reached",
        attempts: 0,
        milliseconds: 0,
        waited: 0,
        ...result.steps[at],
        id: step.id,
        title: step.title,
        reason: step.reason,
        expectedMilliseconds: step.estimate.milliseconds,
      })),
      differences: result.differences,
      error: result.error && {
        code: result.error.code,
        message: result.error.message,
        remedy: result.error.remedy,
        step: result.steps.find(({ status }) => status === "failed")?.id ?? null,
      },
    } satisfies RollbackReport);
    if (approver !== null) {
      const { plan: _, ...details } = report;
      const after = await tableSizes(session.sql, project.schemas).catch(() => before);
      const sizes = { before, after };
      await finishDeployment(session.sql, project.names, id, report.outcome, { ...details, sizes }).catch(
        () => undefined,
      );
    }
    return report;
  } finally {
    await session.end();
  }
}

interface Ending {
  readonly outcome: RollbackReport["outcome"];
  readonly steps: Execution["steps"];
  readonly error: DeployError | null;
  readonly differences: RollbackReport["differences"];
}

async function carryOut(
  session: Session,
  project: Project,
  {
    preview,
    executor,
    approver,
    options,
    observer,
    id,
    scope,
  }: {
    preview: RollbackPreview;
    executor: string;
    approver: string;
    options: RollbackOptions;
    observer: Observer;
    id: UUID;
    scope: RollbackScope;
  },
): Promise<Ending> {
  await ensureRecords(session.sql, project.names, journalTableOf(project));
  await beginDeployment(session.sql, project.names, {
    id,
    kind: "rollback",
    project: project.name,
    executor,
    approver,
    plan: preview.plan,
    before: await readCatalog(session.sql, { schemas: project.schemas }),
  });
  const execution = await executePlan(session, preview.plan, {
    names: project.names,
    journal: journalTableOf(project),
    lockTimeout: options.lockTimeout ?? defaultLockTimeout,
    blockTimeout: defaultBlockTimeout,
    giveUpAfter: options.giveUpAfter ?? defaultGiveUpAfter,
    parallel: 1,
    stopSignal: options.stopSignal,
    observer,
    // A rollback is in no journal of Drizzle's.
    record: async () => {},
  });
  if (execution.outcome !== "completed") return { ...execution, differences: [] };
  const { left, differences } = await prove(session.sql, project, {
    scope,
    deployment: preview.deployment.id,
    allow: options.allow ?? [],
  });
  if (left.length === 0) return { ...execution, differences };
  return {
    steps: execution.steps,
    outcome: "failed",
    error: new DeployError(
      "ROLLBACK_INCOMPLETE",
      `every step is done, but not everything is as before the deployment: ${left.slice(0, 5).join(", ")}`,
      continues,
    ),
    differences,
  };
}

/** Whether an object, or what it is part of, is among those that stay. */
const isPartOf = (object: ObjectIdentity, kept: ReadonlySet<string>): boolean =>
  kept.has(objectKey(object)) || (object.parent !== null && isPartOf(object.parent, kept));

/** How a catalog differs from the one before the deployment, and why. */
function differencesOf(
  { before: recorded, actual, head }: Pick<RollbackFacts, "before" | "actual" | "head">,
  { scope, kept }: { readonly scope: RollbackScope; readonly kept: ReadonlySet<string> },
): RollbackReport["differences"] {
  const before = withoutInvalidIndexes(recorded);
  const intended = new Set(compareCatalogs(before, head).map(sayWhich));
  return compareCatalogs(before, actual).map((difference) => {
    const { object } = difference;
    const isOurs = intended.has(sayWhich(difference));
    const isKept = scope === "indexes" || isPartOf(object, kept);
    // Of grants, privilege by privilege, the plan knows better than a comparison of the whole.
    // Columns come in the order in which they were made: nothing brings that back.
    const isOrder = difference.kind === "different" && difference.property === "columnOrder";
    const why =
      kept.has(objectKey(object)) || isOrder
        ? "kept"
        : !isOurs
          ? "others"
          : isKept
            ? "kept"
            : object.kind === "grant"
              ? "others"
              : "left";
    return {
      object: `${object.kind} ${object.label}`,
      why,
      expected: "expected" in difference ? difference.expected : null,
      actual: "actual" in difference ? difference.actual : null,
    } as const;
  });
}

/** Holds the catalog against the one before the deployment. */
async function prove(
  sql: Sql,
  project: Project,
  { scope, deployment, allow }: Wanted,
): Promise<{ left: string[]; differences: RollbackReport["differences"] }> {
  const { facts, planned: again } = await plan(sql, project, { scope, deployment, allow });
  const differences = differencesOf(facts, { scope, kept: again.kept });
  const left = [
    ...again.plan.steps.map(({ title }) => title),
    ...differences.filter(({ why }) => why === "left").map(({ object }) => object),
  ];
  return { left: [...new Set(left)], differences };
}
