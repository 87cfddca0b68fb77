import type { CreateTableAsStmt, RefreshMatViewStmt, ViewStmt } from "libpg-query";
import { qualifiedLabel } from "../sql/names.ts";
import { printOr } from "../sql/parser.ts";
import { quoteQualified } from "../sql/quote.ts";
import { catalogChange, type Draft, lock, type StatementContext, target } from "./draft.ts";
import { needsOf, relationsOf, resolve } from "./resolve.ts";
import { temporary } from "./session.ts";

/** `CREATE [OR REPLACE] VIEW`: replaces one that is there, together with its options. */
export function createView(statement: ViewStmt, sql: string, context: StatementContext): Draft[] {
  const view = resolve(statement.view);
  if (statement.view?.relpersistence === "t") {
    return [temporary("create temporary view", view.name, sql, needsOf(statement.query))];
  }
  const itself = target("view", view);
  const present = context.exists(itself);
  const replacing = statement.replace
    ? sql
    : printOr({ ViewStmt: { ...statement, replace: true } }, sql.replace(/^CREATE\s/i, "CREATE OR REPLACE "));
  const reads = relationsOf(statement.query);
  return [
    catalogChange({
      kind: "create view",
      title: `${statement.replace && present ? "replace" : "create"} view ${qualifiedLabel(view)}`,
      sql,
      target: itself,
      needs: needsOf(statement.query),
      locks: [
        ...(present ? [lock(view, "ACCESS EXCLUSIVE")] : []),
        ...reads.map((relation) => lock(relation, "ACCESS SHARE")),
      ],
      safety: present
        ? "The view's definition is exchanged in one transaction; the tables that it reads are not stopped."
        : "A new view; the tables that it reads are not stopped.",
      goal: { does: "create", target: itself, parts: [], isDerived: true },
      replacement: replacing,
    }),
  ];
}

/** `CREATE MATERIALIZED VIEW`, and `CREATE TABLE … AS`, which no drizzle-kit generates and no catalog can tell from rows. */
export function createTableAs(statement: CreateTableAsStmt, sql: string): Draft[] {
  const relation = resolve(statement.into?.rel);
  if (statement.into?.rel?.relpersistence === "t") {
    return [temporary("create temporary table", relation.name, sql, needsOf(statement.query))];
  }
  const reads = relationsOf(statement.query);
  const materialized = statement.objtype === "OBJECT_MATVIEW";
  const itself = target(materialized ? "view" : "table", relation);
  return [
    catalogChange({
      kind: materialized ? "create view" : "create table",
      title: `create ${materialized ? "materialized view" : "table"} ${qualifiedLabel(relation)} from a query`,
      sql,
      target: itself,
      needs: needsOf(statement.query),
      locks: reads.map((one) => lock(one, "ACCESS SHARE", "long")),
      safety: "It reads, and stops nobody: the new relation is nobody's yet.",
      goal: { does: "create", target: itself, parts: [], isDerived: true },
      work: reads[0] ? { does: "scan", table: reads[0], lookups: false } : { does: "catalog" },
    }),
  ];
}

/** `REFRESH MATERIALIZED VIEW`. */
export function refreshView(statement: RefreshMatViewStmt, sql: string, context: StatementContext): Draft[] {
  const view = resolve(statement.relation);
  const name = quoteQualified(view.schema, view.name);
  return [
    catalogChange({
      kind: "change data",
      title: `refresh materialized view ${qualifiedLabel(view)}`,
      sql,
      target: { kind: "data", schema: view.schema, name: view.name, table: view.name },
      needs: [target("table", view)],
      locks: [
        // Nobody writes a materialized view but who refreshes it.
        statement.concurrent
          ? { ...lock(view, "EXCLUSIVE", "long"), stopsWrites: false }
          : lock(view, "ACCESS EXCLUSIVE", "long"),
        ...context.reads(view).map((relation) => lock(relation, "ACCESS SHARE", "long")),
      ],
      safety: statement.concurrent
        ? "CONCURRENTLY: the view is read meanwhile."
        : "Every reader of the view waits until it is computed again.",
      goal: { does: "journalled" },
      work: { does: "rewrite", table: view },
      hazards:
        statement.concurrent || context.isNew(view)
          ? []
          : [
              {
                name: "long-lock",
                message: `Refreshing ${qualifiedLabel(view)} stops its readers for as long as its query takes.`,
                safeForm: `REFRESH MATERIALIZED VIEW CONCURRENTLY ${name}; (needs a unique index on the view)`,
              },
            ],
    }),
  ];
}
