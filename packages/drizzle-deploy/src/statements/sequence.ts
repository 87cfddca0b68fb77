import type { AlterSeqStmt, CreateSeqStmt } from "libpg-query";
import { qualifiedLabel } from "../sql/names.ts";
import { catalogChange, type Draft, lock, type StatementContext, target } from "./draft.ts";
import { resolve } from "./resolve.ts";

/** `CREATE SEQUENCE`. */
export function createSequence(statement: CreateSeqStmt, sql: string): Draft[] {
  const sequence = resolve(statement.sequence);
  const itself = target("sequence", sequence);
  return [
    catalogChange({
      kind: "create sequence",
      title: `create sequence ${qualifiedLabel(sequence)}`,
      sql,
      target: itself,
      safety: "A new sequence: nothing uses it yet.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

const propertyOf: Readonly<Record<string, string>> = {
  as: "type",
  start: "start",
  increment: "increment",
  minvalue: "minimum",
  maxvalue: "maximum",
  cache: "cache",
  cycle: "cycle",
  owned_by: "ownedBy",
};

/** `ALTER SEQUENCE`. PostgreSQL 17 manual, "ALTER SEQUENCE": blocks other `nextval` calls for a moment. */
export function alterSequence(statement: AlterSeqStmt, sql: string, context: StatementContext): Draft[] {
  const sequence = resolve(statement.sequence);
  const itself = target("sequence", sequence);
  const set = (statement.options ?? []).flatMap((node) =>
    "DefElem" in node ? [node.DefElem.defname ?? ""] : [],
  );
  const properties = set.flatMap((name) => propertyOf[name] ?? []);
  const restarts = set.includes("restart");
  return [
    catalogChange({
      kind: "alter sequence",
      title: `alter sequence ${qualifiedLabel(sequence)}`,
      sql,
      target: itself,
      needs: [itself],
      locks: [lock(sequence, "SHARE ROW EXCLUSIVE")],
      goal:
        properties.length > 0 && properties.length === set.length
          ? { does: "alter", target: itself, properties }
          : { does: "journalled" },
      replacement: sql,
      hazards:
        restarts && context.exists(itself)
          ? [
              {
                name: "breaks-clients",
                message: `${qualifiedLabel(sequence)} starts again: numbers that rows have already are given out a second time.`,
                safeForm: "Restart it above the highest number in use, by hand, when nobody writes.",
              },
            ]
          : [],
    }),
  ];
}
