import type { DeleteStmt, InsertStmt, Node, RangeVar, SelectStmt, UpdateStmt } from "libpg-query";
import type { Table } from "../catalog/index.ts";
import type { Batches } from "../model/step.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { fingerprint, isNode, parseStatements, print } from "../sql/parser.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { names, relationsIn, replaceNodes, walk } from "../sql/tree.ts";
import type { StatementContext } from "./draft.ts";
import { resolve } from "./resolve.ts";
import {
  type Effects,
  effectsOfDelete,
  effectsOfInsert,
  effectsOfUpdate,
  isFamily,
  secured,
} from "./written-rows.ts";

/*
 * Whether a change of many rows may be made in batches by the key of one table, each in a transaction of its own, with the
 * same result as in one. What has to be seen for that is in the statement, and in the catalog: that each row is visited
 * once, that what becomes of it depends on nothing that the statement itself changes, and that it is the same whenever
 * it is asked. What cannot be seen is taken not to be so.
 */

/** How a statement runs in batches, or why it is not shown that it may: the end of a sentence that begins with "since". */
export type Batching =
  | { readonly isShown: true; readonly batches: Batches }
  | { readonly isShown: false; readonly reason: string };

/** Thrown, and caught, within this module. */
class NotShown extends Error {}

function refuse(reason: string): never {
  throw new NotShown(reason);
}

/** The parts of a statement that matter here, whatever its kind. */
interface Subject {
  /** The table whose rows are taken in the order of its key. */
  readonly driving: RangeVar;
  /** What else the driving rows are joined with. */
  readonly joined: readonly Node[];
  readonly where: Node | undefined;
  /** The table that is written. */
  readonly written: QualifiedName;
  /** The columns of it that are set, of an `UPDATE`. */
  readonly set: readonly string[];
  /** The same statement with another condition. */
  readonly narrowed: (where: Node) => Node;
  readonly effects: (table: Table) => Effects;
}

/** Shows that a statement may run in batches, or says why not. */
export function batching(node: Node, context: StatementContext): Batching {
  try {
    return { isShown: true, batches: batchesOf(node, context) };
  } catch (error) {
    if (error instanceof NotShown) return { isShown: false, reason: error.message };
    // It cannot be printed faithfully.
    if (error instanceof RangeError)
      return { isShown: false, reason: "the statement cannot be narrowed to some of its rows faithfully" };
    throw error;
  }
}

function batchesOf(node: Node, context: StatementContext): Batches {
  const subject = subjectOf(node, context);
  const driving = resolve(subject.driving);
  const table = requireTable(driving, context);
  if (subject.driving.inh !== true && (table.kind === "partitioned" || hasRelatives(driving, context)))
    refuse(`ONLY leaves out a part of ${qualifiedLabel(driving)}`);
  const key = keyOf(table, context);
  if (isFamily(driving, subject.written, context)) {
    const changed = key.find(({ name }) => subject.set.includes(name));
    if (changed) refuse(`it changes ${changed.name}, which is in the key that tells the rows apart`);
  }
  const writtenTable = requireTable(subject.written, context, "written");
  const effects = subject.effects(writtenTable);
  if (effects.reason !== null) refuse(effects.reason);
  requireOrdinaryExpressions(node, context);
  requireUnchangedSources(node, subject, effects, context);
  const alias = subject.driving.alias?.aliasname ?? driving.name;
  const narrowed = subject.narrowed(
    allOf([...conjuncts(subject.where), bound(alias, key, ">=", 1), bound(alias, key, "<=", 2)]),
  );
  const timed = withTimeOnce(narrowed);
  return {
    table: driving,
    key,
    written: { ...subject.written, columns: [...subject.set] },
    sql: print(timed.node),
    takesTime: timed.takesTime,
  };
}

function subjectOf(node: Node, context: StatementContext): Subject {
  if ("UpdateStmt" in node) return ofUpdate(node.UpdateStmt, context);
  if ("DeleteStmt" in node) return ofDelete(node.DeleteStmt, context);
  if ("InsertStmt" in node) return ofInsert(node.InsertStmt, context);
  return refuse("only an UPDATE, a DELETE or an INSERT … SELECT is run so");
}

function ofUpdate(statement: UpdateStmt, context: StatementContext): Subject {
  const { relation, whereClause, fromClause = [], withClause } = statement;
  if (!relation) return refuse("it names no table");
  if (withClause) refuse("its WITH query would be evaluated again for every batch");
  const set = (statement.targetList ?? []).flatMap((one) =>
    "ResTarget" in one && one.ResTarget.name !== undefined ? [one.ResTarget.name] : [],
  );
  requireOneMatch(fromClause, whereClause, context);
  return {
    driving: relation,
    joined: fromClause,
    where: whereClause,
    written: resolve(relation),
    set,
    narrowed: (where) => ({ UpdateStmt: { ...statement, whereClause: where } }),
    effects: (table) => effectsOfUpdate(table, set, context),
  };
}

function ofDelete(statement: DeleteStmt, context: StatementContext): Subject {
  const { relation, whereClause, usingClause = [], withClause } = statement;
  if (!relation) return refuse("it names no table");
  if (withClause) refuse("its WITH query would be evaluated again for every batch");
  return {
    driving: relation,
    // However many rows match, the row goes once.
    joined: usingClause,
    where: whereClause,
    written: resolve(relation),
    set: [],
    narrowed: (where) => ({ DeleteStmt: { ...statement, whereClause: where } }),
    effects: (table) => effectsOfDelete(table, context),
  };
}

function ofInsert(given: InsertStmt, context: StatementContext): Subject {
  const { relation, withClause, onConflictClause, selectStmt } = given;
  const select = selectStmt && "SelectStmt" in selectStmt ? selectStmt.SelectStmt : undefined;
  if (!relation || !select || (select.valuesLists ?? []).length > 0)
    return refuse("its rows are not selected from a table");
  if (withClause || select.withClause) refuse("its WITH query would be evaluated again for every batch");
  if (onConflictClause) refuse("which of two rows that conflict comes first decides what it does");
  if (select.op !== undefined && select.op !== "SETOP_NONE")
    refuse("UNION, INTERSECT and EXCEPT look at all rows at once");
  if ((select.distinctClause ?? []).length > 0) refuse("DISTINCT looks at all rows at once");
  if ((select.groupClause ?? []).length > 0 || select.havingClause)
    refuse("GROUP BY looks at all rows at once");
  if (select.limitCount || select.limitOffset) refuse("LIMIT looks at all rows at once");
  if ((select.sortClause ?? []).length > 0)
    refuse("ORDER BY says in which order the rows come, and batches have an order of their own");
  const aggregate = aggregatesAtTop(select.targetList, context)[0];
  if (aggregate !== undefined) refuse(`${aggregate} looks at all rows at once`);
  const [first, ...others] = select.fromClause ?? [];
  if (!first) return refuse("its rows are not selected from a table");
  const { driving, joined } = leftmost(first);
  const statement = withTimesOfDefaults(given, select, context);
  const own =
    statement.selectStmt && "SelectStmt" in statement.selectStmt ? statement.selectStmt.SelectStmt : select;
  return {
    driving,
    joined: [...joined, ...others],
    where: select.whereClause,
    written: resolve(relation),
    set: [],
    narrowed: (where) => ({
      InsertStmt: { ...statement, selectStmt: { SelectStmt: { ...own, whereClause: where } } },
    }),
    effects: (table) => effectsOfInsert(table, context),
  };
}

/** The table that a join keeps the rows of, each of which is joined for itself: the leftmost. */
function leftmost(from: Node): { driving: RangeVar; joined: readonly Node[] } {
  if ("RangeVar" in from) return { driving: from.RangeVar, joined: [] };
  if ("JoinExpr" in from && from.JoinExpr.larg) {
    const { jointype, larg, rarg, quals } = from.JoinExpr;
    if (from.JoinExpr.alias) return refuse("the rows of its join have a name of their own");
    if (jointype !== "JOIN_INNER" && jointype !== "JOIN_LEFT")
      return refuse("a RIGHT or FULL JOIN looks at all rows at once");
    const { driving, joined } = leftmost(larg);
    return { driving, joined: [...joined, ...(rarg ? [rarg] : []), ...(quals ? [quals] : [])] };
  }
  return refuse("its rows are not those of one table");
}

/** An `UPDATE … FROM` sets a row once, from whichever row it finds: it has to be one. */
function requireOneMatch(from: readonly Node[], where: Node | undefined, context: StatementContext): void {
  for (const one of from) {
    const range =
      "RangeVar" in one ? one.RangeVar : refuse("its FROM may have several rows for one of the table's");
    const other = resolve(range);
    const alias = range.alias?.aliasname ?? other.name;
    const table = requireTable(other, context);
    const given = new Set(conjuncts(where).flatMap((condition) => columnGiven(condition, alias) ?? []));
    const isOne = table.indexes.some(
      ({ unique, valid, predicate, keys }) =>
        unique &&
        valid &&
        predicate === null &&
        keys.every(({ column }) => column !== null && given.has(column)),
    );
    if (!isOne)
      refuse(
        `a row may match several of ${qualifiedLabel(other)}: it is not joined by the whole of a unique key`,
      );
  }
}

/** The column of a relation that a condition makes equal to something that is known without that relation. */
function columnGiven(condition: Node, alias: string): string | null {
  if (!("A_Expr" in condition) || condition.A_Expr.kind !== "AEXPR_OP") return null;
  const { name, lexpr, rexpr } = condition.A_Expr;
  if (names(name).join(".") !== "=" || !lexpr || !rexpr) return null;
  for (const [one, other] of [
    [lexpr, rexpr],
    [rexpr, lexpr],
  ] as const) {
    if (!("ColumnRef" in one)) continue;
    const path = names(one.ColumnRef.fields);
    if (path.length !== 2 || path[0] !== alias || path[1] === undefined) continue;
    let isOther = true;
    walk(other, ({ ColumnRef, SubLink }) => {
      if (SubLink !== undefined) isOther = false;
      if (typeof ColumnRef !== "object" || ColumnRef === null || !("fields" in ColumnRef)) return;
      const [first, second] = textsOf(ColumnRef.fields);
      // A column that is not qualified may be anybody's.
      if (second === undefined || first === alias) isOther = false;
    });
    if (isOther) return path[1];
  }
  return null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textsOf = (value: unknown): string[] => {
  const found: string[] = [];
  walk(value, ({ sval }) => {
    if (typeof sval === "string") found.push(sval);
  });
  return found;
};

function requireTable(name: QualifiedName, context: StatementContext, is = "read"): Table {
  return (
    context.table(name) ??
    refuse(
      context.isView(name)
        ? `${qualifiedLabel(name)}, which is ${is}, is a view`
        : `nothing is known of ${qualifiedLabel(name)}, which is ${is}`,
    )
  );
}

const hasRelatives = (table: QualifiedName, context: StatementContext): boolean =>
  context.relatives(table).length > 0;

/** Types whose order is PostgreSQL's own wherever names are looked for: those of extensions have operators elsewhere. */
const ordered =
  /^(smallint|integer|bigint|numeric|real|double precision|text|character varying|character|uuid|date|boolean|bytea|oid|inet|timestamp|time)\b[^[]*$/;

/**
 * The columns that put the rows of a table in order, none of which is ever null: those of the primary key, else of a
 * unique index.
 */
function keyOf(table: Table, context: StatementContext): Batches["key"] {
  const label = qualifiedLabel(table);
  if (
    table.kind !== "partitioned" &&
    context.relatives(table).some(({ schema, name }) => isChild({ schema, name }, table, context))
  )
    refuse(`other tables inherit from ${label}, and their rows are no part of its key`);
  const columnOf = (name: string) => table.columns.find((column) => column.name === name);
  const primary = table.constraints.find(({ type }) => type === "p")?.columns;
  const unique = table.indexes.find(
    ({ unique: isUnique, valid, predicate, method, keys }) =>
      isUnique &&
      valid &&
      predicate === null &&
      method === "btree" &&
      keys.every(
        ({ column, operatorClass, collation, order }) =>
          column !== null &&
          operatorClass === null &&
          collation === null &&
          order === "asc" &&
          columnOf(column)?.nullable === false,
      ),
  );
  const columns = primary ?? unique?.keys.flatMap(({ column }) => column ?? []) ?? [];
  if (columns.length === 0)
    refuse(`${label} has no primary key, and no unique key without nulls, to take its rows in the order of`);
  return columns.map((name) => {
    const type = columnOf(name)?.type ?? "";
    if (!ordered.test(type))
      refuse(`${name} in the key of ${label} is of type ${type}, whose order is its own`);
    return { name, type };
  });
}

/** Whether a table inherits from another without being a partition. */
const isChild = (one: QualifiedName, other: Table, context: StatementContext): boolean => {
  const found = context.table(one);
  // What is not known, or is no partition, may be a child; what the table itself inherits from is none.
  return found === undefined || (found.partition === null && other.partition === null);
};

/** The words that PostgreSQL reads as a time when it reads a date. PostgreSQL 17 manual, 8.5.1.4 "Special Values". */
const times = /^\s*(now|today|tomorrow|yesterday)\b/i;

/** What tells the time at which its transaction, or its statement, began. */
const clocks = ["now", "transaction_timestamp", "statement_timestamp"];

/** Stable functions of PostgreSQL's that depend on nothing but what they are given and on settings of the session. */
const steady = new Set(
  `to_char to_timestamp to_date to_number to_json to_jsonb to_tsvector to_tsquery date_trunc date_part extract timezone
  date_add date_subtract make_timestamptz timestamptz timestamp date time timetz overlaps length numeric text concat
  concat_ws format convert convert_from convert_to quote_literal quote_nullable array_to_string row_to_json array_to_json
  json_build_object json_build_array jsonb_build_object jsonb_build_array json_populate_record jsonb_populate_record
  json_agg jsonb_agg json_object_agg jsonb_object_agg enum_first enum_last enum_range plainto_tsquery phraseto_tsquery
  websearch_to_tsquery ts_headline generate_series current_setting current_schema current_database`.split(
    /\s+/,
  ),
);

/** Aggregates whose result depends on the order in which rows come. */
const inOrder = /^(array_agg|string_agg|jsonb?_(object_)?agg.*|xmlagg|first|last)$/;

/** System columns, whose values say where a row is and who wrote it. */
const systemColumns = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Whether what becomes of a row is the same whenever, and in whatever order, it is asked. */
function requireOrdinaryExpressions(node: Node, context: StatementContext): void {
  walk(node, (object) => {
    const { FuncCall, A_Const, A_Expr, SelectStmt: select, ColumnRef } = object;
    if (object["RangeTableSample"] !== undefined) refuse("TABLESAMPLE takes rows at random");
    if (object["CurrentOfExpr"] !== undefined) refuse("a cursor belongs to one transaction");
    if (object["ParamRef"] !== undefined) refuse("it has parameters");
    if (object["SetToDefault"] !== undefined) refuse("what DEFAULT is, the statement does not say");
    if (object["MergeStmt"] !== undefined) refuse("it holds a MERGE");
    if (isRecord(FuncCall)) requireOrdinaryCall(FuncCall, context);
    const text = field(field(A_Const, "sval"), "sval");
    if (typeof text === "string" && times.test(text)) refuse(`'${text.trim()}' may be read as the time`);
    const operator = textsOf(field(A_Expr, "name")).at(-1);
    if (operator !== undefined && context.isVolatileOperator(operator))
      refuse(`the operator ${operator} is volatile`);
    const column = textsOf(field(ColumnRef, "fields")).at(-1);
    if (column !== undefined && systemColumns.includes(column))
      refuse(`${column} says where a row is, or who wrote it`);
    if (isRecord(select)) requireOrdinarySelect(select);
  });
}

function requireOrdinaryCall(call: Readonly<Record<string, unknown>>, context: StatementContext): void {
  const path = textsOf(call["funcname"]);
  const name = path.join(".");
  const last = path.at(-1) ?? "";
  const isBuiltIn = path.length === 1 || path[0] === "pg_catalog";
  if (call["over"] !== undefined) refuse(`${name} OVER looks at all rows at once`);
  const isSorted = listOf(call["agg_order"]).length > 0;
  if (inOrder.test(last) && context.isAggregate(last) && !isSorted)
    refuse(`what ${name} gives depends on the order of the rows: it has no ORDER BY`);
  if (isBuiltIn && clocks.includes(last) && listOf(call["args"]).length === 0) return;
  const volatility = context.volatility(path);
  if (volatility === null) refuse(`nothing is known of the function ${name}`);
  if (volatility === "volatile")
    refuse(`the function ${name} is volatile: it may give something else each time`);
  // `age` of one argument asks for the date, and some others of PostgreSQL's own read tables.
  if (last === "age" && isBuiltIn && listOf(call["args"]).length === 2) return;
  if (volatility === "stable" && !(isBuiltIn && steady.has(last)))
    refuse(`the function ${name} is stable: what it gives may change from one transaction to the next`);
}

/** A sub-select that takes some of its rows has to say which: those that it selects by are those that it sorts by. */
function requireOrdinarySelect(select: Readonly<Record<string, unknown>>): void {
  if (listOf(select["lockingClause"]).length > 0) refuse("it locks rows FOR UPDATE or FOR SHARE");
  if (listOf(select["distinctClause"]).some((one) => isRecord(one) && Object.keys(one).length > 0))
    refuse("which rows DISTINCT ON takes, it does not say for certain");
  if (select["limitCount"] === undefined && select["limitOffset"] === undefined) return;
  const sorted = listOf(select["sortClause"]).map((one) => fingerprint(field(field(one, "SortBy"), "node")));
  const isCertain =
    sorted.length > 0 &&
    listOf(select["targetList"]).every((one) =>
      sorted.includes(fingerprint(field(field(one, "ResTarget"), "val"))),
    );
  if (!isCertain)
    refuse("which of several rows LIMIT takes is not certain: it does not sort by all that it selects");
}

/** The aggregates that a list of expressions calls itself, not in a query within. */
function aggregatesAtTop(list: readonly Node[] | undefined, context: StatementContext): string[] {
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) look(one);
    if (!isRecord(value) || value["SubLink"] !== undefined) return;
    const last = textsOf(field(value["FuncCall"], "funcname")).at(-1);
    if (last !== undefined && context.isAggregate(last)) found.push(last);
    for (const one of Object.values(value)) look(one);
  };
  look(list);
  return found;
}

/** Whether what the statement reads beside the rows themselves is left as it is by all that it does. */
function requireUnchangedSources(
  node: Node,
  { written, joined }: Subject,
  { changes }: Effects,
  context: StatementContext,
): void {
  if (joined.some((one) => "RangeSubselect" in one && !("lateral" in one.RangeSubselect)))
    refuse("the query in its FROM would be evaluated again for every batch");
  const [statement] = Object.values(node);
  // Beside the rows that it goes through itself; an INSERT changes none of those.
  const read = relationsIn({ ...(isRecord(statement) ? statement : {}), relation: undefined });
  for (const other of read.map(resolve)) {
    const hidden = secured(requireTable(other, context), context);
    if (hidden !== null) refuse(hidden);
    if (isFamily(other, written, context))
      refuse(`it reads ${qualifiedLabel(other)}, which it changes, beside the row itself`);
    const changed = changes.find((one) => isFamily(one, other, context));
    if (changed)
      refuse(
        `it reads ${qualifiedLabel(other)}, and what it does to ${qualifiedLabel(written)} changes that too`,
      );
  }
}

/** The conditions that a condition is made of, all of which have to hold. */
function conjuncts(where: Node | undefined): Node[] {
  if (!where) return [];
  if ("BoolExpr" in where && where.BoolExpr.boolop === "AND_EXPR") return where.BoolExpr.args ?? [];
  return [where];
}

const allOf = (args: readonly Node[]): Node => ({ BoolExpr: { boolop: "AND_EXPR", args: [...args] } });

/** A row's key compared with the one that is a parameter, as the texts of its columns in JSON. */
function bound(alias: string, key: Batches["key"], operator: string, parameter: number): Node {
  const columns = key.map(({ name }) => `${quoteIdentifier(alias)}.${quoteIdentifier(name)}`);
  const values = key.map(({ type }, at) => `($${parameter}::text::json ->> ${at})::${type}`);
  const list = (parts: readonly string[]): string =>
    parts.length > 1 ? `(${parts.join(", ")})` : parts.join();
  return expression(`${list(columns)} ${operator} ${list(values)}`);
}

function expression(text: string): Node {
  const [statement] = parseStatements(`SELECT ${text}`);
  const target =
    statement && "SelectStmt" in statement.node ? statement.node.SelectStmt.targetList?.[0] : undefined;
  const value = target && "ResTarget" in target ? target.ResTarget.val : undefined;
  if (!value) throw new RangeError(`not an expression: ${text}`);
  return value;
}

/** The time at which the first batch began, in the type that each of the ways to ask for it has. */
const time = "($3::text::timestamptz)";
const timeAs: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: `${time}::date`,
  SVFOP_CURRENT_TIME: `${time}::timetz`,
  SVFOP_CURRENT_TIME_N: `${time}::timetz`,
  SVFOP_CURRENT_TIMESTAMP: time,
  SVFOP_CURRENT_TIMESTAMP_N: `${time}::timestamptz`,
  SVFOP_LOCALTIME: `${time}::time`,
  SVFOP_LOCALTIME_N: `${time}::time`,
  SVFOP_LOCALTIMESTAMP: `${time}::timestamp`,
  SVFOP_LOCALTIMESTAMP_N: `${time}::timestamp`,
};

/** A statement in which the time is a parameter: it is one in all batches, as it is in one transaction. */
function withTimeOnce(node: Node): { node: Node; takesTime: boolean } {
  let takesTime = false;
  const replaced = replaceNodes(node, (object) => {
    const value = object["SQLValueFunction"];
    const op = field(value, "op");
    const form = typeof op === "string" ? timeAs[op] : undefined;
    if (form !== undefined) {
      takesTime = true;
      const digits = field(value, "typmod");
      return expression(
        typeof op === "string" && op.endsWith("_N") ? `${form}(${Number(digits ?? 0)})` : form,
      );
    }
    const path = textsOf(field(object["FuncCall"], "funcname"));
    const isClock = (path.length === 1 || path[0] === "pg_catalog") && clocks.includes(path.at(-1) ?? "");
    if (!isClock || listOf(field(object["FuncCall"], "args")).length > 0) return undefined;
    takesTime = true;
    return expression(time);
  });
  if (!isNode(replaced)) throw new RangeError("the statement is none any more");
  return { node: replaced, takesTime };
}

/** What a default may draw for each row: another value each time, in one statement as in many. */
const drawn = ["nextval", "gen_random_uuid", "uuid_generate_v4", "uuidv4", "uuidv7"];

/**
 * An `INSERT` that says itself what the columns get that it does not name, where that asks for the time; that every other
 * default is as good in many statements as in one.
 */
function withTimesOfDefaults(
  statement: InsertStmt,
  select: SelectStmt,
  context: StatementContext,
): InsertStmt {
  const written = resolve(statement.relation);
  const table = requireTable(written, context, "written");
  const named = (statement.cols ?? []).flatMap((one) =>
    "ResTarget" in one && one.ResTarget.name !== undefined ? [one.ResTarget.name] : [],
  );
  if (named.length === 0 && selectsAll(select)) refuse("it does not say which columns it fills");
  const filled =
    named.length > 0
      ? named
      : table.columns.slice(0, (select.targetList ?? []).length).map(({ name }) => name);
  const added: { name: string; value: Node }[] = [];
  for (const column of table.columns) {
    if (filled.includes(column.name) || column.default === null || column.generated !== null) continue;
    const value = expression(column.default);
    const calls: string[][] = [];
    walk(value, ({ FuncCall }) => {
      if (FuncCall !== undefined) calls.push(textsOf(field(FuncCall, "funcname")));
    });
    if (calls.length === 1 && drawn.includes(calls[0]?.at(-1) ?? "")) continue;
    try {
      requireOrdinaryExpressions(value, context);
    } catch (error) {
      if (!(error instanceof NotShown)) throw error;
      refuse(`of ${column.name}, which gets its default, ${error.message}`);
    }
    if (withTimeOnce(value).takesTime) added.push({ name: column.name, value });
  }
  if (added.length === 0) return statement;
  return {
    ...statement,
    cols: [...filled, ...added.map(({ name }) => name)].map((name) => ({ ResTarget: { name } })),
    selectStmt: {
      SelectStmt: {
        ...select,
        targetList: [
          ...(select.targetList ?? []),
          ...added.map(({ value: val }) => ({ ResTarget: { val } })),
        ],
      },
    },
  };
}

/** Whether a query selects `*`, so that only the server knows how many columns it has. */
const selectsAll = ({ targetList = [] }: SelectStmt): boolean =>
  targetList.some(
    (one) =>
      "ResTarget" in one &&
      one.ResTarget.val !== undefined &&
      "ColumnRef" in one.ResTarget.val &&
      (one.ResTarget.val.ColumnRef.fields ?? []).some((part) => "A_Star" in part),
  );
