import type { CreateTrigStmt } from "libpg-query";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { resolve, resolveName } from "./resolve.ts";

/** Functions that PostgreSQL brings, and finds before any other of their names. PostgreSQL 17 manual, 9.29, 12.4.3. */
const brought = [
  "suppress_redundant_updates_trigger",
  "tsvector_update_trigger",
  "tsvector_update_trigger_column",
];

/** Whether a function is PostgreSQL's own. */
const isOwn = (path: readonly string[]): boolean =>
  path.length === 1 ? brought.includes(path[0] ?? "") : path.at(-2) === "pg_catalog";

/** `CREATE [OR REPLACE] TRIGGER`: writers wait for a moment, readers don't. PostgreSQL 17 manual, 13.3.1. */
export function createTrigger(statement: CreateTrigStmt, sql: string, context: StatementContext): Draft[] {
  const table = resolve(statement.relation);
  const name = statement.trigname ?? "";
  const itself = part("trigger", table, name);
  const path = names(statement.funcname);
  const called = resolveName(path);
  const dropped = `DROP TRIGGER ${quoteIdentifier(name)} ON ${quoteQualified(table.schema, table.name)}`;
  return [
    catalogChange({
      kind: "create trigger",
      title: `create trigger ${name} on ${qualifiedLabel(table)}`,
      sql,
      target: itself,
      needs: [target("table", table), ...(isOwn(path) ? [] : [target("function", called)])],
      locks: [
        ...[table, ...context.partitions(table)].map((one) => lock(one, "SHARE ROW EXCLUSIVE")),
        ...(statement.constrrel ? [lock(resolve(statement.constrrel), "SHARE ROW EXCLUSIVE")] : []),
      ],
      goal: { does: "create", target: itself, parts: [] },
      replacement: statement.replace ? sql : `${dropped};\n${sql}`,
    }),
  ];
}
