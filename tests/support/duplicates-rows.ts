import { z } from "zod";
import { type RowChange, undoChangesWithin } from "../../src/fixes/index.ts";
import type { Transaction } from "./database.ts";
import type { State } from "./duplicates-model.ts";

const minute = (created: number | null) =>
  created === null ? null : new Date(Date.UTC(2025, 0, 1, 0, created)).toISOString();

/** Inserts users, an account each, and the rows of a state. */
export async function insertState(sql: Transaction, users: readonly string[], state: State): Promise<void> {
  const insert = async (table: string, rows: object[]) => {
    if (rows.length === 0) return;
    await sql.unsafe(
      `insert into ${table} select * from json_populate_recordset(null::${table}, $1::text::json)`,
      [JSON.stringify(rows)],
    );
  };
  const userOf = (category: string) => state.categories.find(({ id }) => id === category)?.user;
  for (const id of users) await sql`insert into auth.users (id) values (${id})`;
  await insert(
    "public.accounts",
    users.map((id) => ({ id, user_id: id, name: "Conta", type: "checking", balance: 0 })),
  );
  await insert(
    "public.categories",
    state.categories.map(({ id, user, name, created, deleted }) => ({
      id,
      user_id: user,
      name,
      created_at: minute(created),
      deleted_at: deleted ? minute(0) : null,
    })),
  );
  await insert(
    "public.category_budgets",
    state.budgets.map(({ id, category, created, deleted }) => ({
      id,
      user_id: userOf(category),
      category_id: category,
      monthly_limit: 100,
      created_at: minute(created),
      deleted_at: deleted ? minute(0) : null,
    })),
  );
  await insert(
    "public.transactions",
    state.transactions.map(({ id, category, deleted }) => ({
      id,
      user_id: userOf(category),
      account_id: userOf(category),
      category_id: category,
      amount: 1,
      type: "EXPENSE",
      date: "2026-01-01",
      deleted_at: deleted ? minute(0) : null,
    })),
  );
  await insert(
    "public.custom_templates",
    state.templates.map(({ id, user, type, created, isDefault }) => ({
      id,
      user_id: user,
      type,
      name: "Modelo",
      content: "",
      is_default: isDefault,
      created_at: minute(created),
      updated_at: minute(created),
    })),
  );
}

const stateSchema = z.object({
  categories: z.array(
    z.object({
      id: z.string(),
      user: z.string(),
      name: z.string(),
      created: z.number().nullable(),
      deleted: z.boolean(),
    }),
  ),
  budgets: z.array(
    z.object({
      id: z.string(),
      category: z.string(),
      created: z.number().nullable(),
      deleted: z.boolean(),
    }),
  ),
  transactions: z.array(z.object({ id: z.string(), category: z.string(), deleted: z.boolean() })),
  templates: z.array(
    z.object({
      id: z.string(),
      user: z.string(),
      type: z.string(),
      created: z.number(),
      isDefault: z.boolean().nullable(),
    }),
  ),
});

/** The state that the database holds, each table in the order of the ids. */
export async function readState(sql: Transaction): Promise<State> {
  const minutes = (zone: string) =>
    `(extract(epoch from created_at - ${zone} '2025-01-01 00:00Z') / 60)::int`;
  const list = (fields: string, table: string) =>
    `(select coalesce(json_agg(json_build_object('id', id, ${fields}) order by id), '[]') from public.${table})`;
  const [row] = await sql.unsafe(`select
    ${list(`'user', user_id, 'name', name, 'created', ${minutes("timestamp")}, 'deleted', deleted_at is not null`, "categories")} as categories,
    ${list(`'category', category_id, 'created', ${minutes("timestamp")}, 'deleted', deleted_at is not null`, "category_budgets")} as budgets,
    ${list(`'category', category_id, 'deleted', deleted_at is not null`, "transactions")} as transactions,
    ${list(`'user', user_id, 'type', type, 'created', ${minutes("timestamptz")}, 'isDefault', is_default`, "custom_templates")} as templates`);
  return stateSchema.parse(row);
}

/** The same state with each table in the order of the ids. */
export function sorted(state: State): State {
  const order = <Row extends { id: string }>(rows: Row[]) => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    categories: order(state.categories),
    budgets: order(state.budgets),
    transactions: order(state.transactions),
    templates: order(state.templates),
  };
}

/** Undoes changes in rows that nobody has touched since. */
export async function undo(sql: Transaction, changes: readonly RowChange[]): Promise<void> {
  const { undone, kept } = await undoChangesWithin(sql, changes);
  if (kept.length > 0) throw new Error(`not undone: ${JSON.stringify(kept)}`);
  if (JSON.stringify(undone) !== JSON.stringify(changes)) throw new Error("not every change is reported");
}
