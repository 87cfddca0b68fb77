import type { ColumnDef, Constraint, CreateStmt } from "libpg-query";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { separated } from "./column-constraints.ts";
import { constraintName } from "./constraint-name.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { defaultPartition, foreignEnds, sparingDefault } from "./partition.ts";
import { descendants } from "./partitions.ts";
import { needsOf, resolve, unique } from "./resolve.ts";
import { temporary } from "./session.ts";

/** A table's constraints of a `CREATE TABLE`, those of its columns included, with the names they get. */
export function constraintsOf(
  statement: CreateStmt,
  table: QualifiedName,
): { name: string; constraint: Constraint; column: string | null }[] {
  const ofTable = (statement.tableElts ?? []).flatMap((node) =>
    "Constraint" in node ? [{ constraint: node.Constraint, column: null }] : [],
  );
  const ofColumns = columnsOf(statement).flatMap((definition) =>
    separated(
      (definition.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : [])),
    ).map(({ constraint }) => ({ constraint, column: definition.colname ?? null })),
  );
  return [...ofColumns, ...ofTable].flatMap(({ constraint, column }) => {
    const name = constraintName(constraint, table, column);
    return name === null ? [] : [{ name, constraint, column }];
  });
}

/** The column definitions of a `CREATE TABLE`. */
export function columnsOf(statement: CreateStmt): ColumnDef[] {
  return (statement.tableElts ?? []).flatMap((node) => ("ColumnDef" in node ? [node.ColumnDef] : []));
}

/** `CREATE TABLE`: a new table stops nobody; a foreign key locks the table that it points at. */
export function createTable(statement: CreateStmt, sql: string, context: StatementContext): Draft[] {
  const table = resolve(statement.relation);
  const itself = target("table", table);
  const constraints = constraintsOf(statement, table);
  const referenced = constraints.flatMap(({ constraint }) =>
    constraint.contype === "CONSTR_FOREIGN" ? [resolve(constraint.pktable)] : [],
  );
  const others = referenced.filter(({ schema, name }) => schema !== table.schema || name !== table.name);
  const parents = (statement.inhRelations ?? []).flatMap((node) =>
    "RangeVar" in node ? [resolve(node.RangeVar)] : [],
  );
  const copied = (statement.tableElts ?? []).flatMap((node) =>
    "TableLikeClause" in node ? [resolve(node.TableLikeClause.relation)] : [],
  );
  const parts: Target[] = [
    ...columnsOf(statement).flatMap(({ colname }) =>
      colname === undefined ? [] : [part("column", table, colname)],
    ),
    ...constraints.map(({ name }) => part("constraint", table, name)),
  ];
  if (statement.relation?.relpersistence === "t") {
    return [temporary("create temporary table", table.name, sql, needsOf(statement.tableElts))];
  }
  const [parent] = parents;
  const isPartition = statement.partbound !== undefined && parent !== undefined;
  const partition =
    isPartition && !statement.partbound?.is_default && !context.isNew(parent)
      ? sparingDefault(table, parent, { context, until: { target: itself, properties: [] } })
      : { before: [], after: [], isSpared: true };
  const rest = isPartition ? defaultPartition(parent, context) : undefined;
  const duration = partition.isSpared ? ("short" as const) : ("long" as const);
  return [
    ...partition.before,
    catalogChange({
      kind: "create table",
      title: `create table ${qualifiedLabel(table)}`,
      sql: [sql, ...partition.after].join(";\n"),
      target: itself,
      needs: unique(
        [
          ...needsOf(statement.tableElts),
          ...[...others, ...parents].map((one) => target("table", one)),
        ].filter((need) => need.name !== table.name || need.schema !== table.schema),
      ),
      locks: [
        ...copied.map((one) => lock(one, "ACCESS SHARE")),
        ...uniqueRelations(others).map((one) => lock(one, "SHARE ROW EXCLUSIVE")),
        // A partition is attached, and a child inherits: both change the parent.
        ...parents.map((one) =>
          lock(one, statement.partbound ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE", duration),
        ),
        ...(rest
          ? [rest, ...descendants(rest, context)].map((one) => lock(one, "ACCESS EXCLUSIVE", duration))
          : []),
        ...(isPartition ? foreignEnds(parent, context, "SHARE ROW EXCLUSIVE") : []),
      ],
      safety: isPartition
        ? "A new, empty table: the partitioned table is locked for a moment, and no row is looked at."
        : others.length > 0
          ? "A new, empty table: its foreign keys have nothing to check, and lock what they point at for a moment."
          : "A new, empty table: nobody uses it yet.",
      goal: {
        does: "create",
        target: itself,
        parts,
        isDerived: parents.length > 0 || copied.length > 0 || statement.ofTypename !== undefined,
      },
      hazards: [
        ...(partition.isSpared
          ? []
          : [
              {
                name: "long-lock" as const,
                message: `A new partition locks ${parents.map(qualifiedLabel).join(", ")} against reads and writes, and its default partition is scanned meanwhile.`,
                safeForm: `CREATE TABLE ${qualifiedLabel(table)} (LIKE …); then ALTER TABLE … ATTACH PARTITION ${qualifiedLabel(table)} …; or allow this step by name, in a quiet hour.`,
              },
            ]),
      ],
    }),
  ];
}

function uniqueRelations(relations: readonly QualifiedName[]): QualifiedName[] {
  return [...new Map(relations.map((one) => [qualifiedLabel(one), one])).values()];
}
