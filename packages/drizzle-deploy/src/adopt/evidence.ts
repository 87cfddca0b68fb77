import {
  aboutKey,
  type Catalog,
  catalogObjects,
  compareCatalogs,
  type Difference,
  isIncidental,
  lineageKeys,
  type ObjectIdentity,
  type ObjectKind,
  objectKey,
  propertyKey,
  withoutObjects,
} from "../catalog/index.ts";
import { findTwin } from "../kinds/twin.ts";
import type { Point } from "./drift.ts";

/** What a database shows of one migration. */
export const traces = [
  /** All that it made is there, and what it took away is gone. */
  "seen",
  /** Some of it is. */
  "partly",
  /** None of it is. */
  "unseen",
  /** Nothing tells: another migration took it back, or a hand gave it another form. */
  "unclear",
  /** Nothing could tell: it changes rows alone, or nothing that stays. */
  "traceless",
] as const;

/** A migration, and what of its work a database shows. */
export interface Evidence {
  readonly tag: string;
  readonly trace: (typeof traces)[number];
  /** Objects and properties that are as it leaves them. */
  readonly seen: readonly string[];
  /** Those that are as they were before it. */
  readonly unseen: readonly string[];
}

/** One thing that a migration does, as far as catalogs tell. */
interface Effect {
  readonly object: ObjectIdentity;
  /** Null where the object is made or taken away. */
  readonly property: string | null;
  readonly says: string;
}

/** What is not a migration's work: it follows from it, or differs between hosts. */
const isNoEffect = (difference: Difference): boolean =>
  difference.kind === "different" && ["columnOrder", "owner"].includes(difference.property);

/** A change in a few words. */
function say(difference: Difference): string {
  const what = `${difference.object.kind} ${difference.object.label}`;
  switch (difference.kind) {
    case "extra":
      return what;
    case "missing":
      return `${what} taken away`;
    case "different":
      return `${difference.property} of ${what}`;
  }
}

/** What a first migration makes and every database has not got: schemas, privileges and extensions come from the host. */
const ofTheFirst: readonly ObjectKind[] = ["table", "view", "function", "type", "domain", "sequence"];

const effectsOf = (before: Catalog | null, after: Catalog): Effect[] =>
  compareCatalogs(before ?? withoutObjects(after), after)
    .filter(
      (difference) =>
        !isNoEffect(difference) && (before !== null || ofTheFirst.includes(difference.object.kind)),
    )
    .map((difference) => ({
      object: difference.object,
      property: difference.kind === "different" ? difference.property : null,
      says: say(difference),
    }));

/** A point of a history held against a database. */
interface Held {
  readonly objects: ReadonlySet<string>;
  /** What differs, by `aboutKey`. */
  readonly different: ReadonlySet<string>;
  /** What differs itself or in a part, but for comments and grants. */
  readonly otherwise: ReadonlySet<string>;
}

const objectsOf = (catalog: Catalog): Set<string> =>
  new Set(catalogObjects(catalog).map(({ identity }) => objectKey(identity)));

function hold(expected: Catalog, actual: Catalog): Held {
  const differences = compareCatalogs(expected, actual);
  const telling = differences.filter((one) => one.object.kind !== "grant" && !isIncidental(one));
  return {
    objects: objectsOf(expected),
    different: new Set(differences.map(aboutKey)),
    otherwise: new Set(telling.flatMap(({ object }) => lineageKeys(object))),
  };
}

/** Kinds that hold no rows: one in another form may be whoever's, made before or since. */
const isOnlyText = ({ kind, parent }: ObjectIdentity): boolean =>
  ["view", "function", "policy", "trigger"].includes(kind) || parent?.kind === "view";

/**
 * What a database shows of each migration of a history, after a first one that is taken as given; of every one where
 * that is none (-1). An effect tells for its migration where the database is as some point from it on has it and as none
 * before it does, and against it where it is the other way round. A part of a table under another name counts as there.
 * Pure.
 */
export function gatherTraces(points: readonly Point[], actual: Catalog, first: number): Evidence[] {
  const present = objectsOf(actual);
  // Before the first migration there is nothing.
  const held = [withoutObjects(actual), ...points.map(({ expected }) => expected)].map((expected) =>
    hold(expected, actual),
  );

  /** Whether the database is as a point has it; null where a hand gave the object another form. */
  const isAs = ({ object, property }: Effect, point: Held, isThere: boolean): boolean | null => {
    const isWanted = point.objects.has(objectKey(object));
    if (property !== null) {
      if (!isWanted || !present.has(objectKey(object))) return null;
      return !point.different.has(propertyKey(object, property));
    }
    if (isWanted !== isThere) return false;
    const isByName = isWanted && present.has(objectKey(object));
    return isByName && isOnlyText(object) && point.otherwise.has(objectKey(object)) ? null : true;
  };

  // What the database is proven to be past it is not as it was before.
  let reached = first;
  let isProven = true;
  return points.slice(first + 1).map(({ tag, expected }, from): Evidence => {
    const at = first + 1 + from;
    const previous = points[at - 1]?.expected ?? null;
    const effects = effectsOf(previous, expected);
    const [seen, unseen]: [string[], string[]] = [[], []];
    for (const effect of effects) {
      const { object } = effect;
      const isThere =
        present.has(objectKey(object)) ||
        [previous, expected].some(
          (catalog) => catalog !== null && findTwin(object, catalog, actual) !== undefined,
        );
      const isBefore = held.slice(reached + 1, at + 1).some((point) => isAs(effect, point, isThere) === true);
      const isAfter = held.slice(at + 1).some((point) => isAs(effect, point, isThere) === true);
      if (isAfter && !isBefore) seen.push(effect.says);
      if (isBefore && !isAfter) unseen.push(effect.says);
    }
    const trace =
      effects.length === 0
        ? "traceless"
        : unseen.length === 0
          ? seen.length > 0
            ? "seen"
            : "unclear"
          : seen.length > 0
            ? "partly"
            : "unseen";
    isProven &&= trace !== "partly" && trace !== "unseen";
    if (isProven && trace === "seen") reached = at;
    return { tag, trace, seen, unseen };
  });
}
