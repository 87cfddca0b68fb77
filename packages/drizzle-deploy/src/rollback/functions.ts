import {
  type Constraint,
  type FunctionObject,
  type Index,
  type Table,
  withoutValidity,
} from "../catalog/index.ts";
import {
  createFunction,
  functionLabel,
  functionNamed,
  functionSignature,
  isReplaceable,
  isRestorable,
} from "../kinds/function.ts";
import { defaultGrantees, setGrants } from "../kinds/grant.ts";
import { createPolicy } from "../kinds/policy.ts";
import type { Dependent } from "../plan/dependents.ts";
import { quoteIdentifier, quoteLiteral, quoteName } from "../sql/quote.ts";
import { dropIndex, validate } from "./constraints.ts";
import { dependentLabel, partKey, type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";
import { find, inOrder } from "./find.ts";
import { createTrigger } from "./triggers.ts";

const procedureOrFunction = ({ kind }: FunctionObject) => (kind === "procedure" ? "PROCEDURE" : "FUNCTION");

/** Makes the functions as they were, those that are gone too. */
export function restoreFunctions(context: RollbackContext): void {
  const { before, actual, add } = context;
  const grantees = defaultGrantees(actual);
  for (const was of before.functions) {
    const name = functionLabel(was);
    const key = topKey("function", { schema: was.schema, name });
    const now = functionNamed(actual, { schema: was.schema, name });
    if (now ? !context.isAltered(key, ["comment", "owner"]) : !context.isRemoved(key)) continue;
    const replaces = now !== undefined && isReplaceable(now, was);
    const kind = procedureOrFunction(was);
    const signature = functionSignature(was);
    const dependents = now && !replaces ? context.dependentsOn("function", { schema: was.schema, name }) : [];
    const { away, back, locked, indexes, checks, others } = rebound(context, dependents);
    for (const { table, index } of indexes) {
      dropIndex(context, table, index);
      context.rebuilt.add(partKey("index", table, index.name));
    }
    const comment =
      was.comment === null ? [] : [`COMMENT ON ${kind} ${signature} IS ${quoteLiteral(was.comment)};`];
    add({
      kind: "create function",
      title: `restore function ${was.schema}.${name}`,
      sql: underSchemas(
        before,
        [
          "SET LOCAL check_function_bodies = off;",
          ...away,
          ...(now && !replaces ? [`DROP ${kind} ${functionSignature(now)};`] : []),
          createFunction(was),
          ...(replaces ? [] : [...setGrants(kind, signature, { ...was, grantees }), ...comment]),
          ...back,
        ].join("\n"),
      ),
      target: { kind: "function", schema: was.schema, name, table: null },
      locks: locked.map((table) => [table, "ACCESS EXCLUSIVE"]),
      safety: "One row of the catalog: calls under way finish with the version that they began with.",
      blocked: !isRestorable(was)
        ? `it is written in ${was.language} and kept outside the database: create it again from where it came`
        : others.length > 0
          ? `its signature changes back, and ${others.map(dependentLabel).join(", ")} would not survive that: drop that first`
          : null,
    });
    for (const { table, constraint } of checks) validate(context, table, constraint);
  }
}

interface Rebound {
  /** What goes with a function, and comes back on the one in its place, in one transaction. */
  readonly away: readonly string[];
  readonly back: readonly string[];
  readonly locked: readonly Table[];
  /** Built anew apart, so that nobody waits for that. */
  readonly indexes: readonly { readonly table: Table; readonly index: Index }[];
  readonly checks: readonly { readonly table: Table; readonly constraint: Constraint }[];
  /** What cannot. */
  readonly others: readonly Dependent[];
}

/** How what depends on a function comes to depend on the one that is made in its place. */
function rebound(context: RollbackContext, dependents: readonly Dependent[]): Rebound {
  const away: string[] = [];
  const back: string[] = [];
  const locked = new Set<Table>();
  const indexes: Rebound["indexes"][number][] = [];
  const checks: Rebound["checks"][number][] = [];
  const others: Dependent[] = [];
  const rebind = (by: Dependent): boolean => {
    const { kind, schema, name, table } = by;
    if (table === null) return false;
    const kept = context.keptTables.find((one) => one.table.schema === schema && one.table.name === table);
    if (kind === "trigger" && context.isCreated(partKey("trigger", { schema, name: table }, name)))
      return true;
    if (!kept) return false;
    const { was } = kept;
    const on = quoteName(kept.table);
    const called = <T extends { readonly name: string }>(list: readonly T[]): T | undefined =>
      list.find((one) => one.name === name);
    const quoted = quoteIdentifier(name);
    if (kind !== "index") locked.add(kept.table);
    if (context.unfit.has(partKey(kind, kept.table, name))) return false;
    switch (kind) {
      case "trigger": {
        const trigger = called(was.triggers);
        if (!trigger) return false;
        away.push(`DROP TRIGGER ${quoted} ON ${on};`);
        back.push(...createTrigger(kept.table, trigger));
        return true;
      }
      case "policy": {
        const policy = called(was.policies);
        if (!policy) return false;
        away.push(`DROP POLICY ${quoted} ON ${on};`);
        back.push(createPolicy(kept.table, policy));
        return true;
      }
      case "constraint": {
        const constraint = called(was.constraints);
        if (constraint?.type !== "c") return false;
        away.push(`ALTER TABLE ${on} DROP CONSTRAINT ${quoted};`);
        back.push(
          `ALTER TABLE ${on} ADD CONSTRAINT ${quoted} ${withoutValidity(constraint.definition)} NOT VALID;`,
        );
        if (constraint.validated) checks.push({ table: kept.table, constraint });
        return true;
      }
      case "column": {
        const column = called(was.columns);
        if (!column?.default || called(kept.table.columns)?.generated) return false;
        away.push(`ALTER TABLE ${on} ALTER COLUMN ${quoted} DROP DEFAULT;`);
        back.push(`ALTER TABLE ${on} ALTER COLUMN ${quoted} SET DEFAULT ${column.default};`);
        return true;
      }
      case "index": {
        const index = called(kept.table.indexes);
        // A unique one would be missed while it is built.
        if (!index || index.unique || kept.table.kind === "partitioned") return false;
        indexes.push({ table: kept.table, index });
        return true;
      }
      default:
        return false;
    }
  };
  for (const by of dependents) if (!rebind(by)) others.push(by);
  // Nothing is dropped for a function that stays.
  return others.length > 0
    ? { away: [], back: [], locked: [], indexes: [], checks: [], others }
    : { away, back, locked: [...locked], indexes, checks, others };
}

/** Drops the functions that came with the deployment, save those that a kept column still needs. */
export function dropFunctions(context: RollbackContext): void {
  const { createdFunctions, createdTables, add } = context;
  // The policies and triggers of an archived table that need it are dropped; its columns and the rest stay.
  const staysWith = ({ kind, schema, table }: Dependent): boolean => {
    if (kind === "column") return true;
    if (kind !== "constraint" && kind !== "index") return false;
    return (
      schema === context.names.archiveSchema ||
      (table !== null && find(createdTables, { schema, name: table }) !== undefined)
    );
  };
  const dependents = (one: FunctionObject) =>
    context.dependentsOn("function", { schema: one.schema, name: functionLabel(one) });
  const ordered = inOrder(createdFunctions, (one) =>
    dependents(one).flatMap((by) => {
      const user = createdFunctions.find(
        (other) => other.schema === by.schema && functionLabel(other) === by.name,
      );
      return by.kind === "function" && user ? [user] : [];
    }),
  );
  for (const one of ordered) {
    const label = `${one.schema}.${functionLabel(one)}`;
    const blocked = context.foreign(dependents(one));
    const stays = dependents(one).filter((by) => staysWith(by) || context.isKept(by));
    if (!blocked && stays.length > 0) {
      context.keep(
        topKey("function", { schema: one.schema, name: functionLabel(one) }),
        `function ${label} is kept: ${stays.map(dependentLabel).join(", ")} needs it`,
      );
      continue;
    }
    add({
      kind: "drop function",
      title: `drop function ${label}`,
      sql: underSchemas(context.actual, `DROP ${procedureOrFunction(one)} ${functionSignature(one)};`),
      target: { kind: "function", schema: one.schema, name: functionLabel(one), table: null },
      safety: "One row of the catalog; nothing depends on it any more.",
      blocked,
    });
  }
}
