import postgres from "postgres";
import type { Catalog, Constraint, Index, Table, Trigger } from "../catalog/index.ts";
import type { Transaction } from "../postgres/index.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { quoteIdentifier, quoteName, quoteQualified } from "../sql/quote.ts";
import { columnsIn, functionsIn, names } from "../sql/tree.ts";
import { partKey, plainIndexes, topKey } from "./context.ts";
import { lookThrough } from "./facts.ts";
import { find } from "./find.ts";

/** What is asked of a server that may have other names by now. */
export interface Questions {
  readonly before: Catalog;
  readonly actual: Catalog;
  readonly schemas: readonly string[];
  /** A query with the names that things have now. */
  readonly asked: (query: string) => string;
}

/** A text of the catalog before, with how to ask the server whether it still means something. */
interface FormerText {
  readonly key: string;
  /** What it says, as a statement: for the names in it. */
  readonly statement: string;
  /** Columns that it names beside those. */
  readonly columns?: readonly string[];
  /** A query that the server accepts if it accepts the text; null where there is none to tell by. */
  readonly query: string | null;
}

/**
 * Keys of former texts (checks, defaults, policies, triggers, indexes, views, foreign keys) that the server would not
 * take any more, since a column that they name has another type now, or is gone, and stays so. The server is asked to
 * plan a query with each, and runs none. Inside a transaction.
 */
export async function findUnfit(
  sql: Transaction,
  { before, actual, schemas, asked }: Questions,
): Promise<Set<string>> {
  const changed = changedColumns(before, actual);
  const unfit = new Set<string>();
  if (changed.size === 0) return unfit;
  await lookThrough(sql, schemas);
  for (const { key, statement, columns = [], query } of formerTexts(before, actual)) {
    const tree = parseStatements(statement);
    if (![...columnsIn(tree), ...columns].some((name) => changed.has(name))) continue;
    // What comes back before it is not there yet, and would be missed.
    const isCalled = functionsIn(tree).some((path) => isGone(before, actual, path.at(-1)));
    if (isCalled) continue;
    if (query === null || !(await isTaken(sql, asked(query)))) unfit.add(key);
  }
  return unfit;
}

/** Names of columns that are gone or have another type. */
function changedColumns(before: Catalog, actual: Catalog): Set<string> {
  return new Set(
    before.tables.flatMap((was) => {
      const columns = find(actual.tables, was)?.columns;
      return was.columns.flatMap(({ name, type, generated, identity }) => {
        const now = columns?.find((column) => column.name === name);
        const isSame = now?.type === type && now.generated === generated && now.identity === identity;
        return isSame ? [] : name;
      });
    }),
  );
}

const isGone = (before: Catalog, actual: Catalog, called: string | undefined): boolean =>
  before.functions.some(({ name }) => name === called) &&
  !actual.functions.some(({ name }) => name === called);

function* formerTexts(before: Catalog, actual: Catalog): Generator<FormerText> {
  for (const was of before.tables) {
    const table = find(actual.tables, was);
    if (!table) continue;
    for (const constraint of was.constraints) yield constraintText(table, constraint);
    for (const index of plainIndexes(was.indexes)) yield indexText(was, table, index);
    for (const trigger of was.triggers) yield triggerText(table, trigger);
    for (const policy of was.policies) {
      const conditions = [policy.using, policy.check].flatMap((text) => (text === null ? [] : `(${text})`));
      const query = `SELECT FROM ${quoteName(table)} WHERE ${["true", ...conditions].join(" AND ")}`;
      yield { key: partKey("policy", was, policy.name), statement: query, query };
    }
    for (const { name, default: value } of was.columns) {
      if (value === null || !table.columns.some((column) => column.name === name)) continue;
      yield {
        key: partKey("column", was, name),
        statement: `SELECT ${value}`,
        columns: [name],
        query: `INSERT INTO ${quoteName(table)} (${quoteIdentifier(name)}) VALUES (${value})`,
      };
    }
  }
  for (const view of before.views) {
    yield {
      key: topKey("view", view),
      statement: view.definition,
      query: view.definition.replace(/;\s*$/, ""),
    };
  }
}

function constraintText(table: Table, constraint: Constraint): FormerText {
  const { columns, definition, references } = constraint;
  const common = {
    key: partKey("constraint", table, constraint.name),
    statement: `ALTER TABLE t ADD ${definition}`,
    columns: [...columns, ...(references?.columns ?? [])],
  };
  switch (constraint.type) {
    case "c": {
      const expression = /^CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(definition)?.[1];
      return { ...common, query: expression ? `SELECT FROM ${quoteName(table)} WHERE ${expression}` : null };
    }
    case "f": {
      if (!references) return { ...common, query: null };
      const match = columns.map(
        (column, at) =>
          `r.${quoteIdentifier(column)} = o.${quoteIdentifier(references.columns[at] ?? column)}`,
      );
      const other = quoteQualified(references.schema, references.table);
      return {
        ...common,
        query: `SELECT FROM ${quoteName(table)} r JOIN ${other} o ON ${match.join(" AND ")}`,
      };
    }
    case "p":
    case "u":
      return {
        ...common,
        query: `SELECT ${columns.map(quoteIdentifier).join(", ")} FROM ${quoteName(table)} ORDER BY ${columns.map(quoteIdentifier).join(", ")}`,
      };
    case "x":
      return { ...common, query: null };
  }
}

function indexText(was: Table, table: Table, index: Index): FormerText {
  const keys = index.keys.map(({ expression }) => expression);
  // An operator class is for one type.
  const isBound = index.keys.some(({ operatorClass }) => operatorClass !== null) || index.method !== "btree";
  const isSame = was.columns.every(({ name, type }) =>
    table.columns.some((column) => column.name !== name || column.type === type),
  );
  const columns = index.include.map(quoteIdentifier);
  const predicate = index.predicate === null ? "" : ` WHERE ${index.predicate}`;
  return {
    key: partKey("index", table, index.name),
    statement: index.definition,
    columns: [...index.keys.flatMap(({ column }) => column ?? []), ...index.include],
    query:
      isBound && !isSame
        ? null
        : `SELECT ${[...keys, ...columns].join(", ")} FROM ${quoteName(table)}${predicate}`,
  };
}

function triggerText(table: Table, { name, definition }: Trigger): FormerText {
  const node = parseStatements(definition)[0]?.node;
  const columns = node && "CreateTrigStmt" in node ? names(node.CreateTrigStmt.columns) : [];
  const condition = / WHEN (\(.*\)) EXECUTE (?:FUNCTION|PROCEDURE) /s.exec(definition)?.[1] ?? "true";
  const selected = columns.map((column) => `"new".${quoteIdentifier(column)}`).join(", ");
  return {
    key: partKey("trigger", table, name),
    statement: definition,
    columns,
    query: `SELECT ${selected} FROM ${quoteName(table)} AS "old", ${quoteName(table)} AS "new" WHERE ${condition}`,
  };
}

/** What says that a text means nothing any more; PostgreSQL 17 manual, appendix A. */
const refusals: readonly string[] = [
  "42703", // undefined_column
  "42883", // undefined_function, also of an operator
  "42804", // datatype_mismatch
  "42846", // cannot_coerce
  "42725", // ambiguous_function
  "42P18", // indeterminate_datatype
  "428C9", // generated_always
  "22P02", // invalid_text_representation: no label of an enum
];

async function isTaken(sql: Transaction, query: string): Promise<boolean> {
  try {
    await sql.savepoint((attempt) => attempt.unsafe(`EXPLAIN ${query}`));
    return true;
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return !refusals.includes(error.code);
  }
}

/** Why a former text stays away, or as the deployment made it. */
export const unfitReason = (table: Pick<Table, "schema" | "name">): string =>
  `the columns of ${qualifiedLabel(table)} are not as it needs them`;
