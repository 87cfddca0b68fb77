import type { Constraint, Node } from "libpg-query";
import type { Table } from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { names } from "../sql/tree.ts";
import { addColumn } from "./add-column.ts";
import { addConstraint } from "./add-constraint.ts";
import { separated } from "./column-constraints.ts";
import { columnsOf, constraintsOf } from "./create-table.ts";
import type { Draft, StatementContext } from "./draft.ts";
import type { ParsedStatement } from "./parse.ts";
import { resolve } from "./resolve.ts";

/**
 * What a table that is there already may lack of a `CREATE TABLE`: the steps that would add each of its columns, then
 * each of its constraints. One list a part, in the statement's order.
 */
export function repairs(node: ParsedStatement["node"], context: StatementContext): Draft[][] {
  if (!("CreateStmt" in node)) return [];
  const statement = node.CreateStmt;
  const table = resolve(statement.relation);
  const columns = columnsOf(statement).map((definition) => {
    const { constraints: all = [], ...rest } = definition;
    const taken = separated(all.flatMap((one) => ("Constraint" in one ? [one.Constraint] : []))).flatMap(
      ({ nodes }) => nodes,
    );
    const kept = all.filter((one: Node) => !("Constraint" in one && taken.includes(one.Constraint)));
    const command = {
      subtype: "AT_AddColumn" as const,
      def: { ColumnDef: kept.length > 0 ? { ...rest, constraints: kept } : rest },
      behavior: "DROP_RESTRICT" as const,
    };
    return addColumn(command, { table, context, sql: adding(table, command) });
  });
  const constraints = constraintsOf(statement, table).map(({ constraint, column }) =>
    isThereUnderAnotherName(constraint, column, context.table(table))
      ? []
      : addConstraint(constraint, { table, context, column, sql: null }),
  );
  return [...columns, ...constraints];
}

/** Whether a table has a key that the statement does not name: PostgreSQL gives it the next name that is free. */
function isThereUnderAnotherName(
  { contype, conname, keys }: Constraint,
  column: string | null,
  table: Table | undefined,
): boolean {
  if (conname !== undefined || !table) return false;
  if (contype === "CONSTR_PRIMARY") return table.constraints.some(({ type }) => type === "p");
  if (contype !== "CONSTR_UNIQUE") return false;
  const wanted = column === null ? names(keys) : [column];
  return table.constraints.some(
    ({ type, columns }) =>
      type === "u" && columns.length === wanted.length && columns.every((one, at) => one === wanted[at]),
  );
}

function adding(table: QualifiedName, command: object): string {
  return print({
    AlterTableStmt: {
      relation: { schemaname: table.schema, relname: table.name, inh: true, relpersistence: "p" },
      cmds: [{ AlterTableCmd: command }],
      objtype: "OBJECT_TABLE",
    },
  });
}
