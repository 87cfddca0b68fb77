import type { Catalog, Table } from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import type { Facts } from "./facts.ts";
import type { Draft, StatementContext } from "./statements/index.ts";

/** What the steps planned so far make of an object; `untouched` is as the catalog has it. */
export type ObjectState = "untouched" | "made" | "changed" | "gone";

/** The database as it will be when the steps planned so far have run. */
export interface SimulatedCatalog {
  /** The catalog as read, with what was renamed and moved since under its new name. */
  readonly catalog: () => Catalog;
  readonly stateOf: (target: Target) => ObjectState;
  readonly exists: (target: Target) => boolean;
  readonly isNew: (relation: QualifiedName) => boolean;
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
  /** Whether a relation or constraint of the schema has a name, those that a step makes included. */
  readonly isTaken: (name: QualifiedName) => boolean;
  /** Takes a step as run; what it makes is as the migration leaves it. */
  readonly apply: (draft: Draft, after: Catalog) => void;
  /** Brings a table back from the archive. */
  readonly restore: (table: QualifiedName) => void;
  /** A table that an interrupted deployment made: it counts as new. */
  readonly adoptNew: (table: QualifiedName) => void;
}

/** Tables and views share their names, and so do all kinds of types. */
const family = (kind: Target["kind"]): string =>
  kind === "view" ? "table" : kind === "domain" ? "type" : kind;

const key = ({ kind, schema, name, table }: Target): string =>
  JSON.stringify([family(kind), schema, table, name]);

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
  const set = (target: Target, state: ObjectState): void => void known.set(key(target), { target, state });
  const get = (target: Target): ObjectState | undefined => known.get(key(target))?.state;
  return {
    get,
    set,
    all: (): readonly Known[] => [...known.values()],
    /** Gives an object another name; what belongs to a table goes with it. */
    move(from: Target, to: Target): void {
      const own = get(from);
      set(from, "gone");
      set(to, own === "made" ? "made" : "changed");
      if (from.kind !== "table") return;
      for (const { target, state } of [...known.values()]) {
        if (target.table !== from.name || target.schema !== from.schema) continue;
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
    if (target.table === null || target.schema === null) return "untouched";
    const parent = states.get({ kind: "table", schema: target.schema, name: target.table, table: null });
    return parent === "gone" ? "gone" : "untouched";
  };

  const isMade = (schema: string, name: string): boolean =>
    states.get({ kind: "table", schema, name, table: null }) === "made";

  const inCatalog = (target: Target): boolean => {
    const { kind, schema, name, table } = target;
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
    apply: ({ goal, kind, sql }, after) => {
      if ("target" in goal && goal.does !== "drop")
        named.add(JSON.stringify([goal.target.schema, goal.target.name]));
      switch (goal.does) {
        case "create":
          for (const one of [goal.target, ...goal.parts]) {
            states.set(one, stateOf(one) === "untouched" && inCatalog(one) ? "changed" : "made");
            catalog = withObject(withoutObject(catalog, one), after, one);
          }
          if (goal.isDerived) derived.add(JSON.stringify([goal.target.schema, goal.target.name]));
          if (goal.target.kind === "table" && goal.target.schema !== null) {
            fresh.add(JSON.stringify([goal.target.schema, goal.target.name]));
          }
          return;
        case "alter":
          if (stateOf(goal.target) === "untouched") states.set(goal.target, "changed");
          if (goal.type !== undefined) catalog = withType(catalog, goal.target, goal.type);
          if (goal.properties.includes("partition")) catalog = withPartition(catalog, after, goal.target);
          return;
        case "drop":
          for (const one of [...partsOf(goal.target), goal.target]) {
            states.set(one, "gone");
            catalog = withoutObject(catalog, one);
            named.delete(JSON.stringify([one.schema, one.name]));
          }
          if (goal.target.kind === "constraint" && goal.target.schema !== null) {
            // The index of a key goes with it.
            states.set({ ...goal.target, kind: "index" }, "gone");
          }
          return;
        case "rename":
          catalog = renamed(catalog, goal.target, goal.to);
          states.move(goal.target, goal.to);
          if (
            goal.target.kind === "table" &&
            fresh.has(JSON.stringify([goal.target.schema, goal.target.name]))
          ) {
            fresh.add(JSON.stringify([goal.to.schema, goal.to.name]));
          }
          return;
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
        case "bring back":
          return;
      }
    },
    restore: ({ schema, name }) => {
      const archived = facts.archive.tables.find((table) => table.name === name);
      if (!archived) return;
      catalog = {
        ...catalog,
        tables: [...catalog.tables, movedTable(facts.names, archived, schema)],
        sequences: [
          ...catalog.sequences,
          ...facts.archive.sequences
            .filter(({ ownedBy }) => ownedBy?.table === name)
            .map((sequence) => ({
              ...sequence,
              schema,
              ownedBy: sequence.ownedBy && { ...sequence.ownedBy, schema },
            })),
        ],
      };
    },
    adoptNew: ({ schema, name }) => {
      fresh.add(JSON.stringify([schema, name]));
    },
  };
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

/** The table in its new schema, with the definitions that name it. */
export function movedTable({ archiveSchema }: Names, table: Table, schema: string): Table {
  const text = (definition: string) => definition.replaceAll(`${archiveSchema}.`, `${schema}.`);
  return {
    ...table,
    schema,
    columns: table.columns.map((column) => ({ ...column, default: column.default && text(column.default) })),
    indexes: table.indexes.map((index) => ({ ...index, definition: text(index.definition) })),
    constraints: table.constraints.map((one) => ({ ...one, definition: text(one.definition) })),
    triggers: table.triggers.map((trigger) => ({ ...trigger, definition: text(trigger.definition) })),
  };
}

const parts = ["columns", "constraints", "indexes", "policies", "triggers"] as const;
const partOf: Partial<Record<Target["kind"], (typeof parts)[number]>> = {
  column: "columns",
  constraint: "constraints",
  index: "indexes",
  policy: "policies",
  trigger: "triggers",
};

const inTableOf =
  ({ schema, table }: Target) =>
  (one: Table): boolean =>
    one.schema === schema && one.name === table;

/** The catalog without one object of a table, or without a relation. */
function withoutObject(catalog: Catalog, target: Target): Catalog {
  const { kind, schema, name, table } = target;
  const list = partOf[kind];
  if (table !== null && list !== undefined) {
    const isIn = inTableOf(target);
    return {
      ...catalog,
      tables: catalog.tables.map((one) => {
        if (!isIn(one)) return one;
        const without = { ...one, [list]: one[list].filter((part) => part.name !== name) };
        // The index of a key goes with it.
        return kind === "constraint"
          ? { ...without, indexes: one.indexes.filter((index) => index.constraint !== name) }
          : without;
      }),
    };
  }
  const isOther = (one: QualifiedName) => one.schema !== schema || one.name !== name;
  switch (kind) {
    case "table":
      return { ...catalog, tables: catalog.tables.filter(isOther) };
    case "view":
      return { ...catalog, views: catalog.views.filter(isOther) };
    case "sequence":
      return { ...catalog, sequences: catalog.sequences.filter(isOther) };
    default:
      return catalog;
  }
}

/** The catalog with one object more, as another has it; a table comes without its parts. */
function withObject(catalog: Catalog, from: Catalog, target: Target): Catalog {
  const { kind, schema, name, table } = target;
  const list = partOf[kind];
  if (table !== null && list !== undefined) {
    const isIn = inTableOf(target);
    const found = from.tables.find(isIn)?.[list].filter((part) => part.name === name) ?? [];
    return {
      ...catalog,
      tables: catalog.tables.map((one) => (isIn(one) ? { ...one, [list]: [...one[list], ...found] } : one)),
    };
  }
  const isIt = (one: QualifiedName) => one.schema === schema && one.name === name;
  switch (kind) {
    case "table": {
      const bare = from.tables
        .filter(isIt)
        .map((one) => ({ ...one, columns: [], constraints: [], indexes: [], policies: [], triggers: [] }));
      return { ...catalog, tables: [...catalog.tables, ...bare] };
    }
    case "view":
      return { ...catalog, views: [...catalog.views, ...from.views.filter(isIt)] };
    case "sequence":
      return { ...catalog, sequences: [...catalog.sequences, ...from.sequences.filter(isIt)] };
    default:
      return catalog;
  }
}

/** The catalog without a part that another has in a form of its own; else as it is. */
function withoutPart(catalog: Catalog, from: Catalog, target: Target): Catalog {
  const list = partOf[target.kind];
  const isThere =
    list !== undefined &&
    from.tables.find(inTableOf(target))?.[list].some((part) => part.name === target.name);
  return isThere ? withoutObject(catalog, target) : catalog;
}

/** The catalog with a constraint of a domain as a step leaves it. */
function withDomainRule(
  catalog: Catalog,
  from: Catalog,
  { target: { schema, name: domain }, name, step }: Extract<Draft["goal"], { does: "domain rule" }>,
): Catalog {
  const isIt = (one: QualifiedName) => one.schema === schema && one.name === domain;
  const wanted = from.domains.find(isIt)?.constraints.find((one) => one.name === name);
  return {
    ...catalog,
    domains: catalog.domains.map((one) => {
      if (!isIt(one)) return one;
      const others = one.constraints.filter((other) => other.name !== name);
      const own = one.constraints.find((other) => other.name === name) ??
        wanted ?? { name, definition: "CHECK (true)", validated: false };
      return {
        ...one,
        constraints: step === "drop" ? others : [...others, { ...own, validated: step === "validate" }],
      };
    }),
  };
}

/** The catalog with a table as the partition that it is in another, or is not. */
function withPartition(catalog: Catalog, from: Catalog, { schema, name }: Target): Catalog {
  const isIt = (one: QualifiedName) => one.schema === schema && one.name === name;
  const found = from.tables.find(isIt);
  if (!found) return catalog;
  return {
    ...catalog,
    tables: catalog.tables.map((one) => (isIt(one) ? { ...one, partition: found.partition } : one)),
  };
}

function withType(catalog: Catalog, target: Target, type: string): Catalog {
  const isIn = inTableOf(target);
  return {
    ...catalog,
    tables: catalog.tables.map((one) =>
      isIn(one)
        ? {
            ...one,
            columns: one.columns.map((column) =>
              column.name === target.name ? { ...column, type } : column,
            ),
          }
        : one,
    ),
  };
}

/** The catalog with one object under another name or in another schema. */
function renamed(catalog: Catalog, from: Target, to: Target): Catalog {
  const { schema, name, table } = from;
  const swap = <T extends { name: string }>(list: readonly T[]): T[] =>
    list.map((one) => (one.name === name ? { ...one, name: to.name } : one));
  const top = <T extends QualifiedName>(list: readonly T[]): T[] =>
    list.map((one) =>
      one.schema === schema && one.name === name
        ? { ...one, schema: to.schema ?? one.schema, name: to.name }
        : one,
    );
  if (table !== null) {
    return {
      ...catalog,
      tables: catalog.tables.map((one) => {
        if (one.schema !== schema || one.name !== table) return one;
        switch (from.kind) {
          case "column":
            return { ...one, columns: swap(one.columns) };
          case "constraint":
            return { ...one, constraints: swap(one.constraints), indexes: swap(one.indexes) };
          case "index":
            return { ...one, indexes: swap(one.indexes) };
          case "policy":
            return { ...one, policies: swap(one.policies) };
          case "trigger":
            return { ...one, triggers: swap(one.triggers) };
          default:
            return one;
        }
      }),
    };
  }
  switch (from.kind) {
    case "table":
      return { ...catalog, tables: top(catalog.tables) };
    case "view":
      return { ...catalog, views: top(catalog.views) };
    case "sequence":
      return { ...catalog, sequences: top(catalog.sequences) };
    case "type":
      return { ...catalog, enums: top(catalog.enums) };
    case "domain":
      return { ...catalog, domains: top(catalog.domains) };
    default:
      return catalog;
  }
}

/** The rows of a table, of all its partitions where it has some; null for one that is not known. */
function rowsOf(table: QualifiedName, catalog: Catalog, facts: Facts): number | null {
  const found = facts.relations.find(same(table.schema, table.name));
  if (!found) return null;
  return catalog.tables
    .filter(({ partition }) => partition?.of.schema === table.schema && partition.of.name === table.name)
    .reduce((sum, one) => sum + (rowsOf(one, catalog, facts) ?? 0), found.rows);
}

/** What statements are classified in. */
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
  return {
    names: facts.names,
    schemas,
    isNew: simulated.isNew,
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
    existsAfter: ({ kind, schema, name }) => {
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
      const printed = [quoteIdentifier(name), quoteQualified(schema, name), name, `${schema}.${name}`];
      const isIt = ({ type }: { type: string }) => printed.includes(type.replace(/\[\]$/, ""));
      return simulated.catalog().tables.filter(({ columns }) => columns.some(isIt));
    },
    isStrictDomain: (type) =>
      facts.domains.some(
        ({ schema, name }) => type === `${schema}.${name}` || (schemas.includes(schema) && type === name),
      ),
    indexTable: ({ schema, name }) => {
      const inCatalog = [...simulated.catalog().tables, ...after.tables, ...(before?.tables ?? [])].find(
        (table) => table.schema === schema && table.indexes.some((index) => index.name === name),
      );
      if (inCatalog) return { schema, name: inCatalog.name };
      const other = facts.relations.find(
        (one) => one.kind === "index" && one.schema === schema && one.name === name,
      );
      return other?.table ? { schema, name: other.table } : undefined;
    },
  };
}
