import { objectKey, type Policy, type Table } from "../catalog/index.ts";
import { functionLabel } from "../kinds/function.ts";
import { changePolicy, createPolicy, dropPolicy } from "../kinds/policy.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteQualified } from "../sql/quote.ts";
import { momentary, part } from "../statements/draft.ts";
import { partKey, type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { unfitReason } from "./fit.ts";

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
    const lost = was.policies.filter(({ name }) => {
      const key = partKey("policy", table, name);
      return context.unfit.has(key) && (context.isRemoved(key) || context.isAltered(key));
    });
    for (const policy of lost) {
      const isThere = table.policies.some(({ name }) => name === policy.name);
      context.keep(
        partKey("policy", table, policy.name),
        `policy ${policy.name} on ${qualifiedLabel(table)} ${isThere ? "stays as the deployment made it" : "stays away"}: ${unfitReason(table)}`,
      );
    }
    for (const policy of was.policies) {
      if (lost.includes(policy)) continue;
      const now = table.policies.find(({ name }) => name === policy.name);
      const key = partKey("policy", table, policy.name);
      if (!now && context.isRemoved(key)) step("restore", policy, createPolicy(table, policy));
      if (now && context.isAltered(key)) step("restore", policy, changePolicy(table, now, policy));
    }
    restoreSwitches(context, table, was);
    for (const policy of table.policies) {
      const key = partKey("policy", table, policy.name);
      if (!context.isCreated(key)) continue;
      // It may be what came in the place of the lost one: without either nobody would see a row.
      if (lost.some(({ name }) => !table.policies.some((one) => one.name === name)))
        context.keep(
          key,
          `policy ${policy.name} on ${qualifiedLabel(table)} is kept: a former one cannot come back`,
        );
      else step("drop", policy, dropPolicy(table, policy.name));
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
