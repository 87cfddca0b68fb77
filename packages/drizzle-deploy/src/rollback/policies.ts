import { objectKey, type Policy, type Table } from "../catalog/index.ts";
import { functionLabel } from "../kinds/function.ts";
import { changePolicy, createPolicy, dropPolicy } from "../kinds/policy.ts";
import { momentary, part } from "../plan/statements/draft.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteQualified } from "../sql/quote.ts";
import { partKey, type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";

const on = (table: Pick<Table, "schema" | "name">): string => quoteQualified(table.schema, table.name);

type Switch = readonly [property: "rowSecurity" | "forceRowSecurity", words: string];

const switches: readonly Switch[] = [
  ["rowSecurity", "ROW LEVEL SECURITY"],
  ["forceRowSecurity", "ROW LEVEL SECURITY"],
];

/**
 * Makes policies and row security as they were: a former policy is back before the one that came in its place goes, and
 * row security is off before its last policy is gone, so that no moment is without access, and none without protection
 * that was there before or after.
 */
export function undoPolicies(context: RollbackContext): void {
  for (const { table, was } of context.keptTables) {
    const step = (verb: "restore" | "drop", policy: Policy, sql: string): void =>
      context.add({
        kind: verb === "drop" ? "drop policy" : "create policy",
        title: `${verb} policy ${policy.name} on ${qualifiedLabel(table)}`,
        sql: underSchemas(context.before, sql),
        target: part("policy", table, policy.name),
        locks: [[table, "ACCESS EXCLUSIVE"]],
        safety: momentary,
      });
    for (const policy of was.policies) {
      const now = table.policies.find(({ name }) => name === policy.name);
      const key = partKey("policy", table, policy.name);
      if (!now && context.isRemoved(key)) step("restore", policy, createPolicy(table, policy));
      if (now && context.isAltered(key)) step("restore", policy, changePolicy(table, now, policy));
    }
    restoreSwitches(context, table, was);
    for (const policy of table.policies) {
      if (context.isCreated(partKey("policy", table, policy.name)))
        step("drop", policy, dropPolicy(table, policy.name));
    }
  }
  // An archived table keeps its policies, but for those that need a function which goes.
  for (const table of context.createdTables) {
    for (const policy of table.policies) {
      const needs = context.createdFunctions.some((one) =>
        context
          .dependentsOn("function", { schema: one.schema, name: functionLabel(one) })
          .some(
            (by) =>
              by.kind === "policy" &&
              by.table === table.name &&
              by.schema === table.schema &&
              by.name === policy.name,
          ),
      );
      if (!needs) continue;
      context.add({
        kind: "drop policy",
        title: `drop policy ${policy.name} on ${qualifiedLabel(table)}`,
        sql: dropPolicy(table, policy.name),
        target: part("policy", table, policy.name),
        locks: [[table, "ACCESS EXCLUSIVE"]],
        safety: momentary,
      });
    }
  }
}

function restoreSwitches(context: RollbackContext, table: Table, was: Table): void {
  for (const [property, words] of switches) {
    const isAltered = context.changes.altered.some(
      (change) => change.property === property && objectKey(change.object) === topKey("table", table),
    );
    if (!isAltered) continue;
    const verb =
      property === "rowSecurity"
        ? was[property]
          ? "ENABLE"
          : "DISABLE"
        : was[property]
          ? "FORCE"
          : "NO FORCE";
    context.add({
      kind: "row security",
      title: `${verb.toLowerCase()} ${words.toLowerCase()} on ${qualifiedLabel(table)}`,
      sql: `ALTER TABLE ${on(table)} ${verb} ${words};`,
      target: { kind: "table", schema: table.schema, name: table.name, table: null },
      locks: [[table, "ACCESS EXCLUSIVE"]],
      safety: momentary,
    });
  }
}
