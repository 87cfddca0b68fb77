import type { Sql, Transaction } from "drizzle-deploy/postgres";
import { z } from "zod";
import { type RowChange, rowChangesSchema } from "../fixes/index.ts";
import { ataTypes } from "../schema/index.ts";

/** What the functions here need of a handle: a connection, or a transaction on one. */
type Queryable = Sql | Transaction;

const count = z.number().int().min(0);

const categorySchema = z.object({
  id: z.guid(),
  name: z.string(),
  /** ISO 8601 without a time zone; null where production didn't record it. */
  createdAt: z.string().nullable(),
  /** Transactions filed under it, deleted ones included. */
  transactions: count,
  /** Budgets for it, deleted ones included. */
  budgets: count,
  liveBudgets: count,
});

export const categoryGroupSchema = z.object({
  userId: z.guid(),
  /** What the names have in common: PostgreSQL's own `lower` of each. */
  foldedName: z.string(),
  /** The id of the category that stays: the oldest. */
  kept: z.guid(),
  /** At least two, the oldest first. */
  categories: z.array(categorySchema),
});

export const templateGroupSchema = z.object({
  userId: z.guid(),
  type: z.enum(ataTypes),
  /** The id of the template that stays default: the newest. */
  kept: z.guid(),
  /** At least two, the newest first. */
  templates: z.array(z.object({ id: z.guid(), name: z.string(), createdAt: z.string() })),
});

/** Live categories of one user whose names differ only in case. */
export type CategoryGroup = z.infer<typeof categoryGroupSchema>;

/** Default templates of one user for one type. */
export type TemplateGroup = z.infer<typeof templateGroupSchema>;

/** What stands in the way of the two uniqueness rules; both empty when nothing does. */
export interface Duplicates {
  categories: CategoryGroup[];
  templates: TemplateGroup[];
}

/** Whose duplicates are looked at: one user's, or everybody's. */
const ofUser = (userId: string | undefined): string => (userId === undefined ? "" : "and user_id = $1::uuid");

// Grouped by the very expression of the unique index, so by the case folding of the database's own collation. A row
// without a time counts as the youngest; of equal times the smaller id goes first.
const categoryTwins = (userId?: string) => `
  select id, user_id, name, created_at, folded, kept
  from (
    select id, user_id, name, created_at, lower(name) as folded,
      count(*) over (partition by user_id, lower(name)) as size,
      first_value(id) over (partition by user_id, lower(name) order by created_at, id) as kept
    from public.categories
    where deleted_at is null ${ofUser(userId)}
  ) named
  where size > 1`;

/**
 * Finds what stands in the way of the two uniqueness rules, with the evidence and what a merge would keep. Changes
 * nothing. Ordered by user, then name or type.
 *
 * @param userId whose; everybody's if left out
 */
export async function findDuplicates(sql: Queryable, userId?: string): Promise<Duplicates> {
  const parameters = userId === undefined ? [] : [userId];
  const categories = await sql.unsafe(
    `
    with twin as materialized (${categoryTwins(userId)}),
    spent as (
      select category_id, count(*) as transactions from public.transactions
      where category_id in (select id from twin) group by category_id
    ),
    budgeted as (
      select category_id, count(*) as budgets, count(*) filter (where deleted_at is null) as live
      from public.category_budgets where category_id in (select id from twin) group by category_id
    )
    select user_id as "userId", folded as "foldedName", kept,
      json_agg(json_build_object(
        'id', id, 'name', name, 'createdAt', created_at,
        'transactions', coalesce(spent.transactions, 0),
        'budgets', coalesce(budgeted.budgets, 0), 'liveBudgets', coalesce(budgeted.live, 0)
      ) order by created_at, id) as categories
    from twin
    left join spent on spent.category_id = twin.id
    left join budgeted on budgeted.category_id = twin.id
    group by user_id, folded, kept
    order by user_id, folded collate "C"`,
    parameters,
  );
  const templates = await sql.unsafe(
    `
    select user_id as "userId", type, kept,
      json_agg(json_build_object('id', id, 'name', name, 'createdAt', created_at)
        order by created_at desc, id) as templates
    from (
      select id, user_id, type, name, created_at,
        count(*) over (partition by user_id, type) as size,
        first_value(id) over (partition by user_id, type order by created_at desc, id) as kept
      from public.custom_templates
      where is_default ${ofUser(userId)}
    ) defaults
    where size > 1
    group by user_id, type, kept
    order by user_id, type collate "C"`,
    parameters,
  );
  return {
    categories: z.array(categoryGroupSchema).parse([...categories]),
    templates: z.array(templateGroupSchema).parse([...templates]),
  };
}

/** What a merge found, and every change it made, in the order it made them. */
export interface Merge extends Duplicates {
  changes: RowChange[];
}

const idsSchema = z.array(z.object({ id: z.guid() }));

// As text, then JSON: a parameter of type json would be encoded once more by the driver where it knows the type.
const mapping = "json_to_recordset($1::text::json) as merged (category uuid, kept uuid)";
const isoTime = `'YYYY-MM-DD"T"HH24:MI:SS.US'`;
// The finance tables' timestamps have no time zone and are in UTC, whatever the session's is.
const nowUtc = "now() at time zone 'UTC'";

async function mergeCategories(sql: Transaction, groups: CategoryGroup[]): Promise<RowChange[]> {
  const pairs = groups.flatMap(({ kept, categories }) =>
    categories.map(({ id }) => ({ category: id, kept })),
  );
  const parameters = [JSON.stringify(pairs)];
  await sql.unsafe(
    `select from public.category_budgets where category_id in (select category from ${mapping})
     order by id for update`,
    parameters,
  );
  const statements = [
    `update public.category_budgets budget set deleted_at = ${nowUtc}
     from (
       select candidate.id, row_number() over (
         partition by merged.kept
         order by (candidate.category_id = merged.kept) desc, candidate.created_at, candidate.id
       ) as place
       from public.category_budgets candidate join ${mapping} on merged.category = candidate.category_id
       where candidate.deleted_at is null
     ) ranked
     where ranked.place > 1 and budget.id = ranked.id
     returning 'category_budgets' as "table", budget.id, 'deleted_at' as "column",
       null as before, to_char(budget.deleted_at, ${isoTime}) as after`,
    ...["category_budgets", "transactions"].map(
      (table) => `update public.${table} referring set category_id = merged.kept
       from ${mapping}
       where referring.category_id = merged.category and merged.category <> merged.kept
       returning '${table}' as "table", referring.id, 'category_id' as "column",
         merged.category as before, merged.kept as after`,
    ),
    `update public.categories set deleted_at = ${nowUtc}
     from ${mapping}
     where id = merged.category and merged.category <> merged.kept
     returning 'categories' as "table", id, 'deleted_at' as "column",
       null as before, to_char(deleted_at, ${isoTime}) as after`,
  ];
  const changes: RowChange[][] = [];
  for (const statement of statements) {
    changes.push(rowChangesSchema.parse([...(await sql.unsafe(statement, parameters))]));
  }
  return changes.flat();
}

async function mergeTemplates(sql: Transaction, groups: TemplateGroup[]): Promise<RowChange[]> {
  const surplus = groups.flatMap(({ kept, templates }) =>
    templates.flatMap(({ id }) => (id === kept ? [] : { id })),
  );
  const rows = await sql.unsafe(
    `update public.custom_templates template set is_default = false
     from json_to_recordset($1::text::json) as surplus (id uuid)
     where template.id = surplus.id
     returning 'custom_templates' as "table", template.id, 'is_default' as "column",
       true as before, false as after`,
    [JSON.stringify(surplus)],
  );
  return rowChangesSchema.parse([...rows]);
}

/**
 * Merges the duplicates, as part of a transaction, which has to be READ COMMITTED: for each group the oldest category
 * stays, every transaction and budget of the others is filed under it, and the others are soft-deleted. Of several
 * live budgets that then share a category the oldest of those that the kept category had stays, or else the oldest of
 * all; the rest are soft-deleted. The newest default template stays default. Rows that were deleted before move too,
 * so that nothing refers to a category that was merged away. `updated_at` of the finance tables stays as it is: no
 * user edited the row. That of a template is set by the trigger which the table has.
 *
 * Beside writers: `categories` and `custom_templates`, both small and rarely written, can be read but not written
 * until the transaction ends, so that no new duplicate comes in, and two merges take turns. `transactions` and
 * `category_budgets` are not locked as a whole. The categories to be merged are locked FOR UPDATE, against which the
 * foreign keys' own FOR KEY SHARE has to wait: a row that was being filed under one of them is waited for and moved
 * with the rest, and one that comes later waits. That one is then filed under a soft-deleted category, as it can be
 * at any time by a client that has not looked again; nothing in the schema forbids it. A deadlock with another
 * transaction is found by PostgreSQL and ends one of the two; a merge that it ends has changed nothing.
 * PostgreSQL 17 manual, 13.3 "Explicit Locking".
 */
export async function mergeDuplicatesWithin(sql: Transaction): Promise<Merge> {
  await sql.unsafe("lock table public.categories, public.custom_templates in share row exclusive mode");
  return mergeLocked(sql);
}

/**
 * Merges one user's duplicates, as part of a transaction, which has to be READ COMMITTED: as `mergeDuplicatesWithin`,
 * but that the two tables are not locked as a whole. Others write on; a duplicate that the user makes meanwhile is left
 * for whoever looks next.
 */
export function mergeUsersDuplicatesWithin(sql: Transaction, userId: string): Promise<Merge> {
  return mergeLocked(sql, userId);
}

async function mergeLocked(sql: Transaction, userId?: string): Promise<Merge> {
  await sql.unsafe(
    `select from public.categories where id in (select id from (${categoryTwins(userId)}) twin) order by id for update`,
    userId === undefined ? [] : [userId],
  );
  // A statement of its own, after the locks: only now is everything visible that the locks waited for.
  const { categories, templates } = await findDuplicates(sql, userId);
  return {
    categories,
    templates,
    changes: [...(await mergeCategories(sql, categories)), ...(await mergeTemplates(sql, templates))],
  };
}

/**
 * Files some of a user's transactions under the categories that stay, as part of a transaction: a part of what a merge
 * does, that can go before it. Rows that somebody else has locked are left for later.
 *
 * @param limit how many at most
 */
export async function moveTransactionsWithin(
  sql: Transaction,
  groups: readonly CategoryGroup[],
  limit: number,
): Promise<RowChange[]> {
  const pairs = groups.flatMap(({ kept, categories }) =>
    categories.flatMap(({ id }) => (id === kept ? [] : [{ category: id, kept }])),
  );
  // Both have to be live still, and to stay so until the rows are moved: else the user has decided otherwise.
  const live = idsSchema.parse([
    ...(await sql.unsafe(
      `select id from public.categories
       where deleted_at is null and id in (select category from ${mapping} union select kept from ${mapping})
       order by id for share`,
      [JSON.stringify(pairs)],
    )),
  ]);
  const ids = new Set(live.map(({ id }) => id));
  const movable = pairs.filter(({ category, kept }) => ids.has(category) && ids.has(kept));
  const rows = await sql.unsafe(
    `with batch as (
       select referring.id, merged.category, merged.kept
       from ${mapping} join public.transactions referring on referring.category_id = merged.category
       limit $2 for update of referring skip locked
     )
     update public.transactions moved set category_id = batch.kept from batch where moved.id = batch.id
     returning 'transactions' as "table", moved.id, 'category_id' as "column",
       batch.category as before, batch.kept as after`,
    [JSON.stringify(movable), limit],
  );
  return rowChangesSchema.parse([...rows]);
}

/** Merges the duplicates in a transaction of its own; see `mergeDuplicatesWithin`. Repeating it changes nothing. */
export function mergeDuplicates(sql: Sql): Promise<Merge> {
  return sql.begin("isolation level read committed", (transaction) => mergeDuplicatesWithin(transaction));
}
