import type { Table, Trigger } from "../../catalog/index.ts";
import { quoteIdentifier, quoteQualified } from "../../sql.ts";
import { momentary, part } from "../statements/draft.ts";
import { type Context, type Named, partKey, qualifiedLabel, usesFunction } from "./context.ts";
import { underSchemas } from "./draft.ts";

const modes: Readonly<Record<Trigger["enabled"], string>> = {
  origin: "ENABLE",
  disabled: "DISABLE",
  replica: "ENABLE REPLICA",
  always: "ENABLE ALWAYS",
};

const on = ({ schema, name }: Named): string => quoteQualified(schema, name);

/** Drops the triggers that came with the deployment: they go first, since they need what goes after them. */
export function dropTriggers(context: Context): void {
  for (const table of context.actual.tables) {
    const isArchived = context.createdTables.includes(table);
    for (const trigger of table.triggers) {
      const isCreated = context.isCreated(partKey("trigger", table, trigger.name));
      if (!isCreated && !(isArchived && usesFunction(trigger, context.createdFunctions))) continue;
      context.add({
        kind: "drop trigger",
        title: `drop trigger ${trigger.name} on ${qualifiedLabel(table)}`,
        sql: `DROP TRIGGER IF EXISTS ${quoteIdentifier(trigger.name)} ON ${on(table)};`,
        target: part("trigger", table, trigger.name),
        locks: [[table, "ACCESS EXCLUSIVE"]],
        safety: momentary,
      });
    }
  }
}

/** Makes the triggers as they were. */
export function restoreTriggers(context: Context): void {
  for (const { table, was } of context.keptTables) {
    for (const trigger of was.triggers) {
      const key = partKey("trigger", table, trigger.name);
      if (context.isRemoved(key) || context.isAltered(key)) restore(context, table, trigger);
    }
  }
}

function restore(context: Context, table: Table, trigger: Trigger): void {
  const isThere = table.triggers.some(({ name }) => name === trigger.name);
  const name = quoteIdentifier(trigger.name);
  context.add({
    kind: "create trigger",
    title: `restore trigger ${trigger.name} on ${qualifiedLabel(table)}`,
    sql: underSchemas(
      context.before,
      [
        ...(isThere ? [`DROP TRIGGER ${name} ON ${on(table)};`] : []),
        `${trigger.definition};`,
        ...(trigger.enabled === "origin"
          ? []
          : [`ALTER TABLE ${on(table)} ${modes[trigger.enabled]} TRIGGER ${name};`]),
      ].join("\n"),
    ),
    target: part("trigger", table, trigger.name),
    locks: [[table, isThere || trigger.enabled !== "origin" ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE"]],
    safety: momentary,
  });
}
