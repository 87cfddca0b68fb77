import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { findDuplicates, moveTransactionsWithin } from "../../../src/duplicates/duplicates.ts";
import { fixDuplicates, undoFix } from "../../../src/duplicates/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/processes.ts";

const transactions = 2_500;

interface Spender {
  readonly user: string;
  /** The category that stays, and the one that is merged into it. */
  readonly old: string;
  readonly young: string;
}

/** Production with two users, in the order in which they are merged, each with a category twice and many rows on it. */
async function withDuplicates(): Promise<{ database: TestDatabase; first: Spender; second: Spender }> {
  const database = await createDatabase("production");
  const { sql } = database;
  const users = [await database.createUser(), await database.createUser()].sort();
  const made: Spender[] = [];
  for (const user of users) {
    const [old, young, account] = [randomUUID(), randomUUID(), randomUUID()];
    await sql`insert into accounts (id, user_id, name, type, balance) values (${account}, ${user}, 'Conta', 'checking', 0)`;
    await sql`insert into categories (id, user_id, name, created_at) values
      (${old}, ${user}, 'Saúde', '2025-01-01'), (${young}, ${user}, 'SAÚDE', '2025-02-01')`;
    await sql`insert into transactions (user_id, account_id, category_id, amount, type, date)
      select ${user}::uuid, ${account}::uuid, ${young}::uuid, i, 'EXPENSE', '2026-01-01' from generate_series(1, ${transactions}::int) i`;
    made.push({ user, old, young });
  }
  const [first, second] = made;
  if (!first || !second) throw new Error("two users were made");
  return { database, first, second };
}

const filed = async ({ sql }: TestDatabase): Promise<unknown> => ({
  categories: [...(await sql`select id, name, deleted_at is null as live from categories order by id`)],
  transactions: [...(await sql`select category_id, count(*) from transactions group by 1 order by 1`)],
});

const left = async ({ sql }: TestDatabase, { young }: Spender): Promise<number> =>
  (await sql`select from transactions where category_id = ${young}`).count;

/** Has the server refuse each change of a user's transactions, so that a merge fails when it comes to them. */
const refuseUpdatesOf = ({ sql }: TestDatabase, { user }: Spender) =>
  sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
    create trigger refuse before update on transactions for each row
      when (old.user_id = '${user}') execute function refuse()`);

const countSchema = z.array(z.object({ rows: z.coerce.number() }));

describe("merging duplicates in pieces", () => {
  it("commits some thousand rows at most at once, each with its record", async () => {
    const { database, first, second } = await withDuplicates();
    const report = await fixDuplicates(database.url, { apply: true });
    expect(report.changed).toContainEqual({ table: "transactions", rows: 2 * transactions });
    expect([await left(database, first), await left(database, second)]).toEqual([0, 0]);
    const commits = countSchema.parse([
      ...(await database.sql`select count(*) as rows from spfp_db.changes group by xmin::text`),
    ]);
    expect(commits.length).toBeGreaterThan(2 * Math.floor(transactions / 1_000));
    expect(Math.max(...commits.map(({ rows }) => rows))).toBeLessThanOrEqual(1_000);
  });

  it("keeps what was merged when it fails, goes on from there, and is undone as one", async () => {
    const { database, first, second } = await withDuplicates();
    const before = await filed(database);
    await refuseUpdatesOf(database, second);
    await expect(fixDuplicates(database.url, { apply: true })).rejects.toThrow("not this one");
    expect([await left(database, first), await left(database, second)]).toEqual([0, transactions]);

    await database.sql`drop trigger refuse on transactions`;
    const report = await fixDuplicates(database.url, { apply: true });
    expect(report).toMatchObject({ outcome: "merged", categories: [{ userId: second.user }] });
    expect(report.changed).toContainEqual({ table: "transactions", rows: 2 * transactions });
    await undoFix(database.url, z.string().parse(report.id));
    expect(await filed(database)).toEqual(before);
  });

  it("that failed can be taken back as far as it came", async () => {
    const { database, second } = await withDuplicates();
    const before = await filed(database);
    await refuseUpdatesOf(database, second);
    await expect(fixDuplicates(database.url, { apply: true })).rejects.toThrow("not this one");
    const [failed] = z
      .array(z.object({ id: z.string() }))
      .parse([
        ...(await database.sql`select id::text as id from spfp_db.deployments where outcome = 'failed'`),
      ]);
    await undoFix(database.url, failed?.id ?? "");
    expect(await filed(database)).toEqual(before);
  });

  it("moves nothing under a category that its user has deleted meanwhile", async () => {
    const { database, first } = await withDuplicates();
    const { sql } = database;
    const { categories } = await findDuplicates(sql);
    await sql`update categories set deleted_at = now() where id = ${first.old}`;
    const moved = await sql.begin((transaction) => moveTransactionsWithin(transaction, categories, 10_000));
    expect(moved.map(({ before }) => before)).not.toContain(first.young);
    expect(moved).toHaveLength(transactions);
    expect(await left(database, first)).toBe(transactions);
  });

  it("waits for nobody longer than a moment: who holds a row keeps their own user's from being merged only", async () => {
    const { database, first, second } = await withDuplicates();
    const held = await database.sql.reserve();
    await held`begin`;
    await held`update transactions set notes = 'mine' where id = (select id from transactions where category_id = ${first.young} limit 1)`;
    const fixed = fixDuplicates(database.url, { apply: true });
    await eventually("all but the held row was moved", async () => (await left(database, first)) === 1);
    // A writer of the same user is let through between the attempts.
    await database.sql`update transactions set notes = 'other' where id = (select id from transactions where category_id = ${first.old} limit 1)`;
    await held`commit`;
    held.release();
    expect(await fixed).toMatchObject({ outcome: "merged" });
    expect([await left(database, first), await left(database, second)]).toEqual([0, 0]);
  });
});
