import {
  type Catalog,
  type Column,
  type Difference,
  type Grant,
  identityOf,
  kindFiles,
  type ObjectIdentity,
  objectKey,
  type Table,
} from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { createFunction, functionNamed, functionSignature, isReplaceable, isRestorable } from "./function.ts";
import { isKnownPrivilege, roleName } from "./grant.ts";
import { changePolicy, createPolicy, dropPolicy } from "./policy.ts";
import { findTwin, isNamedAtWill } from "./twin.ts";
import { createView, isExtendable } from "./view.ts";

/** What is to be, and what is there. */
export interface WayOutCatalogs {
  readonly wanted: Catalog;
  readonly actual: Catalog;
}

const onTable = ({ schema, parent, name }: ObjectIdentity): string =>
  quoteQualified(schema ?? "public", parent?.name ?? name);

const isIt =
  ({ schema, name }: { readonly schema: string | null; readonly name: string }) =>
  (one: QualifiedName): boolean =>
    one.schema === schema && one.name === name;

const tableOf = ({ tables }: Catalog, { schema, name, parent }: ObjectIdentity): Table | undefined =>
  tables.find(isIt({ schema, name: parent?.name ?? name }));

const called = <T extends { readonly name: string }>(
  list: readonly T[] | undefined,
  name: string,
): T | undefined => list?.find((one) => one.name === name);

/** Gives what does the same under another name the name that is asked for. */
function rename(object: ObjectIdentity, from: string, to: string): string[] {
  const [old, given] = [quoteIdentifier(from), quoteIdentifier(to)];
  switch (object.kind) {
    case "constraint":
      return [`ALTER TABLE ${onTable(object)} RENAME CONSTRAINT ${old} TO ${given};`];
    case "index":
      return [`ALTER INDEX ${quoteQualified(object.schema ?? "public", from)} RENAME TO ${given};`];
    case "policy":
      return [`ALTER POLICY ${old} ON ${onTable(object)} RENAME TO ${given};`];
    case "trigger":
      return [`ALTER TRIGGER ${old} ON ${onTable(object)} RENAME TO ${given};`];
    default:
      return [];
  }
}

/** A name that nothing of the table has. */
function freeName(name: string, taken: readonly { readonly name: string }[]): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? "_before" : `_before_${number}`;
    const free = `${name.slice(0, 63 - suffix.length)}${suffix}`;
    if (!taken.some((one) => one.name === free)) return free;
  }
}

function policy(difference: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const { object, kind } = difference;
  const table = tableOf(actual, object);
  const [now, to] = [
    called(table?.policies, object.name),
    called(tableOf(wanted, object)?.policies, object.name),
  ];
  if (!table) return [];
  if (kind === "extra") return [dropPolicy(table, object.name)];
  if (!to) return [];
  return now ? [changePolicy(table, now, to)] : [createPolicy(table, to)];
}

function constraint({ object, kind }: Difference, { wanted }: WayOutCatalogs): string[] {
  const to = called(tableOf(wanted, object)?.constraints, object.name);
  const name = quoteIdentifier(object.name);
  const drop = `ALTER TABLE ${onTable(object)} DROP CONSTRAINT ${name};`;
  if (kind === "extra") return [drop];
  const add = to ? [`ALTER TABLE ${onTable(object)} ADD CONSTRAINT ${name} ${to.definition};`] : [];
  return kind === "missing" ? add : [drop, ...add];
}

function index({ object, kind }: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const to = called(tableOf(wanted, object)?.indexes, object.name);
  if (kind === "extra") return [`DROP INDEX ${quoteQualified(object.schema ?? "public", object.name)};`];
  if (kind === "missing") return to ? [`${to.definition};`] : [];
  // Whatever needed the index goes on having it.
  return putAside(object, actual);
}

function trigger(difference: Difference, { wanted }: WayOutCatalogs): string[] {
  const { object, kind } = difference;
  const to = called(tableOf(wanted, object)?.triggers, object.name);
  const name = quoteIdentifier(object.name);
  const drop = `DROP TRIGGER ${name} ON ${onTable(object)};`;
  if (kind === "extra") return [drop];
  if (!to) return [];
  if (kind === "missing") return [`${to.definition};`];
  if (difference.property !== "enabled") return [drop, `${to.definition};`];
  const words = {
    origin: "ENABLE TRIGGER",
    disabled: "DISABLE TRIGGER",
    replica: "ENABLE REPLICA TRIGGER",
    always: "ENABLE ALWAYS TRIGGER",
  } as const;
  return [`ALTER TABLE ${onTable(object)} ${words[to.enabled]} ${name};`];
}

function column(difference: Difference, { wanted }: WayOutCatalogs): string[] {
  const { object, kind } = difference;
  const to = called(tableOf(wanted, object)?.columns, object.name);
  if (object.parent?.kind !== "table" || !to || kind === "extra") return [];
  const name = quoteIdentifier(object.name);
  const table = onTable(object);
  if (kind === "missing") {
    return [`ALTER TABLE ${table} ADD COLUMN ${columnDefinition(to)};`];
  }
  const alter = (what: string): string[] => [`ALTER TABLE ${table} ALTER COLUMN ${name} ${what};`];
  switch (difference.property) {
    case "type": {
      // By way of text: not every type can be cast to every other, and what does not fit is refused.
      const actions = [
        `ALTER COLUMN ${name} DROP DEFAULT`,
        `ALTER COLUMN ${name} TYPE ${to.type} USING ${name}::text::${to.type}`,
        ...(to.default === null ? [] : [`ALTER COLUMN ${name} SET DEFAULT ${to.default}`]),
      ];
      return [`ALTER TABLE ${table} ${actions.join(", ")};`];
    }
    case "nullable":
      return alter(to.nullable ? "DROP NOT NULL" : "SET NOT NULL");
    case "default":
      return alter(to.default === null ? "DROP DEFAULT" : `SET DEFAULT ${to.default}`);
    case "generated":
      return to.generated === null ? alter("DROP EXPRESSION") : [];
    case "identity":
      return to.identity === null ? alter("DROP IDENTITY") : [];
    case "comment":
      return [
        `COMMENT ON COLUMN ${table}.${name} IS ${to.comment === null ? "NULL" : quoteLiteral(to.comment)};`,
      ];
    default:
      return [];
  }
}

/** The statements that make a table as a catalog describes it. */
function createTable(to: Table): string[] {
  const name = quoteQualified(to.schema, to.name);
  const lines = [
    ...to.columns.map((one) => `  ${columnDefinition(one)}`),
    ...to.constraints.map((one) => `  CONSTRAINT ${quoteIdentifier(one.name)} ${one.definition}`),
  ];
  return [
    `CREATE TABLE ${name} (\n${lines.join(",\n")}\n);`,
    ...to.indexes.flatMap(({ constraint: of, definition }) => (of === null ? [`${definition};`] : [])),
    ...to.triggers.map(({ definition }) => `${definition};`),
    ...(to.rowSecurity ? [`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;`] : []),
    ...to.policies.map((one) => createPolicy(to, one)),
  ];
}

function columnDefinition(one: Column): string {
  return [
    quoteIdentifier(one.name),
    one.type,
    ...(one.generated === null
      ? []
      : [`GENERATED ALWAYS AS (${one.generated}) ${one.virtual ? "VIRTUAL" : "STORED"}`]),
    ...(one.identity === null ? [] : [`GENERATED ${one.identity.toUpperCase()} AS IDENTITY`]),
    ...(one.default === null ? [] : [`DEFAULT ${one.default}`]),
    ...(one.nullable ? [] : ["NOT NULL"]),
  ].join(" ");
}

function table(difference: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const { object, kind } = difference;
  const to = tableOf(wanted, object);
  if (!to || kind === "extra") return [];
  if (kind === "missing") return [...putAside(object, actual), ...createTable(to)];
  const alter = (what: string): string[] => [`ALTER TABLE ${onTable(object)} ${what};`];
  switch (difference.property) {
    case "rowSecurity":
      return alter(`${to.rowSecurity ? "ENABLE" : "DISABLE"} ROW LEVEL SECURITY`);
    case "forceRowSecurity":
      return alter(`${to.forceRowSecurity ? "" : "NO "}FORCE ROW LEVEL SECURITY`);
    case "persistence":
      return alter(to.persistence === "permanent" ? "SET LOGGED" : "SET UNLOGGED");
    default:
      return [];
  }
}

/** Every name that a relation has in a schema. */
const relationNames = (catalog: Catalog, schema: string | null): { readonly name: string }[] =>
  [
    ...catalog.tables,
    ...catalog.views,
    ...catalog.sequences,
    ...catalog.tables.flatMap(({ schema: of, indexes }) => indexes.map(({ name }) => ({ schema: of, name }))),
  ].filter((one) => one.schema === schema);

/**
 * Gives whatever has the name of a relation another one: what reads it goes on reading it, and its rows stay. Empty where
 * the name is free.
 */
export function putAside(
  { schema, name }: { readonly schema: string | null; readonly name: string },
  actual: Catalog,
): string[] {
  const relation = { schema, name };
  const holder = quoteQualified(schema ?? "public", name);
  const rest = `${holder} RENAME TO ${quoteIdentifier(freeName(name, relationNames(actual, schema)))};`;
  const view = actual.views.find(isIt(relation));
  if (view) return [`ALTER ${view.kind === "materialized" ? "MATERIALIZED VIEW" : "VIEW"} ${rest}`];
  if (actual.tables.some(isIt(relation))) return [`ALTER TABLE ${rest}`];
  if (actual.sequences.some(isIt(relation))) return [`ALTER SEQUENCE ${rest}`];
  const isIndex = actual.tables.some(
    (one) => one.schema === schema && one.indexes.some((index) => index.name === name),
  );
  return isIndex ? [`ALTER INDEX ${rest}`] : [];
}

function view({ object, kind }: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const to = wanted.views.find(isIt(object));
  const now = actual.views.find(isIt(object));
  if (!to || object.kind !== "view" || kind === "extra") return [];
  if (now && isExtendable(now, to)) return [createView(to)];
  return [...putAside(object, actual), ...(now ? [] : [createView(to)])];
}

function functionOf({ object, kind }: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const named = { schema: object.schema ?? "public", name: object.name };
  const now = functionNamed(actual, named);
  const to = functionNamed(wanted, named);
  // It stays to be looked at, and whatever calls it by what it is, not by its name, goes on calling it.
  if (now && (kind === "extra" || (to && !isReplaceable(now, to)))) {
    const free = freeName(now.name, actual.functions);
    return [`ALTER ROUTINE ${functionSignature(now)} RENAME TO ${quoteIdentifier(free)};`];
  }
  return to && isRestorable(to) ? [createFunction(to)] : [];
}

/** What holds the privileges, in the words of GRANT, and its grants in a catalog. */
function granted(object: ObjectIdentity, catalogs: WayOutCatalogs) {
  const { parent } = object;
  if (!parent) return null;
  const inside = parent.kind === "column" ? parent.parent : parent;
  if (!inside) return null;
  const grantsIn = (catalog: Catalog): readonly Grant[] => {
    const relation = [...catalog.tables, ...catalog.views].find(isIt(inside));
    if (parent.kind === "column") {
      return called<{ name: string; grants: readonly Grant[] }>(relation?.columns, parent.name)?.grants ?? [];
    }
    if (parent.kind === "function") {
      return functionNamed(catalog, { schema: parent.schema ?? "", name: parent.name })?.grants ?? [];
    }
    if (parent.kind === "sequence") return catalog.sequences.find(isIt(parent))?.grants ?? [];
    if (parent.kind === "schema") return called(catalog.schemas, parent.name)?.grants ?? [];
    return relation?.grants ?? [];
  };
  const routine = functionNamed(catalogs.actual, { schema: parent.schema ?? "", name: parent.name });
  const name =
    parent.kind === "function" && routine
      ? `ROUTINE ${functionSignature(routine)}`
      : parent.kind === "sequence"
        ? `SEQUENCE ${quoteQualified(parent.schema ?? "public", parent.name)}`
        : parent.kind === "schema"
          ? `SCHEMA ${quoteIdentifier(parent.name)}`
          : `TABLE ${quoteQualified(inside.schema ?? "public", inside.name)}`;
  const columns = parent.kind === "column" ? ` (${quoteIdentifier(parent.name)})` : "";
  return { name, columns, grantsIn };
}

function grant({ object }: Difference, catalogs: WayOutCatalogs): string[] {
  const found = granted(object, catalogs);
  if (!found) return [];
  const { name, columns, grantsIn } = found;
  const privileges = (catalog: Catalog): readonly string[] =>
    (grantsIn(catalog).find(({ grantee }) => grantee === object.name)?.privileges ?? []).filter(
      isKnownPrivilege(catalogs.actual),
    );
  const [to, now] = [privileges(catalogs.wanted), privileges(catalogs.actual)];
  const list = (some: readonly string[]): string => some.map((one) => `${one}${columns}`).join(", ");
  const surplus = now.filter((one) => !to.includes(one));
  const lacking = to.filter((one) => !now.includes(one));
  const role = roleName(object.name);
  return [
    ...(surplus.length > 0 ? [`REVOKE ${list(surplus)} ON ${name} FROM ${role};`] : []),
    ...(lacking.length > 0 ? [`GRANT ${list(lacking)} ON ${name} TO ${role};`] : []),
  ];
}

/** An object of a kind with a file of its own. */
function described({ object, kind }: Difference, { wanted, actual }: WayOutCatalogs): string[] {
  const [to, now] = [wanted, actual].map(({ objects = [] }) =>
    objects.find((one) => objectKey(identityOf(one)) === objectKey(object)),
  );
  if (!to || kind === "extra") return [];
  const file = kindFiles[to.kind];
  const parts = (wanted.objects ?? []).filter(
    (one) => kindFiles[one.kind].of === to.kind && one.of === to.name,
  );
  return (now && file.change(now, to)) ?? [...(now ? [file.drop(now)] : []), ...file.create(to, parts)];
}

/**
 * Statements that bring one object to what is wanted of it, for a person to run: what does the same under another name
 * is given the name, what is only in the way is put aside, and nothing that holds rows is dropped. Empty where no
 * statement is safe to print.
 */
export function wayOut(difference: Difference, catalogs: WayOutCatalogs): string[] {
  const { object, kind } = difference;
  const { wanted, actual } = catalogs;
  // Of a table that is missing there is nothing else to put right.
  if (object.parent?.kind === "table" && !tableOf(actual, object)) return [];
  if (isNamedAtWill(object.kind)) {
    const twin =
      kind === "missing"
        ? findTwin(object, wanted, actual)
        : kind === "extra"
          ? findTwin(object, actual, wanted)
          : undefined;
    if (twin !== undefined) {
      return kind === "missing" ? rename(object, twin, object.name) : rename(object, object.name, twin);
    }
  }
  switch (object.kind) {
    case "policy":
      return policy(difference, catalogs);
    case "constraint":
      return constraint(difference, catalogs);
    case "index":
      return index(difference, catalogs);
    case "trigger":
      return trigger(difference, catalogs);
    case "column":
      return column(difference, catalogs);
    case "table":
      return table(difference, catalogs);
    case "view":
      return view(difference, catalogs);
    case "function":
      return functionOf(difference, catalogs);
    case "grant":
      return grant(difference, catalogs);
    default:
      return described(difference, catalogs);
  }
}
