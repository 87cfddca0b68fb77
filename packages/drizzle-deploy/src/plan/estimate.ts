import type { Step } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import type { Work } from "../statements/index.ts";
import type { Facts } from "./facts.ts";

/*
 * Orders of magnitude, for telling seconds from hours. The log of a deployment has what each step took beside them.
 */

/** What a change of the catalog takes, with its round trips, in milliseconds. */
const change = 5;
/** Reading a table, in bytes a millisecond. */
const reading = 150_000;
/** Sorting and writing an index entry, in milliseconds. */
const entry = 0.001;
/** Looking up another table's key, in milliseconds. */
const lookup = 0.002;
/** Writing a table and its indexes anew, in bytes a millisecond. */
const writing = 25_000;
/** Of an index entry: its header, and the pointer to it on its page. PostgreSQL 17 manual, 65.1.4.1. */
const entryOverhead = 12;
/** B-tree leaves are filled to this share. */
const fill = 0.9;
const page = 8192;
/** Where statistics say nothing. */
const unknownWidth = 16;

/** How large a relation is, as far as it is known. */
export function sizeOf(
  { schema, name }: QualifiedName,
  facts: Facts,
): { bytes: number; rows: number } | null {
  const found = facts.relations.find(
    (one) => one.schema === schema && one.name === name && one.kind !== "index",
  );
  return found ? { bytes: found.bytes, rows: Math.round(found.rows) } : null;
}

/** The size of the table that a step works on; null where there is none yet. */
export function tableSize(target: Step["target"], facts: Facts): Step["size"] {
  if (target === null || target.schema === null) return null;
  const name = target.table ?? (target.kind === "table" || target.kind === "data" ? target.name : null);
  return name === null ? null : sizeOf({ schema: target.schema, name }, facts);
}

/** The share of rows that a partial index takes: known for one that looks at nulls, else all. */
function share(work: Extract<Work, { does: "index" }>, facts: Facts): number {
  const { predicate, table } = work;
  if (!predicate || !("NullTest" in predicate)) return 1;
  const { arg, nulltesttype } = predicate.NullTest;
  if (!arg || !("ColumnRef" in arg)) return 1;
  const last = arg.ColumnRef.fields?.at(-1);
  const column = last && "String" in last ? last.String.sval : undefined;
  const found = facts.columns.find(
    (one) => one.schema === table.schema && one.table === table.name && one.name === column,
  );
  // A column that the plan adds is null in every row.
  const nulls = found?.nulls ?? 1;
  return nulltesttype === "IS_NULL" ? nulls : 1 - nulls;
}

/** What reading a table once takes, as a check of its rows or the build of an index does. */
export const estimateScan = (bytes: number): Step["estimate"] => ({
  milliseconds: change + bytes / reading,
  growthBytes: 0,
});

/** What a change of the catalog alone takes. */
export const catalogEstimate: Step["estimate"] = { milliseconds: change, growthBytes: 0 };

/** How long work takes, in milliseconds, and how much the database grows by it, in bytes. */
export function estimate(work: Work, facts: Facts): Step["estimate"] {
  if (work.does === "catalog") return catalogEstimate;
  const { bytes, rows } = sizeOf(work.table, facts) ?? { bytes: 0, rows: 0 };
  switch (work.does) {
    case "index": {
      const width = work.columns.reduce((sum, name) => {
        const { schema, name: table } = work.table;
        const found = facts.columns.find(
          (one) => one.schema === schema && one.table === table && one.name === name,
        );
        return sum + (found?.width ?? unknownWidth);
      }, entryOverhead);
      const entries = rows * share(work, facts);
      // Built concurrently: the table is read a second time, for what changed meanwhile.
      const milliseconds = change * 4 + (2 * bytes) / reading + entries * entry;
      return { milliseconds, growthBytes: Math.ceil((entries * width) / fill / page + 1) * page };
    }
    case "scan":
      return {
        ...estimateScan(bytes),
        milliseconds: estimateScan(bytes).milliseconds + (work.lookups ? rows * lookup : 0),
      };
    case "rewrite":
      // The old one goes when the new one is there.
      return { milliseconds: change + bytes / writing, growthBytes: bytes };
  }
}
