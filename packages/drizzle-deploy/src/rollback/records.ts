import { z } from "zod";
import { type Catalog, catalogSchema } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { readMigrations } from "../migrations/index.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import { isToRun, type Plan, partsOf, planSchema, type Step, type Target } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { begunBatches } from "../records/batches.ts";
import { type JournalOwner, type JournalRow, readJournal } from "../records/migration-state.ts";
import { hasRecords, recordTables } from "../records/records.ts";
import { quoteIdentifier } from "../sql/quote.ts";

/** What is known of the deployment that a rollback undoes: of all its runs, where it took several. */
export interface Deployment {
  /** Its last run's. */
  readonly id: string;
  /** When its last run began. */
  readonly startedAt: Date;
  /** The database before its first run. */
  readonly before: Catalog;
  /** The last migration that it was to apply. */
  readonly to: string;
  readonly from: string | null;
  readonly migrations: Plan["migrations"];
  readonly dropped: readonly Target[];
  readonly made: readonly Target[];
  /** Ids of the steps that rollbacks of it did. */
  readonly takenBack: readonly string[];
  /** All its steps, also those that it found done. */
  readonly steps: readonly Step[];
  /** What it ran, in order. */
  readonly statements: readonly string[];
  /** What it did that no catalog shows: changed rows, opaque statements. */
  readonly once: readonly Step[];
  /** What it did in part: changes of rows in batches that were not ended. */
  readonly begun: readonly (Pick<Step, "id" | "title"> & { readonly rows: number })[];
  /** Whether Drizzle's journal still has any of it. */
  readonly isJournalled: boolean;
  /** The project's migrations that were applied after it, by Drizzle's migrator or by hand: their tags. */
  readonly appliedSince: readonly string[];
  /** Ids of its steps that are recorded as done. */
  readonly done: readonly string[];
}

const recordsSchema = z.array(
  z.object({
    id: z.uuid(),
    kind: z.enum(["deploy", "rollback"]),
    outcome: z.enum(["completed", "stopped", "failed", "interrupted"]).nullable(),
    scope: z.string().nullable(),
    startedAt: z.coerce.date(),
    isEffective: z.boolean(),
  }),
);

type Entry = z.infer<typeof recordsSchema>[number];

const nothingToRollBack =
  ({ command }: Names) =>
  (message: string, remedy = `See what was deployed and rolled back with ${command} status.`): DeployError =>
    new DeployError("NOTHING_TO_ROLL_BACK", message, remedy);

/**
 * The runs of the deployment that stands: the last one that completed and was not rolled back, with those before it
 * that did not complete, and those that were rolled back only in part.
 */
function lastRuns(entries: readonly Entry[]): Entry[] {
  const deployments: Entry[][] = [];
  let isSettled = true;
  for (const entry of entries) {
    if (entry.kind === "deploy") {
      if (entry.isEffective) {
        if (isSettled) deployments.push([]);
        deployments.at(-1)?.push(entry);
        isSettled = entry.outcome === "completed";
      } else if (entry.outcome === "completed") {
        // Everything that it was to do was done already.
        isSettled = true;
      }
    } else if (entry.outcome === "completed" && entry.scope === "all") {
      deployments.pop();
      isSettled = true;
    } else if (entry.isEffective && deployments.length > 0) {
      isSettled = false;
    }
  }
  return deployments.at(-1) ?? [];
}

const runSchema = z.tuple([z.object({ plan: z.string(), before: z.string() })]);

/** Kinds of step that a rollback leaves as they are, and that a later deployment does not do again. */
const onceKinds: readonly Step["kind"][] = ["change data", "opaque"];

/** What is renamed back by making it anew under its former name. */
const remade: readonly Target["kind"][] = ["policy", "constraint", "trigger", "index"];

/** Whether a step brought a table back that a rollback had put aside: it is made by the deployment, and not moved. */
const isBroughtBack = ({ kind, sql }: Step, { archiveSchema }: Names): boolean =>
  kind === "move table" && sql.includes(`${quoteIdentifier(archiveSchema)}.`);

const stepsSchema = z.array(z.object({ step: z.string() }));

const doneSchema = z.array(z.object({ hash: z.string(), step: z.string() }));

/**
 * The deployment of a project that a rollback would undo: the last one. Once that is rolled back as a whole, the one
 * before it only where it is named, so that a command which is run twice does not take back two of them.
 *
 * @param wanted the id of the deployment that is meant, as `status` tells it
 * @throws DeployError NOTHING_TO_ROLL_BACK
 */
export async function findDeployment(
  sql: Queryable,
  project: Pick<Project, "name" | "names"> & JournalOwner,
  wanted: string | undefined,
): Promise<Deployment> {
  const { command } = project.names;
  const nothing = nothingToRollBack(project.names);
  if (!(await hasRecords(sql, project.names))) throw nothing(`${command} never deployed to this database`);
  const entries = recordsSchema.parse([
    ...(await sql.unsafe(
      `select id::text, kind, outcome, details ->> 'scope' as scope,
         to_json(started_at) #>> '{}' as "startedAt",
         case kind when 'rollback'
           then exists (select from ${recordTables(project.names).steps} s where s.deployment_id = d.id and s.status = 'done')
           else coalesce(jsonb_path_exists(plan,
             '$.steps[*] ? (@.action == "run" || @.action == "replace" || @.action == "rebuild")'), false)
           end as "isEffective"
       from ${recordTables(project.names).deployments} d where kind in ('deploy', 'rollback') and project = $1 order by started_at`,
      [project.name],
    )),
  ]);
  const runs = lastRuns(entries);
  const last = runs.at(-1);
  const latest = entries.findLast(({ isEffective }) => isEffective);
  const isBack = latest?.kind === "rollback" && latest.outcome === "completed" && latest.scope === "all";
  if (!last || (isBack && wanted === undefined)) {
    if (!latest) throw nothing(`${command} never changed anything in this database`);
    throw nothing(
      `the last deployment was rolled back at ${latest.startedAt.toISOString()}`,
      last && `To take back the deployment before it too, name it: --deployment ${last.id}`,
    );
  }
  if (wanted !== undefined && !runs.some(({ id }) => id === wanted))
    throw nothing(`${wanted} is not the last deployment that stands: that is ${last.id}`);
  const plans: Plan[] = [];
  let before: Catalog | undefined;
  for (const { id } of runs) {
    const [row] = runSchema.parse([
      ...(await sql.unsafe(
        `select plan::text, before::text from ${recordTables(project.names).deployments} where id = $1::uuid`,
        [id],
      )),
    ]);
    plans.push(planSchema.parse(JSON.parse(row.plan)));
    before ??= catalogSchema.parse(JSON.parse(row.before));
  }
  const first = plans[0];
  const to = plans.at(-1)?.to ?? null;
  if (!first || !before || to === null) throw nothing("the last deployment had no migration to apply");

  const steps = plans.flatMap((plan) => plan.steps.filter(isToRun)).flatMap(partsOf);
  const targets = (isWanted: (step: Step) => boolean): Target[] =>
    steps.flatMap((step) => (step.target && isWanted(step) ? [step.target] : []));
  const migrations = [
    ...new Map(
      plans.flatMap((plan) =>
        plan.migrations.map((one) => [`${one.name ?? one.when} ${one.hash}`, one] as const),
      ),
    ).values(),
  ];
  const hashes = new Set(migrations.map(({ hash }) => hash));
  const done = doneSchema
    .parse([
      ...(await sql.unsafe(
        `select migration_hash as hash, step_id as step from ${recordTables(project.names).steps} where status = 'done'`,
      )),
    ])
    .filter(({ hash }) => hashes.has(hash));
  // Also what an earlier deployment did, and a rollback of that left: this one passed it over, and so will the next.
  const once = plans
    .flatMap((plan) => plan.steps)
    .flatMap((step) => partsOf(step).map((part) => ({ part, names: [step.id, part.id] })))
    .filter(({ names }) => done.some(({ step }) => names.includes(step)))
    .flatMap(({ part }) => (onceKinds.includes(part.kind) ? [part] : []));
  const inPart = await begunBatches(sql, project.names);
  const begun = plans
    .flatMap((plan) => plan.steps)
    .flatMap(({ id, title }) => {
      const found = inPart.find(({ migration, step }) => hashes.has(migration) && step === id);
      return found ? [{ id, title, rows: found.rows }] : [];
    });
  const takenBack = stepsSchema.parse([
    ...(await sql.unsafe(
      `select s.step_id as step from ${recordTables(project.names).steps} s
       join ${recordTables(project.names).deployments} d on d.id = s.deployment_id
       where d.kind = 'rollback' and d.project = $1 and s.status = 'done'
         and d.started_at > (select started_at from ${recordTables(project.names).deployments} where id = $2::uuid)`,
      [project.name, last.id],
    )),
  ]);
  const { rows: journal } = await readJournal(sql, project);
  const isOfIt = (row: JournalRow): boolean =>
    migrations.some(({ hash, name }) => (name === undefined ? row.hash === hash : row.name === name));
  const lastRow = journal.findLastIndex(isOfIt);
  const files = readMigrations(project.migrationsFolder);
  const appliedSince = journal
    .slice(lastRow + 1)
    .flatMap(
      (row) =>
        files.find(({ hash, name }) => (name === undefined ? row.hash === hash : row.name === name))?.tag ??
        [],
    );
  return {
    id: last.id,
    startedAt: last.startedAt,
    before,
    to,
    from: first.from,
    migrations,
    dropped: targets(
      ({ kind, target }) =>
        kind.startsWith("drop ") || (kind === "rename" && target !== null && remade.includes(target.kind)),
    ),
    made: targets(({ kind }) => !kind.startsWith("drop ") && !onceKinds.includes(kind)),
    steps: plans.flatMap((plan) => plan.steps).flatMap(partsOf),
    takenBack: takenBack.map(({ step }) => step),
    statements: steps
      .filter((step) => !onceKinds.includes(step.kind) && !isBroughtBack(step, project.names))
      .map(({ sql }) => sql),
    once: [...new Map(once.map((step) => [step.id, step])).values()],
    begun: [...new Map(begun.map((step) => [step.id, step])).values()],
    isJournalled: lastRow >= 0,
    appliedSince: lastRow < 0 ? [] : appliedSince,
    done: done.map(({ step }) => step),
  };
}
