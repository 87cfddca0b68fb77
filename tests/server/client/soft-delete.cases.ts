import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  asUser,
  DuplicateCategoryName,
  deleted,
  live,
  ParentDeleted,
  purge,
  restore,
  StillInUse,
  softDelete,
} from "../../../src/index.ts";
import * as schema from "../../../src/schema/index.ts";
import { only } from "../../support/database.ts";
import type { DriverTests } from "../../support/drivers.ts";

const {
  accounts,
  categories,
  categoryBudgets,
  investments,
  operationalTasks,
  transactionGroups,
  transactions,
} = schema;

const withId = z.object({ id: z.string() });

export const softDeletion: DriverTests = ({ db }) => {
  describe("soft delete", () => {
    let ana: string;
    let claims: { sub: string };

    beforeEach(async () => {
      ana = randomUUID();
      claims = { sub: ana };
      await db.execute(sql`insert into auth.users (id) values (${ana})`);
    });

    const addAccount = async () =>
      only(
        withId,
        await db.insert(accounts).values({ userId: ana, name: "Checking", type: "checking" }).returning(),
      ).id;
    const addCategory = async (name = "Food") =>
      only(withId, await db.insert(categories).values({ userId: ana, name }).returning()).id;
    const addBudget = async (categoryId: string) =>
      only(
        withId,
        await db.insert(categoryBudgets).values({ userId: ana, categoryId, monthlyLimit: "1" }).returning(),
      ).id;
    const addPayment = async (accountId: string, categoryId: string, groupId?: string) =>
      only(
        withId,
        await db
          .insert(transactions)
          .values({
            userId: ana,
            accountId,
            categoryId,
            groupId,
            amount: "1",
            type: "EXPENSE",
            date: "2026-02-14",
          })
          .returning(),
      ).id;

    const isLive = async (table: Parameters<typeof live>[0], id: string) =>
      asUser(db, claims, async (tx) => {
        const [row] = await tx
          .select({ live: sql<boolean>`${live(table)}` })
          .from(table)
          .where(eq(table.id, id));
        return row?.live;
      });

    it("hides a row from who asks for live ones, and shows it in the bin", async () => {
      const [kept, thrown] = [await addCategory("Kept"), await addCategory("Thrown")];
      expect(await asUser(db, claims, (tx) => softDelete(tx, categories, [thrown]))).toEqual([thrown]);
      const [alive, dead] = await asUser(db, claims, async (tx) => [
        await tx.select({ id: categories.id }).from(categories).where(live(categories)),
        await tx.select({ id: categories.id }).from(categories).where(deleted(categories)),
      ]);
      expect(alive).toEqual([{ id: kept }]);
      expect(dead).toEqual([{ id: thrown }]);
    });

    it("keeps the time in UTC, whatever the session's time zone is", async () => {
      const [account, task] = [
        await addAccount(),
        only(withId, await db.insert(operationalTasks).values({ userId: ana, title: "Call" }).returning()).id,
      ];
      const since = (column: typeof accounts.deletedAt | typeof operationalTasks.deletedAt) =>
        sql<boolean>`abs(extract(epoch from ${column} at time zone 'UTC') - extract(epoch from now() at time zone 'UTC')) < 3600`;
      const rows = await asUser(db, claims, async (tx) => {
        await tx.execute(sql`set local time zone 'Asia/Tokyo'`);
        await softDelete(tx, accounts, [account]);
        await softDelete(tx, operationalTasks, [task]);
        await tx.execute(sql`set local time zone 'UTC'`);
        return [
          await tx.select({ now: since(accounts.deletedAt) }).from(accounts),
          await tx
            .select({
              now: sql<boolean>`abs(extract(epoch from ${operationalTasks.deletedAt} - now())) < 3600`,
            })
            .from(operationalTasks),
        ];
      });
      expect(rows).toEqual([[{ now: true }], [{ now: true }]]);
    });

    it("says which rows it deleted, and leaves out what is not there or was deleted before", async () => {
      const [first, second] = [await addCategory("First"), await addCategory("Second")];
      await asUser(db, claims, (tx) => softDelete(tx, categories, [first]));
      const asked = [first, second, randomUUID()];
      expect(await asUser(db, claims, (tx) => softDelete(tx, categories, asked))).toEqual([second]);
      expect(await asUser(db, claims, (tx) => softDelete(tx, categories, []))).toEqual([]);
      expect(await asUser(db, claims, (tx) => restore(tx, categories, []))).toEqual([]);
    });

    it("touches nobody else's rows", async () => {
      const category = await addCategory();
      const stranger = { sub: randomUUID() };
      expect(await asUser(db, stranger, (tx) => softDelete(tx, categories, [category]))).toEqual([]);
      await asUser(db, claims, (tx) => softDelete(tx, categories, [category]));
      expect(await asUser(db, stranger, (tx) => restore(tx, categories, [category]))).toEqual([]);
      expect(await isLive(categories, category)).toBe(false);
    });

    it("refuses an account with live transactions or investments, and takes it when they are in the bin", async () => {
      const [account, category] = [await addAccount(), await addCategory()];
      const payment = await addPayment(account, category);
      const refused = asUser(db, claims, (tx) => softDelete(tx, accounts, [account]));
      await expect(refused).rejects.toThrow(StillInUse);
      await expect(refused).rejects.toMatchObject({ table: "accounts", id: account, by: "transactions" });
      await asUser(db, claims, (tx) => softDelete(tx, transactions, [payment]));
      await db.insert(investments).values({
        userId: ana,
        accountId: account,
        symbol: "X",
        name: "X",
        quantity: "1",
        averagePrice: "1",
      });
      await expect(asUser(db, claims, (tx) => softDelete(tx, accounts, [account]))).rejects.toMatchObject({
        by: "investments",
      });
      await asUser(db, claims, async (tx) => {
        const rows = await tx.select({ id: investments.id }).from(investments);
        await softDelete(
          tx,
          investments,
          rows.map(({ id }) => id),
        );
        await softDelete(tx, accounts, [account]);
      });
      expect(await isLive(accounts, account)).toBe(false);
    });

    it("refuses all where one cannot be deleted", async () => {
      const [account, used, unused] = [
        await addAccount(),
        await addCategory("Used"),
        await addCategory("Unused"),
      ];
      await addPayment(account, used);
      const refused = asUser(db, claims, (tx) => softDelete(tx, categories, [used, unused]));
      await expect(refused).rejects.toMatchObject({ code: "STILL_IN_USE", id: used });
      expect(await isLive(categories, unused)).toBe(true);
    });

    it("takes a category's budgets along and brings those back, and not what was deleted before", async () => {
      const category = await addCategory();
      const [before, along] = [await addBudget(category), await addBudget(category)];
      await asUser(db, claims, async (tx) => {
        await softDelete(tx, categoryBudgets, [before]);
        await softDelete(tx, categories, [category]);
      });
      expect([await isLive(categoryBudgets, before), await isLive(categoryBudgets, along)]).toEqual([
        false,
        false,
      ]);
      expect(await asUser(db, claims, (tx) => restore(tx, categories, [category]))).toEqual([category]);
      expect([await isLive(categoryBudgets, before), await isLive(categoryBudgets, along)]).toEqual([
        false,
        true,
      ]);
    });

    it("leaves the transactions of a group where they are", async () => {
      const [account, category] = [await addAccount(), await addCategory()];
      const group = only(
        withId,
        await db.insert(transactionGroups).values({ userId: ana, name: "Rent" }).returning(),
      ).id;
      const payment = await addPayment(account, category, group);
      await asUser(db, claims, (tx) => softDelete(tx, transactionGroups, [group]));
      const rows = await db
        .select({ groupId: transactions.groupId })
        .from(transactions)
        .where(and(eq(transactions.id, payment), live(transactions)));
      expect(rows).toEqual([{ groupId: group }]);
      // And they may be deleted and come back while it is in the bin.
      await asUser(db, claims, (tx) => softDelete(tx, transactions, [payment]));
      expect(await asUser(db, claims, (tx) => restore(tx, transactions, [payment]))).toEqual([payment]);
    });

    it("brings nothing back to a parent in the bin", async () => {
      const [account, category] = [await addAccount(), await addCategory()];
      const payment = await addPayment(account, category);
      await asUser(db, claims, async (tx) => {
        await softDelete(tx, transactions, [payment]);
        await softDelete(tx, accounts, [account]);
      });
      const refused = asUser(db, claims, (tx) => restore(tx, transactions, [payment]));
      await expect(refused).rejects.toThrow(ParentDeleted);
      await expect(refused).rejects.toMatchObject({
        table: "transactions",
        id: payment,
        parent: "accounts",
        parentId: account,
      });
      await asUser(db, claims, async (tx) => {
        await restore(tx, accounts, [account]);
        await restore(tx, transactions, [payment]);
      });
      expect(await isLive(transactions, payment)).toBe(true);
    });

    it("says which category has the name that one in the bin had, and the transaction goes on", async () => {
      const category = await addCategory("Food");
      await asUser(db, claims, (tx) => softDelete(tx, categories, [category]));
      const holder = await addCategory("FOOD");
      await asUser(db, claims, async (tx) => {
        const refused = restore(tx, categories, [category]);
        await expect(refused).rejects.toThrow(DuplicateCategoryName);
        await expect(refused).rejects.toMatchObject({ holder });
        await tx.update(categories).set({ name: "Groceries" }).where(eq(categories.id, category));
        expect(await restore(tx, categories, [category])).toEqual([category]);
      });
      expect(await isLive(categories, category)).toBe(true);
    });

    it("purges what is old enough and free, in batches, and counts what stays", async () => {
      // What other tests of the database have left in their bins.
      await purge(db, { olderThanDays: 90 });
      const [account, used, free] = [
        await addAccount(),
        await addCategory("Used"),
        await addCategory("Free"),
      ];
      const payment = await addPayment(account, used);
      const budget = await addBudget(free);
      const tasks = Array.from({ length: 5 }, (_, at) => ({ userId: ana, title: `Task ${at}` }));
      await db.insert(operationalTasks).values(tasks);
      const [fresh] = await db.insert(operationalTasks).values({ userId: ana, title: "Fresh" }).returning();
      const old = sql`now() - interval '91 days'`;
      for (const table of [accounts, categories, operationalTasks])
        await db.update(table).set({ deletedAt: old }).where(eq(table.userId, ana));
      await db
        .update(operationalTasks)
        .set({ deletedAt: sql`now()` })
        .where(eq(operationalTasks.id, fresh?.id ?? ""));

      const names = [
        "operationalTasks",
        "categoryBudgets",
        "categories",
        "accounts",
        "transactions",
      ] as const;
      const first = await purge(db, { olderThanDays: 90, tables: names, batchSize: 2 });
      expect(first.map(({ table }) => table)).toEqual(expect.arrayContaining([...names]));
      // The live payment and the live budget hold what they point to.
      expect(Object.fromEntries(first.map(({ table, ...counts }) => [table, counts]))).toEqual({
        operationalTasks: { deleted: 5, kept: 0 },
        categoryBudgets: { deleted: 0, kept: 0 },
        transactions: { deleted: 0, kept: 0 },
        categories: { deleted: 0, kept: 2 },
        accounts: { deleted: 0, kept: 1 },
      });

      await db.update(transactions).set({ deletedAt: old }).where(eq(transactions.id, payment));
      await db.update(categoryBudgets).set({ deletedAt: old }).where(eq(categoryBudgets.id, budget));
      const second = await purge(db, { olderThanDays: 90 });
      expect(second.filter(({ deleted: count, kept }) => count + kept > 0)).toEqual(
        expect.arrayContaining([
          { table: "transactions", deleted: 1, kept: 0 },
          { table: "categoryBudgets", deleted: 1, kept: 0 },
          { table: "categories", deleted: 2, kept: 0 },
          { table: "accounts", deleted: 1, kept: 0 },
        ]),
      );
      expect(await db.$count(operationalTasks, eq(operationalTasks.userId, ana))).toBe(1);
    });

    it("purges nothing for a number of days that is none, or when it is stopped", async () => {
      for (const olderThanDays of [0, -1, 1.5, Number.NaN])
        await expect(purge(db, { olderThanDays })).rejects.toMatchObject({ code: "PARAMETER_INVALID" });
      await expect(purge(db, { olderThanDays: 1, batchSize: 0 })).rejects.toMatchObject({
        code: "PARAMETER_INVALID",
      });
      const reason = new Error("stopped");
      await expect(purge(db, { olderThanDays: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
};
