import type { FunctionObject } from "../catalog/index.ts";
import {
  createFunction,
  functionLabel,
  functionNamed,
  functionSignature,
  isReplaceable,
  isRestorable,
} from "../kinds/function.ts";
import { defaultGrantees, setGrants } from "../kinds/grant.ts";
import type { Dependent } from "../plan/dependents.ts";
import { quoteLiteral } from "../sql/quote.ts";
import { dependentLabel, find, inOrder, partKey, type RollbackContext, topKey } from "./context.ts";
import { underSchemas } from "./draft.ts";

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
    const others =
      now && !replaces
        ? context
            .dependentsOn("function", { schema: was.schema, name })
            .filter(
              ({ kind: by, schema, name: trigger, table }) =>
                !(
                  by === "trigger" &&
                  table &&
                  context.isCreated(partKey("trigger", { schema, name: table }, trigger))
                ),
            )
        : [];
    const comment =
      was.comment === null ? [] : [`COMMENT ON ${kind} ${signature} IS ${quoteLiteral(was.comment)};`];
    add({
      kind: "create function",
      title: `restore function ${was.schema}.${name}`,
      sql: underSchemas(
        before,
        [
          "SET LOCAL check_function_bodies = off;",
          ...(now && !replaces ? [`DROP ${kind} ${functionSignature(now)};`] : []),
          createFunction(was),
          ...(replaces ? [] : [...setGrants(kind, signature, { ...was, grantees }), ...comment]),
        ].join("\n"),
      ),
      target: { kind: "function", schema: was.schema, name, table: null },
      safety: "One row of the catalog: calls under way finish with the version that they began with.",
      blocked: !isRestorable(was)
        ? `it is written in ${was.language} and kept outside the database: create it again from where it came`
        : others.length > 0
          ? `its signature changes back, and ${others.map(dependentLabel).join(", ")} would not survive that: drop that first`
          : null,
    });
  }
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
