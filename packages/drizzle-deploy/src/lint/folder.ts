import type {
  AlterDomainStmt,
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint as ConstraintNode,
  CreateFunctionStmt,
  CreateStmt,
  DropStmt,
  IndexStmt,
  Node,
  RenameStmt,
} from "libpg-query";
import type { Column, Constraint, Index, Table } from "../catalog/index.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteName } from "../sql/quote.ts";
import { columnsIn, names, typeText } from "../sql/tree.ts";
import { constraintName } from "../statements/constraint-name.ts";
import { freeName, indexColumnNames } from "../statements/index-name.ts";
import { relationsOf, resolve, resolveName } from "../statements/resolve.ts";

/*
 * What the statements of a folder say of the objects that they make, as far as it can be told without a server. What
 * no statement says is not known, and nothing is concluded from it.
 */

/** A view, with what its query reads. */
export interface KnownView extends QualifiedName {
  readonly isMaterialized: boolean;
  readonly isInvoker: boolean;
  readonly reads: readonly QualifiedName[];
  /** The columns that its query names; null where it takes all. */
  readonly columns: readonly string[] | null;
}

/** A function, with what its definition says of it. */
export interface KnownFunction extends QualifiedName {
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly language: string;
  readonly body: string;
  readonly argumentTypes: string;
}

/** The objects that a folder has made up to a statement. */
export interface Folder {
  /** The schemas that its statements name, `public` first. */
  readonly schemas: [string, ...string[]];
  readonly tables: Map<string, Table>;
  /** Tables of whose columns not all are known: of a query, or of another table that is not known. */
  readonly partly: Set<string>;
  /** The conditions of checks, by the label of the table and the name of the check. */
  readonly checks: Map<string, Node>;
  readonly views: Map<string, KnownView>;
  readonly functions: Map<string, readonly KnownFunction[]>;
  /** Domains, with the names of their rules. */
  readonly domains: Map<string, readonly string[]>;
  readonly sequences: Map<string, QualifiedName>;
  /** What was dropped, or renamed, and not made again. */
  readonly gone: Set<string>;
}

/** A folder that has made nothing. */
export const emptyFolder = (): Folder => ({
  schemas: ["public"],
  tables: new Map(),
  partly: new Set(),
  checks: new Map(),
  views: new Map(),
  functions: new Map(),
  domains: new Map(),
  sequences: new Map(),
  gone: new Set(),
});

/** The same once more, so that the one can go on and the other stays. */
export const copyOf = (folder: Folder): Folder => ({
  schemas: [...folder.schemas],
  tables: new Map(folder.tables),
  partly: new Set(folder.partly),
  checks: new Map(folder.checks),
  views: new Map(folder.views),
  functions: new Map(folder.functions),
  domains: new Map(folder.domains),
  sequences: new Map(folder.sequences),
  gone: new Set(folder.gone),
});

/** The key of a check's condition in `checks`. */
export const checkKey = (table: QualifiedName, name: string): string =>
  JSON.stringify([table.schema, table.name, name]);

/** What is there and not known, where a catalog has a text that nobody reads. */
const asWritten = "as written";

/** SQL of a tree; null where the printer cannot print it faithfully. */
function textOf(node: Node): string | null {
  try {
    return print(node);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** An expression as SQL. */
function expressionOf(node: Node | undefined): string | null {
  if (node === undefined) return null;
  const select = textOf({
    SelectStmt: {
      targetList: [{ ResTarget: { val: node } }],
      limitOption: "LIMIT_OPTION_DEFAULT",
      op: "SETOP_NONE",
    },
  });
  return select?.replace(/^SELECT\s+/, "") ?? null;
}

const serials: Readonly<Record<string, string>> = {
  serial: "integer",
  serial4: "integer",
  serial2: "smallint",
  smallserial: "smallint",
  serial8: "bigint",
  bigserial: "bigint",
};

function newTable({ schema, name }: QualifiedName): Table {
  return {
    schema,
    name,
    kind: "table",
    owner: asWritten,
    comment: null,
    persistence: "permanent",
    rowSecurity: false,
    forceRowSecurity: false,
    options: [],
    partitionKey: null,
    partition: null,
    columns: [],
    constraints: [],
    indexes: [],
    policies: [],
    triggers: [],
    grants: [],
  };
}

const constraintsOf = (definition: ColumnDef): ConstraintNode[] =>
  (definition.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));

function columnOf(definition: ColumnDef, folder: Folder): Column {
  const constraints = constraintsOf(definition);
  const has = (contype: ConstraintNode["contype"]) => constraints.some((one) => one.contype === contype);
  const serial = serials[names(definition.typeName?.names).at(-1) ?? ""];
  const isIdentity = has("CONSTR_IDENTITY");
  const standard = expressionOf(constraints.find((one) => one.contype === "CONSTR_DEFAULT")?.raw_expr);
  return {
    name: definition.colname ?? "",
    type: serial ?? typeText(definition.typeName, folder.schemas),
    nullable: !(has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY") || serial !== undefined || isIdentity),
    default: serial === undefined ? standard : "nextval('a_sequence')",
    generated: has("CONSTR_GENERATED") ? asWritten : null,
    virtual: false,
    identity: isIdentity ? "by default" : null,
    collation: names(definition.collClause?.collname).at(-1) ?? null,
    comment: null,
    grants: [],
  };
}

const constraintTypes: Readonly<Record<string, Constraint["type"]>> = {
  CONSTR_PRIMARY: "p",
  CONSTR_UNIQUE: "u",
  CONSTR_FOREIGN: "f",
  CONSTR_CHECK: "c",
  CONSTR_EXCLUSION: "x",
};

function newIndex(
  name: string,
  rest: Pick<Index, "definition" | "unique" | "constraint" | "keys"> &
    Partial<Pick<Index, "predicate" | "include">>,
): Index {
  return {
    name,
    method: "btree",
    nullsNotDistinct: false,
    valid: true,
    ready: true,
    include: [],
    predicate: null,
    ...rest,
  };
}

const keyOf = (column: string | null, expression: string): Index["keys"][number] => ({
  expression,
  column,
  order: "asc",
  nulls: "last",
  collation: null,
  operatorClass: null,
});

const labelOf = (name: QualifiedName): string => qualifiedLabel(name);

/** Changes a table that is known. */
function edit(folder: Folder, table: QualifiedName, change: (known: Table) => Table): void {
  const known = folder.tables.get(labelOf(table));
  if (known) folder.tables.set(labelOf(table), change(known));
}

const withColumn = (table: Table, name: string, change: (column: Column) => Column): Table => ({
  ...table,
  columns: table.columns.map((column) => (column.name === name ? change(column) : column)),
});

/** A foreign key as a catalog has it, as far as it is read. */
function foreignKeyText(columns: readonly string[], to: QualifiedName, others: readonly string[]): string {
  const list = (some: readonly string[]) =>
    some.length > 0 ? `(${some.map(quoteIdentifier).join(", ")})` : "";
  return `FOREIGN KEY ${list(columns)} REFERENCES ${quoteName(to)}${list(others)}`;
}

function addConstraint(
  folder: Folder,
  table: QualifiedName,
  node: ConstraintNode,
  column: string | null,
): void {
  const type = constraintTypes[node.contype ?? ""];
  const name = constraintName(node, table, column);
  if (type === undefined || name === null) return;
  const written = type === "f" ? names(node.fk_attrs) : names(node.keys);
  const own = column === null ? written : [column];
  const columns = type === "c" ? columnsIn(node.raw_expr) : own;
  const referenced = node.pktable ? resolve(node.pktable) : null;
  if (type === "c" && node.raw_expr) folder.checks.set(checkKey(table, name), node.raw_expr);
  edit(folder, table, (known) => {
    const taken = known.indexes.find((one) => one.name === node.indexname);
    const keys = taken ? taken.keys.flatMap((key) => key.column ?? []) : columns;
    const constraint: Constraint = {
      name,
      type,
      definition: referenced ? foreignKeyText(keys, referenced, names(node.pk_attrs)) : asWritten,
      columns: keys,
      references: referenced
        ? { schema: referenced.schema, table: referenced.name, columns: names(node.pk_attrs) }
        : null,
      validated: node.skip_validation !== true,
      enforced: true,
      deferrable: node.deferrable ?? false,
      initiallyDeferred: node.initdeferred ?? false,
    };
    const isKey = type === "p" || type === "u" || type === "x";
    const others = known.indexes.filter((one) => one !== taken);
    const list = (some: readonly string[]) => some.map(quoteIdentifier).join(", ");
    const index = newIndex(name, {
      definition: `CREATE UNIQUE INDEX ${quoteIdentifier(name)} ON ${quoteName(table)} (${list(keys)})`,
      unique: type !== "x",
      constraint: name,
      keys: keys.length > 0 ? keys.map((key) => keyOf(key, key)) : [keyOf(null, asWritten)],
    });
    return {
      ...known,
      constraints: [...known.constraints.filter((one) => one.name !== name), constraint],
      indexes: isKey ? [...others, index] : known.indexes,
      columns: known.columns.map((one) =>
        type === "p" && keys.includes(one.name) ? { ...one, nullable: false } : one,
      ),
    };
  });
}

function addColumn(folder: Folder, table: QualifiedName, definition: ColumnDef): void {
  const name = definition.colname ?? "";
  const column = columnOf(definition, folder);
  edit(folder, table, (known) =>
    known.columns.some((one) => one.name === name)
      ? known
      : { ...known, columns: [...known.columns, column] },
  );
  for (const constraint of constraintsOf(definition)) addConstraint(folder, table, constraint, name);
  if (column.identity !== null || names(definition.typeName?.names).at(-1)?.includes("serial")) {
    folder.sequences.set(`${labelOf(table)}_${name}_seq`, table);
  }
}

function createTable(folder: Folder, statement: CreateStmt): void {
  const name = resolve(statement.relation);
  if (statement.relation?.relpersistence === "t") return;
  if (statement.if_not_exists && folder.tables.has(labelOf(name))) return;
  arrive(folder, name);
  const elements = statement.tableElts ?? [];
  const parents = (statement.inhRelations ?? []).flatMap((node) =>
    "RangeVar" in node ? [resolve(node.RangeVar)] : [],
  );
  const sources = [
    ...parents,
    ...elements.flatMap((node) =>
      "TableLikeClause" in node ? [resolve(node.TableLikeClause.relation)] : [],
    ),
  ];
  const known = sources.map((one) => folder.tables.get(labelOf(one)));
  if (known.includes(undefined) || statement.ofTypename !== undefined) folder.partly.add(labelOf(name));
  else folder.partly.delete(labelOf(name));
  const [parent] = parents;
  const { partspec, partbound } = statement;
  folder.tables.set(labelOf(name), {
    ...newTable(name),
    persistence: statement.relation?.relpersistence === "u" ? "unlogged" : "permanent",
    kind: partspec ? "partitioned" : "table",
    partitionKey: partspec
      ? `${(partspec.strategy ?? "").replace("PARTITION_STRATEGY_", "")} (${(partspec.partParams ?? [])
          .flatMap((node) =>
            "PartitionElem" in node ? [node.PartitionElem.name ?? columnsIn(node).join(", ")] : [],
          )
          .join(", ")})`
      : null,
    partition:
      partbound && parent ? { of: parent, bound: partbound.is_default ? "DEFAULT" : asWritten } : null,
    columns: known.flatMap((one) => one?.columns ?? []),
  });
  for (const node of elements) if ("ColumnDef" in node) addColumn(folder, name, node.ColumnDef);
  for (const node of elements) if ("Constraint" in node) addConstraint(folder, name, node.Constraint, null);
}

function alterColumn(folder: Folder, table: QualifiedName, command: AlterTableCmd): void {
  const name = command.name ?? "";
  const to = (change: (column: Column) => Column) =>
    edit(folder, table, (known) => withColumn(known, name, change));
  switch (command.subtype) {
    case "AT_AlterColumnType": {
      const definition = command.def && "ColumnDef" in command.def ? command.def.ColumnDef : {};
      const type = typeText(definition.typeName, folder.schemas);
      const collation = names(definition.collClause?.collname).at(-1) ?? null;
      to((column) => ({ ...column, type, collation }));
      break;
    }
    case "AT_SetNotNull":
      to((column) => ({ ...column, nullable: false }));
      break;
    case "AT_DropNotNull":
      to((column) => ({ ...column, nullable: true }));
      break;
    case "AT_ColumnDefault":
      to((column) => ({ ...column, default: expressionOf(command.def) }));
      break;
    case "AT_AddIdentity":
      to((column) => ({ ...column, identity: "by default" }));
      break;
    case "AT_DropColumn":
      edit(folder, table, (known) => ({
        ...known,
        columns: known.columns.filter((column) => column.name !== name),
        constraints: known.constraints.filter(({ columns }) => !columns.includes(name)),
        indexes: known.indexes.filter(({ keys }) => !keys.some(({ column }) => column === name)),
      }));
      break;
    default:
      break;
  }
}

function alterTable(folder: Folder, statement: AlterTableStmt): void {
  const table = resolve(statement.relation);
  if (statement.objtype === "OBJECT_VIEW") {
    const view = folder.views.get(labelOf(table));
    for (const node of statement.cmds ?? []) {
      const options = "AlterTableCmd" in node ? node.AlterTableCmd.def : undefined;
      if (view && options && "List" in options && isInvoker(options.List.items)) {
        folder.views.set(labelOf(table), { ...view, isInvoker: true });
      }
    }
    return;
  }
  for (const node of statement.cmds ?? []) {
    if (!("AlterTableCmd" in node)) continue;
    const command = node.AlterTableCmd;
    const name = command.name ?? "";
    const set = (change: Partial<Table>) => edit(folder, table, (known) => ({ ...known, ...change }));
    switch (command.subtype) {
      case "AT_AddColumn":
        if (command.def && "ColumnDef" in command.def) addColumn(folder, table, command.def.ColumnDef);
        break;
      case "AT_AddConstraint":
        if (command.def && "Constraint" in command.def)
          addConstraint(folder, table, command.def.Constraint, null);
        break;
      case "AT_ValidateConstraint":
        edit(folder, table, (known) => ({
          ...known,
          constraints: known.constraints.map((one) =>
            one.name === name ? { ...one, validated: true } : one,
          ),
        }));
        break;
      case "AT_DropConstraint":
        edit(folder, table, (known) => ({
          ...known,
          constraints: known.constraints.filter((one) => one.name !== name),
          indexes: known.indexes.filter((one) => one.constraint !== name),
        }));
        break;
      case "AT_EnableRowSecurity":
      case "AT_DisableRowSecurity":
        set({ rowSecurity: command.subtype === "AT_EnableRowSecurity" });
        break;
      case "AT_AttachPartition":
        if (command.def && "PartitionCmd" in command.def) {
          const { name: range, bound } = command.def.PartitionCmd;
          edit(folder, resolve(range), (known) => ({
            ...known,
            partition: { of: table, bound: bound?.is_default ? "DEFAULT" : asWritten },
          }));
        }
        break;
      case "AT_DetachPartition":
        if (command.def && "PartitionCmd" in command.def) {
          edit(folder, resolve(command.def.PartitionCmd.name), (known) => ({ ...known, partition: null }));
        }
        break;
      default:
        alterColumn(folder, table, command);
    }
  }
}

function createIndex(folder: Folder, statement: IndexStmt): void {
  const table = resolve(statement.relation);
  const keys = (statement.indexParams ?? []).flatMap((node) => {
    if (!("IndexElem" in node)) return [];
    const { name, expr } = node.IndexElem;
    return [name === undefined ? keyOf(null, columnsIn(expr).join(" ")) : keyOf(name, name)];
  });
  const name =
    statement.idxname ??
    freeName(table, indexColumnNames(statement), "idx", ({ name: other }) =>
      [...folder.tables.values()].some((one) => one.indexes.some((index) => index.name === other)),
    );
  edit(folder, table, (known) => ({
    ...known,
    indexes: [
      ...known.indexes.filter((one) => one.name !== name),
      newIndex(name, {
        definition:
          textOf({ IndexStmt: statement }) ??
          `CREATE INDEX ${quoteIdentifier(name)} ON ${quoteName(table)} (${keys.map(({ column }) => quoteIdentifier(column ?? "expression")).join(", ")})`,
        unique: statement.unique ?? false,
        constraint: null,
        keys: keys.length > 0 ? keys : [keyOf(null, asWritten)],
        predicate: statement.whereClause ? columnsIn(statement.whereClause).join(" ") : null,
      }),
    ],
  }));
}

/** Whether the options of a view say `security_invoker`. */
export function isInvoker(options: readonly Node[] | undefined): boolean {
  return (options ?? []).some((node) => {
    if (!("DefElem" in node) || node.DefElem.defname !== "security_invoker") return false;
    const { arg } = node.DefElem;
    const value = arg && "String" in arg ? arg.String.sval?.toLowerCase() : "true";
    return value === "true" || value === "on" || value === "1" || value === "yes";
  });
}

function addView(
  folder: Folder,
  name: QualifiedName,
  query: Node | undefined,
  rest: Pick<KnownView, "isMaterialized" | "isInvoker">,
): void {
  arrive(folder, name);
  folder.views.set(labelOf(name), {
    ...name,
    ...rest,
    reads: relationsOf(query),
    columns: JSON.stringify(query ?? null).includes('"A_Star"') ? null : columnsIn(query),
  });
}

const textOption = (statement: CreateFunctionStmt, wanted: string): string | undefined =>
  (statement.options ?? []).flatMap((node) => {
    if (!("DefElem" in node) || node.DefElem.defname !== wanted) return [];
    const { arg } = node.DefElem;
    if (arg && "String" in arg) return [arg.String.sval ?? ""];
    return arg && "List" in arg ? names(arg.List.items) : [];
  })[0];

function addFunction(folder: Folder, statement: CreateFunctionStmt): void {
  const name = resolveName(names(statement.funcname));
  const said = textOption(statement, "volatility")?.toLowerCase();
  const types = (statement.parameters ?? []).flatMap((node) => {
    if (!("FunctionParameter" in node)) return [];
    const { argType, mode } = node.FunctionParameter;
    if (mode === "FUNC_PARAM_OUT" || mode === "FUNC_PARAM_TABLE") return [];
    return [typeText(argType && { ...argType, typmods: [] }, folder.schemas)];
  });
  const made: KnownFunction = {
    ...name,
    volatility: said === "immutable" || said === "stable" ? said : "volatile",
    language: textOption(statement, "language") ?? "sql",
    body: textOption(statement, "as") ?? "",
    argumentTypes: types.join(", "),
  };
  const others = (folder.functions.get(labelOf(name)) ?? []).filter(
    ({ argumentTypes }) => argumentTypes !== made.argumentTypes,
  );
  folder.functions.set(labelOf(name), [...others, made]);
}

/** A relation that is there from now on. */
function arrive(folder: Folder, name: QualifiedName): void {
  folder.gone.delete(labelOf(name));
  if (!folder.schemas.includes(name.schema)) folder.schemas.push(name.schema);
}

function leave(folder: Folder, name: QualifiedName): void {
  folder.tables.delete(labelOf(name));
  folder.views.delete(labelOf(name));
  folder.sequences.delete(labelOf(name));
  folder.gone.add(labelOf(name));
}

const pathOf = (node: Node): string[] => {
  if ("List" in node) return names(node.List.items);
  if ("TypeName" in node) return names(node.TypeName.names);
  if ("ObjectWithArgs" in node) return names(node.ObjectWithArgs.objname);
  return names([node]);
};

function drop(folder: Folder, statement: DropStmt): void {
  for (const node of statement.objects ?? []) {
    const name = resolveName(pathOf(node));
    switch (statement.removeType) {
      case "OBJECT_TABLE":
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW":
      case "OBJECT_SEQUENCE":
        leave(folder, name);
        break;
      case "OBJECT_INDEX":
        for (const [label, table] of folder.tables) {
          if (table.schema !== name.schema || !table.indexes.some((one) => one.name === name.name)) continue;
          folder.tables.set(label, {
            ...table,
            indexes: table.indexes.filter((one) => one.name !== name.name),
          });
        }
        break;
      case "OBJECT_FUNCTION":
      case "OBJECT_PROCEDURE":
      case "OBJECT_ROUTINE":
        folder.functions.delete(labelOf(name));
        break;
      case "OBJECT_DOMAIN":
        folder.domains.delete(labelOf(name));
        break;
      case "OBJECT_SCHEMA": {
        const schema = pathOf(node).at(-1);
        for (const one of [...folder.tables.values(), ...folder.views.values()]) {
          if (one.schema === schema) leave(folder, one);
        }
        break;
      }
      case "OBJECT_POLICY":
      case "OBJECT_TRIGGER": {
        const [own, table] = [pathOf(node).at(-1), resolveName(pathOf(node).slice(0, -1))];
        edit(folder, table, (known) => ({
          ...known,
          policies: known.policies.filter(
            (one) => statement.removeType !== "OBJECT_POLICY" || one.name !== own,
          ),
          triggers: known.triggers.filter(
            (one) => statement.removeType !== "OBJECT_TRIGGER" || one.name !== own,
          ),
        }));
        break;
      }
      default:
        break;
    }
  }
}

/** Gives a relation another name, or schema. */
function move(folder: Folder, from: QualifiedName, to: QualifiedName): void {
  const table = folder.tables.get(labelOf(from));
  const view = folder.views.get(labelOf(from));
  const isPartly = folder.partly.has(labelOf(from));
  leave(folder, from);
  arrive(folder, to);
  if (isPartly) folder.partly.add(labelOf(to));
  if (table) {
    for (const { name } of table.constraints) {
      const check = folder.checks.get(checkKey(from, name));
      if (check) folder.checks.set(checkKey(to, name), check);
    }
    folder.tables.set(labelOf(to), { ...table, schema: to.schema, name: to.name });
    for (const [label, other] of folder.tables) {
      const isPart = other.partition && labelOf(other.partition.of) === labelOf(from);
      if (isPart && other.partition) {
        folder.tables.set(label, { ...other, partition: { ...other.partition, of: to } });
      }
    }
  }
  if (view) folder.views.set(labelOf(to), { ...view, schema: to.schema, name: to.name });
  // Views read a table under its new name.
  for (const [label, other] of folder.views) {
    if (other.reads.some((one) => labelOf(one) === labelOf(from))) {
      const reads = other.reads.map((one) => (labelOf(one) === labelOf(from) ? to : one));
      folder.views.set(label, { ...other, reads });
    }
  }
}

function rename(folder: Folder, statement: RenameStmt): void {
  const relation = resolve(statement.relation);
  const [from = "", to = ""] = [statement.subname, statement.newname];
  switch (statement.renameType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      move(folder, relation, { schema: relation.schema, name: to });
      break;
    case "OBJECT_COLUMN": {
      const named = (name: string) => (name === from ? to : name);
      edit(folder, relation, (known) => ({
        ...withColumn(known, from, (column) => ({ ...column, name: to })),
        constraints: known.constraints.map((one) => ({ ...one, columns: one.columns.map(named) })),
        indexes: known.indexes.map((one) => ({
          ...one,
          keys: one.keys.map((key) => (key.column === from ? { ...key, column: to, expression: to } : key)),
        })),
      }));
      break;
    }
    case "OBJECT_TABCONSTRAINT": {
      const check = folder.checks.get(checkKey(relation, from));
      if (check) folder.checks.set(checkKey(relation, to), check);
      edit(folder, relation, (known) => ({
        ...known,
        constraints: known.constraints.map((one) => (one.name === from ? { ...one, name: to } : one)),
      }));
      break;
    }
    case "OBJECT_INDEX":
      for (const [label, table] of folder.tables) {
        if (table.schema !== relation.schema) continue;
        const indexes = table.indexes.map((one) => (one.name === relation.name ? { ...one, name: to } : one));
        folder.tables.set(label, { ...table, indexes });
      }
      break;
    default:
      break;
  }
}

function alterDomain(folder: Folder, statement: AlterDomainStmt): void {
  const domain = resolveName(names(statement.typeName));
  const rules = folder.domains.get(labelOf(domain)) ?? [];
  const constraint = statement.def && "Constraint" in statement.def ? statement.def.Constraint : null;
  if (statement.subtype === "X") {
    folder.domains.set(
      labelOf(domain),
      rules.filter((one) => one !== statement.name),
    );
  } else if (constraint !== null || statement.subtype === "O") {
    folder.domains.set(labelOf(domain), [...rules, constraint?.conname ?? "not null"]);
  }
}

/** Takes down what a statement makes, changes or takes away. */
export function follow(folder: Folder, node: Node): void {
  if ("CreateStmt" in node) createTable(folder, node.CreateStmt);
  else if ("AlterTableStmt" in node) alterTable(folder, node.AlterTableStmt);
  else if ("IndexStmt" in node) createIndex(folder, node.IndexStmt);
  else if ("DropStmt" in node) drop(folder, node.DropStmt);
  else if ("RenameStmt" in node) rename(folder, node.RenameStmt);
  else if ("CreateFunctionStmt" in node) addFunction(folder, node.CreateFunctionStmt);
  else if ("AlterDomainStmt" in node) alterDomain(folder, node.AlterDomainStmt);
  else if ("AlterObjectSchemaStmt" in node) {
    const { relation, newschema = "" } = node.AlterObjectSchemaStmt;
    if (relation) move(folder, resolve(relation), { schema: newschema, name: resolve(relation).name });
  } else if ("ViewStmt" in node) {
    const { view, query, options } = node.ViewStmt;
    if (view?.relpersistence !== "t") {
      addView(folder, resolve(view), query, { isMaterialized: false, isInvoker: isInvoker(options) });
    }
  } else if ("CreateTableAsStmt" in node) {
    const { into, query, objtype } = node.CreateTableAsStmt;
    const name = resolve(into?.rel);
    if (into?.rel?.relpersistence === "t") return;
    if (objtype === "OBJECT_MATVIEW") {
      addView(folder, name, query, { isMaterialized: true, isInvoker: false });
    } else {
      arrive(folder, name);
      folder.partly.add(labelOf(name));
      folder.tables.set(labelOf(name), newTable(name));
    }
  } else if ("CreateDomainStmt" in node) {
    const { domainname, constraints = [] } = node.CreateDomainStmt;
    const rules = constraints.flatMap((one) =>
      "Constraint" in one && ["CONSTR_CHECK", "CONSTR_NOTNULL"].includes(one.Constraint.contype ?? "")
        ? [one.Constraint.conname ?? "a rule"]
        : [],
    );
    folder.domains.set(labelOf(resolveName(names(domainname))), rules);
  } else if ("CreatePolicyStmt" in node) {
    const { table, policy_name: name = "" } = node.CreatePolicyStmt;
    edit(folder, resolve(table), (known) => ({
      ...known,
      policies: [
        ...known.policies,
        { name, permissive: true, command: "ALL", roles: ["public"], using: null, check: null },
      ],
    }));
  } else if ("CreateTrigStmt" in node) {
    const { relation, trigname: name = "", funcname } = node.CreateTrigStmt;
    const definition = textOf(node);
    if (definition === null) return;
    edit(folder, resolve(relation), (known) => ({
      ...known,
      triggers: [
        ...known.triggers.filter((one) => one.name !== name),
        { name, definition, enabled: "origin", function: resolveName(names(funcname)) },
      ],
    }));
  } else if ("CreateSeqStmt" in node) {
    arrive(folder, resolve(node.CreateSeqStmt.sequence));
    folder.sequences.set(labelOf(resolve(node.CreateSeqStmt.sequence)), resolve(node.CreateSeqStmt.sequence));
  } else if ("CreateSchemaStmt" in node) {
    const { schemaname } = node.CreateSchemaStmt;
    if (schemaname !== undefined && !folder.schemas.includes(schemaname)) folder.schemas.push(schemaname);
  }
}
