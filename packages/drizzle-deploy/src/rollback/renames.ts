import type { AlterTableStmt, DropStmt, Node } from "libpg-query";
import { type Catalog, compositeAttributes, type DescribedKind, isDescribed } from "../catalog/index.ts";
import { functionLabel } from "../kinds/function.ts";
import type { QualifiedName } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { argumentTypes, names } from "../sql/tree.ts";
import { find } from "./find.ts";

/** What has another name than before, since the deployment renamed it or moved it to another schema. */
export interface Rename {
  readonly kind:
    | "table"
    | "view"
    | "sequence"
    | "type"
    | "domain"
    | "function"
    | "column"
    | "label"
    | "attribute"
    | DescribedKind;
  /** Before the deployment; a function's name comes with its argument types, and what is in no schema has an empty one. */
  readonly was: QualifiedName;
  readonly now: QualifiedName;
  /** What a column, label or attribute belongs to, by its name before. */
  readonly of: QualifiedName | null;
  /** Whether it came with the deployment and has to make room: `was` is then a name that it gets until it goes. */
  readonly isAside?: boolean;
}

/** What shares its names: relations of all kinds do, and so do types. */
type Space = "relation" | "type" | "function" | DescribedKind | `${Inner} ${string}`;

/** What is renamed inside of something. */
type Inner = "column" | "label" | "attribute";

const placeOf = (parts: readonly string[], home: string): QualifiedName => ({
  schema: parts.at(-2) ?? home,
  name: parts.at(-1) ?? "",
});

const text = ({ schema, name }: QualifiedName): string => JSON.stringify([schema, name]);

/** Every place that something had, from its first on. */
interface Trace {
  readonly space: Space;
  readonly was: QualifiedName;
  readonly places: readonly QualifiedName[];
}

/** A table or column that a deployment dropped, whatever was made under its name since, with all names it had. */
export interface Gone {
  readonly kind: "table" | "column";
  readonly was: QualifiedName;
  readonly names: readonly QualifiedName[];
  /** The table of a column, by its name before. */
  readonly of: QualifiedName | null;
}

/** Where everything came to that statements renamed, made and dropped, one after the other. */
function createTracker() {
  const traces = new Map<string, Trace>();
  const note = (space: Space, was: QualifiedName | null, place: QualifiedName): void => {
    if (was === null) return;
    const trace = traces.get(key(space, was)) ?? { space, was, places: [was] };
    traces.set(key(space, was), { ...trace, places: [...trace.places, place] });
  };
  const origins = new Map<string, { space: Space; now: QualifiedName; was: QualifiedName | null }>();
  const key = (space: Space, place: QualifiedName): string => `${space} ${text(place)}`;
  /** What is in a place now: where it was at first, null for what is new or gone. */
  const originOf = (space: Space, place: QualifiedName): QualifiedName | null => {
    const found = origins.get(key(space, place));
    return found ? found.was : place;
  };
  const put = (space: Space, now: QualifiedName, was: QualifiedName | null): void =>
    void origins.set(key(space, now), { space, now, was });
  return {
    originOf,
    anew(space: Space, place: QualifiedName): void {
      note(space, originOf(space, place), place);
      put(space, place, null);
    },
    move(space: Space, from: QualifiedName, to: QualifiedName): void {
      const was = originOf(space, from);
      note(space, was, to);
      put(space, from, null);
      put(space, to, was);
    },
    /** What is in no place any more. */
    gone: () =>
      [...traces.values()].filter(
        ({ space, was }) =>
          origins.has(key(space, was)) &&
          ![...origins.values()].some((one) => one.space === space && one.was && text(one.was) === text(was)),
      ),
    moved: () =>
      [...origins.values()].flatMap(({ space, now, was }) =>
        was !== null && text(was) !== text(now) ? [{ space, now, was }] : [],
      ),
  };
}

type Tracker = ReturnType<typeof createTracker>;

/** Where names without a schema belong: as in `statements/resolve.ts`. */
const home = "public";

const listed = (node: Node | undefined): string[] =>
  node && "List" in node ? names(node.List.items) : node ? names([node]) : [];

/** The space of a column, label or attribute; null where what it belongs to is new. */
function within(tracker: Tracker, kind: Inner, of: QualifiedName): { space: Space; schema: string } | null {
  const was = tracker.originOf(kind === "column" ? "relation" : "type", of);
  return was && { space: `${kind} ${text(was)}`, schema: was.schema };
}

function follow(tracker: Tracker, node: Node, schemas: readonly string[]): void {
  if ("RenameStmt" in node) {
    const { renameType, relation, subname = "", newname = "", object } = node.RenameStmt;
    const place = { schema: relation?.schemaname ?? home, name: relation?.relname ?? "" };
    switch (renameType) {
      case "OBJECT_TABLE":
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW":
      case "OBJECT_SEQUENCE":
        tracker.move("relation", place, { ...place, name: newname });
        return;
      case "OBJECT_COLUMN": {
        const found = within(tracker, "column", place);
        const at = (name: string): QualifiedName => ({ schema: found?.schema ?? "", name });
        if (found) tracker.move(found.space, at(subname), at(newname));
        return;
      }
      case "OBJECT_ATTRIBUTE": {
        const found = within(tracker, "attribute", place);
        const at = (name: string): QualifiedName => ({ schema: found?.schema ?? "", name });
        if (found) tracker.move(found.space, at(subname), at(newname));
        return;
      }
      case "OBJECT_STATISTIC_EXT": {
        const statistics = placeOf(listed(object), home);
        tracker.move("statistics", statistics, { ...statistics, name: newname });
        return;
      }
      case "OBJECT_PUBLICATION":
        tracker.move(
          "publication",
          { schema: "", name: listed(object).at(-1) ?? "" },
          { schema: "", name: newname },
        );
        return;
      case "OBJECT_TYPE":
      case "OBJECT_DOMAIN": {
        const type = placeOf(listed(object), home);
        tracker.move("type", type, { ...type, name: newname });
        return;
      }
      case "OBJECT_FUNCTION":
      case "OBJECT_PROCEDURE":
      case "OBJECT_ROUTINE": {
        const from = functionPlace(object, schemas);
        if (from)
          tracker.move("function", from, {
            ...from,
            name: newname + from.name.slice(from.name.indexOf("(")),
          });
        return;
      }
      default:
        return;
    }
  }
  if ("AlterObjectSchemaStmt" in node) {
    const { objectType, relation, object, newschema: schema = "" } = node.AlterObjectSchemaStmt;
    switch (objectType) {
      case "OBJECT_TABLE":
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW":
      case "OBJECT_SEQUENCE": {
        const place = { schema: relation?.schemaname ?? home, name: relation?.relname ?? "" };
        tracker.move("relation", place, { ...place, schema });
        return;
      }
      case "OBJECT_STATISTIC_EXT": {
        const statistics = placeOf(listed(object), home);
        tracker.move("statistics", statistics, { ...statistics, schema });
        return;
      }
      case "OBJECT_TYPE":
      case "OBJECT_DOMAIN": {
        const type = placeOf(listed(object), home);
        tracker.move("type", type, { ...type, schema });
        return;
      }
      case "OBJECT_FUNCTION":
      case "OBJECT_PROCEDURE":
      case "OBJECT_ROUTINE": {
        const from = functionPlace(object, schemas);
        if (from) tracker.move("function", from, { ...from, schema });
        return;
      }
      default:
        return;
    }
  }
  if ("AlterEnumStmt" in node) {
    const { typeName, oldVal, newVal = "" } = node.AlterEnumStmt;
    const found = within(tracker, "label", placeOf(names(typeName), home));
    const at = (name: string): QualifiedName => ({ schema: found?.schema ?? "", name });
    if (found && oldVal !== undefined) tracker.move(found.space, at(oldVal), at(newVal));
    else if (found) tracker.anew(found.space, at(newVal));
    return;
  }
  followMade(tracker, node);
}

/** What is made takes a name that something else may have had. */
function followMade(tracker: Tracker, node: Node): void {
  const relation =
    "CreateStmt" in node
      ? node.CreateStmt.relation
      : "ViewStmt" in node
        ? node.ViewStmt.view
        : "CreateTableAsStmt" in node
          ? node.CreateTableAsStmt.into?.rel
          : "CreateSeqStmt" in node
            ? node.CreateSeqStmt.sequence
            : undefined;
  // CREATE OR REPLACE and IF NOT EXISTS may find what is there.
  const mayFind =
    ("CreateStmt" in node && node.CreateStmt.if_not_exists) || ("ViewStmt" in node && node.ViewStmt.replace);
  if (relation && !mayFind)
    tracker.anew("relation", { schema: relation.schemaname ?? home, name: relation.relname ?? "" });
  if ("CreateEnumStmt" in node) tracker.anew("type", placeOf(names(node.CreateEnumStmt.typeName), home));
  if ("CreateDomainStmt" in node)
    tracker.anew("type", placeOf(names(node.CreateDomainStmt.domainname), home));
  if ("CompositeTypeStmt" in node) {
    const { schemaname: schema = home, relname: name = "" } = node.CompositeTypeStmt.typevar ?? {};
    tracker.anew("type", { schema, name });
  }
  if ("CreateRangeStmt" in node) tracker.anew("type", placeOf(names(node.CreateRangeStmt.typeName), home));
  if ("CreateStatsStmt" in node && !node.CreateStatsStmt.if_not_exists)
    tracker.anew("statistics", placeOf(names(node.CreateStatsStmt.defnames), home));
  if ("CreatePublicationStmt" in node)
    tracker.anew("publication", { schema: "", name: node.CreatePublicationStmt.pubname ?? "" });
  if ("DropStmt" in node) followDropped(tracker, node.DropStmt);
  if ("AlterTableStmt" in node) followColumns(tracker, node.AlterTableStmt);
}

function followDropped(tracker: Tracker, { removeType, objects = [] }: DropStmt): void {
  const space: Space | null =
    removeType === "OBJECT_TABLE" ||
    removeType === "OBJECT_VIEW" ||
    removeType === "OBJECT_MATVIEW" ||
    removeType === "OBJECT_SEQUENCE"
      ? "relation"
      : removeType === "OBJECT_TYPE" || removeType === "OBJECT_DOMAIN"
        ? "type"
        : removeType === "OBJECT_STATISTIC_EXT"
          ? "statistics"
          : removeType === "OBJECT_PUBLICATION"
            ? "publication"
            : null;
  if (space === null) return;
  for (const object of objects) {
    const path = "TypeName" in object ? names(object.TypeName.names) : listed(object);
    tracker.anew(space, placeOf(path, space === "publication" ? "" : home));
  }
}

function followColumns(tracker: Tracker, { relation, cmds = [], objtype }: AlterTableStmt): void {
  const found = within(tracker, objtype === "OBJECT_TYPE" ? "attribute" : "column", {
    schema: relation?.schemaname ?? home,
    name: relation?.relname ?? "",
  });
  if (!found) return;
  for (const cmd of cmds) {
    if (!("AlterTableCmd" in cmd)) continue;
    const { subtype, name, def, missing_ok: isIfNotExists } = cmd.AlterTableCmd;
    const column =
      subtype === "AT_AddColumn" && def && "ColumnDef" in def && !isIfNotExists
        ? def.ColumnDef.colname
        : subtype === "AT_DropColumn"
          ? name
          : undefined;
    if (column !== undefined) tracker.anew(found.space, { schema: found.schema, name: column });
  }
}

function functionPlace(object: Node | undefined, schemas: readonly string[]): QualifiedName | null {
  if (!object || !("ObjectWithArgs" in object)) return null;
  const { schema, name } = placeOf(names(object.ObjectWithArgs.objname), home);
  return { schema, name: `${name}(${argumentTypes(object.ObjectWithArgs, schemas)})` };
}

/** What statements leave under another name, whatever they renamed on the way, and what they drop of what holds rows. */
export function followNames(
  statements: readonly string[],
  { before, schemas }: { before: Catalog; schemas: readonly string[] },
): { readonly renames: readonly Rename[]; readonly gone: readonly Gone[] } {
  const tracker = createTracker();
  for (const statement of statements) {
    for (const { node } of parseStatements(statement)) follow(tracker, node, schemas);
  }
  const gone = tracker.gone().flatMap(({ space, was, places: names }): Gone[] => {
    if (space === "relation")
      return find(before.tables, was) ? [{ kind: "table", was, names, of: null }] : [];
    const of = before.tables.find((one) => `column ${text(one)}` === space);
    return of?.columns.some(({ name }) => name === was.name)
      ? [{ kind: "column", was, names, of: { schema: of.schema, name: of.name } }]
      : [];
  });
  return { renames: renamesOf(tracker, before), gone };
}

/** A function as it is called now, where the types of its arguments have other names too. */
function withTypesNow(
  called: QualifiedName,
  types: readonly { was: QualifiedName; now: QualifiedName }[],
): QualifiedName {
  const at = called.name.indexOf("(");
  const list = called.name.slice(at + 1, -1).split(", ");
  const renamed = list.map((type) => {
    const bare = type.replace(/(\[\])+$/, "");
    const found = types.find(({ was }) => was.name === bare || `${was.schema}.${was.name}` === bare);
    if (!found) return type;
    const name = bare.includes(".") ? `${found.now.schema}.${found.now.name}` : found.now.name;
    return name + type.slice(bare.length);
  });
  return { ...called, name: `${called.name.slice(0, at)}(${renamed.join(", ")})` };
}

function renamesOf(tracker: Tracker, before: Catalog): Rename[] {
  const moved = tracker.moved();
  const types = moved.filter(({ space }) => space === "type");
  const found = moved.flatMap(({ space, was, now }): Rename[] => {
    if (space === "function") return [{ kind: "function", was, now: withTypesNow(now, types), of: null }];
    if (space === "relation") {
      const kind = find(before.views, was) ? "view" : find(before.sequences, was) ? "sequence" : "table";
      return [{ kind, was, now, of: null }];
    }
    if (isDescribed(space)) return [{ kind: space, was, now, of: null }];
    if (space === "type")
      return [{ kind: find(before.domains, was) ? "domain" : "type", was, now, of: null }];
    const kind = (["column", "label", "attribute"] as const).find((inner) => space.startsWith(`${inner} `));
    if (kind === undefined) return [];
    const { tables, views, enums, structures = [] } = before;
    const of = [...tables, ...views, ...enums, ...structures].find(
      (one) => text(one) === space.slice(kind.length + 1),
    );
    return of ? [{ kind, was, now, of: { schema: of.schema, name: of.name } }] : [];
  });
  // `CREATE OR REPLACE` and `IF NOT EXISTS` do not say whether it was there before. Of other schemas nothing is known.
  const isManaged = (schema: string): boolean => before.schemas.some(({ name }) => name === schema);
  return found.filter(
    ({ kind, was, of }) => !isManaged(of?.schema ?? was.schema) || isThere(before, kind, was, of),
  );
}

/** Whether a catalog has something under a name. */
export function isThere(
  catalog: Catalog,
  kind: Rename["kind"],
  name: QualifiedName,
  of: QualifiedName | null,
): boolean {
  switch (kind) {
    case "table":
      return find(catalog.tables, name) !== undefined;
    case "view":
      return find(catalog.views, name) !== undefined;
    case "sequence":
      return find(catalog.sequences, name) !== undefined;
    case "type":
      return find([...catalog.enums, ...(catalog.structures ?? [])], name) !== undefined;
    case "domain":
      return find(catalog.domains, name) !== undefined;
    case "function":
      return catalog.functions.some((one) => one.schema === name.schema && functionLabel(one) === name.name);
    case "column": {
      const relation = of && (find(catalog.tables, of) ?? find(catalog.views, of));
      const columns: readonly { readonly name: string }[] = relation ? relation.columns : [];
      return columns.some((column) => column.name === name.name);
    }
    case "attribute":
      return (
        of !== null &&
        compositeAttributes(find(catalog.structures ?? [], of)?.definition ?? "").some(
          (one) => one.name === name.name,
        )
      );
    case "statistics":
    case "publication":
    case "publication member":
      return (catalog.objects ?? []).some(
        (one) => one.kind === kind && (one.schema ?? "") === name.schema && one.name === name.name,
      );
    case "label":
      return of !== null && (find(catalog.enums, of)?.labels.includes(name.name) ?? false);
  }
}
