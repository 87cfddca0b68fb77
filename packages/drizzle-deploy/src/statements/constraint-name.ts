import type { Constraint } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { columnsIn, names } from "../sql/tree.ts";

const suffixes: Partial<Record<NonNullable<Constraint["contype"]>, string>> = {
  CONSTR_PRIMARY: "pkey",
  CONSTR_UNIQUE: "key",
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "fkey",
  CONSTR_EXCLUSION: "excl",
};

/** The longest name that PostgreSQL does not shorten, in bytes. */
const longest = 63;

/**
 * The name that a constraint has or gets, and null for what is no constraint of its own (NOT NULL, DEFAULT, …). One
 * without a name gets table, columns and kind, as `ChooseConstraintName` does it; where that would be too long or
 * another has it, PostgreSQL shortens or numbers it, and the planner does not find it again.
 */
export function constraintName(
  constraint: Constraint,
  table: Pick<QualifiedName, "name">,
  column: string | null,
): string | null {
  const suffix = constraint.contype && suffixes[constraint.contype];
  if (suffix === undefined || suffix === "") return null;
  if (constraint.conname !== undefined) return constraint.conname;
  const name = [table.name, ...keys(constraint, column), suffix].join("_");
  return Buffer.byteLength(name) <= longest ? name : null;
}

function keys(constraint: Constraint, column: string | null): string[] {
  switch (constraint.contype) {
    case "CONSTR_PRIMARY":
      return [];
    case "CONSTR_CHECK": {
      // One of a column is named for it, one of a table for the only column that it uses.
      const used = columnsIn(constraint.raw_expr);
      return column === null ? (used.length === 1 ? used : []) : [column];
    }
    case "CONSTR_FOREIGN":
      return column === null ? names(constraint.fk_attrs) : [column];
    default:
      return column === null ? names(constraint.keys) : [column];
  }
}
