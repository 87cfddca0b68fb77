import { createHash } from "node:crypto";
import type { Names } from "../model/names.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";

const longest = 63;

/** The check that stands in for NOT NULL while it is validated; a long name is shortened the same way each time. */
export function helperName({ recordSchema }: Names, table: string, column: string): string {
  const name = `${recordSchema}_${table}_${column}_not_null`;
  if (Buffer.byteLength(name) <= longest) return name;
  return `${recordSchema}_${createHash("sha256").update(name).digest("hex").slice(0, 16)}_not_null`;
}

/**
 * `SET NOT NULL` scans the table under the strongest lock, unless a valid check says the same: so a check first,
 * validated while others read and write, and dropped after. PostgreSQL 17 manual, "ALTER TABLE", `SET NOT NULL`.
 */
export function setNotNull(
  table: QualifiedName,
  column: string,
  context: StatementContext,
  sql?: string,
): Draft[] {
  const name = quoteQualified(table.schema, table.name);
  const quoted = quoteIdentifier(column);
  const itself = part("column", table, column);
  const until = { target: itself, properties: ["nullable", "notNull"] };
  const setting = catalogChange({
    kind: "alter column",
    title: `set ${qualifiedLabel(table)}.${column} not null`,
    sql: sql ?? `ALTER TABLE ${name} ALTER COLUMN ${quoted} SET NOT NULL`,
    target: itself,
    needs: [target("table", table), itself],
    locks: [lock(table, "ACCESS EXCLUSIVE")],
    goal: { does: "alter", target: itself, properties: ["nullable", "notNull"] },
  });
  if (context.isNew(table))
    return [{ ...setting, safety: "The table is made by this deployment and empty." }];
  const helper = helperName(context.names, table.name, column);
  const check = part("constraint", table, helper);
  return [
    catalogChange({
      kind: "add constraint",
      title: `check ${qualifiedLabel(table)}.${column} is not null, for new rows`,
      sql: `ALTER TABLE ${name} ADD CONSTRAINT ${quoteIdentifier(helper)} CHECK (${quoted} IS NOT NULL) NOT VALID`,
      target: check,
      needs: [target("table", table), itself],
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      safety: "NOT VALID: no row is looked at; the lock is held for a moment.",
      goal: { does: "temporary", target: check, step: "make", until },
    }),
    catalogChange({
      kind: "validate constraint",
      title: `check ${qualifiedLabel(table)}.${column} is not null, in all rows`,
      sql: `ALTER TABLE ${name} VALIDATE CONSTRAINT ${quoteIdentifier(helper)}`,
      target: check,
      needs: [target("table", table), itself],
      locks: [lock(table, "SHARE UPDATE EXCLUSIVE", "long")],
      safety: "The rows are read while others read and write.",
      goal: { does: "temporary", target: check, step: "validate", until },
      work: { does: "scan", table, lookups: false },
    }),
    {
      ...setting,
      safety: "The validated check proves it: no row is looked at; the lock is held for a moment.",
    },
    catalogChange({
      kind: "drop constraint",
      title: `drop the check that ${qualifiedLabel(table)}.${column} no longer needs`,
      sql: `ALTER TABLE ${name} DROP CONSTRAINT ${quoteIdentifier(helper)}`,
      target: check,
      needs: [target("table", table)],
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      goal: { does: "temporary", target: check, step: "remove", until },
    }),
  ];
}
