import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  Node,
  RangeVar,
  SelectStmt,
  TruncateStmt,
  UpdateStmt,
} from "libpg-query";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { walk } from "../sql/tree.ts";
import { batching } from "./batches.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { needsOf, relationsOf, resolve, unique } from "./resolve.ts";

/** As many rows as are changed in the blink of an eye; more are a matter for batches. */
const few = 10_000;

const data = ({ schema, name }: QualifiedName): Target => ({ kind: "data", schema, name, table: name });

const safety =
  "In a transaction of its own, and written down in that same transaction: it happens once, whatever is cut off.";

const inBatches =
  "In batches, each a transaction of its own that is written down with what it did: whatever is cut off is continued, and each row is visited once.";

/** How it runs in batches, and what is to be accepted then; or why it is not shown that it may. */
function batchesOf(
  node: Node,
  hazards: Draft["hazards"],
  context: StatementContext,
): Pick<Draft, "batches" | "unbatched" | "hazards"> {
  const found = batching(node, context);
  if (!found.isShown) {
    return {
      unbatched: found.reason,
      hazards: hazards.map((hazard) =>
        hazard.name === "long-lock"
          ? { ...hazard, message: `${hazard.message} It is not run in batches, since ${found.reason}.` }
          : hazard,
      ),
    };
  }
  const { table, key } = found.batches;
  const rows = context.rows(table);
  const columns = key.map(({ name }) => name).join(", ");
  const isLong = ({ name }: Draft["hazards"][number]): boolean => name === "long-lock";
  return {
    hazards,
    batches: {
      ...found.batches,
      safety: inBatches,
      hazards: [
        ...hazards.filter((hazard) => !isLong(hazard)),
        {
          name: "long-lock",
          message: `It goes through ${qualifiedLabel(table)}, of about ${rows === null ? "an unknown number of" : rows.toLocaleString("en-US")} rows, in batches by ${columns}: until its end some rows are changed and others are not, and clients see that.`,
          safeForm:
            "Allow it where clients can live with either meanwhile: nobody waits for longer than a batch.",
        },
      ],
    },
  };
}

function changing(
  verb: string,
  range: RangeVar | undefined,
  sql: string,
  context: StatementContext,
  {
    node,
    hazards: hazardsOf,
    fills,
  }: {
    node: Node;
    hazards: (table: QualifiedName) => Draft["hazards"];
    fills: readonly Target[];
  },
): Draft[] {
  const [tree] = Object.values(node);
  const table = resolve(range);
  const others = relationsOf(tree).filter((other) => qualifiedLabel(other) !== qualifiedLabel(table));
  const writes = writesWithin(tree, context);
  const isWritten = (other: QualifiedName) =>
    writes.some((one) => qualifiedLabel(one.table) === qualifiedLabel(other));
  const hazards = [
    ...(context.isNew(table) ? [] : hazardsOf(table)),
    ...writes.flatMap((write) => write.hazards),
  ];
  return [
    catalogChange({
      kind: "change data",
      title: `${verb} ${qualifiedLabel(table)}`,
      sql,
      target: data(table),
      needs: unique([target("table", table), ...needsOf(tree)]),
      locks: [
        lock(table, "ROW EXCLUSIVE"),
        ...others.map((other) => lock(other, isWritten(other) ? "ROW EXCLUSIVE" : "ACCESS SHARE")),
      ],
      safety:
        context.isNew(table) && writes.length === 0
          ? "The table is made by this deployment and empty."
          : safety,
      goal: { does: "journalled" },
      ...batchesOf(node, hazards, context),
      work: { does: "scan", table, lookups: true },
      fills,
    }),
  ];
}

/** The columns that an `UPDATE` sets. */
const columnsSet = (table: QualifiedName, list: readonly Node[] | undefined): Target[] =>
  (list ?? []).flatMap((node) =>
    "ResTarget" in node && node.ResTarget.name !== undefined
      ? [part("column", table, node.ResTarget.name)]
      : [],
  );

/** What the `WITH` queries of a statement write. PostgreSQL 17 manual, 7.8.4 "Data-Modifying Statements in WITH". */
function writesWithin(
  tree: unknown,
  context: StatementContext,
): { table: QualifiedName; hazards: Draft["hazards"] }[] {
  const found: { table: QualifiedName; hazards: Draft["hazards"] }[] = [];
  const kinds: Readonly<Record<string, (table: QualifiedName) => Draft["hazards"]>> = {
    InsertStmt: () => [],
    UpdateStmt: (table) => manyRows(table, context, "It updates"),
    MergeStmt: (table) => manyRows(table, context, "It changes"),
    DeleteStmt: (table) => deleting(table, context),
  };
  walk(tree, (object) => {
    for (const [kind, hazards] of Object.entries(kinds)) {
      const statement = object[kind];
      if (typeof statement !== "object" || statement === null || !("relation" in statement)) continue;
      const [table] = relationsOf(statement.relation);
      if (table) found.push({ table, hazards: context.isNew(table) ? [] : hazards(table) });
    }
  });
  return found;
}

function deleting(table: QualifiedName, context: StatementContext): Draft["hazards"] {
  return [
    {
      name: "data-loss",
      message: `The rows that it deletes from ${qualifiedLabel(table)} are gone for good.`,
      safeForm:
        "Mark them as deleted instead, or copy them to a table of their own first; then allow this step by name.",
    },
    ...manyRows(table, context, "It deletes from"),
  ];
}

function manyRows(table: QualifiedName, context: StatementContext, verb: string): Draft["hazards"] {
  const rows = context.rows(table);
  if (rows !== null && rows <= few) return [];
  return [
    {
      name: "long-lock",
      message: `${verb} ${qualifiedLabel(table)}, of about ${rows === null ? "an unknown number of" : rows.toLocaleString("en-US")} rows, in one transaction: every client that writes a row that it changed waits until its end.`,
      safeForm: "Change the rows in batches, each in a transaction of its own, outside the migration.",
    },
  ];
}

/** `INSERT`. */
export function insert(statement: InsertStmt, sql: string, context: StatementContext): Draft[] {
  const select =
    statement.selectStmt && "SelectStmt" in statement.selectStmt ? statement.selectStmt.SelectStmt : {};
  const literal = (select.valuesLists ?? []).length > 0 || statement.selectStmt === undefined;
  // Of the whole statement: the names of its WITH queries are no tables.
  const sources = literal
    ? []
    : relationsOf({ ...statement, relation: undefined }).filter((source) => !context.isNew(source));
  return changing("insert into", statement.relation, sql, context, {
    node: { InsertStmt: statement },
    fills: [target("table", resolve(statement.relation))],
    hazards: () => sources.flatMap((source) => manyRows(source, context, "It reads")),
  });
}

/** `UPDATE`. */
export function update(statement: UpdateStmt, sql: string, context: StatementContext): Draft[] {
  return changing("update", statement.relation, sql, context, {
    node: { UpdateStmt: statement },
    fills: columnsSet(resolve(statement.relation), statement.targetList),
    hazards: (table) => manyRows(table, context, "It updates"),
  });
}

/** `MERGE`. */
export function merge(statement: MergeStmt, sql: string, context: StatementContext): Draft[] {
  return changing("merge into", statement.relation, sql, context, {
    node: { MergeStmt: statement },
    fills: [target("table", resolve(statement.relation))],
    hazards: (table) => manyRows(table, context, "It changes"),
  });
}

/** `DELETE`. */
export function remove(statement: DeleteStmt, sql: string, context: StatementContext): Draft[] {
  return changing("delete from", statement.relation, sql, context, {
    node: { DeleteStmt: statement },
    fills: [],
    hazards: (table) => deleting(table, context),
  });
}

/** `TRUNCATE`. */
export function truncate(statement: TruncateStmt, sql: string, context: StatementContext): Draft[] {
  const tables = (statement.relations ?? []).flatMap((node) =>
    "RangeVar" in node ? [resolve(node.RangeVar)] : [],
  );
  const old = tables.filter((table) => !context.isNew(table));
  const [first] = tables;
  return [
    catalogChange({
      kind: "change data",
      title: `truncate ${tables.map(qualifiedLabel).join(", ")}`,
      sql,
      target: first ? data(first) : null,
      needs: tables.map((table) => target("table", table)),
      locks: tables.map((table) => lock(table, "ACCESS EXCLUSIVE")),
      safety: "In a transaction of its own, once.",
      goal: { does: "journalled" },
      hazards:
        old.length === 0
          ? []
          : [
              {
                name: "data-loss",
                message: `All rows of ${old.map(qualifiedLabel).join(", ")} are gone for good.`,
                safeForm: "Copy them to a table of their own first, then allow this step by name.",
              },
            ],
    }),
  ];
}

/** `SELECT`, which a migration has only for what the functions that it calls do. */
export function select(statement: SelectStmt, sql: string, context: StatementContext): Draft[] {
  const into: Node | undefined = statement.intoClause ? { IntoClause: statement.intoClause } : undefined;
  const title = into ? `make table ${statement.intoClause?.rel?.relname ?? ""} from a query` : "select";
  const writes = writesWithin(statement, context);
  return [
    catalogChange({
      kind: "opaque",
      title,
      sql,
      target: null,
      needs: needsOf({ ...statement, intoClause: undefined }),
      locks: relationsOf({ ...statement, intoClause: undefined }).map((one) =>
        lock(
          one,
          writes.some(({ table }) => qualifiedLabel(table) === qualifiedLabel(one))
            ? "ROW EXCLUSIVE"
            : "ACCESS SHARE",
        ),
      ),
      hazards: writes.flatMap(({ hazards }) => hazards),
      safety,
      goal: { does: "journalled" },
    }),
  ];
}
