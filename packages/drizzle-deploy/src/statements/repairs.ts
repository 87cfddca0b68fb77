import type { Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { addColumn } from "./add-column.ts";
import { addConstraint } from "./add-constraint.ts";
import { columnsOf, constraintsOf } from "./create-table.ts";
import type { Draft, StatementContext } from "./draft.ts";
import type { ParsedStatement } from "./parse.ts";
import { resolve } from "./resolve.ts";

const separate = ["CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_UNIQUE", "CONSTR_PRIMARY"];

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
    const kept = all.filter(
      (one: Node) => !("Constraint" in one && separate.includes(one.Constraint.contype ?? "")),
    );
    const command = {
      subtype: "AT_AddColumn" as const,
      def: { ColumnDef: kept.length > 0 ? { ...rest, constraints: kept } : rest },
      behavior: "DROP_RESTRICT" as const,
    };
    return addColumn(command, { table, context, sql: adding(table, command) });
  });
  const constraints = constraintsOf(statement, table).map(({ constraint, column }) =>
    addConstraint(constraint, { table, context, column, sql: null }),
  );
  return [...columns, ...constraints];
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
