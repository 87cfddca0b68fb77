import { createHash } from "node:crypto";
import type { Plan, Step } from "../model/step.ts";
import { recordTables } from "../records/records.ts";
import { quoteLiteral } from "../sql/quote.ts";
import {
  dropCreatedIndexes,
  dropForeignKeys,
  dropIndexes,
  dropLeftoverIndexes,
  restoreForeignKeys,
  restoreIndexes,
  undoConstraints,
} from "./constraints.ts";
import { createContext, find, partKey, type RollbackContext, type RollbackFacts } from "./context.ts";
import { rollbackTag } from "./draft.ts";
import { dropFunctions, restoreFunctions } from "./functions.ts";
import { undoGrants } from "./grants.ts";
import { attachPartitions, detachPartitions } from "./partitions.ts";
import { undoPolicies } from "./policies.ts";
import { archiveTables, dropTypes, undoColumns, undoRemarks } from "./tables.ts";
import { dropTriggers, restoreTriggers } from "./triggers.ts";
import { restoreTypes } from "./types.ts";
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
  // The journals before anything else: from there on the migrations count as pending, and both `deploy` and `rollback`
  // lead on from wherever this one is interrupted.
  forgetMigrations(context, facts);
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
    refuseRenames(context, facts);
    undoEverything(context);
  }
  dropLeftoverIndexes(context);
  return { plan: toPlan(facts, context), kept: context.kept };
}

function undoEverything(context: RollbackContext): void {
  // What fires goes before what it needs, what is needed comes back before what needs it.
  detachPartitions(context);
  dropTriggers(context);
  restoreTypes(context);
  restoreFunctions(context);
  undoPolicies(context);
  undoViews(context);
  dropForeignKeys(context);
  undoConstraints(context);
  undoColumns(context);
  restoreIndexes(context);
  restoreForeignKeys(context);
  attachPartitions(context);
  dropCreatedIndexes(context);
  restoreTriggers(context);
  undoGrants(context);
  undoRemarks(context);
  archiveTables(context);
  dropFunctions(context);
  dropTypes(context);
}

/** Undoes what the project knows how to undo though no catalog shows it; the rest stays. */
function undoHidden(context: RollbackContext, { names, once, undo, migrations }: RollbackFacts): void {
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

/** What was renamed would be taken for something new, and for something lost. */
function refuseRenames(context: RollbackContext, { renamed }: RollbackFacts): void {
  for (const step of renamed) {
    if (!step.target || !context.wasRemoved(step.target)) continue;
    context.add({
      kind: "rename",
      title: `undo: ${step.title}`,
      sql: step.sql,
      target: step.target,
      safety: "It is not run.",
      blocked: `the deployment did: ${step.sql.replaceAll(/\s+/g, " ")}; rename it back by hand, when the clients are ready for that, then roll back`,
    });
  }
}

/** Drizzle's journal rows of the migrations, and the engine's own of their steps, but for what is not undone yet. */
function forgetMigrations(
  context: RollbackContext,
  { names, migrations, isJournalled, done, once }: RollbackFacts,
): void {
  const hashes = hashesOf(migrations);
  const keptIds = once.map(({ id }) => id);
  if (!isJournalled && done.every((id) => keptIds.includes(id))) return;
  const kept = keptIds.map((id) => quoteLiteral(id)).join(", ");
  context.add({
    kind: "journal",
    title: `take ${migrations.map(({ tag }) => tag).join(", ")} out of the journal`,
    sql: [
      `DELETE FROM drizzle.__drizzle_migrations WHERE hash IN (${hashes});`,
      `UPDATE ${recordTables(names).steps} SET status = 'undone' WHERE status = 'done' AND migration_hash IN (${hashes})${kept ? ` AND step_id NOT IN (${kept})` : ""};`,
    ].join("\n"),
    target: { kind: "data", schema: "drizzle", name: "__drizzle_migrations", table: null },
    locks: [[{ schema: "drizzle", name: "__drizzle_migrations" }, "ROW EXCLUSIVE"]],
    safety: "A few rows of the journals: from here on the migrations are pending again, and can be deployed.",
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
