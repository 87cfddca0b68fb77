import type { IndexStmt, Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { printOr } from "../sql/parser.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { columnsIn } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { freeName, indexColumnNames } from "./index-name.ts";
import { descendants, indexOfPartitions, isOf, isSpread, ofStatement, strangers } from "./partitions.ts";
import { columns, needsOf, resolve, unique } from "./resolve.ts";

/** The columns of an index's keys, in order; those that an expression uses count too. */
export function keyColumns(params: readonly Node[] | undefined): string[] {
  return (params ?? []).flatMap((node) => {
    if (!("IndexElem" in node)) return [];
    const { name, expr } = node.IndexElem;
    return name === undefined ? columnsIn(expr) : [name];
  });
}

/** Why an index can be built on a live table. PostgreSQL 17 manual, "CREATE INDEX", "Building Indexes Concurrently". */
export const builtConcurrently =
  "CONCURRENTLY: the table is scanned twice while others read and write; it waits for transactions, and makes none wait.";

/** `CREATE INDEX`: on a table that others use it is built concurrently, outside a transaction. */
export function createIndex(statement: IndexStmt, sql: string, context: StatementContext): Draft[] {
  const table = resolve(statement.relation);
  const name = statement.idxname;
  const uses = [...keyColumns(statement.indexParams), ...columnsIn(statement.whereClause)];
  const included = keyColumns(statement.indexIncludingParams);
  const shared = {
    kind: "create index" as const,
    needs: unique([
      target("table", table),
      ...columns(table, [...uses, ...included]),
      ...needsOf([statement.indexParams, statement.whereClause]),
    ]),
    work: {
      does: "index" as const,
      table,
      columns: [...keyColumns(statement.indexParams), ...included],
      predicate: statement.whereClause ?? null,
    },
  };
  if (name === undefined) {
    const told = nameOfUnnamed(statement, table, context);
    if (told !== null) return createIndex({ ...statement, idxname: told }, withName(sql, told), context);
    return [
      catalogChange({
        ...shared,
        title: `create an index without a name on ${qualifiedLabel(table)}`,
        sql,
        target: null,
        goal: { does: "journalled" },
        locks: [lock(table, "SHARE", "long")],
        safety: "Writers wait while it is built.",
        hazards: [
          {
            name: "not-resumable",
            message: `An index without a name on ${qualifiedLabel(table)} cannot be recognised after an interruption, and would be built twice.`,
            safeForm: `CREATE INDEX CONCURRENTLY <name> ON ${qualifiedLabel(table)} …;`,
          },
        ],
      }),
    ];
  }
  const index = part("index", table, name);
  const draft = {
    ...shared,
    title: `create ${statement.unique ? "unique " : ""}index ${name} on ${qualifiedLabel(table)}`,
    target: index,
    goal: { does: "create" as const, target: index, parts: [] },
    // Relations share their names: it may be another table's.
    ...(statement.if_not_exists
      ? { ifNotExists: part("index", context.indexTable({ schema: table.schema, name }) ?? table, name) }
      : {}),
  };
  const isWhole = statement.relation?.inh === true && context.table(table)?.kind === "partitioned";
  if (isWhole && isSpread(table, context)) return createSpread(statement, { sql, table, draft }, context);
  if (context.isNew(table) || context.table(table)?.kind === "partitioned") {
    return [
      catalogChange({
        ...draft,
        // It waits for nobody and converges by itself.
        sql:
          statement.concurrent || statement.if_not_exists
            ? printed(statement, table, { sql, concurrent: false })
            : sql,
        // Made without its partitions it is not valid before they have theirs.
        ...(statement.relation?.inh === true ? {} : { goal: { ...draft.goal, ignore: ["valid", "ready"] } }),
        locks: [lock(table, "SHARE")],
        safety: context.isNew(table)
          ? "The table is made by this deployment and empty."
          : "The partitioned table has no rows of its own: nothing is built, and the lock is held for a moment.",
      }),
    ];
  }
  return [
    catalogChange({
      ...draft,
      sql: printed(statement, table, { sql, concurrent: true }),
      ...(statement.if_not_exists
        ? { lenient: printed(statement, table, { sql, concurrent: true, optional: true }) }
        : {}),
      transactional: false,
      locks: [lock(table, "SHARE UPDATE EXCLUSIVE", "long")],
      safety: builtConcurrently,
    }),
  ];
}

/**
 * The name that PostgreSQL gives an index without one: that of the index which the migration makes, is like it, and is
 * called as PostgreSQL would call it. Null where no expected catalog tells, or more than one index could be it.
 */
function nameOfUnnamed(statement: IndexStmt, table: QualifiedName, context: StatementContext): string | null {
  const plain = freeName(table, indexColumnNames(statement), "idx", () => false);
  const known = new Set(context.tableBefore(table)?.indexes.map(({ name }) => name));
  const found = (context.tableAfter(table)?.indexes ?? []).filter(
    (index) =>
      !known.has(index.name) &&
      index.constraint === null &&
      index.name.replace(/\d+$/, "") === plain.replace(/\d+$/, "") &&
      isOf(index, statement),
  );
  const [one, ...others] = found;
  return one && others.length === 0 ? one.name : null;
}

const withName = (sql: string, name: string): string =>
  sql.replace(
    /^(CREATE\s+(?:UNIQUE\s+)?INDEX(?:\s+CONCURRENTLY)?)(?=\s+ON\b)/i,
    (start) => `${start} ${quoteIdentifier(name)}`,
  );

// IF NOT EXISTS takes an invalid left-over for the index; what is there is looked at by the planner.
function printed(
  { if_not_exists: _, concurrent: __, ...statement }: IndexStmt,
  table: QualifiedName,
  { sql, concurrent, optional = false }: { sql: string; concurrent: boolean; optional?: boolean },
): string {
  const relation = { ...statement.relation, schemaname: table.schema };
  const form = { ...(concurrent ? { concurrent } : {}), ...(optional ? { if_not_exists: true } : {}) };
  const words = `${concurrent ? " CONCURRENTLY" : ""}${optional ? " IF NOT EXISTS" : ""}`;
  return printOr(
    { IndexStmt: { ...statement, relation, ...form } },
    sql.replace(
      /^(CREATE\s+(?:UNIQUE\s+)?INDEX)(?:\s+CONCURRENTLY)?(?:\s+IF\s+NOT\s+EXISTS)?/i,
      (_match, start: string) => start + words,
    ),
    { IndexStmt: { ...statement, ...form } },
  );
}

/** `CREATE INDEX` on a table whose partitions others use: each gets its own, and the whole takes them over. */
function createSpread(
  statement: IndexStmt,
  {
    sql,
    table,
    draft,
  }: {
    sql: string;
    table: QualifiedName;
    draft: Pick<Draft, "kind" | "title" | "target" | "needs" | "work"> & {
      readonly target: NonNullable<Draft["target"]>;
    };
  },
  context: StatementContext,
): Draft[] {
  const { name } = draft.target;
  const strange = strangers(table, context);
  if (strange.length > 0) {
    return [
      catalogChange({
        ...draft,
        sql,
        goal: { does: "create", target: draft.target, parts: [] },
        locks: [table, ...descendants(table, context)].map((one) => lock(one, "SHARE", "long")),
        safety: "Writers wait while it is built.",
        hazards: [
          {
            name: "long-lock",
            message: `${strange.map(qualifiedLabel).join(", ")} is a partition of ${qualifiedLabel(table)} in a schema that is not managed: the plan can't serve it by itself, and writes to every partition wait while ${name} is built.`,
            safeForm: `Name its schema among those that the project manages; or allow this step by name, in a quiet hour.`,
          },
        ],
      }),
    ];
  }
  const index = ofStatement(statement, table, name, context);
  return [
    catalogChange({
      ...draft,
      title: `${draft.title}, without its partitions`,
      sql: index.only(table, name),
      goal: { does: "create", target: draft.target, parts: [], ignore: ["valid", "ready"] },
      locks: [lock(table, "SHARE")],
      work: { does: "catalog" },
      safety:
        "ON ONLY: nothing is built yet, and the lock is held for a moment. Partitions that come later get theirs with it.",
    }),
    ...indexOfPartitions(index, context),
  ];
}
