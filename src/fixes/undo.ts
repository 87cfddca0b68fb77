import type { Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier } from "drizzle-deploy/sql";
import { z } from "zod";
import type { KeptChange, RowChange } from "./changes.ts";
import type { StandInTable } from "./references.ts";
import { isReferredTo, isStandInAsMade } from "./stand-ins.ts";

/** What became of the changes of a fix when it was undone. */
export interface Undo {
  /** Restored, in the order in which they were. */
  readonly undone: readonly RowChange[];
  /** Left as they are. */
  readonly kept: readonly KeptChange[];
}

const types = {
  account_id: "uuid",
  category_id: "uuid",
  deleted_at: "timestamp",
  group_id: "uuid",
  is_default: "boolean",
  partner_id: "uuid",
} as const;

/** Tables that a merge of duplicates lets nobody write to, so that no new duplicate comes in. */
const lockedTables = ["categories", "custom_templates"] as const;

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

const asked = "json_to_recordset($1::text::json) as asked (id uuid, before text, after text)";

/** Sets what was there before where what the fix had set is there still. */
function restoring(table: RowChange["table"], column: keyof typeof types): string {
  const name = quoteIdentifier(column);
  const asText = column === "deleted_at" ? `to_char(${name}, 'YYYY-MM-DD"T"HH24:MI:SS.US')` : `${name}::text`;
  return `with restored as (
      update public.${quoteIdentifier(table)} t set ${name} = asked.before::${types[column]}
      from ${asked} where t.id = asked.id and t.${name} is not distinct from asked.after::${types[column]}
      returning t.id
    )
    select asked.id, r.id is not null as undone, t.id is null as gone, t.now
    from ${asked}
    left join restored r on r.id = asked.id
    left join (select id, ${asText} as now from public.${quoteIdentifier(table)}) t on t.id = asked.id`;
}

/** Takes a row away that the fix made, where nothing refers to it and nobody has changed it. */
function removing(table: StandInTable): string {
  return `with removed as (
      delete from public.${quoteIdentifier(table)} t using ${asked}
      where t.id = asked.id and ${isStandInAsMade(table, "t")} and not (${isReferredTo(table, "t.id")})
      returning t.id
    )
    select asked.id, r.id is not null as undone, t.id is null as gone, t.id::text as now
    from ${asked}
    left join removed r on r.id = asked.id
    left join public.${quoteIdentifier(table)} t on t.id = asked.id`;
}

const outcomeSchema = z.array(
  z.object({ id: z.guid(), now: z.string().nullable(), gone: z.boolean(), undone: z.boolean() }),
);

/**
 * Undoes a fix, as part of a transaction, which has to be READ COMMITTED: from the last change to the first, sets what
 * was there before in every row that still holds what the fix had set, and takes away rows that it made, unless
 * somebody uses or has changed them. A row that somebody changed since, or deleted, is left alone and reported. Takes
 * the locks that the fix takes.
 *
 * The server refuses it while a rule is in force that what was there before breaks: 23505 for a rule of uniqueness,
 * 23503 for a reference to another user's row.
 */
export async function undoChangesWithin(sql: Transaction, changes: readonly RowChange[]): Promise<Undo> {
  const locked = lockedTables.filter((name) =>
    changes.some(({ table, column }) => table === name && column !== "id"),
  );
  if (locked.length > 0) {
    await sql.unsafe(
      `lock table ${locked.map((name) => `public.${name}`).join(", ")} in share row exclusive mode`,
    );
  }
  const undone: RowChange[] = [];
  const kept: KeptChange[] = [];
  for (const run of runsOf(changes.toReversed())) {
    const [first] = run;
    if (!first) continue;
    const parameters = [
      JSON.stringify(run.map(({ id, before, after }) => ({ id, before: text(before), after: text(after) }))),
    ];
    if (first.column === "id") {
      // Whoever is just about to refer to one is waited for, and then seen.
      await sql.unsafe(
        `select from public.${quoteIdentifier(first.table)} where id in (select id from ${asked}) order by id for update`,
        parameters,
      );
    }
    const statement = first.column === "id" ? removing(first.table) : restoring(first.table, first.column);
    const rows = await sql.unsafe(statement, parameters);
    const outcomes = new Map(outcomeSchema.parse([...rows]).map((outcome) => [outcome.id, outcome]));
    for (const change of run) {
      const outcome = outcomes.get(change.id);
      if (outcome?.undone) undone.push(change);
      else {
        kept.push({
          table: first.table,
          id: change.id,
          column: first.column,
          after: text(change.after),
          now: outcome?.now ?? null,
          gone: outcome?.gone ?? true,
        });
      }
    }
  }
  return { undone: undone.toReversed(), kept };
}
