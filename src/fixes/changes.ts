import { z } from "zod";

/**
 * One column of one row that a fix changed, as plain JSON. Undoing a fix is setting each `before` again, from the last
 * change to the first, in rows that still hold `after`. A change of `id` is a row that the fix made.
 */
export const rowChangeSchema = z.discriminatedUnion("column", [
  z.strictObject({
    table: z.enum(["transactions", "category_budgets"]),
    id: z.guid(),
    column: z.literal("category_id"),
    before: z.guid(),
    after: z.guid(),
  }),
  z.strictObject({
    table: z.enum(["transactions", "investments"]),
    id: z.guid(),
    column: z.literal("account_id"),
    before: z.guid(),
    after: z.guid().nullable(),
  }),
  z.strictObject({
    table: z.literal("transactions"),
    id: z.guid(),
    column: z.literal("group_id"),
    before: z.guid(),
    after: z.null(),
  }),
  z.strictObject({
    table: z.literal("partnership_clients"),
    id: z.guid(),
    column: z.literal("partner_id"),
    before: z.guid(),
    after: z.guid(),
  }),
  z.strictObject({
    table: z.enum(["categories", "category_budgets"]),
    id: z.guid(),
    column: z.literal("deleted_at"),
    before: z.null(),
    /** ISO 8601 in UTC without a time zone, as these tables hold it. */
    after: z.string(),
  }),
  z.strictObject({
    table: z.literal("custom_templates"),
    id: z.guid(),
    column: z.literal("is_default"),
    before: z.literal(true),
    after: z.literal(false),
  }),
  z.strictObject({
    table: z.enum(["accounts", "categories", "partners_v2"]),
    id: z.guid(),
    column: z.literal("id"),
    before: z.null(),
    after: z.guid(),
  }),
]);

export type RowChange = z.infer<typeof rowChangeSchema>;

/** Changes, as a statement returns them or the records hold them. */
export const rowChangesSchema = z.array(rowChangeSchema);

/** A change that was not undone: the row does not hold any more what the fix had set. */
export const keptChangeSchema = z.strictObject({
  table: z.string(),
  id: z.guid(),
  column: z.string(),
  /** What the fix set. */
  after: z.string().nullable(),
  /** What is there now; null for a null, and for a row that is gone. */
  now: z.string().nullable(),
  gone: z.boolean(),
});

export type KeptChange = z.infer<typeof keptChangeSchema>;

/** How many rows were changed, made or restored, by table. */
export const rowsByTableSchema = z.array(z.strictObject({ table: z.string(), rows: z.int() }));

export type RowsByTable = z.infer<typeof rowsByTableSchema>;

/** Counts the rows that changes are of. */
export function countByTable(changes: readonly RowChange[]): RowsByTable {
  const rows = new Map<string, Set<string>>();
  for (const { table, id } of changes) rows.set(table, (rows.get(table) ?? new Set()).add(id));
  return [...rows].map(([table, ids]) => ({ table, rows: ids.size }));
}
