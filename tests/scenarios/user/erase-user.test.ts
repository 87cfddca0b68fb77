import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { parseDatabaseUrl, translate } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { fixDuplicates } from "../../../src/duplicates/index.ts";
import { eraseUser, exportUser, type Receipt, receiptSchema } from "../../../src/erasure/index.ts";
import { deletionOrder } from "../../../src/erasure/user-tables.ts";
import { type TableName, tableNames, tables } from "../../../src/schema/tables.ts";
import { createDatabase, only, type TestDatabase } from "../../support/database.ts";
import { refusal } from "../../support/processes.ts";
import { insertRow, managedTables, type Row } from "../../support/rows.ts";

const place = mkdtempSync(join(inject("scratchFolder"), "user-erase-"));
let folders = 0;
const newFolder = (): string => join(place, String(folders++));

const database = await createDatabase("deployed");

const insert = (on: TestDatabase, table: TableName, user: string, values: Row = {}): Promise<Row> =>
  insertRow(on.sql, tables[table], user, values);

/** A row that refers to another user's, as databases from before 0007 may have them. */
async function insertCrossing(table: TableName, user: string, values: Row): Promise<void> {
  const { name } = getTableConfig(tables[table]);
  const trigger = `${name}_own_references`;
  await database.sql`alter table ${database.sql(name)} disable trigger ${database.sql(trigger)}`;
  await insert(database, table, user, values);
  await database.sql`alter table ${database.sql(name)} enable trigger ${database.sql(trigger)}`;
}

/** A user with a row in every table, and those that it needs. */
async function fullUser(on: TestDatabase): Promise<string> {
  const user = await on.createUser();
  for (const [, table] of managedTables) await insertRow(on.sql, table, user);
  return user;
}

const countSchema = z.object({ rows: z.coerce.number() });

async function rowsOf({ sql }: TestDatabase, user: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, table] of managedTables) {
    const { name } = getTableConfig(table);
    counts[`public.${name}`] = only(
      countSchema,
      await sql`select count(*) as rows from public.${sql(name)} where user_id = ${user}`,
    ).rows;
  }
  return counts;
}

/** Everything of everybody but the user, as text: what an erasure must not touch. */
async function othersRows({ sql }: TestDatabase, user: string): Promise<string[]> {
  const rows: string[] = [];
  for (const [, table] of managedTables) {
    const { name } = getTableConfig(table);
    const found = await sql`
      select t::text as line from public.${sql(name)} t where user_id <> ${user} order by id`;
    rows.push(...found.map((row) => `${name} ${row["line"]}`));
  }
  return rows;
}

async function exported(on: TestDatabase, userId: string): Promise<string> {
  const folder = newFolder();
  await exportUser(on.url, { userId, folder });
  return folder;
}

const erase = async (
  on: TestDatabase,
  userId: string,
  options: Partial<Parameters<typeof eraseUser>[1]> = {},
): Promise<Receipt> => {
  const receipt = await eraseUser(on.url, { userId, exported: null, ...options });
  if (receipt === null) throw new Error("it was not erased");
  return receiptSchema.parse(receipt);
};

const erasedIn = ({ erased }: Receipt): Record<string, number> =>
  Object.fromEntries(erased.map(({ table, rows }) => [table, rows]));

describe("the order of deletion", () => {
  it("has every managed table, each before those that it points to, and the trail last", () => {
    const order = deletionOrder();
    const nameOf = (table: PgTable) => getTableConfig(table).name;
    expect([...order].sort()).toEqual(tableNames.map((name) => nameOf(tables[name])).sort());
    for (const name of tableNames) {
      for (const key of getTableConfig(tables[name]).foreignKeys) {
        const target = order.indexOf(nameOf(key.reference().foreignTable));
        if (target >= 0) expect(order.indexOf(nameOf(tables[name]))).toBeLessThan(target);
      }
    }
    expect(order.at(-1)).toBe("automation_permissions_audit");
  });
});

describe("eraseUser", () => {
  it("deletes every row of the user, nobody else's, and counts them by table; the login stays", async () => {
    const user = await fullUser(database);
    await fullUser(database);
    const [before, others] = [await rowsOf(database, user), await othersRows(database, user)];
    const folder = await exported(database, user);
    const receipt = await erase(database, user, { exported: folder });
    expect(erasedIn(receipt)).toEqual(before);
    expect(Object.values(before).every((rows) => rows > 0)).toBe(true);
    expect(Object.values(await rowsOf(database, user)).every((rows) => rows === 0)).toBe(true);
    expect(await othersRows(database, user)).toEqual(others);
    expect(receipt).toMatchObject({ user, runs: 1, cameIn: 0, login: "kept", recordedChanges: 0 });
    expect(receipt.export?.manifest).toMatch(/^[0-9a-f]{64}$/);
    const [login] = await database.sql`select count(*)::int as logins from auth.users where id = ${user}`;
    expect(login).toEqual({ logins: 1 });
  });

  it("takes soft-deleted rows, and more rows than one transaction has", async () => {
    const user = await database.createUser();
    await database.sql`insert into goals (user_id, name, target_amount, deleted_at)
      select ${user}, 'goal ' || i, 1, case when i % 2 = 0 then now() end from generate_series(1, 4100) i`;
    const told: number[] = [];
    const receipt = await erase(database, user, { onProgress: ({ erased }) => told.push(erased) });
    expect(erasedIn(receipt)["public.goals"]).toBe(4100);
    expect(told).toEqual([2000, 4000, 4100]);
  });

  it("deletes the login last where that is asked for, with what hangs on it", async () => {
    const user = await fullUser(database);
    const receipt = await erase(database, user, { login: true });
    expect(receipt.login).toBe("deleted");
    const [login] = await database.sql`select count(*)::int as logins from auth.users where id = ${user}`;
    expect(login).toEqual({ logins: 0 });
  });

  it("may be repeated, and says that nothing is left; of a user that never was it knows nothing", async () => {
    const user = await fullUser(database);
    await erase(database, user, { login: true });
    const again = await erase(database, user, { login: true });
    expect(again.erased.every(({ rows }) => rows === 0)).toBe(true);
    expect(again.login).toBe("was gone");
    const unknown = eraseUser(database.url, { userId: crypto.randomUUID(), exported: null });
    expect((await refusal(unknown)).code).toBe("USER_UNKNOWN");
  });

  it("empties what names the user in other users' rows, which stay approved", async () => {
    const [user, other] = [await database.createUser(), await database.createUser()];
    const approved = await insert(database, "corporateActivities", other, {
      requires_approval: "true",
      approved_at: "2026-02-14T03:00:00Z",
      approved_by: user,
    });
    const receipt = await erase(database, user, { login: true });
    expect(receipt.unlinked).toEqual([
      { table: "public.corporate_activities", column: "approved_by", rows: 1 },
    ]);
    const [row] = await database.sql`
      select approved_by, approved_at is not null as approved from corporate_activities where id = ${approved["id"] ?? ""}`;
    expect(row).toEqual({ approved_by: null, approved: true });
  });

  it.each([
    ["a transaction under the user's account", "transactions", "account_id", "accounts"],
    [
      "a budget under the user's category, which the key would delete",
      "categoryBudgets",
      "category_id",
      "categories",
    ],
  ] as const)("refuses where others have %s, and deletes nothing", async (_what, table, column, target) => {
    const [user, other] = [await fullUser(database), await database.createUser()];
    const [row] = await database.sql`
      select id from ${database.sql(getTableConfig(tables[target]).name)} where user_id = ${user} limit 1`;
    await insertCrossing(table, other, { [column]: String(row?.["id"]) });
    const before = await rowsOf(database, user);
    const error = await refusal(erase(database, user));
    expect(error.code).toBe("ERASURE_BLOCKED");
    const name = `public.${getTableConfig(tables[table]).name}`;
    const [{ id }] = z
      .tuple([z.object({ id: z.string() })])
      .parse([...(await database.sql`select id from ${database.sql(name)} where user_id = ${other}`)]);
    expect(error.message).toContain(`1 row of ${name} (${id})`);
    expect(await rowsOf(database, user)).toEqual(before);
  });

  it("empties a key of others that may be empty, and says so", async () => {
    const [user, other] = [await fullUser(database), await database.createUser()];
    const [group] = await database.sql`select id from transaction_groups where user_id = ${user} limit 1`;
    await insertCrossing("transactions", other, { group_id: String(group?.["id"]) });
    const receipt = await erase(database, user);
    expect(receipt.unlinked).toEqual([{ table: "public.transactions", column: "group_id", rows: 1 }]);
    expect((await rowsOf(database, other))["public.transactions"]).toBe(1);
  });

  it("takes the changes of the user's rows out of the records of fixes, and leaves those of others", async () => {
    const fixed = await createDatabase("production");
    const [user, other] = [await fixed.createUser(), await fixed.createUser()];
    for (const owner of [user, other])
      for (const name of ["Food", "food"]) await insert(fixed, "categories", owner, { name });
    await fixDuplicates(fixed.url, { apply: true });
    const changes = () => fixed.sql`
      select c.user_id::text as owner from spfp_db.changes r join categories c on c.id::text = r.row_id order by 1`;
    expect(await changes()).toHaveLength(2);
    const receipt = await erase(fixed, user);
    expect(receipt.recordedChanges).toBe(1);
    expect([...(await changes())]).toEqual([{ owner: other }]);
    const [left] = await fixed.sql`select count(*)::int as rows from spfp_db.changes`;
    expect(left).toEqual({ rows: 1 });
  });

  it("erases what a rollback moved out of the way", async () => {
    const moved = await createDatabase("deployed");
    const user = await fullUser(moved);
    await moved.sql`create schema spfp_db_archive`;
    await moved.sql`alter table public.automation_permissions_audit set schema spfp_db_archive`;
    // As the rollback of the trigger's migration does.
    await moved.sql`drop trigger record_automation_permission_change on automation_permissions`;
    const receipt = await erase(moved, user);
    expect(erasedIn(receipt)["spfp_db_archive.automation_permissions_audit"]).toBeGreaterThan(0);
    const [left] =
      await moved.sql`select count(*)::int as rows from spfp_db_archive.automation_permissions_audit`;
    expect(left).toEqual({ rows: 0 });
  });

  it("leaves nothing in the trail, not even that the permissions were deleted", async () => {
    const user = await database.createUser();
    await insert(database, "automationPermissions", user, { enabled: "true" });
    const before = (await rowsOf(database, user))["public.automation_permissions_audit"];
    const receipt = await erase(database, user);
    expect(erasedIn(receipt)["public.automation_permissions_audit"]).toBe(before);
    expect((await rowsOf(database, user))["public.automation_permissions_audit"]).toBe(0);
  });

  it("leaves other users' trails, and says that they name the user", async () => {
    const [user, other] = [await database.createUser(), await database.createUser()];
    await insert(database, "automationPermissionsAudit", other, { changed_by: user });
    await insert(database, "userFiles", user);
    const receipt = await erase(database, user);
    expect(receipt.left).toEqual([
      { where: "public.automation_permissions_audit.changed_by", rows: 1, why: expect.any(String) },
      { where: "files in Storage", rows: 1, why: expect.stringContaining("storage_path") },
    ]);
  });

  it("does nothing where whoever is asked says no", async () => {
    const user = await fullUser(database);
    const before = await rowsOf(database, user);
    const asked: unknown[] = [];
    const answer = await eraseUser(database.url, {
      userId: user,
      exported: null,
      confirm: async (preview) => {
        asked.push(Object.fromEntries(preview.tables.map(({ table, rows }) => [table, rows])));
        return false;
      },
    });
    expect(answer).toBeNull();
    expect(asked).toEqual([before]);
    expect(await rowsOf(database, user)).toEqual(before);
  });

  it("erases what comes in while it runs, and counts it", async () => {
    const user = await fullUser(database);
    const receipt = await erase(database, user, {
      // Between the look at what there is and the first deletion.
      confirm: async () => {
        await insert(database, "transactions", user);
        return true;
      },
    });
    expect(receipt.cameIn).toBeGreaterThan(0);
    expect(Object.values(await rowsOf(database, user)).every((rows) => rows === 0)).toBe(true);
  });

  it("waits for a row that somebody holds, and erases it then", async () => {
    const user = await fullUser(database);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const holder = database.transaction(async (sql) => {
      await sql`select from goals where user_id = ${user} for update`;
      await held;
    });
    const receipt = erase(database, user);
    await expect
      .poll(
        async () => {
          const waiting = await database.sql`
          select from pg_locks where not granted and locktype = 'transactionid'`;
          return waiting.count;
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
    release();
    await holder;
    expect(erasedIn(await receipt)["public.goals"]).toBe(1);
  });

  it("refuses to hide rows from itself: a role that row-level security holds", async () => {
    const user = await fullUser(database);
    const hidden = new URL(database.url);
    hidden.searchParams.set("options", "-c role=authenticated");
    const work = eraseUser(parseDatabaseUrl(hidden.href), { userId: user, exported: null });
    const error = await refusal(
      work.catch((cause: unknown) => {
        throw translate(cause);
      }),
    );
    expect(error.code).toBe("PERMISSION_DENIED");
  });
});

describe("tables that are not ours", () => {
  it("keep their rows: named where they point to the login, and in the way where they would go too", async () => {
    const own = await createDatabase("deployed");
    await own.sql`create table public.profiles (user_id uuid primary key references auth.users on delete cascade)`;
    await own.sql`create table public.receipts (id int primary key, transaction_id uuid references transactions on delete cascade)`;
    await own.sql`create table public.orders (id int primary key, buyer uuid references auth.users)`;
    const user = await fullUser(own);
    await own.sql`insert into profiles values (${user})`;
    const first = await erase(own, user);
    expect(first.left).toContainEqual({
      where: "public.profiles (profiles_user_id_fkey)",
      rows: 1,
      why: "not one of the managed tables",
    });
    await insert(own, "transactions", user);
    await own.sql`insert into receipts select 1, id from transactions where user_id = ${user}`;
    const kept = await refusal(erase(own, user));
    expect(kept).toMatchObject({
      code: "ERASURE_BLOCKED",
      message: expect.stringContaining("1 row of public.receipts that point to theirs"),
    });
    await own.sql`delete from receipts`;
    await own.sql`insert into orders values (1, ${user})`;
    const ordered = await refusal(erase(own, user, { login: true }));
    expect(ordered).toMatchObject({
      code: "ERASURE_BLOCKED",
      message: expect.stringContaining("1 row of public.orders (orders_buyer_fkey)"),
    });
    expect((await rowsOf(own, user))["public.transactions"]).toBe(1);
    await own.sql`delete from orders`;
    const last = await erase(own, user, { login: true });
    expect(last.left).toContainEqual({
      where: "public.profiles (profiles_user_id_fkey)",
      rows: 1,
      why: "goes with the login",
    });
    const [profiles] = await own.sql`select count(*)::int as rows from profiles`;
    expect(profiles).toEqual({ rows: 0 });
  });
});

describe("an export that is named", () => {
  it.each([
    ["is not there", (folder: string) => rmSync(folder, { recursive: true })],
    ["was changed", (folder: string) => appendFileSync(join(folder, "goals.jsonl"), "{}\n")],
    ["lacks a file", (folder: string) => rmSync(join(folder, "goals.jsonl"))],
    ["is not complete", (folder: string) => rmSync(join(folder, "manifest.json"))],
    [
      "names files elsewhere",
      (folder: string) => {
        const file = join(folder, "manifest.json");
        writeFileSync(file, readFileSync(file, "utf8").replace('"goals.jsonl"', '"../goals.jsonl"'));
      },
    ],
  ])("is refused where it %s", async (_what, spoil) => {
    const user = await fullUser(database);
    const folder = await exported(database, user);
    spoil(folder);
    expect((await refusal(erase(database, user, { exported: folder }))).code).toBe("EXPORT_INVALID");
    expect((await rowsOf(database, user))["public.goals"]).toBe(1);
  });

  it("is refused where it is another user's", async () => {
    const [user, other] = [await fullUser(database), await fullUser(database)];
    const folder = await exported(database, other);
    const error = await refusal(erase(database, user, { exported: folder }));
    expect(error).toMatchObject({ code: "EXPORT_INVALID", message: expect.stringContaining(other) });
  });

  it.each([
    ["came in", (user: string) => insert(database, "goals", user)],
    [
      "was changed",
      (user: string) => database.sql`update goals set name = 'another' where user_id = ${user}`,
    ],
  ] as const)("is refused where a row %s since", async (_what, change) => {
    const user = await fullUser(database);
    const folder = await exported(database, user);
    await change(user);
    const error = await refusal(erase(database, user, { exported: folder }));
    expect(error).toMatchObject({
      code: "EXPORT_OUTDATED",
      message: expect.stringContaining("1 row of public.goals"),
    });
    expect((await rowsOf(database, user))["public.goals"]).toBeGreaterThan(0);
  });

  it("does where it has more than there is now", async () => {
    const user = await fullUser(database);
    const folder = await exported(database, user);
    await database.sql`delete from goals where user_id = ${user}`;
    expect(erasedIn(await erase(database, user, { exported: folder }))["public.goals"]).toBe(0);
  });
});
