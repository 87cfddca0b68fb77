import {
  type Catalog,
  compareCatalogs,
  type DescribedObject,
  type Difference,
  isDescribed,
  type Table,
  withoutObjects,
  withoutValidity,
} from "../catalog/index.ts";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";

/*
 * What catalogs say of the object of a step.
 */

/** What kind of relation a name stands for; null where it is none that a catalog lists. */
export function relationKind(catalog: Catalog, schema: string | null, name: string): string | null {
  const isIt = (one: QualifiedName): boolean => one.schema === schema && one.name === name;
  if (catalog.tables.some(isIt)) return "table";
  const view = catalog.views.find(isIt);
  return view ? (view.kind === "materialized" ? "materialized view" : "view") : null;
}

/** What a role may do with an object, as text; null where the object is not there. */
export function grantsOf(catalog: Catalog, target: Target, grantee: string, other: Catalog): string | null {
  const found = grantedObject(catalog, target);
  if (!found) return null;
  // What owners may do is their own, and owners differ between hosts.
  if (grantee === found.owner) return "";
  const oldest = Math.min(catalog.server.version, other.server.version);
  const grant = found.grants.find((one) => one.grantee === grantee);
  const known = (list: readonly string[]) => list.filter((name) => name !== "MAINTAIN" || oldest >= 170000);
  return grant ? JSON.stringify([known(grant.privileges), known(grant.grantable)]) : "";
}

function grantedObject(catalog: Catalog, target: Target) {
  switch (target.kind) {
    case "table":
    case "view":
      return catalog.tables.find(isCalled(target)) ?? catalog.views.find(isCalled(target));
    case "function":
      return catalog.functions.find(isFunction(target));
    case "sequence":
      return catalog.sequences.find(isCalled(target));
    default:
      return undefined;
  }
}

/** Finds the object that a target names. */
export const isCalled =
  (target: Target) =>
  ({ schema, name }: QualifiedName): boolean =>
    schema === target.schema && name === target.name;

/** Finds the object that a target names among those of kinds with files of their own. */
export const isObject =
  (target: Target) =>
  ({ kind, schema, name, of }: DescribedObject): boolean =>
    kind === target.kind && schema === target.schema && name === target.name && of === target.table;

/** Finds the function that a target names, with its argument types. */
export const isFunction =
  (target: Target) =>
  ({ schema, name, argumentTypes }: { schema: string; name: string; argumentTypes: string }): boolean =>
    schema === target.schema && `${name}(${argumentTypes})` === target.name;

/** The constraint that a target names. */
export function constraintOf(catalog: Catalog, target: Target) {
  return tableOf(catalog, target)?.constraints.find(({ name }) => name === target.name);
}

/** The trigger that a target names, of a table or a view. */
export function triggerOf({ tables, views }: Catalog, { schema, table, name }: Target) {
  return [...tables, ...views]
    .find((one) => one.schema === schema && one.name === table)
    ?.triggers.find((one) => one.name === name);
}

/** The type of the column that a target names. */
export function typeOf(catalog: Catalog, target: Target): string | undefined {
  return tableOf(catalog, target)?.columns.find(({ name }) => name === target.name)?.type;
}

/** The table that a target is, or belongs to. */
export function tableOf(catalog: Catalog, { schema, table, name, kind }: Target): Table | undefined {
  const wanted = kind === "table" ? name : table;
  return catalog.tables.find((one) => one.schema === schema && one.name === wanted);
}

/** What differs in one object, by property; its grants are a matter of their own. */
export function differences(expected: Catalog, actual: Catalog, target: Target): Difference[] {
  return compareCatalogs(slice(expected, target), slice(actual, target)).filter(
    (one) =>
      one.object.kind !== "grant" &&
      (one.object.kind === target.kind || one.kind === "missing" || target.kind === "view"),
  );
}

/** Whether the object of a target is there. */
export function has(catalog: Catalog, target: Target): boolean {
  if (isDescribed(target.kind)) return (catalog.objects ?? []).some(isObject(target));
  const {
    tables,
    views,
    functions,
    enums,
    domains,
    structures = [],
    sequences,
    schemas,
    extensions,
  } = slice(catalog, target);
  if (target.table === null) {
    const lists: readonly (readonly unknown[])[] = [
      tables,
      views,
      functions,
      enums,
      domains,
      structures,
      sequences,
      schemas,
      extensions,
    ];
    return lists.some((list) => list.length > 0);
  }
  return [...tables, ...views].some((one) => {
    const parts: readonly (readonly unknown[])[] = [
      one.columns,
      "constraints" in one ? one.constraints : [],
      one.indexes,
      "policies" in one ? one.policies : [],
      one.triggers,
    ];
    return parts.some((list) => list.length > 0);
  });
}

/** What belongs to a table, each an object of its own: left out where the table itself is meant. */
const noParts = { columns: [], constraints: [], indexes: [], policies: [], triggers: [], grants: [] };

const slices = new WeakMap<Catalog, Map<string, Catalog>>();

/**
 * The catalog with one object and nothing else; of a part, with a bare table around it. Kept as long as the catalog is,
 * since many are held against the same one: what is compared of it is then found once.
 */
function slice(catalog: Catalog, target: Target): Catalog {
  const { kind, schema, table, name } = target;
  const known = slices.get(catalog) ?? new Map<string, Catalog>();
  slices.set(catalog, known);
  const key = JSON.stringify([kind, schema, table, name]);
  const found = known.get(key) ?? cut(catalog, target);
  known.set(key, found);
  return found;
}

function cut(catalog: Catalog, target: Target): Catalog {
  const { kind, name } = target;
  const empty = withoutObjects(catalog);
  if (isDescribed(kind)) {
    const isWhole = (one: DescribedObject): boolean => one.of === null && one.name === target.table;
    const { objects } = catalog;
    return {
      ...empty,
      objects: objects?.filter((one) => isObject(target)(one) || (target.table !== null && isWhole(one))),
    };
  }
  if (target.table !== null) {
    const part = <T extends { name: string }>(wanted: Target["kind"], list: readonly T[]): T[] =>
      kind === wanted ? list.filter((one) => one.name === name) : [];
    const table = catalog.tables.find((one) => one.schema === target.schema && one.name === target.table);
    if (table) {
      return {
        ...empty,
        tables: [
          {
            ...bare(table),
            columns: part("column", table.columns).map((column) => ({ ...column, grants: [] })),
            // PostgreSQL prints NOT VALID into the definition; whether it is validated is a property of its own.
            constraints: part("constraint", table.constraints).map((one) => ({
              ...one,
              definition: withoutValidity(one.definition),
            })),
            // An index is compared for itself, whether a constraint has taken it or not.
            indexes: part("index", table.indexes).map((one) => ({ ...one, constraint: null })),
            policies: part("policy", table.policies),
            triggers: part("trigger", table.triggers),
          },
        ],
      };
    }
    const view = catalog.views.find((one) => one.schema === target.schema && one.name === target.table);
    if (!view) return empty;
    return {
      ...empty,
      views: [
        {
          ...view,
          comment: null,
          columns: part("column", view.columns).map((column) => ({ ...column, grants: [] })),
          indexes: part("index", view.indexes),
          triggers: part("trigger", view.triggers),
          grants: [],
        },
      ],
    };
  }
  switch (kind) {
    case "schema":
      return { ...empty, schemas: catalog.schemas.filter((one) => one.name === name) };
    case "extension":
      return { ...empty, extensions: catalog.extensions.filter((one) => one.name === name) };
    case "table": {
      const table = tableOf(catalog, target);
      return table
        ? {
            ...empty,
            tables: [{ ...table, ...noParts }],
          }
        : empty;
    }
    case "view":
      return {
        ...empty,
        views: catalog.views.filter(isCalled(target)).map((view) => ({
          ...view,
          columns: view.columns.map((column) => ({ ...column, grants: [], comment: null })),
          indexes: [],
          triggers: [],
          grants: [],
        })),
      };
    case "function":
      return {
        ...empty,
        functions: catalog.functions.filter(isFunction(target)).map((one) => ({ ...one, grants: [] })),
      };
    case "type":
    case "domain":
      return {
        ...empty,
        enums: catalog.enums.filter(isCalled(target)),
        domains: catalog.domains.filter(isCalled(target)),
        ...(catalog.structures ? { structures: catalog.structures.filter(isCalled(target)) } : {}),
      };
    case "sequence":
      return {
        ...empty,
        sequences: catalog.sequences.filter(isCalled(target)).map((one) => ({ ...one, grants: [] })),
      };
    default:
      return empty;
  }
}

/** A table of which nothing counts but that it is there. */
function bare({ schema, name, owner }: Table): Table {
  return {
    schema,
    name,
    owner,
    kind: "table",
    comment: null,
    persistence: "permanent",
    rowSecurity: false,
    forceRowSecurity: false,
    options: [],
    partitionKey: null,
    partition: null,
    ...noParts,
  };
}

/** Differences in a line. */
export function spell(found: readonly Difference[]): string {
  const texts = found.map(spellOne);
  return texts.slice(0, 3).join("; ") + (texts.length > 3 ? `; and ${texts.length - 3} more` : "");
}

function spellOne(one: Difference): string {
  switch (one.kind) {
    case "missing":
      return `${one.object.label} is missing`;
    case "extra":
      return `${one.object.label} is there too`;
    case "different":
      return one.property === "body" || (one.object.kind === "view" && one.property === "definition")
        ? `${one.property}: differs`
        : `${one.property}: expected ${one.expected || "nothing"}, found ${one.actual || "nothing"}`;
  }
}
