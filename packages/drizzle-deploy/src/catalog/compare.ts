import type { QualifiedName } from "../sql/names.ts";
import { quoteQualified } from "../sql/quote.ts";
import type { Catalog, Grant } from "./catalog.ts";
import { utc, withInstantsOf } from "./instants.ts";
import { isDescribed, kindFiles } from "./kinds/index.ts";
import { isSameBody, isSameText, type NameResolution, type TextForm } from "./meaning.ts";
import { type CatalogObject, catalogObjects, type ObjectIdentity, objectKey } from "./objects.ts";

/**
 * One way in which two catalogs differ. Of an object that is missing or extra, its parts are not listed again.
 * `expected` and `actual` are text as PostgreSQL printed it; null means "nothing".
 */
export type Difference =
  | { readonly kind: "missing"; readonly object: ObjectIdentity; readonly expected: string }
  | { readonly kind: "extra"; readonly object: ObjectIdentity; readonly actual: string }
  | {
      readonly kind: "different";
      readonly object: ObjectIdentity;
      /** A property of the object as its catalog type names it, or `columnOrder` of a table. */
      readonly property: string;
      readonly expected: string | null;
      readonly actual: string | null;
    };

/** What a difference is about: the object and, where it is there on both sides, its property. */
export function aboutKey(difference: Difference): string {
  return propertyKey(difference.object, difference.kind === "different" ? difference.property : null);
}

/** What a difference of an object's property is about; of the object as a whole where that is null. */
export const propertyKey = (object: ObjectIdentity, property: string | null): string =>
  JSON.stringify([objectKey(object), property]);

/** How a column is kept and counted: what its owner tunes, and no query sees. */
const tuning = ["storage", "compression", "statistics", "options"];

/** Whether only that differs on which nothing depends: a comment, or how a column or the log of a table is tuned. */
export const isIncidental = ({ kind, object, ...rest }: Difference): boolean =>
  kind === "different" &&
  "property" in rest &&
  (rest.property === "comment" ||
    rest.property === "replicaIdentity" ||
    (object.kind === "column" && tuning.includes(rest.property)));

/** What is compared beyond the objects themselves. */
export interface CompareOptions {
  /** Compare owners, and what owners may do with their own objects. Default false: roles differ between hosts. */
  readonly owners?: boolean;
}

/** First major with the privilege MAINTAIN, which `GRANT ALL` includes from then on. */
const maintainSince = 170000;

/**
 * What keeps `actual` from being `expected`, in the order of `expected`, then what only `actual` has. Whether extra
 * objects matter is the caller's to say. Texts that say the same are equal, however they are written: see `meaning.ts`;
 * MAINTAIN is left out where one of the two servers does not know it. The order of a table's columns is reported on its
 * own, as `columnOrder`, over the columns that both have.
 *
 * @example
 * const drift = compareCatalogs(expected, actual).filter((difference) => difference.kind !== "extra");
 */
export function compareCatalogs(
  expected: Catalog,
  actual: Catalog,
  { owners = false }: CompareOptions = {},
): Difference[] {
  const maintain = Math.min(expected.server.version, actual.server.version) >= maintainSince;
  // A catalog that an earlier version read does not say which objects of these kinds there were.
  const structures = expected.structures !== undefined && actual.structures !== undefined;
  const described = expected.objects !== undefined && actual.objects !== undefined;
  const wanted = comparable(expected, { owners, maintain, structures, described });
  const found = comparable(actual, { owners, maintain, structures, described });
  const names = [nameResolution(expected), nameResolution(actual)] as const;
  const zones = [expected.server.timeZone ?? utc, actual.server.timeZone ?? utc] as const;
  const orders = columnOrders(actual);

  const differences: Difference[] = [];
  for (const [id, object] of wanted) {
    const other = found.get(id);
    if (other) {
      differences.push(...propertyDifferences(object, other, { owners, names, zones }));
      continue;
    }
    if (!hasMissingParent(object.identity, found)) {
      differences.push({ kind: "missing", object: object.identity, expected: summary(object) });
    }
  }
  for (const [id, order] of columnOrders(expected)) {
    const otherOrder = orders.get(id);
    const table = wanted.get(id);
    if (!otherOrder || !table) continue;
    const before = order.filter((column) => otherOrder.includes(column)).join(", ");
    const after = otherOrder.filter((column) => order.includes(column)).join(", ");
    if (before === after) continue;
    const property = "columnOrder";
    differences.push({
      kind: "different",
      object: table.identity,
      property,
      expected: before,
      actual: after,
    });
  }
  for (const [id, object] of found) {
    if (wanted.has(id) || hasMissingParent(object.identity, wanted)) continue;
    differences.push({ kind: "extra", object: object.identity, actual: summary(object) });
  }
  return differences;
}

/** What of a catalog is compared. */
interface Compared {
  readonly owners: boolean;
  /** Whether both servers know the privilege. */
  readonly maintain: boolean;
  /** Whether both catalogs have composite and range types. */
  readonly structures: boolean;
  /** Whether both have the objects of kinds with files of their own. */
  readonly described: boolean;
}

/** The objects of a catalog by their keys, kept as long as the catalog is: it is compared with several others. */
const compared = new WeakMap<Catalog, Map<string, ReadonlyMap<string, CatalogObject>>>();

function comparable(
  catalog: Catalog,
  { owners, maintain, structures, described }: Compared,
): ReadonlyMap<string, CatalogObject> {
  const known = compared.get(catalog) ?? new Map<string, ReadonlyMap<string, CatalogObject>>();
  compared.set(catalog, known);
  const which = `${owners} ${maintain} ${structures} ${described}`;
  const found = known.get(which);
  if (found) return found;
  const granted = withGrants(catalog, { owners, ignored: maintain ? [] : ["MAINTAIN"] });
  const objects = catalogObjects({
    ...granted,
    ...(structures ? {} : { structures: [] }),
    ...(described ? {} : { objects: [] }),
  });
  const byKey = new Map(objects.map((object) => [objectKey(object.identity), object]));
  known.set(which, byKey);
  return byKey;
}

function hasMissingParent(identity: ObjectIdentity, objects: ReadonlyMap<string, CatalogObject>): boolean {
  return identity.parent !== null && !objects.has(objectKey(identity.parent));
}

function propertyDifferences(
  expected: CatalogObject,
  actual: CatalogObject,
  {
    owners,
    names,
    zones,
  }: {
    owners: boolean;
    names: readonly [NameResolution, NameResolution];
    zones: readonly [string, string];
  },
): Difference[] {
  return Object.entries(expected.properties).flatMap(([property, wanted]): Difference[] => {
    if (property === "owner" && !owners) return [];
    // One of the two was read by a version that did not look at it.
    if (!(property in actual.properties)) return [];
    const asFound = actual.properties[property] ?? null;
    const found = formOf(expected.identity, property) ? withInstantsOf(wanted, asFound, zones) : asFound;
    const isSame =
      property === "body" && expected.properties["language"] === actual.properties["language"]
        ? isSameBody(expected.properties["language"] ?? "", wanted, found)
        : isSameValue(expected.identity, property, wanted, found, names);
    if (isSame) return [];
    return [{ kind: "different", object: expected.identity, property, expected: wanted, actual: asFound }];
  });
}

/** The properties that hold SQL, each in its form; what is not listed is compared to the letter. */
function formOf({ kind, parent }: ObjectIdentity, property: string): TextForm | null {
  if (isDescribed(kind)) return kindFiles[kind].expressions.includes(property) ? "expression" : null;
  switch (property) {
    case "definition":
      if (kind === "constraint") return parent?.kind === "domain" ? "domain constraint" : "table constraint";
      if (kind === "type") return null;
      return "statement";
    case "default":
    case "generated":
    case "using":
    case "check":
      return "expression";
    default:
      return null;
  }
}

function isSameValue(
  object: ObjectIdentity,
  property: string,
  one: string | null,
  other: string | null,
  names: readonly [NameResolution, NameResolution],
): boolean {
  const form = formOf(object, property);
  if (form === null) return one === other || (property === "type" && isSameType(one, other, names));
  const found = object.kind === "index" && !storage.test(one ?? "") ? withoutStorage(other) : other;
  return isSameText(form, one, found, names);
}

/** A type as `format_type` prints it, with its schema: `app.kind[]`. */
function qualifiedType(type: string | null, { schemaOf }: NameResolution): string | null {
  const [, quoted, plain, bounds = ""] =
    /^(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_]*))((?:\[\])*)$/.exec(type ?? "") ?? [];
  const name = quoted?.replaceAll('""', '"') ?? plain;
  const schema = name === undefined ? null : schemaOf("type", name);
  return schema === null || name === undefined ? type : `${quoteQualified(schema, name)}${bounds}`;
}

/** Whether two databases name one type: what PostgreSQL prints depends on which other schemas have the name. */
function isSameType(
  one: string | null,
  other: string | null,
  [names, otherNames]: readonly [NameResolution, NameResolution],
): boolean {
  const quoted = (type: string | null): string | null =>
    type === null
      ? null
      : type.replace(
          /^([a-z_][a-z0-9_]*|"(?:[^"]|"")+")\.([a-z_][a-z0-9_]*|"(?:[^"]|"")+")/,
          (whole, ...[schema, name]: string[]) =>
            schema === undefined || name === undefined ? whole : [schema, name].map(inQuotes).join("."),
        );
  return quoted(qualifiedType(one, names)) === quoted(qualifiedType(other, otherNames));
}

const inQuotes = (name: string): string => (name.startsWith('"') ? name : `"${name}"`);

/** The storage parameters of an index, as PostgreSQL prints them: nobody's business where none is asked for. */
const storage = / WITH \([^()]*\)(?= TABLESPACE | WHERE |$)/;

const withoutStorage = (definition: string | null): string | null =>
  definition === null ? null : definition.replace(storage, "");

const resolutions = new WeakMap<Catalog, NameResolution>();

/** What the names in a catalog's texts stand for; the same answer for the same catalog. */
function nameResolution(catalog: Catalog): NameResolution {
  const known = resolutions.get(catalog);
  if (known) return known;
  // Few comparisons come to ask.
  let texts: Map<string, boolean> | undefined;
  let schemas: Record<"relation" | "type", Map<string, string | null>> | undefined;
  const made: NameResolution = {
    isText(column) {
      texts ??= findTextColumns(catalog);
      return texts.get(column) ?? false;
    },
    schemaOf(space, name) {
      schemas ??= {
        relation: schemasByName([...catalog.tables, ...catalog.views, ...catalog.sequences]),
        type: schemasByName([...catalog.enums, ...catalog.domains, ...(catalog.structures ?? [])]),
      };
      return schemas[space].get(name) ?? null;
    },
  };
  resolutions.set(catalog, made);
  return made;
}

/**
 * The schema of what is printed without one: the only one that has the name; of several `public`, which comes first on
 * most paths; null where that is not among them.
 */
function schemasByName(objects: readonly QualifiedName[]): Map<string, string | null> {
  const found = new Map<string, string | null>();
  for (const { schema, name } of objects) {
    const other = found.get(name);
    const isOnly = other === undefined || other === schema;
    found.set(name, isOnly ? schema : [other, schema].includes("public") ? "public" : null);
  }
  return found;
}

function findTextColumns({ tables, views }: Catalog): Map<string, boolean> {
  const known = new Map<string, boolean>();
  for (const { name, type } of [...tables, ...views].flatMap(({ columns }) => columns)) {
    const isText = type === "text" || type.startsWith("character varying");
    known.set(name, isText && known.get(name) !== false);
  }
  return known;
}

/** An object in a line: its definition where it has one, and what else there is to say of it where not. */
function summary({ properties }: CatalogObject): string {
  const definition = properties["definition"] ?? properties["privileges"];
  if (definition) return definition;
  const parts = Object.entries(properties).flatMap(([property, value]) =>
    value === null || value === "" || property === "owner" || property === "body"
      ? []
      : [`${property} ${value}`],
  );
  return parts.join(", ") || "present";
}

function columnOrders(catalog: Catalog): Map<string, string[]> {
  return new Map(
    catalog.tables.map(({ schema, name, columns }) => [
      objectKey({ kind: "table", schema, name, parent: null, label: "" }),
      columns.map((column) => column.name),
    ]),
  );
}

/** The catalog with only the grants that are to be compared. */
function withGrants(
  catalog: Catalog,
  { owners, ignored }: { owners: boolean; ignored: readonly string[] },
): Catalog {
  const kept = (grants: readonly Grant[], owner: string): Grant[] =>
    grants.flatMap((grant) => {
      if (!owners && grant.grantee === owner) return [];
      const privileges = grant.privileges.filter((privilege) => !ignored.includes(privilege));
      const grantable = grant.grantable.filter((privilege) => !ignored.includes(privilege));
      return privileges.length === 0 ? [] : [{ ...grant, privileges, grantable }];
    });
  const keep = <T extends { grants: Grant[]; owner: string }>(objects: readonly T[]): T[] =>
    objects.map((object) => ({ ...object, grants: kept(object.grants, object.owner) }));
  return {
    ...catalog,
    schemas: keep(catalog.schemas),
    tables: keep(catalog.tables),
    views: keep(catalog.views),
    functions: keep(catalog.functions),
    sequences: keep(catalog.sequences),
    defaultPrivileges: catalog.defaultPrivileges.map((one) => ({
      ...one,
      grants: kept(one.grants, one.role),
    })),
  };
}
