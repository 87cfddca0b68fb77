import { type Catalog, compareCatalogs, type Difference, type ObjectIdentity } from "../../catalog/index.ts";
import type { Target } from "../step.ts";

/** Tells objects apart; the same object of two catalogs has the same key. */
export function keyOf({ kind, schema, name, parent }: ObjectIdentity): string {
  return JSON.stringify([kind, schema, name, parent && keyOf(parent)]);
}

/** The key of what a step's target names. */
export function keyOfTarget(
  { kind, schema, name, table }: Target,
  parentKind: "table" | "view" = "table",
): string {
  const parent = table === null ? null : JSON.stringify([parentKind, schema, table, null]);
  return JSON.stringify([kind, schema, name, parent]);
}

/** What a deployment did to a database, of that what still stands. */
export interface Changes {
  /** Objects that are there and were not before. */
  readonly created: readonly ObjectIdentity[];
  /** Objects that are gone. */
  readonly removed: readonly ObjectIdentity[];
  /** Properties that are not as they were. */
  readonly altered: readonly { readonly object: ObjectIdentity; readonly property: string }[];
}

export interface ChangeInput {
  /** The database before the deployment. */
  readonly before: Catalog;
  /** As it is now. */
  readonly actual: Catalog;
  /** What the deployment was to make of it. */
  readonly head: Catalog;
  /** What the deployment's steps dropped: what else is gone was not its doing. */
  readonly dropped: readonly Target[];
  /** What its steps made, though it was not to stay: a helper of a step that was interrupted. */
  readonly made: readonly Target[];
}

/** Tells differences apart. */
export const sayWhich = (difference: Difference): string =>
  JSON.stringify([
    difference.kind,
    keyOf(difference.object),
    difference.kind === "different" ? difference.property : null,
  ]);

/**
 * A catalog without what an interrupted build left behind: nobody wants that restored.
 */
export function withoutInvalidIndexes(catalog: Catalog): Catalog {
  return {
    ...catalog,
    tables: catalog.tables.map((table) => ({
      ...table,
      indexes: table.indexes.filter(({ valid }) => valid),
    })),
  };
}

/**
 * What the deployment did and still stands: what differs between before and now, and between before and what the
 * deployment was to make of it, in the same way. What others did meanwhile is in neither.
 */
export function changesOf({ before, actual, head, dropped, made }: ChangeInput): Changes {
  const intended = new Set(compareCatalogs(before, head).map(sayWhich));
  const keysOf = (targets: readonly Target[]) =>
    new Set(targets.flatMap((target) => [keyOfTarget(target, "table"), keyOfTarget(target, "view")]));
  const [droppedKeys, madeKeys] = [keysOf(dropped), keysOf(made)];
  const created = compareCatalogs(before, actual).flatMap((difference) => {
    const isOurs = intended.has(sayWhich(difference)) || madeKeys.has(keyOf(difference.object));
    return difference.kind === "extra" && isOurs ? difference.object : [];
  });
  // An index that an interrupted rollback left unfinished is not back yet.
  const others = compareCatalogs(before, withoutInvalidIndexes(actual)).filter((one) =>
    intended.has(sayWhich(one)),
  );
  return {
    created,
    removed: others.flatMap(({ kind, object }) =>
      kind === "missing" && (object.kind === "grant" || droppedKeys.has(keyOf(object))) ? object : [],
    ),
    altered: others.flatMap((difference) =>
      difference.kind === "different" ? { object: difference.object, property: difference.property } : [],
    ),
  };
}
