import type { IndexStmt, Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { names } from "../sql/tree.ts";

/*
 * What PostgreSQL calls what nobody named: the indexes and keys of partitions. They have to be called the same, or a
 * database would not be as its migrations make it elsewhere. PostgreSQL 17, src/backend/commands/indexcmds.c:
 * ChooseIndexName, ChooseIndexColumnNames, ChooseRelationName, makeObjectName.
 */

/** The longest name, in bytes. */
const longest = 63;

/** A text cut to so many bytes, between two characters. */
function clip(text: string, bytes: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept) + Buffer.byteLength(character) > bytes) break;
    kept += character;
  }
  return kept;
}

const byteLength = (text: string): number => Buffer.byteLength(text);

/** `table_column_idx`, the longer of the first two cut until all of it fits. */
function objectName(first: string, second: string | null, label: string): string {
  const overhead = byteLength(label) + 1 + (second === null ? 0 : 1);
  let [one, other] = [byteLength(first), second === null ? 0 : byteLength(second)];
  while (one + other > longest - overhead) {
    if (one > other) one -= 1;
    else other -= 1;
  }
  return [clip(first, one), ...(second === null ? [] : [clip(second, other)]), label].join("_");
}

/** What kind of thing is named: an index, or the index and constraint of a key, or another constraint. */
export type NameLabel = "idx" | "key" | "pkey" | "fkey" | "check" | "stat";

/**
 * The first name that is free for an index or constraint of a table.
 * @param columns as `indexColumnNames` has them
 */
export function freeName(
  table: QualifiedName,
  columns: readonly string[],
  label: NameLabel,
  isTaken: (name: QualifiedName) => boolean,
): string {
  // PostgreSQL stops adding where the name is long enough.
  let addition = "";
  for (const column of columns) {
    addition += (addition === "" ? "" : "_") + column;
    if (byteLength(addition) > longest) break;
  }
  const second = label === "pkey" || addition === "" ? null : clip(addition, longest);
  for (let pass = 0; ; pass += 1) {
    const name = objectName(table.name, second, pass === 0 ? label : `${label}${pass}`);
    if (!isTaken({ schema: table.schema, name })) return name;
  }
}

/** What an expression is called, as PostgreSQL's FigureColname has it; null where it has no name of its own. */
function figure(node: Node | undefined): { name: string; isWeak: boolean } | null {
  if (node === undefined) return null;
  const strong = (name: string | undefined) => (name === undefined ? null : { name, isWeak: false });
  if ("ColumnRef" in node) return strong(names(node.ColumnRef.fields).at(-1));
  if ("FuncCall" in node) return strong(names(node.FuncCall.funcname).at(-1));
  if ("A_Indirection" in node)
    return strong(names(node.A_Indirection.indirection).at(-1)) ?? figure(node.A_Indirection.arg);
  if ("CollateClause" in node) return figure(node.CollateClause.arg);
  if ("CoalesceExpr" in node) return strong("coalesce");
  if ("MinMaxExpr" in node) return strong(node.MinMaxExpr.op === "IS_LEAST" ? "least" : "greatest");
  if ("A_ArrayExpr" in node) return strong("array");
  if ("RowExpr" in node) return strong("row");
  if ("A_Expr" in node) return node.A_Expr.kind === "AEXPR_NULLIF" ? strong("nullif") : null;
  if ("TypeCast" in node) {
    const inner = figure(node.TypeCast.arg);
    const type = names(node.TypeCast.typeName?.names).at(-1);
    return inner && !inner.isWeak ? inner : type === undefined ? inner : { name: type, isWeak: true };
  }
  if ("CaseExpr" in node) {
    const inner = figure(node.CaseExpr.defresult);
    return inner && !inner.isWeak ? inner : { name: "case", isWeak: true };
  }
  return null;
}

/** What the columns of an index are called, included ones too; an expression without a name is `expr`. */
export function indexColumnNames(statement: IndexStmt): string[] {
  const found: string[] = [];
  for (const node of [...(statement.indexParams ?? []), ...(statement.indexIncludingParams ?? [])]) {
    if (!("IndexElem" in node)) continue;
    const { name, expr } = node.IndexElem;
    const original = name ?? figure(expr)?.name ?? "expr";
    let free = original;
    for (let number = 1; found.includes(free); number += 1)
      free = clip(original, longest - String(number).length) + number;
    found.push(free);
  }
  return found;
}
