import {
  type Catalog,
  compareCatalogs,
  type Difference,
  type ObjectIdentity,
  objectKey,
  rootOf,
} from "../catalog/index.ts";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { isSameButForCasts } from "./casts.ts";

/** The key of what a step's target names. */
export function keyOfTarget(
  { kind, schema, name, table }: Target,
  parentKind: "table" | "view" | "domain" | "publication" = "table",
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
  /** Objects that differ in nothing but what the new type of a column, which stays, brings with it. */
  readonly recast: readonly ObjectIdentity[];
}

/** Properties that hold an expression or a definition. */
const expressions = ["definition", "using", "check", "default"];

type Alteration = Extract<Difference, { kind: "different" }>;

const isRetyped = ({ object, property }: Alteration): boolean =>
  object.kind === "column" && object.parent?.kind === "table" && property === "type";

/** Tells whether an alteration comes of the columns that have another type. */
function recasting(alterations: readonly Alteration[]): (alteration: Alteration) => boolean {
  const retyped = new Set(
    alterations.flatMap((one) => (isRetyped(one) && one.object.parent ? objectKey(one.object.parent) : [])),
  );
  if (retyped.size === 0) return () => false;
  return (alteration) => {
    const { object, property } = alteration;
    const { kind, parent } = object;
    if (kind === "column" && parent?.kind === "view") return property === "type";
    const reads =
      parent === null ? kind === "view" : parent.kind === "view" || retyped.has(objectKey(parent));
    return reads && expressions.includes(property) && isSameButForCasts(object, alteration);
  };
}

/** Changes without those of some tables. */
export function withoutTables(changes: Changes, tables: readonly QualifiedName[]): Changes {
  const isElsewhere = (object: ObjectIdentity): boolean => {
    const { kind, schema, name } = rootOf(object);
    return kind !== "table" || !tables.some((one) => one.schema === schema && one.name === name);
  };
  return {
    created: changes.created.filter(isElsewhere),
    removed: changes.removed.filter(isElsewhere),
    altered: changes.altered.filter(({ object }) => isElsewhere(object)),
    recast: changes.recast.filter(isElsewhere),
  };
}

/** Changes without those that code made, and the objects of those. */
export function withoutCode(
  changes: Changes,
  byCode: ReadonlySet<string>,
): { changes: Changes; staying: readonly ObjectIdentity[] } {
  if (byCode.size === 0) return { changes, staying: [] };
  const says = (kind: Difference["kind"], object: ObjectIdentity, property: string | null): boolean =>
    byCode.has(JSON.stringify([kind, objectKey(object), property]));
  const isCreated = (object: ObjectIdentity): boolean => says("extra", object, null);
  const isRemoved = (object: ObjectIdentity): boolean => says("missing", object, null);
  const isAltered = ({ object, property }: Changes["altered"][number]): boolean =>
    says("different", object, property);
  return {
    changes: {
      ...changes,
      created: changes.created.filter((one) => !isCreated(one)),
      removed: changes.removed.filter((one) => !isRemoved(one)),
      altered: changes.altered.filter((one) => !isAltered(one)),
    },
    staying: [
      ...changes.created.filter(isCreated),
      ...changes.removed.filter(isRemoved),
      ...changes.altered.filter(isAltered).map(({ object }) => object),
    ],
  };
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
    objectKey(difference.object),
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
    new Set(
      targets.flatMap((target) =>
        (["table", "view", "domain", "publication"] as const).map((kind) => keyOfTarget(target, kind)),
      ),
    );
  const [droppedKeys, madeKeys] = [keysOf(dropped), keysOf(made)];
  const created = compareCatalogs(before, actual).flatMap((difference) => {
    const isOurs = intended.has(sayWhich(difference)) || madeKeys.has(objectKey(difference.object));
    return difference.kind === "extra" && isOurs ? difference.object : [];
  });
  // An index that an interrupted rollback left unfinished is not back yet.
  const others = compareCatalogs(before, withoutInvalidIndexes(actual)).filter((one) =>
    intended.has(sayWhich(one)),
  );
  const alterations = others.filter((one): one is Alteration => one.kind === "different");
  const isRecast = recasting(alterations);
  return {
    created,
    removed: others.flatMap(({ kind, object }) =>
      kind === "missing" && (object.kind === "grant" || droppedKeys.has(objectKey(object))) ? object : [],
    ),
    altered: alterations
      .filter((one) => !isRecast(one))
      .map(({ object, property }) => ({ object, property })),
    recast: alterations.filter(isRecast).map(({ object }) => object),
  };
}
