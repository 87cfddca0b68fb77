import type { Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import type { RowChange } from "./duplicates.ts";

/** A change that was not undone: the row does not hold any more what the merge had set. */
export const keptChangeSchema = z.strictObject({
  table: z.string(),
  id: z.guid(),
  column: z.string(),
  /** What the merge set. */
  after: z.string(),
  /** What is there now; null for a null, and for a row that is gone. */
  now: z.string().nullable(),
  gone: z.boolean(),
});

export type KeptChange = z.infer<typeof keptChangeSchema>;

/** What became of the changes of a merge when it was undone. */
export interface Undo {
  /** Restored, in the order in which they were. */
  readonly undone: readonly RowChange[];
  /** Left as they are. */
  readonly kept: readonly KeptChange[];
}

const types = { category_id: "uuid", deleted_at: "timestamp", is_default: "boolean" } as const;

/** Changes that follow each other in one column of one table, so that one statement undoes them. */
function runsOf(changes: readonly RowChange[]): RowChange[][] {
  const runs: RowChange[][] = [];
  for (const change of changes) {
    const last = runs.at(-1);
    const [first] = last ?? [];
    if (last && first?.table === change.table && first.column === change.column) last.push(change);
    else runs.push([change]);
  }
  return runs;
}

const text = (value: RowChange["before"] | RowChange["after"]): string | null =>
  value === null ? null : String(value);

const outcomeSchema = z.array(
  z.object({ id: z.guid(), now: z.string().nullable(), gone: z.boolean(), undone: z.boolean() }),
);

/**
 * Undoes a merge, as part of a transaction, which has to be READ COMMITTED: from the last change to the first, sets
 * what was there before in every row that still holds what the merge had set. A row that somebody changed since, or
 * deleted, is left alone and reported. Takes the locks that a merge takes.
 *
 * The server refuses it with 23505 while the uniqueness rules are in force, since it brings the duplicates back.
 */
export async function undoMergeWithin(sql: Transaction, changes: readonly RowChange[]): Promise<Undo> {
  await sql.unsafe("lock table public.categories, public.custom_templates in share row exclusive mode");
  const undone: RowChange[] = [];
  const kept: KeptChange[] = [];
  for (const run of runsOf(changes.toReversed())) {
    const [first] = run;
    if (!first) continue;
    const { table, column } = first;
    const name = quoteIdentifier(column);
    const asText =
      column === "deleted_at" ? `to_char(${name}, 'YYYY-MM-DD"T"HH24:MI:SS.US')` : `${name}::text`;
    const asked = run.map(({ id, before, after }) => ({ id, before: text(before), after: text(after) }));
    const rows = await sql.unsafe(
      `with asked as (
         select * from json_to_recordset($1::text::json) as a (id uuid, before text, after text)
       ), restored as (
         update public.${quoteIdentifier(table)} t set ${name} = asked.before::${types[column]}
         from asked where t.id = asked.id and t.${name} = asked.after::${types[column]}
         returning t.id
       )
       select asked.id, r.id is not null as undone, t.id is null as gone, t.now
       from asked
       left join restored r on r.id = asked.id
       left join (select id, ${asText} as now from public.${quoteIdentifier(table)}) t on t.id = asked.id`,
      [JSON.stringify(asked)],
    );
    const outcomes = new Map(outcomeSchema.parse([...rows]).map((outcome) => [outcome.id, outcome]));
    for (const change of run) {
      const outcome = outcomes.get(change.id);
      if (outcome?.undone) undone.push(change);
      else {
        kept.push({
          table,
          id: change.id,
          column,
          after: String(change.after),
          now: outcome?.now ?? null,
          gone: outcome?.gone ?? true,
        });
      }
    }
  }
  return { undone: undone.toReversed(), kept };
}
