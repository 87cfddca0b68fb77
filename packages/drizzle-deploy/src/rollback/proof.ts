import type { AlterTableStmt, DropStmt, Node, RangeVar } from "libpg-query";
import type { Catalog } from "../catalog/index.ts";
import type { Step } from "../model/step.ts";
import type { Dependent } from "../plan/dependents.ts";
import type { QualifiedName } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { argumentTypes, names } from "../sql/tree.ts";
import { dependentLabel } from "./context.ts";

/*
 * Whether the statements of a rollback can run in their order, held against the catalog as each of them finds it: a
 * name that is taken, or something that still depends on what is dropped, would stop it midway.
 */

const relationOf = (range: RangeVar | undefined): QualifiedName => ({
  schema: range?.schemaname ?? "",
  name: range?.relname ?? "",
});

const label = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;
const partOf = (kind: string, table: QualifiedName, name: string): string =>
  JSON.stringify([kind, table.schema, table.name, name]);
const dependentKey = ({ kind, schema, name, table }: Dependent): string =>
  JSON.stringify([kind, schema, table, name]);

function createState(actual: Catalog, dependents: readonly Dependent[]) {
  /** What has a name among relations: what it is, and the table of an index or sequence. */
  const relations = new Map<string, { kind: string; of: string | null }>();
  const parts = new Set<string>();
  const types = new Set([...actual.enums, ...actual.domains, ...(actual.structures ?? [])].map(label));
  const alive = new Map(dependents.map((one) => [`${dependentKey(one)}${JSON.stringify(one.on)}`, one]));
  for (const table of [...actual.tables, ...actual.views]) {
    relations.set(label(table), {
      kind: "triggers" in table && "policies" in table ? "table" : "view",
      of: null,
    });
    for (const { name, valid } of table.indexes)
      if (valid) relations.set(label({ schema: table.schema, name }), { kind: "index", of: label(table) });
    for (const { name } of table.triggers) parts.add(partOf("trigger", table, name));
  }
  for (const table of actual.tables) {
    for (const { name } of table.constraints) parts.add(partOf("constraint", table, name));
    for (const { name } of table.policies) parts.add(partOf("policy", table, name));
  }
  for (const one of actual.sequences) {
    const of = one.ownedBy && label({ schema: one.ownedBy.schema, name: one.ownedBy.table });
    relations.set(label(one), { kind: "sequence", of });
  }
  const partitionsOf = (table: QualifiedName): Catalog["tables"] =>
    actual.tables.flatMap((one) => {
      const of = one.partition?.of;
      return of && of.schema === table.schema && of.name === table.name ? [one, ...partitionsOf(one)] : [];
    });
  const release = (kind: Dependent["kind"], schema: string, table: string | null, name: string): void => {
    const wanted = JSON.stringify([kind, schema, table, name]);
    for (const [key, one] of alive) if (dependentKey(one) === wanted) alive.delete(key);
  };
  /** Indexes of partitions that go with one of the partitioned table, each with the constraint that it is. */
  const removeAttached = ({ schema, name }: QualifiedName): void => {
    for (const table of actual.tables) {
      for (const index of table.indexes) {
        if (index.attachedTo?.schema !== schema || index.attachedTo.name !== name) continue;
        relations.delete(label({ schema: table.schema, name: index.name }));
        release("index", table.schema, table.name, index.name);
        if (index.constraint !== null) {
          parts.delete(partOf("constraint", table, index.constraint));
          release("constraint", table.schema, table.name, index.constraint);
        }
        removeAttached({ schema: table.schema, name: index.name });
      }
    }
  };
  /** A part of a table, with what partitions have of it. */
  const removePart = (
    kind: "trigger" | "policy" | "constraint",
    table: QualifiedName,
    name: string,
  ): void => {
    for (const { schema, name: own } of [table, ...(kind === "policy" ? [] : partitionsOf(table))]) {
      parts.delete(partOf(kind, { schema, name: own }, name));
      release(kind, schema, own, name);
    }
  };
  return {
    relations,
    parts,
    types,
    removeAttached,
    removePart,
    /** What a statement takes away, or makes anew, depends on nothing of before any more. */
    release,
    /** What depends on something that is dropped. */
    dependentsOn: (kind: Dependent["on"]["kind"], { schema, name }: QualifiedName): Dependent[] =>
      [...alive.values()].filter(({ on }) => on.kind === kind && on.schema === schema && on.name === name),
  };
}

type State = ReturnType<typeof createState>;

/** Says why a name cannot be given to a relation, or gives it. */
function take(state: State, place: QualifiedName, kind: string, of: string | null): string | null {
  const holder = state.relations.get(label(place));
  if (holder)
    return `${label(place)} would still be the name of ${holder.kind === "index" ? "an" : "a"} ${holder.kind}`;
  state.relations.set(label(place), { kind, of });
  return null;
}

function takePart(state: State, kind: string, table: QualifiedName, name: string): string | null {
  const key = partOf(kind, table, name);
  if (state.parts.has(key)) return `${kind} ${name} of ${label(table)} would still be there`;
  state.parts.add(key);
  return null;
}

function stillNeeded(state: State, kind: Dependent["on"]["kind"], place: QualifiedName): string | null {
  const found = [...new Set(state.dependentsOn(kind, place).map(dependentLabel))];
  return found.length > 0 ? `${found.join(", ")} would still depend on ${label(place)}` : null;
}

const listed = (node: Node): string[] => ("List" in node ? names(node.List.items) : []);
const placeOf = (path: readonly string[]): QualifiedName => ({
  schema: path.at(-2) ?? "",
  name: path.at(-1) ?? "",
});

function dropped(
  state: State,
  { removeType, objects = [] }: DropStmt,
  schemas: readonly string[],
): string | null {
  const views = objects.map((object) => placeOf(listed(object)));
  for (const object of objects) {
    const path = "TypeName" in object ? names(object.TypeName.names) : listed(object);
    switch (removeType) {
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW": {
        for (const { schema, name } of views) state.release("view", schema, null, name);
        const place = placeOf(path);
        if (!state.relations.has(label(place))) break;
        const why = stillNeeded(state, "view", place);
        if (why) return why;
        state.relations.delete(label(place));
        break;
      }
      case "OBJECT_INDEX": {
        const place = placeOf(path);
        const of = state.relations.get(label(place))?.of ?? null;
        state.relations.delete(label(place));
        state.removeAttached(place);
        if (of) state.release("index", place.schema, of.slice(of.indexOf(".") + 1), place.name);
        break;
      }
      case "OBJECT_TRIGGER":
      case "OBJECT_POLICY": {
        const kind = removeType === "OBJECT_TRIGGER" ? "trigger" : "policy";
        const table = placeOf(path.slice(0, -1));
        state.removePart(kind, table, path.at(-1) ?? "");
        break;
      }
      case "OBJECT_TYPE":
      case "OBJECT_DOMAIN": {
        const place = placeOf(path);
        const why = stillNeeded(state, "type", place);
        if (why) return why;
        state.types.delete(label(place));
        break;
      }
      case "OBJECT_FUNCTION":
      case "OBJECT_PROCEDURE": {
        if (!("ObjectWithArgs" in object)) break;
        const { schema, name } = placeOf(names(object.ObjectWithArgs.objname));
        const place = { schema, name: `${name}(${argumentTypes(object.ObjectWithArgs, schemas)})` };
        const why = stillNeeded(state, "function", place);
        if (why) return why;
        state.release("function", schema, null, place.name);
        break;
      }
      default:
        break;
    }
  }
  return null;
}

function altered(state: State, { relation, cmds = [] }: AlterTableStmt): string | null {
  const table = relationOf(relation);
  for (const cmd of cmds) {
    if (!("AlterTableCmd" in cmd)) continue;
    const { subtype, name = "", def, behavior } = cmd.AlterTableCmd;
    if (subtype === "AT_ColumnDefault") state.release("column", table.schema, table.name, name);
    if (subtype === "AT_DropConstraint") {
      const index = { schema: table.schema, name };
      if (state.relations.get(label(index))?.of === label(table)) {
        const why = behavior === "DROP_CASCADE" ? null : stillNeeded(state, "index", index);
        if (why) return why;
        state.relations.delete(label(index));
        state.removeAttached(index);
      }
      state.removePart("constraint", table, name);
    }
    if (subtype !== "AT_AddConstraint" || !def || !("Constraint" in def)) continue;
    const { contype, conname = "", indexname } = def.Constraint;
    const why = takePart(state, "constraint", table, conname);
    if (why) return why;
    if (!["CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION"].includes(contype ?? "")) continue;
    if (indexname !== undefined) state.relations.delete(label({ schema: table.schema, name: indexname }));
    const taken = take(state, { schema: table.schema, name: conname }, "index", label(table));
    if (taken) return taken;
  }
  return null;
}

/** Has a statement happen; says why it cannot. */
function happen(state: State, node: Node, schemas: readonly string[]): string | null {
  if ("DropStmt" in node) return dropped(state, node.DropStmt, schemas);
  if ("AlterTableStmt" in node) return altered(state, node.AlterTableStmt);
  if ("ViewStmt" in node) {
    const place = relationOf(node.ViewStmt.view);
    state.release("view", place.schema, null, place.name);
    return node.ViewStmt.replace ? null : take(state, place, "view", null);
  }
  if ("CreateTableAsStmt" in node)
    return take(state, relationOf(node.CreateTableAsStmt.into?.rel), "view", null);
  if ("CreateSeqStmt" in node) return take(state, relationOf(node.CreateSeqStmt.sequence), "sequence", null);
  if ("IndexStmt" in node) {
    const table = relationOf(node.IndexStmt.relation);
    return take(state, { schema: table.schema, name: node.IndexStmt.idxname ?? "" }, "index", label(table));
  }
  if ("CreateTrigStmt" in node) {
    const { relation, trigname = "" } = node.CreateTrigStmt;
    return takePart(state, "trigger", relationOf(relation), trigname);
  }
  if ("CreatePolicyStmt" in node) {
    const { table, policy_name: name = "" } = node.CreatePolicyStmt;
    return takePart(state, "policy", relationOf(table), name);
  }
  if ("AlterPolicyStmt" in node) {
    const { schema, name } = relationOf(node.AlterPolicyStmt.table);
    state.release("policy", schema, name, node.AlterPolicyStmt.policy_name ?? "");
    return null;
  }
  if ("AlterObjectSchemaStmt" in node) {
    // A table takes its indexes and sequences along.
    const moved = label(relationOf(node.AlterObjectSchemaStmt.relation));
    for (const [name, { of }] of state.relations)
      if (name === moved || of === moved) state.relations.delete(name);
    return null;
  }
  const type =
    "CreateEnumStmt" in node
      ? placeOf(names(node.CreateEnumStmt.typeName))
      : "CreateDomainStmt" in node
        ? placeOf(names(node.CreateDomainStmt.domainname))
        : "CompositeTypeStmt" in node
          ? relationOf(node.CompositeTypeStmt.typevar)
          : "CreateRangeStmt" in node
            ? placeOf(names(node.CreateRangeStmt.typeName))
            : null;
  if (type === null) return null;
  if (state.types.has(label(type))) return `${label(type)} would still be the name of a type`;
  state.types.add(label(type));
  return null;
}

/**
 * The steps as they are, but for those that could not run when it is their turn: they are blocked, and so is the whole
 * rollback. What gives things their former names comes first: the catalog is the one after that.
 */
export function proven(
  steps: readonly Step[],
  { actual, dependents }: { actual: Catalog; dependents: readonly Dependent[] },
): Step[] {
  const state = createState(actual, dependents);
  const schemas = actual.schemas.map(({ name }) => name);
  return steps.map((step) => {
    if (step.action !== "run" || step.kind === "rename" || step.kind === "opaque") return step;
    for (const { node } of parseStatements(step.sql)) {
      const why = happen(state, node, schemas);
      if (why)
        return {
          ...step,
          action: "blocked",
          reason: `${why} when it is this step's turn: drop or rename that by hand, then roll back`,
        };
    }
    return step;
  });
}
