import type { CreateTrigStmt } from "libpg-query";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { resolve, resolveName } from "./resolve.ts";

/** `CREATE [OR REPLACE] TRIGGER`: writers wait for a moment, readers don't. PostgreSQL 17 manual, 13.3.1. */
export function createTrigger(statement: CreateTrigStmt, sql: string, context: StatementContext): Draft[] {
  const table = resolve(statement.relation);
  const name = statement.trigname ?? "";
  const itself = part("trigger", table, name);
  const called = resolveName(names(statement.funcname));
  const dropped = `DROP TRIGGER ${quoteIdentifier(name)} ON ${quoteQualified(table.schema, table.name)}`;
  return [
    catalogChange({
      kind: "create trigger",
      title: `create trigger ${name} on ${qualifiedLabel(table)}`,
      sql,
      target: itself,
      needs: [
        target("table", table),
        ...(called.schema === "pg_catalog" ? [] : [target("function", called)]),
      ],
      locks: [
        ...[table, ...context.partitions(table)].map((one) => lock(one, "SHARE ROW EXCLUSIVE")),
        ...(statement.constrrel ? [lock(resolve(statement.constrrel), "SHARE ROW EXCLUSIVE")] : []),
      ],
      goal: { does: "create", target: itself, parts: [] },
      replacement: statement.replace ? sql : `${dropped};\n${sql}`,
    }),
  ];
}
