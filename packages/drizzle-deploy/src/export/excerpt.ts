import {
  type Catalog,
  compareCatalogs,
  identityOf,
  isDescribed,
  type ObjectIdentity,
  objectKey,
} from "../catalog/index.ts";

/** JSON as it stands in a script. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Part of a catalog: of each object what is to be looked at, and no more. */
export type Excerpt = Readonly<Record<string, readonly Json[]>>;

const identity = (
  kind: ObjectIdentity["kind"],
  schema: string | null,
  name: string,
  parent: ObjectIdentity | null = null,
): ObjectIdentity => ({ kind, schema, name, parent, label: "" });

/** Owners differ between hosts, and so do what they may do and who reads. */
const unlookedAt = ["owner", "arguments"];

interface Named {
  readonly name: string;
}

/** Every role that anything is granted to. */
function grantees(catalog: Catalog): string[] {
  const lists = [...catalog.tables, ...catalog.views, ...catalog.functions].map(({ grants }) => grants);
  return [...new Set(lists.flat().map(({ grantee }) => grantee))];
}

/** The part of a catalog that `isWanted`; what a role of `roles` may not do counts as well as what it may. */
function take(
  catalog: Catalog,
  roles: readonly string[],
  isWanted: (object: ObjectIdentity) => boolean,
): Excerpt {
  const grants = (
    parent: ObjectIdentity,
    owner: string,
    list: readonly { grantee: string; privileges: string[] }[],
  ) =>
    roles
      .filter((role) => role !== owner && isWanted(identity("grant", parent.schema, role, parent)))
      .map((role) => ({
        name: role,
        privileges: list.find(({ grantee }) => grantee === role)?.privileges ?? [],
      }));
  const parts = <Part extends Named>(
    kind: ObjectIdentity["kind"],
    parent: ObjectIdentity,
    list: readonly Part[],
    say: (part: Part) => Json = (part) => JSON.parse(JSON.stringify(part)),
  ): Json[] => list.filter(({ name }) => isWanted(identity(kind, parent.schema, name, parent))).map(say);
  /** Its own properties, where it is wanted itself. */
  const own = (
    object: ObjectIdentity,
    properties: Readonly<Record<string, Json>>,
  ): Readonly<Record<string, Json>> =>
    isWanted(object)
      ? Object.fromEntries(Object.entries(properties).filter(([name]) => !unlookedAt.includes(name)))
      : {};
  const filled = (name: string, object: Readonly<Record<string, Json>>): Json[] =>
    Object.values(object).some((value) => !Array.isArray(value) || value.length > 0)
      ? [{ name, ...object }]
      : [];

  return {
    tables: catalog.tables.flatMap((table) => {
      const at = identity("table", table.schema, table.name);
      return filled(`${table.schema}.${table.name}`, {
        ...own(at, {
          rowSecurity: table.rowSecurity,
          forceRowSecurity: table.forceRowSecurity,
          comment: table.comment,
        }),
        columns: parts(
          "column",
          at,
          table.columns,
          ({ name, type, nullable, default: value, generated, identity: of, collation }) => ({
            name,
            type,
            nullable,
            default: value,
            generated,
            identity: of,
            collation,
          }),
        ),
        constraints: parts("constraint", at, table.constraints, ({ name, definition, validated }) => ({
          name,
          definition,
          validated,
        })),
        indexes: parts(
          "index",
          at,
          table.indexes.filter(({ constraint }) => constraint === null),
          ({ name, definition, valid }) => ({ name, definition, valid }),
        ),
        policies: parts("policy", at, table.policies),
        triggers: parts("trigger", at, table.triggers, ({ name, definition, enabled }) => ({
          name,
          definition,
          enabled,
        })),
        grants: grants(at, table.owner, table.grants),
      });
    }),
    views: catalog.views.flatMap((view) => {
      const at = identity("view", view.schema, view.name);
      return filled(`${view.schema}.${view.name}`, {
        ...own(at, {
          definition: view.definition,
          securityInvoker: view.securityInvoker,
          securityBarrier: view.securityBarrier,
          checkOption: view.checkOption,
        }),
        columns: parts("column", at, view.columns, ({ name, type }) => ({ name, type })),
        grants: grants(at, view.owner, view.grants),
      });
    }),
    functions: catalog.functions.flatMap((one) => {
      const name = `${one.name}(${one.argumentTypes})`;
      const at = identity("function", one.schema, name);
      const { kind, fullArguments, returns, language, volatility, strict, leakproof, parallel } = one;
      return filled(`${one.schema}.${name}`, {
        ...own(at, {
          kind,
          fullArguments,
          returns,
          language,
          volatility,
          strict,
          leakproof,
          parallel,
          securityDefiner: one.securityDefiner,
          config: one.config,
          body: one.body,
        }),
        grants: grants(at, one.owner, one.grants),
      });
    }),
    enums: catalog.enums
      .filter(({ schema, name }) => isWanted(identity("type", schema, name)))
      .map(({ schema, name, labels }) => ({ name: `${schema}.${name}`, labels })),
    sequences: catalog.sequences
      .filter(({ schema, name }) => isWanted(identity("sequence", schema, name)))
      .map(({ schema, name, type, increment, cycle }) => ({
        name: `${schema}.${name}`,
        type,
        increment,
        cycle,
      })),
    objects: (catalog.objects ?? [])
      .filter((one) => isWanted(identityOf(one)))
      .map(({ properties: { owner: _, ...properties }, ...one }) => ({ ...one, properties })),
  };
}

/** What the migrations after a point make of a catalog, and what they leave as it was there. */
export interface Excerpts {
  readonly changed: Excerpt;
  readonly unchanged: Excerpt;
  /** Whether they make an object, or change it. */
  readonly isChanged: (object: ObjectIdentity) => boolean;
  /** What they remove, labelled as the validation labels what it finds. */
  readonly absent: readonly string[];
}

/** An object as the validation calls it: `table public.accounts, index idx_accounts_user_type`. */
export function labelOf({ kind, schema, name, parent }: ObjectIdentity): string {
  if (isDescribed(kind)) {
    const path = [schema, parent?.name ?? null, name].filter((part) => part !== null);
    return `${kind} ${path.join(".")}`;
  }
  return parent ? `${labelOf(parent)}, ${kind} ${name}` : `${kind} ${schema}.${name}`;
}

/**
 * @param base the catalog at the point; null where there was nothing before
 * @param head the catalog after the last migration
 */
export function excerptsOf(base: Catalog | null, head: Catalog): Excerpts {
  const nothing = {
    schemas: [],
    tables: [],
    views: [],
    functions: [],
    enums: [],
    domains: [],
    sequences: [],
    structures: [],
    objects: [],
  };
  const differences = compareCatalogs(base ?? { ...head, ...nothing }, head);
  const changed = new Set(differences.map(({ object }) => objectKey(object)));
  const isChanged = (object: ObjectIdentity): boolean => {
    // What belongs to something new is new itself; of what was there before, each part is looked at by itself.
    for (let one: ObjectIdentity | null = object; one; one = one.parent) {
      const key = objectKey(one);
      if (!changed.has(key)) continue;
      if (one === object || differences.some((two) => two.kind === "extra" && objectKey(two.object) === key))
        return true;
    }
    return false;
  };
  const roles = [...new Set([...grantees(head), ...(base ? grantees(base) : [])])].sort();
  return {
    isChanged,
    changed: take(head, roles, isChanged),
    unchanged: take(head, roles, (object) => !isChanged(object)),
    absent: differences
      .filter(
        ({ kind, object }) =>
          kind === "missing" &&
          object.kind !== "grant" &&
          (object.schema !== null || isDescribed(object.kind)),
      )
      .map(({ object }) => labelOf(object)),
  };
}
