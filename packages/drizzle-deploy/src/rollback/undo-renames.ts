import type { Catalog, View } from "../catalog/index.ts";
import { functionLabel, functionSignature } from "../kinds/function.ts";
import { viewName, viewWords } from "../kinds/view.ts";
import type { Target } from "../model/step.ts";
import type { Dependent } from "../plan/dependents.ts";
import { momentary } from "../plan/statements/draft.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteName } from "../sql/quote.ts";
import { dependentLabel, find, inOrder, type RollbackContext } from "./context.ts";
import { type Locked, stepId } from "./draft.ts";
import { isThere, type Rename } from "./renames.ts";

/** What of the renames of a deployment still stands, and what is in the way of taking it back. */
export interface StandingRenames {
  /** Those that can be taken back. */
  readonly renames: readonly Rename[];
  /** Those whose former name something else has now. */
  readonly clashes: readonly Rename[];
  /** Views that came with the deployment under a former name, and those that read them: they go first. */
  readonly inTheWay: readonly View[];
  /** As it is, with the names that things have now. */
  readonly raw: Catalog;
  readonly dependents: readonly Dependent[];
}

const isSame = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/** What something is called now that was called so before. */
export const nameNow = (renames: readonly Rename[], was: QualifiedName, kinds: readonly Rename["kind"][]) =>
  renames.find((one) => kinds.includes(one.kind) && isSame(one.was, was))?.now ?? was;

const relations = ["table", "view", "sequence"] as const;
const types = ["type", "domain"] as const;

const spaceOf = (kind: Rename["kind"]): readonly Rename["kind"][] =>
  [relations, types].find((space) => space.some((one) => one === kind)) ?? [kind];

/** Holds the renames of a deployment against the database as it is. Pure. */
export function standingRenames(
  all: readonly Rename[],
  {
    raw,
    before,
    head,
    dependents,
    takenBack,
  }: Record<"raw" | "before" | "head", Catalog> & {
    readonly dependents: readonly Dependent[];
    /** Ids of the steps that rollbacks did already. */
    readonly takenBack: readonly string[];
  },
): StandingRenames {
  const owner = ({ of, kind }: Rename): QualifiedName | null => {
    if (of === null) return null;
    const now = nameNow(all, of, kind === "label" ? types : relations);
    const isIt = (one: QualifiedName): boolean => isSame(one, now);
    return [...raw.tables, ...raw.views, ...raw.enums].some(isIt) ? now : of;
  };
  const found = all.filter((one) => isThere(raw, one.kind, one.now, owner(one)));
  // Where names went round, the catalog does not tell whether they are back.
  const present = inGroups(found)
    .filter((group) => group.length === 1 || !takenBack.includes(stepId(titleOfAll(group))))
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
  const clashes = present.filter((one) => {
    if (isFree(one)) return false;
    const view = spaceOf(one.kind).includes("view") ? find(raw.views, one.was) : undefined;
    if (!view || !created(view)) return true;
    collect(view);
    return false;
  });
  return {
    renames: present.filter((one) => !clashes.includes(one)),
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

const titleOf = ({ kind, of, now, was }: Rename): string => {
  const label = (name: QualifiedName): string =>
    of ? `${qualifiedLabel(of)}.${name.name}` : qualifiedLabel(name);
  return `rename ${kind === "label" ? "value" : kind} ${label(now)} back to ${label(was)}`;
};

const titleOfAll = (group: readonly Rename[]): string => group.map(titleOf).join(", ");

/** Renames that have to go in one step, since each waits for the name of another; else one by one, in order. */
function inGroups(renames: readonly Rename[]): Rename[][] {
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

/** The statements that give something another name or schema. */
function statements(raw: Catalog, { kind, of }: Rename, from: QualifiedName, to: QualifiedName): string[] {
  if (of && kind === "column")
    return [
      `ALTER TABLE ${quoteName(of)} RENAME COLUMN ${quoteIdentifier(from.name)} TO ${quoteIdentifier(to.name)};`,
    ];
  if (of)
    return [
      `ALTER TYPE ${quoteName(of)} RENAME VALUE ${quoteLiteral(from.name)} TO ${quoteLiteral(to.name)};`,
    ];
  const view = find(raw.views, from);
  const routine = raw.functions.find((one) => one.schema === from.schema && functionLabel(one) === from.name);
  const words =
    kind === "view" && view
      ? viewWords(view)
      : kind === "function"
        ? routine?.kind === "procedure"
          ? "PROCEDURE"
          : "FUNCTION"
        : kind.toUpperCase();
  const bare = ({ name }: QualifiedName): string => (kind === "function" ? name.replace(/\(.*$/s, "") : name);
  const signature = routine ? functionSignature(routine) : "";
  const argumentsOf = signature.slice(
    signature.indexOf("(", quoteName({ schema: from.schema, name: bare(from) }).length),
  );
  const called = (schema: string, name: string): string =>
    `${quoteName({ schema, name })}${kind === "function" ? argumentsOf : ""}`;
  return [
    ...(bare(from) === bare(to)
      ? []
      : [`ALTER ${words} ${called(from.schema, bare(from))} RENAME TO ${quoteIdentifier(bare(to))};`]),
    ...(from.schema === to.schema
      ? []
      : [`ALTER ${words} ${called(from.schema, bare(to))} SET SCHEMA ${quoteIdentifier(to.schema)};`]),
  ];
}

/** Clients do not name a view or function that is dropped and made anew either without a word. */
const isHazard = ({ kind }: Rename): boolean => kind !== "view" && kind !== "function";

const targetNow = ({ kind, now, of }: Rename): Target =>
  of
    ? kind === "column"
      ? { kind, schema: of.schema, name: now.name, table: of.name }
      : { kind: "type", schema: of.schema, name: of.name, table: null }
    : { kind: kind === "column" || kind === "label" ? "type" : kind, ...now, table: null };

/**
 * Gives back the names that the deployment changed, before anything else: all that follows is planned with those.
 */
export function undoRenames(context: RollbackContext, standing: StandingRenames): void {
  const { renames, clashes, inTheWay, raw, dependents } = standing;
  for (const view of inTheWay) {
    const others = dependents.filter(
      ({ on, kind, schema, name }) =>
        on.kind === "view" &&
        isSame(on, view) &&
        !(kind === "view" && inTheWay.some((one) => isSame(one, { schema, name }))),
    );
    context.add({
      kind: "drop view",
      title: `drop view ${qualifiedLabel(view)}`,
      sql: `DROP ${viewWords(view)} IF EXISTS ${viewName(view)};`,
      target: { kind: "view", schema: view.schema, name: view.name, table: null },
      locks: [[view, "ACCESS EXCLUSIVE"]],
      safety: "Only the catalog is changed; a view holds no rows.",
      blocked:
        others.length > 0
          ? `${[...new Set(others.map(dependentLabel))].join(", ")} depends on it: drop that first, or change it so that it can do without`
          : null,
    });
  }
  for (const one of clashes) {
    const name = one.of ? `${qualifiedLabel(one.of)}.${one.was.name}` : qualifiedLabel(one.was);
    context.add({
      kind: "rename",
      title: titleOf(one),
      sql: "SELECT;",
      target: targetNow(one),
      safety: "It is not run.",
      blocked: `something else is called ${name} by now: give that another name by hand, then roll back`,
    });
  }
  // What a column or label belongs to has its name back by then.
  const outer = renames.filter(({ of }) => of === null);
  const inner = renames.filter(({ of }) => of !== null);
  for (const group of [...inGroups(outer), ...inGroups(inner)]) {
    const [first, ...rest] = group;
    if (!first) continue;
    const aside = { ...first.now, name: `${context.names.recordSchema}_${first.now.name}`.slice(0, 60) };
    const sql =
      rest.length === 0
        ? statements(raw, first, first.now, first.was)
        : [
            ...statements(raw, first, first.now, aside),
            ...rest.toReversed().flatMap((one) => statements(raw, one, one.now, one.was)),
            ...statements(raw, first, aside, first.was),
          ];
    const locks = group.flatMap(({ kind, now, of }): Locked[] =>
      kind === "column" && of
        ? [[of, "ACCESS EXCLUSIVE"]]
        : kind === "table" || kind === "view" || kind === "sequence"
          ? [[now, "ACCESS EXCLUSIVE"]]
          : [],
    );
    const called = group.map(({ kind, of, now }) =>
      kind === "label" && of
        ? `'${now.name}' of ${qualifiedLabel(of)}`
        : `${kind} ${of ? `${qualifiedLabel(of)}.${now.name}` : qualifiedLabel(now)}`,
    );
    context.add({
      kind: "rename",
      title: titleOfAll(group),
      sql: sql.join("\n"),
      target: targetNow(first),
      locks,
      safety: momentary,
      hazard: group.some(isHazard)
        ? {
            name: "breaks-clients",
            message: `Clients that use ${called.join(", ")} fail from the moment the former name is back.`,
            safeForm: "Bring back the clients that use the former name, and stop the others, first.",
          }
        : undefined,
    });
  }
}
