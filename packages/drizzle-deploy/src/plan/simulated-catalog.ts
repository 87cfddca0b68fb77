import { type Catalog, isDescribed, kindFiles, printedTypes, restsOn, type Table } from "../catalog/index.ts";
import { nameOf, type Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { part } from "../statements/draft.ts";
import type { Draft, StatementContext } from "../statements/index.ts";
import { hasWord } from "./dropped-later.ts";
import {
  isPartOfObject,
  movedTable,
  renamed,
  targetOfObject,
  withDefinitionsOn,
  withDomainRule,
  withObject,
  withoutObject,
  withoutPart,
  withPartition,
  withType,
} from "./edited-catalog.ts";
import { sizeOf } from "./estimate.ts";
import { type Facts, smallTable } from "./facts.ts";
import { has, isObject } from "./in-catalog.ts";
import { namespaceOf } from "./step-relations.ts";

/** What the steps planned so far make of an object; `untouched` is as the catalog has it. */
export type ObjectState = "untouched" | "made" | "changed" | "gone";

/** The database as it will be when the steps planned so far have run. */
export interface SimulatedCatalog {
  /** The catalog as read, with what was renamed and moved since under its new name. */
  readonly catalog: () => Catalog;
  readonly stateOf: (target: Target) => ObjectState;
  /** Whether the catalog still tells these properties of an object: no step so far worked on them, or on the whole. */
  readonly isUntouched: (target: Target, properties: readonly string[]) => boolean;
  readonly exists: (target: Target) => boolean;
  readonly isNew: (relation: QualifiedName) => boolean;
  /** Whether a step makes it, and it was not there before, in another form either. */
  readonly isMadeHere: (target: Target) => boolean;
  /** What an object, or what it is a part of, was called before the first step. */
  readonly originOf: (target: Target) => Target;
  /** Whether a step writes rows of a table, or may. */
  readonly isWritten: (table: QualifiedName) => boolean;
  /** Whether only the server knows if a part is there: this plan makes its table or view of something else's columns. */
  readonly isUnknown: (target: Target) => boolean;
  /** What else has the name that a new index, table, view or sequence is to get, in words; null where it is free. */
  readonly holderOf: (target: Target) => string | null;
  readonly hasRole: (name: string) => boolean;
  /** Whether a step changes what a role may do with an object; see `grantKey`. */
  readonly isGrantChanged: (key: string) => boolean;
  /** The argument types of the functions of a name, those that a step makes included. */
  readonly overloads: (name: QualifiedName) => readonly string[];
  /** Whether a step runs code that no planner can see into, and may make anything. */
  readonly isOpaque: () => boolean;
  /** The table of an index, by its name; undefined where there is none, or it is not a managed table's. */
  readonly indexTable: (index: QualifiedName) => QualifiedName | undefined;
  /** Whether a relation or constraint of the schema has a name, those that a step makes included. */
  readonly isTaken: (name: QualifiedName) => boolean;
  /** Takes a step as run; what it makes is as the migration leaves it. */
  readonly apply: (draft: Draft, after: Catalog) => void;
  /** Takes what is there under another name for what it was made as. */
  readonly recall: (target: Target, to: string) => void;
  /** Brings a table back from the archive, where it has a name of its own; it and its parts get others after. */
  readonly restore: (
    archived: string,
    as: QualifiedName,
    parts: {
      readonly renames: readonly { readonly target: Target; readonly to: string }[];
      /** Indexes that do not come with it. */
      readonly dropped: readonly string[];
      /** Triggers and policies that do not. */
      readonly remade: readonly Target[];
    },
  ) => void;
  /** Whether a table is brought back from the archive, with what later statements made of it. */
  readonly isBroughtBack: (table: QualifiedName) => boolean;
  /** A table that an interrupted deployment made: it counts as new. */
  readonly adoptNew: (table: QualifiedName) => void;
}

const key = ({ kind, schema, name, table }: Target): string =>
  JSON.stringify([namespaceOf(kind), schema, table, name]);

const same = (schema: string, name: string) => (one: QualifiedName) =>
  one.schema === schema && one.name === name;

/** An object that a step worked on, and what that made of it. */
interface Known {
  readonly target: Target;
  readonly state: ObjectState;
}

/** What the steps so far made of objects. */
function createStates() {
  const known = new Map<string, Known>();
  /** The properties that steps altered of objects which nothing else was done to. */
  const altered = new Map<string, readonly string[]>();
  const set = (target: Target, state: ObjectState): void => {
    known.set(key(target), { target, state });
    altered.delete(key(target));
  };
  const get = (target: Target): ObjectState | undefined => known.get(key(target))?.state;
  return {
    get,
    set,
    all: (): readonly Known[] => [...known.values()],
    alter(target: Target, properties: readonly string[]): void {
      const so = altered.get(key(target));
      if (get(target) !== undefined && so === undefined) return;
      set(target, "changed");
      altered.set(key(target), [...(so ?? []), ...properties]);
    },
    alteredOf: (target: Target): readonly string[] | undefined => altered.get(key(target)),
    /** Takes a table and its parts for as they are in the catalog. */
    forget({ schema, name }: QualifiedName): void {
      for (const [id, { target }] of known) {
        const isIt = target.kind === "table" && target.table === null && target.name === name;
        if (target.schema === schema && (isIt || target.table === name)) known.delete(id);
      }
    },
    /** Gives an object another name; what belongs to a table goes with it. */
    move(from: Target, to: Target): void {
      const own = get(from);
      set(from, "gone");
      set(to, own === "made" ? "made" : "changed");
      if (from.kind !== "table") return;
      for (const { target, state } of [...known.values()]) {
        if (target.table !== from.name || target.schema !== from.schema) continue;
        known.delete(key(target));
        set({ ...target, schema: to.schema, table: to.name }, state);
      }
    },
  };
}

/** Starts from what was read. */
export function simulateCatalog(facts: Facts, managed: readonly string[]): SimulatedCatalog {
  let catalog = facts.catalog;
  const states = createStates();
  const changedGrants = new Set<string>();
  const fresh = new Set<string>();
  const derived = new Set<string>();
  const former = new Set<string>();
  const brought = new Set<string>();
  /** Types under other names than those that the tables of the archive were read with. */
  const renamedTypes: { readonly from: Target; readonly to: Target }[] = [];
  const rename = (from: Target, to: Target): void => {
    catalog = renamed(catalog, from, to);
    if (namespaceOf(from.kind) === "type") renamedTypes.push({ from, to });
  };
  const written = new Set<string>();
  const origins = new Map<string, Target>();
  const originOf = (target: Target): Target => {
    const own = origins.get(key(target));
    if (own) return own;
    if (target.table === null || target.schema === null) return target;
    const whole = origins.get(key({ kind: "table", schema: target.schema, name: target.table, table: null }));
    return whole ? { ...target, schema: whole.schema, table: whole.name } : target;
  };
  const roles = new Set(facts.roles);
  const named = new Set<string>();
  const wholes = new Map<string, { readonly target: Target; readonly of: Target }>();
  let isAnyGrantChanged = false;
  let isOpaque = false;

  const relation = (schema: string, name: string): "table" | "view" | "other" | undefined => {
    if (catalog.tables.some(same(schema, name))) return "table";
    if (catalog.views.some(same(schema, name))) return "view";
    if (managed.includes(schema)) return undefined;
    return facts.relations.some((one) => one.schema === schema && one.name === name && one.kind !== "index")
      ? "other"
      : undefined;
  };

  const stateOf = (target: Target): ObjectState => {
    const own = states.get(target);
    if (own !== undefined) return own;
    const whole = isDescribed(target.kind) ? kindFiles[target.kind].of : null;
    if (whole !== null && target.table !== null) {
      const state = states.get({ kind: whole, schema: null, name: target.table, table: null });
      return state === "gone" ? "gone" : "untouched";
    }
    if (target.table === null || target.schema === null) return "untouched";
    const parent = states.get({ kind: "table", schema: target.schema, name: target.table, table: null });
    return parent === "gone" ? "gone" : "untouched";
  };

  const isMade = (schema: string, name: string): boolean =>
    states.get({ kind: "table", schema, name, table: null }) === "made";

  const inCatalog = (target: Target): boolean => {
    const { kind, schema, name, table } = target;
    if (isDescribed(kind)) return has(catalog, target);
    if (kind === "schema") return facts.schemas.includes(name);
    if (kind === "extension") return catalog.extensions.some((one) => one.name === name);
    if (schema === null) return true;
    if (table !== null) return inTable(kind, relationOf(catalog, schema, table), schema, name);
    switch (kind) {
      case "table":
      case "view":
      case "data":
        return relation(schema, name) !== undefined;
      case "sequence":
        return managed.includes(schema)
          ? catalog.sequences.some(same(schema, name))
          : relation(schema, name) !== undefined;
      case "function":
        return hasFunction(facts, catalog, managed, schema, name);
      case "type":
      case "domain":
        return (
          schema.startsWith("pg_") ||
          catalog.enums.some(same(schema, name)) ||
          catalog.domains.some(same(schema, name)) ||
          catalog.structures?.some(same(schema, name)) ||
          facts.types.some(same(schema, name))
        );
      default:
        return true;
    }
  };

  const inTable = (
    kind: Target["kind"],
    found: ReturnType<typeof relationOf>,
    schema: string,
    name: string,
  ): boolean => {
    // What is inside a table that is not ours is not known, and the server will tell.
    if (!found) return !managed.includes(schema);
    const parts: Partial<Record<Target["kind"], readonly { name: string }[]>> = {
      column: found.columns,
      constraint: "constraints" in found ? found.constraints : [],
      index: found.indexes,
      policy: "policies" in found ? found.policies : [],
      trigger: found.triggers,
    };
    return parts[kind]?.some((one) => one.name === name) ?? true;
  };

  /** The indexes of partitions that go with one of a partitioned table, or with its key. */
  const partsOf = (whole: Target): Target[] => {
    if (whole.kind !== "index" && whole.kind !== "constraint") return [];
    const known = [...wholes.values()]
      .filter(({ of }) => of.schema === whole.schema && of.table === whole.table && of.name === whole.name)
      .map(({ target }) => target);
    const found = catalog.tables.flatMap(({ schema, name: table, indexes }) =>
      indexes
        .filter(({ attachedTo }) => attachedTo?.schema === whole.schema && attachedTo.name === whole.name)
        .map(({ name }): Target => ({ kind: "index", schema, table, name })),
    );
    const parts = [...new Map([...known, ...found].map((one) => [key(one), one])).values()];
    return parts.flatMap((one) => [...partsOf(one), one, { ...one, kind: "constraint" as const }]);
  };

  return {
    catalog: () => catalog,
    stateOf,
    isUntouched: (target, properties) => {
      const altered = states.alteredOf(target);
      return altered === undefined
        ? stateOf(target) === "untouched"
        : !altered.some((one) => properties.includes(one));
    },
    exists: (target) => {
      const known = stateOf(target);
      if (known === "gone") return false;
      if (known !== "untouched") return true;
      const { kind, schema, table, name } = target;
      if (kind === "function" && !name.includes("(") && schema !== null) {
        const isMadeHere = ({ target: one, state }: Known): boolean =>
          one.kind === "function" &&
          one.schema === schema &&
          one.name.startsWith(`${name}(`) &&
          state === "made";
        if (states.all().some(isMadeHere)) return true;
      }
      if (table !== null && schema !== null && isMade(schema, table)) return false;
      return inCatalog(target);
    },
    originOf,
    isMadeHere: (target) => stateOf(target) === "made" && !former.has(key(target)),
    isWritten: ({ schema, name }) => isOpaque || written.has(JSON.stringify([schema, name])),
    isNew: ({ schema, name }) => fresh.has(JSON.stringify([schema, name])),
    isUnknown: (target) =>
      target.table !== null &&
      derived.has(JSON.stringify([target.schema, target.table])) &&
      stateOf(target) === "untouched",
    holderOf: ({ kind, schema, name, table }) => {
      // Relations of all kinds share their names in a schema.
      if (kind !== "index" || schema === null) return null;
      const holder = facts.relations.find((one) => one.schema === schema && one.name === name);
      if (!holder || (holder.kind === "index" && holder.table === table)) return null;
      const own = { kind: holder.kind, schema, name, table: holder.kind === "index" ? holder.table : null };
      if (stateOf(own) === "gone") return null;
      const of = holder.kind === "index" ? ` of ${schema}.${holder.table}` : "";
      return `${schema}.${name} is the name of ${holder.kind === "index" ? "an" : "a"} ${holder.kind}${of} already. Rename that first.`;
    },
    hasRole: (name) => roles.has(name),
    isGrantChanged: (one) => isAnyGrantChanged || changedGrants.has(one),
    overloads: ({ schema, name }) => {
      const here = catalog.functions
        .filter(same(schema, name))
        .map((one) => one.argumentTypes)
        .filter((types) => stateOf(functionOf({ schema, name }, types)) !== "gone");
      const made = states.all().flatMap(({ target, state }) => {
        const isIt =
          target.kind === "function" && target.schema === schema && target.name.startsWith(`${name}(`);
        return isIt && state !== "gone" ? [target.name.slice(name.length + 1, -1)] : [];
      });
      return [...new Set([...here, ...made])];
    },
    isOpaque: () => isOpaque,
    indexTable: ({ schema, name }) => {
      const made = states.all().find(({ target, state }) => {
        const isIt = target.kind === "index" && target.schema === schema && target.name === name;
        const { table } = target;
        const isWhole =
          table !== null && stateOf({ kind: "table", schema, name: table, table: null }) !== "gone";
        return isIt && state !== "gone" && isWhole;
      });
      if (made?.target.table) return { schema, name: made.target.table };
      const table = catalog.tables.find(
        (one) => one.schema === schema && one.indexes.some((index) => index.name === name),
      );
      const isHere = table && stateOf(part("index", table, name)) !== "gone";
      return isHere ? { schema, name: table.name } : undefined;
    },
    isTaken: ({ schema, name }) =>
      named.has(JSON.stringify([schema, name])) ||
      facts.relations.some(
        ({ kind, table, ...one }) =>
          same(schema, name)(one) &&
          stateOf({ kind, schema, name, table: kind === "index" ? table : null }) !== "gone",
      ) ||
      catalog.tables.some(
        (table) => table.schema === schema && table.constraints.some((one) => one.name === name),
      ),
    apply: ({ goal, kind, sql, locks }, after) => {
      if ("target" in goal && goal.does !== "drop")
        named.add(JSON.stringify([goal.target.schema, goal.target.name]));
      if (goal.does === "drop" && stateOf(goal.target) === "untouched") former.add(key(goal.target));
      if (kind === "change data") {
        // Those that it only reads too: rather too many than too few.
        for (const { schema, name } of locks) written.add(JSON.stringify([schema, name]));
      }
      switch (goal.does) {
        case "create":
          for (const one of [goal.target, ...goal.parts]) {
            origins.delete(key(one));
            const was = stateOf(one);
            const isThere = was === "changed" || (was === "untouched" && inCatalog(one));
            states.set(one, isThere ? "changed" : "made");
            catalog = withObject(withoutObject(catalog, one), after, one);
          }
          if (goal.isDerived) derived.add(JSON.stringify([goal.target.schema, goal.target.name]));
          if (goal.target.kind === "table" && goal.target.schema !== null) {
            fresh.add(JSON.stringify([goal.target.schema, goal.target.name]));
          }
          return;
        case "alter":
          // What an expression is of another type is printed in another way.
          states.alter(
            goal.target,
            goal.type === undefined ? goal.properties : [...goal.properties, "default"],
          );
          if (goal.type !== undefined) catalog = withType(catalog, goal.target, goal.type, goal.collation);
          if (goal.properties.includes("partition")) catalog = withPartition(catalog, after, goal.target);
          return;
        case "drop":
          for (const one of [
            ...partsOf(goal.target),
            goal.target,
            ...takenAlong(goal.target, catalog, facts, /\bCASCADE\s*;?\s*$/i.test(sql)),
          ]) {
            states.set(one, "gone");
            catalog = withoutObject(catalog, one);
            named.delete(JSON.stringify([one.schema, one.name]));
          }
          if (goal.target.kind === "constraint" && goal.target.schema !== null) {
            // The index of a key goes with it.
            states.set({ ...goal.target, kind: "index" }, "gone");
          }
          return;
        case "rename": {
          origins.set(key(goal.to), originOf(goal.target));
          origins.delete(key(goal.target));
          // The index of a key goes by its name.
          const index: Target = { ...goal.target, kind: "index" };
          const isKey =
            goal.target.kind === "constraint" && (states.get(index) !== undefined || inCatalog(index));
          rename(goal.target, goal.to);
          states.move(goal.target, goal.to);
          if (isKey) states.move(index, { ...goal.to, kind: "index" });
          if (
            goal.target.kind === "table" &&
            fresh.has(JSON.stringify([goal.target.schema, goal.target.name]))
          ) {
            fresh.add(JSON.stringify([goal.to.schema, goal.to.name]));
          }
          return;
        }
        case "build":
          states.set(goal.target, "made");
          return;
        case "domain rule":
          catalog = withDomainRule(catalog, after, goal);
          return;
        case "in partition":
          if (goal.step !== "make" && goal.step !== "build") {
            if (stateOf(goal.target) === "untouched") states.set(goal.target, "changed");
          } else {
            states.set(goal.target, "made");
          }
          wholes.set(key(goal.target), { target: goal.target, of: goal.of });
          catalog = withObject(withoutPart(catalog, after, goal.target), after, goal.target);
          return;
        case "exchange":
          catalog = withObject(
            withoutObject(withoutObject(catalog, goal.by), goal.target),
            after,
            goal.target,
          );
          states.set(goal.by, "gone");
          states.set(goal.target, "changed");
          return;
        case "temporary":
          states.set(goal.target, goal.step === "remove" ? "gone" : "made");
          return;
        case "grant":
          for (const one of goal.targets) {
            for (const grantee of goal.grantees) changedGrants.add(grantKey(one, grantee));
          }
          return;
        case "role":
          if (goal.isWanted) roles.add(goal.role);
          else roles.delete(goal.role);
          return;
        case "journalled":
          // Grants on all that a schema holds, or on columns, and code that has the words: rather too many than too few.
          isAnyGrantChanged ||= kind === "grant" || (kind === "opaque" && /\b(grant|revoke)\b/i.test(sql));
          isOpaque ||= kind === "opaque";
          return;
        case "set members": {
          const former = (catalog.objects ?? []).flatMap((one) =>
            isPartOfObject(one, goal.target) ? [targetOfObject(one)] : [],
          );
          for (const one of [...former, ...goal.members]) {
            const isWanted = goal.members.some((member) => key(member) === key(one));
            states.set(one, !isWanted ? "gone" : has(catalog, one) ? "changed" : "made");
            catalog = withoutObject(catalog, one);
            if (isWanted) catalog = withObject(catalog, after, one);
          }
          if (stateOf(goal.target) === "untouched") states.set(goal.target, "changed");
          return;
        }
        case "bring back":
        case "session":
          return;
      }
    },
    recall: (target, to) => {
      rename(target, { ...target, name: to });
      states.set(target, "gone");
    },
    restore: (name, { schema, name: former }, { renames, dropped, remade }) => {
      const archived = facts.archive.tables.find((table) => table.name === name);
      if (!archived) return;
      states.forget({ schema, name });
      const isLeft =
        (kind: Target["kind"]) =>
        (one: { readonly name: string }): boolean =>
          !remade.some((other) => other.kind === kind && other.name === one.name);
      const asRead = withDefinitionsOn(movedTable(facts.names, archived, schema), { schema, name: former });
      const [moved = asRead] = renamedTypes.reduce((then, { from, to }) => renamed(then, from, to), {
        ...catalog,
        tables: [asRead],
      }).tables;
      catalog = {
        ...catalog,
        tables: [
          ...catalog.tables,
          {
            ...moved,
            indexes: moved.indexes.filter((one) => !dropped.includes(one.name)),
            triggers: moved.triggers.filter(isLeft("trigger")),
            policies: moved.policies.filter(isLeft("policy")),
          },
        ],
        sequences: [
          ...catalog.sequences,
          ...facts.archive.sequences
            .filter(({ ownedBy }) => ownedBy?.table === name)
            .map((sequence) => ({
              ...sequence,
              schema,
              ownedBy: sequence.ownedBy && { ...sequence.ownedBy, schema, table: former },
            })),
        ],
      };
      states.forget({ schema, name: former });
      brought.add(JSON.stringify([schema, former]));
      fresh.delete(JSON.stringify([schema, former]));
      for (const { target, to } of renames) catalog = renamed(catalog, target, { ...target, name: to });
    },
    isBroughtBack: ({ schema, name }) => brought.has(JSON.stringify([schema, name])),
    adoptNew: ({ schema, name }) => {
      fresh.add(JSON.stringify([schema, name]));
    },
  };
}

/**
 * What PostgreSQL drops together with an object that is dropped: what is made of a column, the sequences that belong to
 * it; with CASCADE also the views that read it and the foreign keys that point at it.
 */
function takenAlong(
  target: Target,
  { tables, sequences, objects = [] }: Catalog,
  { dependencies }: Facts,
  isCascading: boolean,
): Target[] {
  const { kind, schema, name, table } = target;
  if (isDescribed(kind)) return objects.filter((one) => isPartOfObject(one, target)).map(targetOfObject);
  if (schema === null || !["column", "table", "view", "constraint"].includes(kind)) return [];
  const relation = { schema, name: table ?? name };
  const column = kind === "column" ? name : null;
  const owned = sequences
    .filter(
      ({ ownedBy }) =>
        kind !== "constraint" &&
        ownedBy?.schema === schema &&
        ownedBy.table === relation.name &&
        (column === null || ownedBy.column === column),
    )
    .map((one): Target => ({ kind: "sequence", schema: one.schema, name: one.name, table: null }));
  const resting = objects
    .filter(
      (one) =>
        (kind === "table" || kind === "column") &&
        restsOn(one, { schema, table: relation.name }, column) &&
        // PostgreSQL lets no column go that a publication names, unless that is to go too.
        (column === null || one.of === null || isCascading),
    )
    .map(targetOfObject);
  const own = tables.find(same(schema, relation.name));
  const ofColumn = column === null || !own ? [] : madeOf(own, column);
  const views = new Map<string, QualifiedName>();
  const readers = (of: QualifiedName, by: string | null): void => {
    for (const { view, on } of dependencies) {
      const isOn = on.schema === of.schema && on.name === of.name && (by === null || on.column === by);
      const id = JSON.stringify([view.schema, view.name]);
      if (!isOn || views.has(id)) continue;
      views.set(id, view);
      readers(view, null);
    }
  };
  if (isCascading && kind !== "constraint") readers(relation, column);
  const pointing = !isCascading
    ? []
    : tables.flatMap((one) =>
        one.constraints
          .filter(({ references }) => references?.schema === schema && references.table === relation.name)
          .filter(() => kind === "table")
          .map((constraint): Target => part("constraint", one, constraint.name)),
      );
  return [
    ...owned,
    ...ofColumn,
    ...resting,
    ...pointing,
    ...[...views.values()].map((view): Target => ({ kind: "view", ...view, table: null })),
  ];
}

/** The indexes, keys and checks that are made of a column, of others too. */
function madeOf(table: Table, column: string): Target[] {
  const constraints = table.constraints.filter(({ columns }) => columns.includes(column));
  const indexes = table.indexes.filter(({ keys, include, predicate, constraint }) => {
    if (constraint !== null) return constraints.some(({ name }) => name === constraint);
    const texts = [predicate, ...keys.map((key) => (key.column === null ? key.expression : null))];
    return (
      include.includes(column) ||
      keys.some((key) => key.column === column) ||
      texts.some((text) => text !== null && hasWord(text, column))
    );
  });
  return [
    ...constraints.map(({ name }) => part("constraint", table, name)),
    ...indexes.map(({ name }) => part("index", table, name)),
  ];
}

function functionOf({ schema, name }: QualifiedName, types: string): Target {
  return { kind: "function", schema, name: `${name}(${types})`, table: null };
}

/** Where it is kept that the grants of an object to a role are about to change. */
export function grantKey(target: Target, grantee: string): string {
  return JSON.stringify(["grant", target.schema, target.table, target.name, grantee]);
}

function relationOf(catalog: Catalog, schema: string, name: string) {
  return catalog.tables.find(same(schema, name)) ?? catalog.views.find(same(schema, name));
}

/** A function by its name with or without argument types. */
function hasFunction(
  facts: Facts,
  catalog: Catalog,
  managed: readonly string[],
  schema: string,
  name: string,
): boolean {
  if (managed.includes(schema)) {
    return catalog.functions.some(
      (one) =>
        one.schema === schema &&
        (name.includes("(") ? `${one.name}(${one.argumentTypes})` : one.name) === name,
    );
  }
  if (schema === "pg_catalog") return true;
  const [plain] = name.split("(");
  return facts.functions.some((one) => one.schema === schema && one.name === plain);
}

/** The rows of a table, of all its partitions where it has some; null for one that is not known. */
function rowsOf(table: QualifiedName, catalog: Catalog, facts: Facts): number | null {
  const found = facts.relations.find(same(table.schema, table.name));
  if (!found) return null;
  return catalog.tables
    .filter(({ partition }) => partition?.of.schema === table.schema && partition.of.name === table.name)
    .reduce((sum, one) => sum + (rowsOf(one, catalog, facts) ?? 0), found.rows);
}

/** The names of the time zone that has no other offset, and never had. */
const utcZones: readonly string[] = [
  "UTC",
  "Etc/UTC",
  "UCT",
  "Etc/UCT",
  "Zulu",
  "Etc/Zulu",
  "Universal",
  "Etc/Universal",
];

/** What statements are classified in. */
/** What a table is a part of, and what is a part of it, at any distance, without the table itself. */
function relativesOf(table: QualifiedName, { tables }: Catalog, { inheritance }: Facts): QualifiedName[] {
  const pairs = [
    ...inheritance,
    ...tables.flatMap(({ schema, name, partition }) =>
      partition ? [{ parent: partition.of, child: { schema, name } }] : [],
    ),
  ];
  const labelOf = ({ schema, name }: QualifiedName): string => JSON.stringify([schema, name]);
  const walked = (direction: "up" | "down"): Map<string, QualifiedName> => {
    const found = new Map([[labelOf(table), table]]);
    for (const one of found.values()) {
      for (const { parent, child } of pairs) {
        const [from, to] = direction === "up" ? [child, parent] : [parent, child];
        if (labelOf(from) === labelOf(one)) found.set(labelOf(to), to);
      }
    }
    return found;
  };
  const all = new Map([...walked("up"), ...walked("down")]);
  all.delete(labelOf(table));
  return [...all.values()];
}

export function contextOf(
  simulated: SimulatedCatalog,
  facts: Facts,
  {
    schemas,
    before,
    after,
    last = after,
  }: { schemas: readonly [string, ...string[]]; before: Catalog | null; after: Catalog; last?: Catalog },
): StatementContext {
  const isBegun = (target: Target): boolean => {
    // What the interrupted migration itself has made is as good as empty, and counts as new.
    if (simulated.stateOf(target) === "made") return false;
    if (target.kind === "table" && simulated.isNew({ schema: target.schema ?? "", name: target.name }))
      return false;
    const origin = simulated.originOf(target);
    const whole = {
      kind: "table",
      schema: origin.schema,
      name: origin.table ?? origin.name,
      table: null,
    } as const;
    return facts.begun.some((one) => key(one) === key(origin) || key(one) === key(whole));
  };
  /** Tells a relation by the name that it has in the facts. */
  const isFormerly = (relation: QualifiedName) => {
    const origin = simulated.originOf({ kind: "table", ...relation, table: null });
    return same(origin.schema ?? "", origin.name);
  };
  return {
    names: facts.names,
    schemas,
    isNew: (table) =>
      simulated.isNew(table) ||
      (isBegun({ kind: "table", ...table, table: null }) &&
        (sizeOf(table, facts)?.bytes ?? Number.POSITIVE_INFINITY) <= smallTable),
    isSuperuser: facts.catalog.server.superuser,
    serverVersion: Math.floor(facts.catalog.server.version / 10_000),
    isUtc: utcZones.includes(facts.timeZone),
    isSmall: (table) => (sizeOf(table, facts)?.bytes ?? Number.POSITIVE_INFINITY) <= smallTable,
    isOwn: (target) => simulated.isMadeHere(target) || isBegun(target),
    isBegun,
    isEmpty: (target) => {
      const table = { schema: target.schema ?? "", name: target.table ?? target.name };
      const origin = simulated.originOf(target);
      const former = { schema: origin.schema ?? "", name: origin.table ?? origin.name };
      return (
        facts.empty.includes(nameOf(origin)) &&
        simulated.stateOf(target) !== "made" &&
        ![table, former].some(simulated.isWritten)
      );
    },
    table: ({ schema, name }) => simulated.catalog().tables.find(same(schema, name)),
    tableAfter: ({ schema, name }) => after.tables.find(same(schema, name)),
    isTaken: simulated.isTaken,
    strangePartitions: (relation) =>
      facts.inheritance
        .filter(
          ({ parent, child }) =>
            same(relation.schema, relation.name)(parent) && !schemas.includes(child.schema),
        )
        .map(({ child }) => child),
    tableAtLast: ({ schema, name }) => last.tables.find(same(schema, name)),
    tableBefore: ({ schema, name }) => before?.tables.find(same(schema, name)),
    isView: ({ schema, name }) =>
      [simulated.catalog(), after].some(({ views }) => views.some(same(schema, name))),
    exists: simulated.exists,
    existsAfter: (target) => {
      const { kind, schema, name } = target;
      if (isDescribed(kind)) return has(after, target);
      switch (kind) {
        case "view":
        case "table":
          return relationOf(after, schema ?? "", name) !== undefined;
        case "function":
          return after.functions.some((one) => one.schema === schema && one.name === name.split("(")[0]);
        case "sequence":
          return after.sequences.some(same(schema ?? "", name));
        default:
          return false;
      }
    },
    described: (target) => simulated.catalog().objects?.find(isObject(target)),
    membersOf: (target) =>
      (simulated.catalog().objects ?? []).filter((one) => isPartOfObject(one, target)).map(targetOfObject),
    rows: (relation) => rowsOf(relation, simulated.catalog(), facts),
    overloads: (name) => [
      ...simulated.overloads(name),
      ...after.functions.filter(same(name.schema, name.name)).map((one) => one.argumentTypes),
    ],
    volatility: (path) => {
      const name = path.at(-1);
      const schema = path.length > 1 ? path.at(-2) : undefined;
      const found = facts.functions.filter(
        (one) => one.name === name && (schema === undefined || one.schema === schema),
      );
      const worst = ["volatile", "stable"] as const;
      for (const volatility of worst) {
        if (found.some((one) => one.volatility === volatility)) return volatility;
      }
      // One that this plan makes may be anything.
      const made = { kind: "function", schema: schema ?? "public", name: name ?? "", table: null } as const;
      if (found.length === 0 && simulated.exists(made) && schema !== "pg_catalog") return null;
      // Of the system's functions only those that are not immutable are in the facts.
      return found.length > 0 || schema === undefined || schema === "pg_catalog" ? "immutable" : null;
    },
    isAggregate: (name) => facts.aggregates.includes(name),
    isVolatileOperator: (name) => facts.volatileOperators.includes(name),
    isRuled: (relation) => facts.ruled.some(isFormerly(relation)),
    isOwner: ({ owner }) => facts.memberOf.includes(owner),
    relatives: (table) => relativesOf(table, simulated.catalog(), facts),
    routines: ({ schema, name }) =>
      [simulated.catalog(), after].flatMap(({ functions }) => functions.filter(same(schema, name))),
    referencedFromOutside: (table) => {
      const isIt = isFormerly(table);
      return facts.references.find(({ from, to }) => isIt(to) && !schemas.includes(from.schema))?.from;
    },
    dependents: ({ schema, name }, column) => {
      const views = facts.dependencies
        .filter(
          ({ view, on }) =>
            on.schema === schema &&
            on.name === name &&
            (column === undefined || on.column === column) &&
            simulated.stateOf({ kind: "view", schema: view.schema, name: view.name, table: null }) !== "gone",
        )
        .map(({ view }) => view);
      return [...new Map(views.map((view) => [`${view.schema}.${view.name}`, view])).values()];
    },
    partitions: ({ schema, name }) =>
      simulated
        .catalog()
        .tables.filter(({ partition }) => partition?.of.schema === schema && partition.of.name === name),
    referencing: ({ schema, name }) =>
      simulated
        .catalog()
        .tables.filter(({ constraints }) =>
          constraints.some(({ references }) => references?.schema === schema && references.table === name),
        ),
    reads: (view) =>
      facts.dependencies
        .filter((one) => one.view.schema === view.schema && one.view.name === view.name)
        .map(({ on }) => ({ schema: on.schema, name: on.name })),
    sequencesOf: (table, column) =>
      simulated
        .catalog()
        .sequences.filter(
          ({ ownedBy }) =>
            ownedBy?.schema === table.schema &&
            ownedBy.table === table.name &&
            (column === undefined || ownedBy.column === column),
        ),
    domainRules: ({ schema, name }) =>
      simulated
        .catalog()
        .domains.find(same(schema, name))
        ?.constraints.map((one) => one.name) ?? [],
    usersOf: ({ schema, name }) => {
      const printed = printedTypes(simulated.catalog(), { schema, name });
      const isIt = ({ type }: { type: string }) => printed.includes(type.replace(/\[\]$/, ""));
      return simulated.catalog().tables.filter(({ columns }) => columns.some(isIt));
    },
    isStrictDomain: (type) =>
      facts.domains.some(
        ({ schema, name }) => type === `${schema}.${name}` || (schemas.includes(schema) && type === name),
      ),
    indexTable: ({ schema, name }) => {
      const known = simulated.indexTable({ schema, name });
      if (known) return known;
      const inCatalog = [...after.tables, ...(before?.tables ?? [])].find(
        (table) => table.schema === schema && table.indexes.some((index) => index.name === name),
      );
      if (inCatalog) return { schema, name: inCatalog.name };
      const other = facts.relations.find(
        (one) => one.kind === "index" && one.schema === schema && one.name === name,
      );
      return other?.table ? { schema, name: other.table } : undefined;
    },
    keyTable: ({ schema, name }) => {
      const isKeyIn = ({ tables }: Catalog): QualifiedName | undefined =>
        tables.find(
          (one) =>
            one.schema === schema &&
            one.indexes.some((index) => index.name === name && index.constraint !== null),
        );
      const table = simulated.indexTable({ schema, name });
      const of = table && { schema, name: table.name };
      if (!of) return isKeyIn(after) ?? (before ? isKeyIn(before) : undefined);
      const state = simulated.stateOf(part("constraint", of, name));
      if (state === "made" || state === "changed") return of;
      // An index that was made meanwhile has the name to itself.
      if (simulated.stateOf(part("index", of, name)) === "made") return undefined;
      return isKeyIn(simulated.catalog()) && of;
    },
  };
}
