import { type Catalog, printedTypes, type View } from "../catalog/index.ts";
import { type Names, nameAside } from "../model/names.ts";
import type { Dependent } from "../plan/dependents.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { stepId } from "./draft.ts";
import { find, inOrder } from "./find.ts";
import { isThere, type Rename } from "./renames.ts";

/** What of the renames of a deployment still stands, and what is in the way of taking it back. */
export interface StandingRenames {
  /** Those that can be taken back, with those that make room for them. */
  readonly renames: readonly Rename[];
  /** Those that make room, will, or did. */
  readonly asides: readonly Rename[];
  /** Those whose former name something else has now. */
  readonly clashes: readonly Rename[];
  /** Views that came with the deployment under a former name, and those that read them: they go first. */
  readonly inTheWay: readonly View[];
  /** As it is, with the names that things have now. */
  readonly raw: Catalog;
  readonly dependents: readonly Dependent[];
}

/** Whether two names are one. */
export const isSame = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/** What something is called now that was called so before. */
export const nameNow = (renames: readonly Rename[], was: QualifiedName, kinds: readonly Rename["kind"][]) =>
  renames.find((one) => kinds.includes(one.kind) && isSame(one.was, was))?.now ?? was;

const relations = ["table", "view", "sequence"] as const;
const types = ["type", "domain"] as const;

const spaceOf = (kind: Rename["kind"]): readonly Rename["kind"][] =>
  [relations, types].find((space) => space.some((one) => one === kind)) ?? [kind];

/** Whether something makes room for what has its name back by then. */
const isFor = (aside: Rename, one: Rename): boolean =>
  one.of === null && spaceOf(one.kind).includes(aside.kind) && isSame(aside.now, one.was);

/**
 * How what a deployment made under a former name makes room for what had it before: it goes anyway, and gets a name of
 * its own until then. Not a type that columns of before are of by now, since those stay of it.
 */
function asideOf(
  { kind, was, of }: Rename,
  {
    raw,
    before,
    head,
    names,
    all,
  }: Record<"raw" | "before" | "head", Catalog> & { readonly names: Names; readonly all: readonly Rename[] },
): Rename[] {
  if (of !== null || kind === "sequence") return [];
  const found = spaceOf(kind).find((one) => one !== "sequence" && isThere(head, one, was, null));
  // Names that go round make room for each other.
  if (found === undefined || all.some((one) => one.of === null && isFor(one, { kind, was, now: was, of })))
    return [];
  const aside = { schema: was.schema, name: nameAside(was.name, names) };
  const printed = printedTypes(raw, was);
  const isOfBefore = (table: QualifiedName): boolean =>
    [...before.tables, ...before.views].some((one) => isSame(nameNow(all, one, relations), table));
  // Once it is aside, what has the name is what had it before.
  const isUsed =
    !isThere(raw, found, aside, null) &&
    types.some((type) => type === found) &&
    raw.tables.some(
      (table) =>
        isOfBefore(table) && table.columns.some(({ type }) => printed.includes(type.replace(/(\[\])+$/, ""))),
    );
  return isUsed ? [] : [{ kind: found, was: aside, now: was, of: null, isAside: true }];
}

/** Holds the renames of a deployment against the database as it is. Pure. */
export function standingRenames(
  all: readonly Rename[],
  {
    raw,
    before,
    head,
    dependents,
    takenBack,
    names,
  }: Record<"raw" | "before" | "head", Catalog> & {
    readonly dependents: readonly Dependent[];
    /** Ids of the steps that rollbacks did already. */
    readonly takenBack: readonly string[];
    readonly names: Names;
  },
): StandingRenames {
  const owner = ({ of, kind }: Rename): QualifiedName | null => {
    if (of === null) return null;
    const now = nameNow(all, of, kind === "column" ? relations : types);
    const isIt = (one: QualifiedName): boolean => isSame(one, now);
    return [...raw.tables, ...raw.views, ...raw.enums, ...(raw.structures ?? [])].some(isIt) ? now : of;
  };
  const found = all.filter((one) => isThere(raw, one.kind, one.now, owner(one)));
  const isBack = (one: Rename): boolean => isThere(raw, one.kind, one.was, owner(one));
  // Where names went round, or on from one to the next, the catalog does not tell whether they are back.
  const present = inGroups(found)
    .filter((group) => !takenBack.includes(stepId(titleOfAll(group))) || !group.every(isBack))
    .flat();
  const isFree = (one: Rename): boolean =>
    !spaceOf(one.kind).some((kind) => isThere(raw, kind, one.was, owner(one))) ||
    present.some(
      (other) =>
        spaceOf(one.kind).includes(other.kind) &&
        isSame(other.now, one.was) &&
        JSON.stringify(other.of) === JSON.stringify(one.of),
    );
  const created = (view: View): boolean =>
    find(before.views, view) === undefined && find(head.views, view) !== undefined;
  const inTheWay = new Set<View>();
  const collect = (view: View): void => {
    if (inTheWay.has(view)) return;
    inTheWay.add(view);
    for (const { on, kind, schema, name } of dependents) {
      const reader =
        on.kind === "view" && isSame(on, view) && kind === "view" && find(raw.views, { schema, name });
      if (reader && created(reader)) collect(reader);
    }
  };
  const asides = all.flatMap((one) => asideOf(one, { raw, before, head, names, all }));
  const standing = asides.filter(
    (one) =>
      present.some((other) => isFor(one, other)) &&
      isThere(raw, one.kind, one.now, null) &&
      !isThere(raw, one.kind, one.was, null),
  );
  const clashes = present.filter((one) => {
    if (isFree(one) || standing.some((other) => isFor(other, one))) return false;
    const view = spaceOf(one.kind).includes("view") ? find(raw.views, one.was) : undefined;
    if (!view || !created(view)) return true;
    collect(view);
    return false;
  });
  return {
    renames: [...standing, ...present.filter((one) => !clashes.includes(one))],
    asides,
    clashes,
    inTheWay: inOrder([...inTheWay], (view) =>
      [...inTheWay].filter((other) =>
        dependents.some(
          ({ on, kind, schema, name }) =>
            on.kind === "view" && isSame(on, view) && kind === "view" && isSame({ schema, name }, other),
        ),
      ),
    ),
    raw,
    dependents,
  };
}

/** What something is called; a publication is in no schema. */
export const placeLabel = (place: QualifiedName): string =>
  place.schema === "" ? place.name : qualifiedLabel(place);

/** What the step is called that takes a rename back. */
export const titleOf = ({ kind, of, now, was, isAside }: Rename): string => {
  const label = (name: QualifiedName): string =>
    of ? `${qualifiedLabel(of)}.${name.name}` : placeLabel(name);
  if (isAside) return `put ${kind} ${label(now)} aside as ${was.name}`;
  return `rename ${kind === "label" ? "value" : kind} ${label(now)} back to ${label(was)}`;
};

/** The same of several that go in one step. */
export const titleOfAll = (group: readonly Rename[]): string => group.map(titleOf).join(", ");

/** Renames that have to go in one step, since each waits for the name of another; else one by one, in order. */
export function inGroups(renames: readonly Rename[]): Rename[][] {
  const left = [...renames];
  const groups: Rename[][] = [];
  const waitsFor = (one: Rename): Rename | undefined =>
    left.find(
      (other) =>
        other !== one &&
        spaceOf(one.kind).includes(other.kind) &&
        JSON.stringify(other.of) === JSON.stringify(one.of) &&
        isSame(other.now, one.was),
    );
  while (left.length > 0) {
    const free = left.findIndex((one) => waitsFor(one) === undefined);
    if (free >= 0) {
      groups.push(left.splice(free, 1));
      continue;
    }
    const circle: Rename[] = [];
    for (let one = left[0]; one && !circle.includes(one); one = waitsFor(one)) circle.push(one);
    groups.push(circle);
    for (const one of circle) left.splice(left.indexOf(one), 1);
  }
  return groups;
}
