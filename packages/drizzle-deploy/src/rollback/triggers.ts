import type { Table, Trigger } from "../catalog/index.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteName } from "../sql/quote.ts";
import { momentary, part } from "../statements/draft.ts";
import { partKey, type RollbackContext, usesFunction } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find } from "./find.ts";
import { unfitReason } from "./fit.ts";

const modes: Readonly<Record<Trigger["enabled"], string>> = {
  origin: "ENABLE",
  disabled: "DISABLE",
  replica: "ENABLE REPLICA",
  always: "ENABLE ALWAYS",
};

/** A table or a view. */
type Triggered = Pick<Table, "schema" | "name" | "triggers">;

/** Drops the triggers that came with the deployment: they go first, since they need what goes after them. */
export function dropTriggers(context: RollbackContext): void {
  const { tables, views } = context.actual;
  for (const [parentKind, relations] of [
    ["table", tables],
    ["view", views],
  ] as const) {
    for (const relation of relations) {
      const isArchived = context.createdTables.some((table) => table === relation);
      for (const trigger of relation.triggers) {
        // It goes with that of the partitioned table.
        if (trigger.inherited) continue;
        const isCreated = context.isCreated(partKey("trigger", relation, trigger.name, parentKind));
        if (!isCreated && !(isArchived && usesFunction(trigger, context.createdFunctions))) continue;
        context.add({
          kind: "drop trigger",
          title: `drop trigger ${trigger.name} on ${qualifiedLabel(relation)}`,
          sql: `DROP TRIGGER IF EXISTS ${quoteIdentifier(trigger.name)} ON ${quoteName(relation)};`,
          target: part("trigger", relation, trigger.name),
          locks: [[relation, "ACCESS EXCLUSIVE"]],
          safety: momentary,
        });
      }
    }
  }
}

/** Makes the triggers as they were. */
export function restoreTriggers(context: RollbackContext): void {
  for (const { table, was } of context.keptTables) restoreOf(context, "table", table, was);
  for (const view of context.actual.views) {
    const was = find(context.before.views, view);
    if (was && find(context.head.views, view)) restoreOf(context, "view", view, was);
  }
}

function restoreOf(
  context: RollbackContext,
  kind: "table" | "view",
  relation: Triggered,
  was: Triggered,
): void {
  for (const trigger of was.triggers) {
    if (trigger.inherited) continue;
    const key = partKey("trigger", relation, trigger.name, kind);
    if (!context.isRemoved(key) && !context.isAltered(key)) continue;
    if (kind === "table" && context.unfit.has(key)) {
      const isThere = relation.triggers.some(({ name }) => name === trigger.name);
      context.keep(
        key,
        `trigger ${trigger.name} on ${qualifiedLabel(relation)} ${isThere ? "stays as the deployment made it" : "stays away"}: ${unfitReason(relation)}`,
      );
      continue;
    }
    restore(context, relation, trigger);
  }
}

/** The statements that make a trigger. */
export const createTrigger = (on: QualifiedName, { definition, enabled, name }: Trigger): string[] => [
  `${definition};`,
  ...(enabled === "origin"
    ? []
    : [`ALTER TABLE ${quoteName(on)} ${modes[enabled]} TRIGGER ${quoteIdentifier(name)};`]),
];

function restore(context: RollbackContext, table: Triggered, trigger: Trigger): void {
  // A view that was made anew before has it already.
  const isThere =
    find(context.actual.views, table) !== undefined ||
    table.triggers.some(({ name }) => name === trigger.name);
  const name = quoteIdentifier(trigger.name);
  context.add({
    kind: "create trigger",
    title: `restore trigger ${trigger.name} on ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...(isThere ? [`DROP TRIGGER IF EXISTS ${name} ON ${quoteName(table)};`] : []),
        ...createTrigger(table, trigger),
      ].join("\n"),
    ),
    target: part("trigger", table, trigger.name),
    locks: [[table, isThere || trigger.enabled !== "origin" ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE"]],
    safety: momentary,
  });
}
