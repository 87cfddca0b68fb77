import {
  type Catalog,
  type DescribedObject,
  type Index,
  isDescribed,
  isPrintedBare,
  kindFiles,
  onOthers,
  restsOn,
  type Table,
} from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import type { Goal } from "../statements/index.ts";
import { hasWord, withWord } from "./dropped-later.ts";
import { isObject } from "./in-catalog.ts";

/* A catalog as a step leaves it: pure functions from one to the next. */

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

/** What a described object is called in a step. */
export const targetOfObject = ({ kind, schema, name, of }: DescribedObject): Target => ({
  kind,
  schema,
  name,
  table: of,
});

/** Whether an object is a part of another one, both of kinds with files of their own. */
export const isPartOfObject = (one: DescribedObject, { kind, name }: Target): boolean =>
  kindFiles[one.kind].of === kind && one.of === name;

/** The catalog without one object of a table, or without a relation. */
export function withoutObject(catalog: Catalog, target: Target): Catalog {
  const { kind, schema, name, table } = target;
  if (isDescribed(kind)) {
    const isIt = isObject(target);
    return { ...catalog, objects: (catalog.objects ?? []).filter((one) => !isIt(one)) };
  }
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
export function withObject(catalog: Catalog, from: Catalog, target: Target): Catalog {
  const { kind, schema, name, table } = target;
  if (isDescribed(kind)) {
    const found = (from.objects ?? []).filter(isObject(target));
    return { ...catalog, objects: [...(catalog.objects ?? []), ...found] };
  }
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
export function withoutPart(catalog: Catalog, from: Catalog, target: Target): Catalog {
  const list = partOf[target.kind];
  const isThere =
    list !== undefined &&
    from.tables.find(inTableOf(target))?.[list].some((part) => part.name === target.name);
  return isThere ? withoutObject(catalog, target) : catalog;
}

/** The catalog with a constraint of a domain as a step leaves it. */
export function withDomainRule(
  catalog: Catalog,
  from: Catalog,
  { target: { schema, name: domain }, name, step }: Extract<Goal, { does: "domain rule" }>,
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
export function withPartition(catalog: Catalog, from: Catalog, { schema, name }: Target): Catalog {
  const isIt = (one: QualifiedName) => one.schema === schema && one.name === name;
  const found = from.tables.find(isIt);
  if (!found) return catalog;
  return {
    ...catalog,
    tables: catalog.tables.map((one) => (isIt(one) ? { ...one, partition: found.partition } : one)),
  };
}

/** The catalog with a column of another type. */
export function withType(
  catalog: Catalog,
  target: Target,
  type: string,
  collation: string | null | undefined,
): Catalog {
  const isIn = inTableOf(target);
  return {
    ...catalog,
    tables: catalog.tables.map((one) =>
      isIn(one)
        ? {
            ...one,
            columns: one.columns.map((column) =>
              column.name === target.name
                ? { ...column, type, collation: collation === undefined ? column.collation : collation }
                : column,
            ),
          }
        : one,
    ),
  };
}

/** A name as PostgreSQL prints it in a definition. */
export const printed = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name);

/** A table under another name, with the definitions that name it. */
export function withDefinitionsOn(table: Table, { schema, name }: QualifiedName): Table {
  const [from, to] = [table, { schema, name }].map((one) => `${printed(one.schema)}.${printed(one.name)}`);
  const text = (definition: string): string =>
    definition.replace(
      ` ON ${definition.includes(" ON ONLY ") ? "ONLY " : ""}${from} `,
      ` ON ${definition.includes(" ON ONLY ") ? "ONLY " : ""}${to} `,
    );
  return {
    ...table,
    schema,
    name,
    indexes: table.indexes.map((index) => ({ ...index, definition: text(index.definition) })),
    triggers: table.triggers.map((trigger) => ({ ...trigger, definition: text(trigger.definition) })),
  };
}

/** A table with a column under another name, in what is made of it too. */
function withColumnCalled(table: Table, from: string, to: string): Table {
  const swap = (name: string): string => (name === from ? to : name);
  const text = (definition: string): string => withWord(definition, printed(from), printed(to));
  const maybe = (definition: string | null): string | null => definition && text(definition);
  // The name of an index or a table is no column's, and stands before the keys.
  const afterKeys = (definition: string): string => {
    const at = definition.indexOf(" USING ");
    return at < 0 ? definition : definition.slice(0, at) + text(definition.slice(at));
  };
  return {
    ...table,
    indexes: table.indexes.map((index) => {
      const isOfIt =
        index.include.includes(from) ||
        index.keys.some((key) => key.column === from || hasWord(key.expression, printed(from))) ||
        (index.predicate !== null && hasWord(index.predicate, printed(from)));
      if (!isOfIt) return index;
      return {
        ...index,
        definition: afterKeys(index.definition),
        keys: index.keys.map((key) => ({
          ...key,
          column: key.column === null ? null : swap(key.column),
          expression: text(key.expression),
        })),
        include: index.include.map(swap),
        predicate: maybe(index.predicate),
      };
    }),
    constraints: table.constraints.map((one) =>
      one.columns.includes(from)
        ? { ...one, columns: one.columns.map(swap), definition: text(one.definition) }
        : one,
    ),
  };
}

/** What rests on a table or column after that was renamed, and the object itself that is. */
function objectsRenamed({ objects = [] }: Catalog, from: Target, to: Target): DescribedObject[] {
  const isIt = isObject(from);
  return objects.map((one) => {
    if (isIt(one)) return { ...one, schema: to.schema, name: to.name };
    if (isPartOfObject(one, from)) return { ...one, of: to.name };
    const column = from.kind === "column" ? from.name : null;
    const table = from.kind === "table" ? from.name : column === null ? null : from.table;
    if (from.schema === null || table === null || !restsOn(one, { schema: from.schema, table }, column))
      return one;
    return onOthers(one, {
      place: (on) =>
        column === null
          ? { ...on, schema: to.schema ?? on.schema, table: to.name }
          : { ...on, columns: on.columns.map((name) => (name === column ? to.name : name)) },
      text: (expression) =>
        column === null ? expression : withWord(expression, printed(column), printed(to.name)),
    });
  });
}

/**
 * The catalog with a type under another name in the columns that are of it, and in casts to it. Where two schemas have a
 * type of that name, only the one that is printed with its schema, or is `public`'s, is told apart.
 */
function withTypeCalled(catalog: Catalog, from: Target, to: Target): Catalog {
  if (from.schema === null) return catalog;
  const types = [...catalog.enums, ...catalog.domains, ...(catalog.structures ?? [])];
  const isBare = isPrintedBare(catalog, { schema: from.schema, name: from.name });
  const isOthers =
    to.schema !== "public" && types.some((one) => one.name === to.name && one.schema !== to.schema);
  const qualified = ({ schema, name }: Target): string => `${printed(schema ?? "public")}.${printed(name)}`;
  const forms = [
    { was: qualified(from), is: qualified(to) },
    ...(isBare ? [{ was: printed(from.name), is: isOthers ? qualified(to) : printed(to.name) }] : []),
  ];
  const type = (text: string): string => {
    const found = forms.find(({ was }) => text === was || text.startsWith(`${was}[`));
    return found ? found.is + text.slice(found.was.length) : text;
  };
  const casts = (text: string): string =>
    forms.reduce((then, { was, is }) => withWord(then, `::${was}`, `::${is}`), text);
  const maybe = (text: string | null): string | null => text && casts(text);
  return {
    ...catalog,
    tables: catalog.tables.map((table) => ({
      ...table,
      columns: table.columns.map((column) => ({
        ...column,
        type: type(column.type),
        default: maybe(column.default),
        generated: maybe(column.generated),
      })),
      constraints: table.constraints.map((one) => ({ ...one, definition: casts(one.definition) })),
      indexes: table.indexes.map((one) => ({
        ...one,
        definition: casts(one.definition),
        predicate: maybe(one.predicate),
        keys: one.keys.map((key) => ({ ...key, expression: casts(key.expression) })),
      })),
      policies: table.policies.map((one) => ({ ...one, using: maybe(one.using), check: maybe(one.check) })),
    })),
    views: catalog.views.map((view) => ({
      ...view,
      definition: casts(view.definition),
      columns: view.columns.map((column) => ({ ...column, type: type(column.type) })),
    })),
  };
}

/** The catalog with one object under another name or in another schema. */
export function renamed(before: Catalog, from: Target, to: Target): Catalog {
  const catalog = { ...before, objects: objectsRenamed(before, from, to) };
  const { schema, name, table } = from;
  const swap = <T extends { name: string }>(list: readonly T[]): T[] =>
    list.map((one) => (one.name === name ? { ...one, name: to.name } : one));
  const swapIndex = (one: Index): Index => {
    if (one.name !== name) return one;
    const [was, is] = [name, to.name].map((called) => ` INDEX ${printed(called)} ON `);
    return {
      ...one,
      name: to.name,
      definition: one.definition.replace(was ?? "", () => is ?? ""),
      constraint: one.constraint === name ? to.name : one.constraint,
    };
  };
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
            return withColumnCalled({ ...one, columns: swap(one.columns) }, name, to.name);
          case "constraint":
            return { ...one, constraints: swap(one.constraints), indexes: one.indexes.map(swapIndex) };
          case "index":
            return { ...one, indexes: one.indexes.map(swapIndex) };
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
      return {
        ...catalog,
        tables: catalog.tables.map((one) =>
          one.schema === schema && one.name === name
            ? withDefinitionsOn(one, { schema: to.schema ?? one.schema, name: to.name })
            : one,
        ),
      };
    case "view":
      return { ...catalog, views: top(catalog.views) };
    case "sequence":
      return { ...catalog, sequences: top(catalog.sequences) };
    case "type":
      return {
        ...withTypeCalled(catalog, from, to),
        enums: top(catalog.enums),
        ...(catalog.structures ? { structures: top(catalog.structures) } : {}),
      };
    case "domain":
      return { ...withTypeCalled(catalog, from, to), domains: top(catalog.domains) };
    default:
      return catalog;
  }
}

/**
 * A catalog with the names that its objects had before steps that rename them: what a step is held against is called as
 * it is when it is its turn.
 *
 * @param goals of the steps between, in their order
 */
export function namedBefore(catalog: Catalog, goals: readonly Goal[]): Catalog {
  return goals.reduceRight(
    // What has the name by then was made after it had become free.
    (then, goal) =>
      goal.does === "rename" ? renamed(withoutObject(then, goal.target), goal.to, goal.target) : then,
    catalog,
  );
}
