import type { AlterStatsStmt, CreateStatsStmt } from "libpg-query";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteQualified } from "../sql/quote.ts";
import { columnsIn, names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, refused, target } from "./draft.ts";
import { freeName } from "./index-name.ts";
import { columns, needsOf, resolve, resolveName, unique } from "./resolve.ts";

/**
 * `CREATE STATISTICS`: what ANALYZE gathers from then on. PostgreSQL 17 manual, 13.3.1: SHARE UPDATE EXCLUSIVE, which stops
 * neither readers nor writers. Without a name it gets the one that PostgreSQL chooses (16 and later).
 */
export function createStatistics(statement: CreateStatsStmt, sql: string): Draft[] {
  const [on] = statement.relations ?? [];
  if (!on || !("RangeVar" in on)) {
    return [refused(sql, "Statistics are of one table.", "Name one table behind FROM.")];
  }
  const table = resolve(on.RangeVar);
  const parts = (statement.exprs ?? []).flatMap((node) => ("StatsElem" in node ? [node.StatsElem] : []));
  const named = statement.defnames ?? [];
  const itself = target(
    "statistics",
    named.length > 0
      ? resolveName(names(named))
      : {
          schema: table.schema,
          name: freeName(
            table,
            parts.map(({ name }) => name ?? "expr"),
            "stat",
            () => false,
          ),
        },
  );
  const used = [...parts.flatMap(({ name }) => name ?? []), ...columnsIn(parts)];
  return [
    catalogChange({
      kind: "create statistics",
      title: `create statistics ${itself.schema}.${itself.name} on ${qualifiedLabel(table)}`,
      sql,
      target: itself,
      needs: unique([target("table", table), ...columns(table, used), ...needsOf(parts)]),
      locks: [lock(table, "SHARE UPDATE EXCLUSIVE")],
      goal: { does: "create", target: itself, parts: [] },
      safety: "Only the catalog is changed; the next ANALYZE gathers them.",
      replacement: `DROP STATISTICS ${quoteQualified(itself.schema ?? "", itself.name)};\n${sql}`,
    }),
  ];
}

/** `ALTER STATISTICS … SET STATISTICS`. */
export function alterStatistics(statement: AlterStatsStmt, sql: string): Draft[] {
  const itself = target("statistics", resolveName(names(statement.defnames)));
  return [
    catalogChange({
      kind: "alter statistics",
      title: `set the target of statistics ${itself.schema}.${itself.name}`,
      sql,
      target: itself,
      goal: { does: "alter", target: itself, properties: ["target"] },
      replacement: sql,
      ...(statement.missing_ok ? { ifExists: itself } : {}),
    }),
  ];
}
