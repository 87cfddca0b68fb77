import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fixDuplicates, undoFix } from "../../../src/duplicates/index.ts";
import { createDatabase, only, type TestDatabase } from "../../support/database.ts";

const idOf = (report: { id: string | null }) => z.guid().parse(report.id);

/** Production with one user who has a category twice, with a transaction and a budget each, and two default templates. */
async function withDuplicates() {
  const database = await createDatabase("production");
  const { sql } = database;
  const user = await database.createUser();
  const [old, young, account] = [randomUUID(), randomUUID(), randomUUID()];
  await sql`insert into accounts (id, user_id, name, type, balance) values (${account}, ${user}, 'Conta', 'checking', 0)`;
  await sql`insert into categories (id, user_id, name, created_at) values
    (${old}, ${user}, 'Saúde', '2025-01-01'), (${young}, ${user}, 'SAÚDE', '2025-02-01')`;
  for (const category of [old, young]) {
    await sql`insert into transactions (user_id, account_id, category_id, amount, type, date)
      values (${user}, ${account}, ${category}, 1, 'EXPENSE', '2026-01-01')`;
    await sql`insert into category_budgets (user_id, category_id, monthly_limit) values (${user}, ${category}, 100)`;
  }
  await sql`insert into custom_templates (user_id, type, name, content, is_default, created_at) values
    (${user}, 'reuniao', 'velho', '', true, '2025-01-01'), (${user}, 'reuniao', 'novo', '', true, '2025-02-01')`;
  return { database, user, old, young };
}

const rows = async ({ sql }: TestDatabase): Promise<unknown> => ({
  categories: [...(await sql`select id, name, deleted_at from categories order by id`)],
  transactions: [...(await sql`select id, category_id, deleted_at from transactions order by id`)],
  budgets: [...(await sql`select id, category_id, deleted_at from category_budgets order by id`)],
  templates: [...(await sql`select id, is_default from custom_templates order by id`)],
});

describe("fixing duplicates", () => {
  it("only shows them, unless told to", async () => {
    const { database, old } = await withDuplicates();
    const before = await rows(database);
    const report = await fixDuplicates(database.url);
    expect(report).toMatchObject({ outcome: "shown", id: null, changed: [], categories: [{ kept: old }] });
    expect(report.templates).toHaveLength(1);
    expect(await rows(database)).toEqual(before);
    const [row] = await database.sql`select to_regnamespace('spfp_db') is null as absent`;
    expect(row).toEqual({ absent: true });
  });

  it("has nothing to do where there are none, nor in a database without the tables", async () => {
    for (const state of ["empty", "deployed"] as const) {
      const database = await createDatabase(state);
      expect(await fixDuplicates(database.url, { apply: true })).toMatchObject({ outcome: "nothing to do" });
    }
  });

  it("merges them and records each change, and who did it", async () => {
    const { database, young } = await withDuplicates();
    const report = await fixDuplicates(database.url, { apply: true });
    expect(report).toMatchObject({
      outcome: "merged",
      changed: expect.arrayContaining([
        { table: "transactions", rows: 1 },
        { table: "category_budgets", rows: 1 },
        { table: "categories", rows: 1 },
        { table: "custom_templates", rows: 1 },
      ]),
    });
    const [row] = await database.sql`select count(*)::int as live from categories where deleted_at is null`;
    expect(row).toEqual({ live: 1 });
    const changes = await database.sql`
      select table_name, column_name, before, after from spfp_db.changes where row_id = ${young}`;
    expect([...changes]).toMatchObject([
      { table_name: "categories", column_name: "deleted_at", before: null },
    ]);
    const record = z.object({ kind: z.string(), outcome: z.string(), executor: z.string().min(1) });
    const found =
      await database.sql`select kind, outcome, executor from spfp_db.deployments where id = ${idOf(report)}`;
    expect(only(record, found)).toMatchObject({ kind: "fix", outcome: "completed" });
    expect(await fixDuplicates(database.url, { apply: true })).toMatchObject({ outcome: "nothing to do" });
  });

  it("restores every row when it is undone", async () => {
    const { database } = await withDuplicates();
    const before = await rows(database);
    const merged = await fixDuplicates(database.url, { apply: true });
    const undone = await undoFix(database.url, idOf(merged));
    expect(undone).toMatchObject({ outcome: "undone", kept: [] });
    expect(undone.changed).toHaveLength(4);
    expect(await rows(database)).toEqual(before);
  });

  it("leaves what was changed since as it is, and says so", async () => {
    const { database, user, young } = await withDuplicates();
    const merged = await fixDuplicates(database.url, { apply: true });
    const other = randomUUID();
    await database.sql`insert into categories (id, user_id, name) values (${other}, ${user}, 'Outra')`;
    await database.sql`update transactions set category_id = ${other}`;
    await database.sql`delete from custom_templates where name = 'velho'`;
    const { kept } = await undoFix(database.url, idOf(merged));
    expect(kept).toHaveLength(2);
    expect(kept).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ table: "transactions", column: "category_id", now: other, gone: false }),
        expect.objectContaining({ table: "custom_templates", gone: true, now: null }),
      ]),
    );
    const [row] = await database.sql`select deleted_at from categories where id = ${young}`;
    expect(row).toEqual({ deleted_at: null });
  });

  it("is undone once, and only by its own id", async () => {
    const { database } = await withDuplicates();
    const merged = await fixDuplicates(database.url, { apply: true });
    for (const id of [randomUUID(), "yesterday"]) {
      await expect(undoFix(database.url, id)).rejects.toMatchObject({ code: "FIX_UNKNOWN" });
    }
    const undone = await undoFix(database.url, idOf(merged));
    await expect(undoFix(database.url, idOf(merged))).rejects.toMatchObject({ code: "FIX_UNKNOWN" });
    await expect(undoFix(database.url, idOf(undone))).rejects.toMatchObject({ code: "FIX_UNKNOWN" });
  });

  it("that is unknown is looked for without a trace: it may be another database", async () => {
    const database = await createDatabase("production");
    await expect(undoFix(database.url, randomUUID())).rejects.toMatchObject({ code: "FIX_UNKNOWN" });
    expect(await database.sql`select from pg_namespace where nspname in ('spfp_db', 'drizzle')`).toEqual([]);
  });

  it("is not undone while a uniqueness rule refuses what was there before", async () => {
    const { database } = await withDuplicates();
    const merged = await fixDuplicates(database.url, { apply: true });
    await database.sql`create unique index unique_user_category_name on categories (user_id, lower(name)) where deleted_at is null`;
    const before = await rows(database);
    await expect(undoFix(database.url, idOf(merged))).rejects.toMatchObject({
      code: "DATA_REFUSED",
      message: expect.stringContaining("unique_user_category_name"),
    });
    expect(await rows(database)).toEqual(before);
    await database.sql`drop index unique_user_category_name`;
    expect(await undoFix(database.url, idOf(merged))).toMatchObject({ outcome: "undone", kept: [] });
  });
});
