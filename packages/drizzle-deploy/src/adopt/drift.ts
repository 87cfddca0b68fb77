import { columnsRead } from "../catalog/columns-read.ts";
import {
  aboutKey,
  type Catalog,
  catalogObjects,
  compareCatalogs,
  type Difference,
  isDescribed,
  isIncidental,
  kindFiles,
  lineageKeys,
  type ObjectIdentity,
  objectKey,
  rootOf,
} from "../catalog/index.ts";
import { isLeftOutOf, type Project } from "../model/project.ts";

/** A point of a migration history: a migration, and what a database looks like after it. */
export interface Point {
  readonly tag: string;
  readonly expected: Catalog;
}

/** How a database differs from a point of the history, by what the migrations after that point make of it. */
export interface Drift {
  /** A pending migration reads it, or changes it, and could not. */
  readonly inTheWay: readonly Difference[];
  /** In another form, which a pending migration writes again or sets. */
  readonly replaced: readonly Difference[];
  /** Already as a later migration makes it, or as a pending one can take it. */
  readonly settled: readonly Difference[];
  /** No pending migration touches it. */
  readonly untouched: readonly Difference[];
}

/** What the migrations after a point do, as far as two catalogs can tell. */
interface Pending {
  /** Keys of what they add, change or remove. */
  readonly changed: Set<string>;
  readonly added: Set<string>;
  readonly removed: Set<string>;
  /** Keys of views and functions that are written again as a whole. */
  readonly rewritten: Set<string>;
  /** What is changed of an object, as its key and a property. */
  readonly properties: Set<string>;
  /** Keys of the tables whose policies change. */
  readonly guarded: Set<string>;
  /** Columns that something new or changed reads, as `schema.table.column`. */
  readonly read: Set<string>;
  /** Those of them that have to be of a type that it can work with. */
  readonly typed: Set<string>;
  /** Those of them out of which an index or a generated column computes something. */
  readonly computed: Set<string>;
}

const keysOf = (differences: readonly Difference[], isWanted: (one: Difference) => boolean): string[] =>
  differences.filter(isWanted).map(({ object }) => objectKey(object));

/** For each point, what comes after it; what is left out reads nothing. */
function pendingAfter(points: readonly Point[], isLeftOut: (object: ObjectIdentity) => boolean): Pending[] {
  const pending: Pending[] = [];
  let after: Pending = {
    changed: new Set(),
    added: new Set(),
    removed: new Set(),
    rewritten: new Set(),
    properties: new Set(),
    guarded: new Set(),
    read: new Set(),
    typed: new Set(),
    computed: new Set(),
  };
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const [here, next] = [points[at]?.expected, points[at + 1]?.expected];
    if (here && next) {
      const differences = compareCatalogs(here, next);
      const changed = new Set(differences.map(({ object }) => objectKey(object)));
      const isChanged = (object: ObjectIdentity): boolean =>
        lineageKeys(object).some((key) => changed.has(key)) && !isLeftOut(object);
      after = {
        changed: new Set([...after.changed, ...changed]),
        added: new Set([...after.added, ...keysOf(differences, ({ kind }) => kind === "extra")]),
        removed: new Set([...after.removed, ...keysOf(differences, ({ kind }) => kind === "missing")]),
        rewritten: new Set([
          ...after.rewritten,
          ...keysOf(
            differences,
            (one) => one.kind === "different" && ["definition", "body"].includes(one.property),
          ),
        ]),
        properties: new Set([
          ...after.properties,
          ...differences.flatMap((one) => (one.kind === "different" ? aboutKey(one) : [])),
        ]),
        guarded: new Set([
          ...after.guarded,
          ...differences.flatMap(({ object }) =>
            object.kind === "policy" && object.parent ? objectKey(object.parent) : [],
          ),
        ]),
        read: new Set([...after.read, ...columnsRead(here, next, { reading: "presence", isChanged })]),
        typed: new Set([...after.typed, ...columnsRead(here, next, { reading: "type", isChanged })]),
        computed: new Set([
          ...after.computed,
          ...columnsRead(here, next, { reading: "immutable type", isChanged }),
        ]),
      };
    }
    pending[at] = after;
  }
  return pending;
}

/**
 * For each point, what is still there of what the migrations up to it took away: that those were applied is then not
 * so. Pure.
 */
export function findLeftovers(points: readonly Point[], actual: Catalog): Difference[][] {
  const known = new Set<string>();
  return points.map(({ expected }) => {
    const extra = compareCatalogs(expected, actual).filter(({ kind }) => kind === "extra");
    const remains = extra.filter(({ object }) => object.kind !== "grant" && known.has(objectKey(object)));
    for (const key of catalogKeys(expected)) known.add(key);
    return remains;
  });
}

/** The keys of all that a catalog holds. */
function catalogKeys(catalog: Catalog): string[] {
  return catalogObjects(catalog).map(({ identity }) => objectKey(identity));
}

/** Kinds that hold no data: another form is replaced without losing anything. */
const replaceable: readonly ObjectIdentity["kind"][] = ["view", "policy", "trigger", "function"];

const isReplaceable = (object: ObjectIdentity): boolean =>
  (isDescribed(object.kind) && kindFiles[object.kind].isReplaceable) ||
  (object.kind !== "grant" &&
    (replaceable.includes(object.kind) || replaceable.includes(rootOf(object).kind)));

/** Types that operators, functions and indexes take for each other, whatever their length or precision. */
const families: readonly RegExp[] = [
  /^(text|character varying|varchar)\b[^[]*$/,
  /^(numeric|smallint|integer|bigint)\b[^[]*$/,
];

/** Points in time: what is computed of one depends on the time zone, or not. */
const times = /^(date|timestamp)\b[^[]*$/;

const isOf = (family: RegExp, one: string | null, other: string | null): boolean =>
  family.test(one ?? "") && family.test(other ?? "");

/** What of a column cannot be changed without looking at every row. */
const ofRows: readonly string[] = ["type", "generated", "identity", "collation"];

/** Whether a difference of a column matters to something else that reads it. */
function mattersToReaders(difference: Difference, isComputed: boolean): boolean {
  if (difference.kind === "missing") return true;
  if (difference.kind !== "different" || difference.property === "identity") return false;
  const { property, expected, actual } = difference;
  if (property !== "type") return ofRows.includes(property);
  const alike = isComputed ? families : [...families, times];
  return !alike.some((family) => isOf(family, expected, actual));
}

function groupOf(difference: Difference, pending: Pending): keyof Drift {
  const { kind, object } = difference;
  const key = objectKey(object);
  const readers = kind === "missing" ? pending.read : pending.typed;
  const isComputed = pending.computed.has(object.label);
  if (object.kind === "column" && readers.has(object.label) && mattersToReaders(difference, isComputed)) {
    return "inTheWay";
  }
  const isTouched = lineageKeys(object).some((one) => pending.changed.has(one));
  if (isIncidental(difference)) return isTouched ? "settled" : "untouched";
  if (kind === "different") {
    // A policy is worth nothing where the table does not ask for policies.
    if (difference.property === "rowSecurity" && pending.guarded.has(key)) return "inTheWay";
    // Neither as it was nor as it is to be: what becomes of the rows is nobody's to guess.
    const isSet = pending.properties.has(aboutKey(difference));
    if (object.kind === "column" && isSet && ofRows.includes(difference.property)) return "inTheWay";
  }
  if (!isTouched) return "untouched";
  // What changes one property of a function leaves another as it is.
  if (!isReplaced(difference, pending)) return kind === "missing" ? "settled" : "untouched";
  return kind === "different" && isReplaceable(object) ? "replaced" : "settled";
}

/** Whether what differs is gone, written again, or set, by the end of the pending migrations. */
function isReplaced(difference: Difference, { removed, rewritten, properties }: Pending): boolean {
  return (
    lineageKeys(difference.object).some((key) => removed.has(key) || rewritten.has(key)) ||
    (difference.kind === "different" && properties.has(aboutKey(difference)))
  );
}

/** The group of what is there before its migration, in a form that no migration gives it. */
function groupOfEarly(difference: Difference): keyof Drift {
  return difference.kind === "different" && isReplaceable(difference.object) && !isIncidental(difference)
    ? "replaced"
    : "settled";
}

/**
 * How a database differs from each point of a history. Pure: what the points and the database look like is given.
 * What the database has beyond the history is not ours and never a difference. Catalogs cannot tell how a statement is
 * written; where the forms of a table's constraint can be reconciled is for the planner to say.
 *
 * @param leaveOut why an object is to be left out of this database, or null: then it is no difference either
 */
export function measureDrift(
  points: readonly Point[],
  actual: Catalog,
  leaveOut: Project["leaveOut"],
): Drift[] {
  const isLeftOut = isLeftOutOf({ leaveOut }, actual);
  const compared = points.map(({ expected }) => {
    const all = compareCatalogs(expected, actual);
    const differences = all.filter(({ kind, object }) => kind !== "extra" && !isLeftOut(object));
    const extra = all.filter(({ kind }) => kind === "extra");
    return { differences, keys: new Set([...differences, ...extra].map(({ object }) => objectKey(object))) };
  });
  const pending = pendingAfter(points, isLeftOut);

  return points.map((_point, at) => {
    const after = pending[at];
    const drift: { [Group in keyof Drift]: Difference[] } = {
      inTheWay: [],
      replaced: [],
      settled: [],
      untouched: [],
    };
    if (!after) return drift;
    const later = compared.slice(at + 1);
    // Neither it nor what it is part of differs from some later point.
    const isAhead = (object: ObjectIdentity): boolean =>
      later.some(({ keys }) => !lineageKeys(object).some((key) => keys.has(key)));
    for (const difference of compared[at]?.differences ?? []) {
      const group = isAhead(difference.object) ? "settled" : groupOf(difference, after);
      drift[group].push(difference);
    }
    const seen = new Set<string>();
    for (const { differences } of later.toReversed()) {
      const early = differences.filter(
        ({ kind, object }) =>
          kind === "different" &&
          lineageKeys(object).some((key) => after.added.has(key)) &&
          !seen.has(objectKey(object)) &&
          !isAhead(object),
      );
      for (const difference of early) {
        drift[groupOfEarly(difference)].push(difference);
        seen.add(objectKey(difference.object));
      }
    }
    return drift;
  });
}
