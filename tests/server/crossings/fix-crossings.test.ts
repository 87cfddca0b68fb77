import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  crossingFindings,
  findCrossings,
  fixCrossings,
  undoCrossings,
} from "../../../src/crossings/index.ts";
import { fixDuplicates, undoFix } from "../../../src/duplicates/index.ts";
import { createDatabase, only, type Sql, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/processes.ts";

const idOf = (report: { id: string | null }) => z.guid().parse(report.id);

const tables = [
  "accounts",
  "categories",
  "transaction_groups",
  "partners_v2",
  "transactions",
  "category_budgets",
  "investments",
  "partnership_clients",
];

/** Every row of every table that a reference is from or to. */
async function rows({ sql }: TestDatabase): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const name of tables) {
    // The trigger of production sets it, whoever changes a row.
    all[name] = [...(await sql`select to_jsonb(t) - 'updated_at' as row from ${sql(name)} t order by id`)];
  }
  return all;
}

/** A user's account, category, group and partner, by their tables. */
async function makeUser(database: TestDatabase) {
  const { sql } = database;
  const user = await database.createUser();
  const [account, category, group, partner] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await sql`insert into accounts (id, user_id, name, type, balance) values (${account}, ${user}, 'Conta', 'checking', 10)`;
  await sql`insert into categories (id, user_id, name) values (${category}, ${user}, 'Saúde')`;
  await sql`insert into transaction_groups (id, user_id, name) values (${group}, ${user}, 'Parcelas')`;
  await sql`insert into partners_v2 (id, user_id, name) values (${partner}, ${user}, 'Sócio')`;
  return { user, account, category, group, partner };
}

/** Where a transaction is filed. */
interface Destination {
  readonly account: string;
  readonly category: string;
  readonly group?: string;
}

const file = (sql: Sql, user: string, to: Destination, many = 1) =>
  sql`insert into transactions (user_id, account_id, category_id, group_id, amount, type, date)
    select ${user}::uuid, ${to.account}::uuid, ${to.category}::uuid, ${to.group ?? null}::uuid, i, 'EXPENSE', '2026-01-01'
    from generate_series(1, ${many}::int) i`;

/** Production, where one user's rows refer to another's in every way, beside rows that do not. */
async function withCrossings() {
  const database = await createDatabase("production");
  const { sql } = database;
  const [ana, bia] = [await makeUser(database), await makeUser(database)];
  await file(sql, ana.user, ana);
  await file(sql, bia.user, bia);
  await file(sql, ana.user, { account: bia.account, category: ana.category }, 2);
  await sql`update transactions set deleted_at = now() where account_id = ${bia.account} and user_id = ${ana.user} and amount = 2`;
  await file(sql, ana.user, { account: ana.account, category: bia.category, group: bia.group });
  await sql`insert into category_budgets (user_id, category_id, monthly_limit) values (${ana.user}, ${bia.category}, 100)`;
  await sql`insert into investments (user_id, account_id, symbol, name, quantity, average_price)
    values (${ana.user}, ${bia.account}, 'X', 'x', 1, 1)`;
  await sql`insert into partnership_clients (user_id, partner_id, client_name, contract_value)
    values (${ana.user}, ${bia.partner}, 'Cliente', 100)`;
  return { database, ana, bia };
}

describe("references to rows of other users", () => {
  it("are found by foreign key, user and row, and only those", async () => {
    const { database, ana, bia } = await withCrossings();
    const found = await findCrossings(database.sql);
    const expected = [
      ["category_budgets", "category_id", 1, bia.category],
      ["investments", "account_id", 1, bia.account],
      ["partnership_clients", "partner_id", 1, bia.partner],
      ["transactions", "account_id", 2, bia.account],
      ["transactions", "category_id", 1, bia.category],
      ["transactions", "group_id", 1, bia.group],
    ];
    expect(found.map(({ table, column, rows: count, otherId }) => [table, column, count, otherId])).toEqual(
      expected,
    );
    expect(new Set(found.map(({ userId, otherUserId }) => `${userId} ${otherUserId}`))).toEqual(
      new Set([`${ana.user} ${bia.user}`]),
    );
    expect(
      (await crossingFindings(database.sql)).map(({ object, actual }) => [object, actual]),
    ).toContainEqual([
      "public.transactions.account_id",
      `2 rows of 1 user, for example of ${ana.user} to ${bia.account} of ${bia.user}`,
    ]);
  });

  it("are looked for where the tables are in an older shape, or are not there", async () => {
    const { database } = await withCrossings();
    await database.sql`alter table investments drop column account_id cascade`;
    expect((await findCrossings(database.sql)).map(({ table }) => table)).not.toContain("investments");
    const fixed = await fixCrossings(database.url, { apply: true });
    expect(fixed.outcome).toBe("fixed");
    await undoCrossings(database.url, idOf(fixed));
    for (const state of ["empty", "deployed"] as const) {
      const other = await createDatabase(state);
      expect(await fixCrossings(other.url, { apply: true })).toMatchObject({ outcome: "nothing to do" });
      expect(await other.sql`select from pg_namespace where nspname = 'spfp_db'`).toEqual([]);
    }
  });

  it("are only shown, unless told to", async () => {
    const { database } = await withCrossings();
    const before = await rows(database);
    const report = await fixCrossings(database.url);
    expect(report).toMatchObject({ outcome: "shown", id: null, made: [], changed: [] });
    expect(report.crossings).toHaveLength(6);
    expect(await rows(database)).toEqual(before);
    expect(await database.sql`select from pg_namespace where nspname = 'spfp_db'`).toEqual([]);
  });

  it("go to rows of the user's own that tell nothing of the other user's, or to none", async () => {
    const { database, ana, bia } = await withCrossings();
    const { sql } = database;
    const before = await rows(database);
    const report = await fixCrossings(database.url, { apply: true });
    expect(report).toMatchObject({
      outcome: "fixed",
      made: expect.arrayContaining([
        { table: "accounts", rows: 1 },
        { table: "categories", rows: 1 },
        { table: "partners_v2", rows: 1 },
      ]),
      changed: expect.arrayContaining([
        { table: "transactions", rows: 3 },
        { table: "category_budgets", rows: 1 },
        { table: "investments", rows: 1 },
        { table: "partnership_clients", rows: 1 },
      ]),
    });
    expect(await findCrossings(sql)).toEqual([]);

    const name = z.object({ name: z.string(), others: z.boolean() });
    const account = only(
      name,
      await sql`select name, deleted_at is not null or balance <> 0 as others from accounts where id <> ${ana.account} and user_id = ${ana.user}`,
    );
    expect(account).toEqual({ name: `Recuperado ${bia.account.slice(0, 8)}`, others: false });
    // What was filed under one category, and the limit for it, stay together.
    const together =
      await sql`select c.name, count(distinct b.id)::int as budgets, count(distinct t.id)::int as transactions
      from categories c left join category_budgets b on b.category_id = c.id left join transactions t on t.category_id = c.id
      where c.user_id = ${ana.user} and c.id <> ${ana.category} group by 1`;
    expect([...together]).toEqual([
      { name: `Recuperado ${bia.category.slice(0, 8)}`, budgets: 1, transactions: 1 },
    ]);
    expect([...(await sql`select account_id from investments`)]).toEqual([{ account_id: null }]);
    expect((await sql`select from transactions where group_id is not null`).count).toBe(2);

    // Nothing is lost, and the other user has all that they had.
    const after = await rows(database);
    for (const table of ["transactions", "category_budgets", "investments", "partnership_clients"]) {
      expect(after[table]).toHaveLength(before[table]?.length ?? 0);
    }
    const theirs = (all: Record<string, unknown[]>) =>
      tables.map((table) => (all[table] ?? []).filter((row) => JSON.stringify(row).includes(bia.user)));
    expect(theirs(after)).toEqual(theirs(before));
    // Nothing keeps them from deleting it any more.
    await sql`delete from transactions where user_id = ${bia.user}`;
    expect((await sql`delete from accounts where id = ${bia.account}`).count).toBe(1);
    expect(await fixCrossings(database.url, { apply: true })).toMatchObject({ outcome: "nothing to do" });
  });

  it("come back when the fix is undone, and what it made goes", async () => {
    const { database } = await withCrossings();
    const before = await rows(database);
    const fixed = await fixCrossings(database.url, { apply: true });
    const undone = await undoCrossings(database.url, idOf(fixed));
    expect(undone).toMatchObject({ outcome: "undone", kept: [] });
    expect(await rows(database)).toEqual(before);
    await expect(undoCrossings(database.url, idOf(fixed))).rejects.toMatchObject({ code: "FIX_UNKNOWN" });
  });

  it("stay away where somebody changed the row since, and so does what is used by now", async () => {
    const { database, ana } = await withCrossings();
    const { sql } = database;
    const fixed = await fixCrossings(database.url, { apply: true });
    const made = only(
      z.object({ id: z.string() }),
      await sql`select id from categories where user_id = ${ana.user} and id <> ${ana.category}`,
    );
    await sql`update investments set account_id = ${ana.account}`;
    await sql`delete from partnership_clients`;
    await sql`update partners_v2 set name = 'Meu sócio' where name like 'Recuperado %'`;
    await file(sql, ana.user, { account: ana.account, category: made.id });
    const { kept } = await undoCrossings(database.url, idOf(fixed));
    expect(kept.map(({ table, column, gone }) => [table, column, gone]).sort()).toEqual([
      ["categories", "id", false],
      ["investments", "account_id", false],
      ["partners_v2", "id", false],
      ["partnership_clients", "partner_id", true],
    ]);
    expect((await sql`select from transactions where category_id = ${made.id}`).count).toBe(1);
  });

  it("do not come back once they are refused", async () => {
    const { database } = await withCrossings();
    const { sql } = database;
    const fixed = await fixCrossings(database.url, { apply: true });
    const before = await rows(database);
    await sql.unsafe(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception using errcode = '23503', constraint = 'fk_transactions_account'; end $$;
      create trigger refuse before update of account_id on transactions for each row execute function refuse()`);
    await expect(undoCrossings(database.url, idOf(fixed))).rejects.toMatchObject({
      code: "DATA_REFUSED",
      message: expect.stringContaining("fk_transactions_account"),
    });
    expect(await rows(database)).toEqual(before);
  });

  it("are undone by their own command, and duplicates by theirs", async () => {
    const { database, ana } = await withCrossings();
    await database.sql`insert into categories (user_id, name) values (${ana.user}, 'SAÚDE')`;
    const crossings = await fixCrossings(database.url, { apply: true });
    const duplicates = await fixDuplicates(database.url, { apply: true });
    await expect(undoFix(database.url, idOf(crossings))).rejects.toMatchObject({
      code: "FIX_UNKNOWN",
      remedy: expect.stringContaining("spfp-db fix crossings --undo"),
    });
    await expect(undoCrossings(database.url, idOf(duplicates))).rejects.toMatchObject({
      code: "FIX_UNKNOWN",
      remedy: expect.stringContaining("spfp-db fix duplicates --undo"),
    });
    await undoFix(database.url, idOf(duplicates));
    await undoCrossings(database.url, idOf(crossings));
    expect(await findCrossings(database.sql)).toHaveLength(6);
  });
});

describe("taking references back in pieces", () => {
  it("commits some thousand rows at once, keeps what it did when it fails, and is undone as one", async () => {
    const database = await createDatabase("production");
    const { sql } = database;
    const [ana, bia] = [await makeUser(database), await makeUser(database)];
    await file(sql, ana.user, { account: bia.account, category: ana.category }, 2_500);
    await file(sql, ana.user, { account: ana.account, category: bia.category }, 10);
    const before = await rows(database);
    await sql.unsafe(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'not this one'; end $$;
      create trigger refuse before update of category_id on transactions for each row execute function refuse()`);
    await expect(fixCrossings(database.url, { apply: true })).rejects.toThrow("not this one");
    expect((await findCrossings(sql)).map(({ column, rows: count }) => [column, count])).toEqual([
      ["category_id", 10],
    ]);
    const commits = z
      .array(z.object({ rows: z.coerce.number() }))
      .parse([...(await sql`select count(*) as rows from spfp_db.changes group by xmin::text`)]);
    expect(commits.map((one) => one.rows).sort((a, b) => a - b)).toEqual([500, 1_000, 1_001]);

    await sql`drop trigger refuse on transactions`;
    // The other kind of fix does not take it over.
    await sql`insert into categories (user_id, name) values (${ana.user}, 'SAÚDE')`;
    const merged = await fixDuplicates(database.url, { apply: true });
    await undoFix(database.url, idOf(merged));
    await sql`delete from categories where name = 'SAÚDE'`;
    const fixed = await fixCrossings(database.url, { apply: true });
    expect(fixed.changed).toEqual([{ table: "transactions", rows: 2_510 }]);
    await undoCrossings(database.url, idOf(fixed));
    expect(await rows(database)).toEqual(before);
  });

  it("comes to a row that somebody holds last", async () => {
    const { database, ana, bia } = await withCrossings();
    const { sql } = database;
    const held = await sql.reserve();
    await held`begin`;
    await held`update transactions set notes = 'mine'
      where id = (select id from transactions where user_id = ${ana.user} and account_id = ${bia.account} limit 1)`;
    const fixed = fixCrossings(database.url, { apply: true });
    await eventually("all but the held row was taken back", async () => {
      const found = await findCrossings(sql);
      return found.length === 1 && found[0]?.rows === 1;
    });
    await held`commit`;
    held.release();
    expect(await fixed).toMatchObject({ outcome: "fixed" });
    expect(await findCrossings(sql)).toEqual([]);
  });
});
