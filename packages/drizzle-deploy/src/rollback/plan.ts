import { createHash } from "node:crypto";
import type { Plan, Step } from "../model/step.ts";
import { includesStep, parseStepId } from "../model/step-id.ts";
import { recordTables } from "../records/records.ts";
import { quoteLiteral, quoteQualified } from "../sql/quote.ts";
import {
  dropCreatedIndexes,
  dropForeignKeys,
  dropIndexes,
  dropIndexesInTheWay,
  dropLeftoverIndexes,
  restoreForeignKeys,
  restoreIndexes,
  undoConstraints,
} from "./constraints.ts";
import { createContext, partKey, type RollbackContext, type RollbackFacts } from "./context.ts";
import { dropObjects, restoreObjects } from "./described.ts";
import { rollbackTag } from "./draft.ts";
import { find } from "./find.ts";
import { dropFunctions, restoreFunctions } from "./functions.ts";
import { undoGrants } from "./grants.ts";
import { attachPartitions, detachPartitions } from "./partitions.ts";
import { undoPolicies } from "./policies.ts";
import { proven } from "./proof.ts";
import { archiveTables, dropTypes, undoColumns, undoRemarks } from "./tables.ts";
import { dropTriggers, restoreTriggers } from "./triggers.ts";
import { restoreTypes } from "./types.ts";
import { undoRenames } from "./undo-renames.ts";
import { undoViews } from "./views.ts";

/** `indexes`: what was added to speed things up. `all`: everything but columns and rows. */
export const rollbackScopes = ["indexes", "all"] as const;

export type RollbackScope = (typeof rollbackScopes)[number];

/** What a rollback will do, and what it will leave. */
export interface PlannedRollback {
  readonly plan: Plan;
  /** Keys (see `objectKey`) of what stays as the deployment made it; the plan's notes say why. */
  readonly kept: ReadonlySet<string>;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * What leads back from a deployment. Pure: the same facts give the same plan. Only what the deployment did is undone:
 * what was there before it stays, and so does what others did since. Columns and rows are kept. Made in the middle of
 * a rollback, it holds what is left to do.
 */
export function planRollback(facts: RollbackFacts, scope: RollbackScope): PlannedRollback {
  const context = createContext(facts);
  // The steps before anything else: from there on the migrations count as pending to `deploy`, which leads on from
  // wherever this one is interrupted, as `rollback` does. Drizzle's journal comes last: until all is undone its
  // migrator must not run them.
  forgetSteps(context, facts);
  if (scope === "all") undoHidden(context, facts);
  if (scope === "indexes") {
    dropIndexes(
      context,
      (index, table) =>
        !index.unique &&
        // On a partitioned table PostgreSQL drops none concurrently, and everybody would wait for a moment.
        table.kind !== "partitioned" &&
        (context.isCreated(partKey("index", table, index.name)) ||
          (context.createdTables.includes(table) &&
            (find(context.head.tables, table)?.indexes.some(({ name }) => name === index.name) ?? false))),
    );
  } else {
    undoRenames(context, facts.renamed);
    undoEverything(context);
  }
  dropLeftoverIndexes(context);
  forgetMigrations(context, facts);
  return { plan: toPlan(facts, { ...context, steps: proven(context.steps, facts) }), kept: context.kept };
}

function undoEverything(context: RollbackContext): void {
  // What fires goes before what it needs, what is needed comes back before what needs it.
  detachPartitions(context);
  dropTriggers(context);
  dropObjects(context);
  restoreTypes(context);
  restoreFunctions(context);
  undoPolicies(context);
  undoViews(context);
  dropForeignKeys(context);
  dropIndexesInTheWay(context);
  undoConstraints(context);
  undoColumns(context);
  restoreIndexes(context);
  restoreForeignKeys(context);
  attachPartitions(context);
  dropCreatedIndexes(context);
  restoreTriggers(context);
  restoreObjects(context);
  undoGrants(context);
  undoRemarks(context);
  archiveTables(context);
  dropFunctions(context);
  dropTypes(context);
}

/** Undoes what the project knows how to undo though no catalog shows it; the rest stays. */
function undoHidden(context: RollbackContext, facts: RollbackFacts): void {
  const { names, once, begun, unseen, undo, migrations } = facts;
  for (const { id, title } of unseen) {
    context.notes.push(`step ${id}, ${title}: what it did stays, since nothing tells what was there before`);
  }
  for (const { id, title, rows } of begun) {
    const sql = undo[id];
    if (sql === undefined) {
      const part = `of the first ${rows.toLocaleString("en-US")} rows that it went through`;
      context.notes.push(
        `step ${id}, ${title}: what it did ${part} stays, and the next deployment continues there where that is still to be found`,
      );
      continue;
    }
    context.add({
      kind: "opaque",
      title: `undo step ${id}, ${title}, which is done in part`,
      sql: [
        sql,
        ";",
        `DELETE FROM ${recordTables(names).batches} WHERE step_id = ${quoteLiteral(id)} AND migration_hash IN (${hashesOf(migrations)});`,
      ].join("\n"),
      target: null,
      safety: "It runs in a transaction of its own and is stopped after a few seconds.",
    });
  }
  for (const { id, title } of once) {
    const sql = undo[id];
    if (sql === undefined) {
      context.notes.push(`step ${id}, ${title}: what it did stays, and it is not done again`);
      continue;
    }
    context.add({
      kind: "opaque",
      title: `undo step ${id}, ${title}`,
      // What is undone is to be done again, and not to be undone again.
      sql: [
        sql,
        ";",
        `UPDATE ${recordTables(names).steps} SET status = 'undone' WHERE status = 'done' AND step_id = ${quoteLiteral(id)} AND migration_hash IN (${hashesOf(migrations)});`,
      ].join("\n"),
      target: null,
      safety: "It runs in a transaction of its own and is stopped after a few seconds.",
    });
  }
}

const hashesOf = (migrations: RollbackFacts["migrations"]): string =>
  migrations.map(({ hash }) => quoteLiteral(hash)).join(", ");

/** The engine's own rows of the steps, but for those of what is not undone, or not yet. */
function forgetSteps(
  context: RollbackContext,
  { names, migrations, done, once, staying }: RollbackFacts,
): void {
  const keptIds = [...once.map(({ id }) => id), ...staying];
  if (done.every((id) => keptIds.includes(id))) return;
  const kept = keptIds.map((id) => quoteLiteral(id)).join(", ");
  context.add({
    kind: "journal",
    title: `mark the steps of ${tagsOf(migrations)} as undone`,
    sql: [
      ...keptOf(names, hashesOf(migrations), keptIds, done),
      `UPDATE ${recordTables(names).steps} SET status = 'undone' WHERE status = 'done' AND migration_hash IN (${hashesOf(migrations)})${kept ? ` AND step_id NOT IN (${kept})` : ""};`,
    ].join("\n"),
    target: { kind: "data", schema: names.recordSchema, name: "steps", table: null },
    safety:
      "A few rows of the records: from here on a deployment does them again where it finds them undone.",
  });
}

const tagsOf = (migrations: RollbackFacts["migrations"]): string =>
  migrations.map(({ tag }) => tag).join(", ");

/** Which rows of Drizzle's journal are the migrations'. */
function rowsOf(migrations: RollbackFacts["migrations"]): string {
  const named = migrations.flatMap(({ name }) => name ?? []);
  const others = migrations.filter(({ name }) => name === undefined);
  return [
    ...(named.length > 0 ? [`name IN (${named.map(quoteLiteral).join(", ")})`] : []),
    ...(others.length > 0
      ? [`hash IN (${hashesOf(others)}) AND created_at IN (${others.map(({ when }) => when).join(", ")})`]
      : []),
  ].join(" OR ");
}

/** Drizzle's journal rows of the migrations. */
function forgetMigrations(
  context: RollbackContext,
  { journal: { schema, name }, migrations, isJournalled, appliedSince }: RollbackFacts,
): void {
  if (!isJournalled) return;
  context.add({
    kind: "journal",
    title: `take ${tagsOf(migrations)} out of the journal`,
    sql: `DELETE FROM ${quoteQualified(schema, name)} WHERE ${rowsOf(migrations)};`,
    target: { kind: "data", schema, name, table: null },
    locks: [[{ schema, name }, "ROW EXCLUSIVE"]],
    safety: "A few rows of the journal: from here on the migrations are pending again, also to Drizzle.",
    blocked:
      appliedSince.length === 0
        ? null
        : `${appliedSince.join(", ")} came after it, by Drizzle's migrator or by hand, and would be left without what it builds upon: take that back by hand first, with its row of ${schema}.${name}; or undo both in a new migration`,
  });
}

/** Records by itself what stays of a step that ran several statements, and is undone as a whole. */
function keptOf(
  names: RollbackFacts["names"],
  hashes: string,
  keptIds: readonly string[],
  done: readonly string[],
): string[] {
  const { steps } = recordTables(names);
  return keptIds.flatMap((id) => {
    if (done.includes(id)) return [];
    const whole = done.find((one) => includesStep(parseStepId(one), parseStepId(id)));
    if (whole === undefined) return [];
    return [
      `INSERT INTO ${steps} (deployment_id, step_id, migration_hash, sql_hash, status, attempts, started_at, finished_at) SELECT deployment_id, ${quoteLiteral(id)}, migration_hash, sql_hash, 'done', attempts, started_at, finished_at FROM ${steps} WHERE status = 'done' AND step_id = ${quoteLiteral(whole)} AND migration_hash IN (${hashes}) ON CONFLICT (deployment_id, step_id) DO UPDATE SET status = 'done';`,
    ];
  });
}

function toPlan({ project, migrations, from, now }: RollbackFacts, { steps, notes }: RollbackContext): Plan {
  const does = steps.map(({ id, sql, action }: Step) => ({ id, sql, action }));
  return {
    version: 1,
    id: sha256(JSON.stringify(does)),
    state: sha256(JSON.stringify(steps.map(({ id }) => id))),
    project,
    createdAt: now.toISOString(),
    from: migrations.at(-1)?.tag ?? null,
    to: from,
    // Steps are journalled by the hash of their migration; each run of a rollback has one of its own.
    migrations: [
      { tag: rollbackTag, hash: sha256(JSON.stringify([migrations, now.toISOString()])), when: 0 },
    ],
    steps,
    notes: [...new Set(notes)],
  };
}
