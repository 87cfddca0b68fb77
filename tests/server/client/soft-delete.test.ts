import { AsyncLocalStorage } from "node:async_hooks";
import { eq, getTableName, sql } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  asUser,
  dependants,
  live,
  ParentDeleted,
  purge,
  restore,
  StillInUse,
  softDelete,
} from "../../../src/index.ts";
import * as schema from "../../../src/schema/index.ts";
import { createDatabase, only } from "../../support/database.ts";
import { managedTables } from "../../support/rows.ts";

const { accounts, categories, partners, transactions } = schema;

const softDeletable = managedTables.filter(([, table]) =>
  getTableConfig(table).columns.some(({ name }) => name === "deleted_at"),
);

it("every foreign key between tables whose rows are soft-deleted has a rule", () => {
  const keys = softDeletable.flatMap(([, table]) =>
    getTableConfig(table)
      .foreignKeys.map((key) => key.reference())
      .filter(({ foreignTable }) => softDeletable.some(([, one]) => one === foreignTable))
      .map(({ columns, foreignTable }) => [
        getTableName(table),
        columns.map(({ name }) => name).find((name) => name !== "user_id"),
        getTableName(foreignTable),
      ]),
  );
  const ruled = dependants.map(({ table, column, parent }) => [
    getTableName(table),
    column.name,
    getTableName(parent),
  ]);
  const unique = (triples: (string | undefined)[][]) =>
    [...new Set(triples.map((one) => one.join(" ")))].sort();
  expect(unique(ruled)).toEqual(unique(keys));
});

it("a table without deleted_at does not compile", () => {
  // @ts-expect-error: partners have no bin
  const condition = () => live(partners);
  expect(condition).toBeTypeOf("function");
});

describe("beside others", async () => {
  const { createUser, sql: owner } = await createDatabase("deployed");
  const db = drizzle(owner, { schema });
  /** Runs something as a request of its own, which is in no session. */
  const outside = AsyncLocalStorage.snapshot();
  const withId = z.object({ id: z.string() });

  const household = async () => {
    const userId = await createUser();
    const account = only(
      withId,
      await db.insert(accounts).values({ userId, name: "Checking", type: "checking" }).returning(),
    ).id;
    const category = only(
      withId,
      await db.insert(categories).values({ userId, name: "Food" }).returning(),
    ).id;
    const payment = {
      userId,
      accountId: account,
      categoryId: category,
      amount: "1",
      type: "EXPENSE",
      date: "2026-02-14",
    } as const;
    return { claims: { sub: userId }, account, category, payment };
  };

  /** Waits until one session of this database waits for another's lock. */
  const somebodyWaits = () =>
    vi.waitFor(
      async () => {
        const [row] = await owner`
          select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        expect(row?.["waiting"]).toBe(1);
      },
      { timeout: 20_000, interval: 20 },
    );

  it("a payment that is being filed under an account keeps it from being deleted", async () => {
    const { claims, account, payment } = await household();
    const order: string[] = [];
    let deletion: Promise<unknown> | undefined;
    await asUser(db, claims, async (tx) => {
      await tx.insert(transactions).values(payment);
      // Not inside this session: a request of its own.
      deletion = outside(() => asUser(db, claims, (other) => softDelete(other, accounts, [account])))
        .catch((error: unknown) => error)
        .finally(() => order.push("deleted or refused"));
      await somebodyWaits();
      order.push("filed");
    });
    expect(await deletion).toBeInstanceOf(StillInUse);
    expect(order).toEqual(["filed", "deleted or refused"]);
  });

  it("what is being restored keeps its account from being deleted, and the other way round", async () => {
    const { claims, account, payment } = await household();
    const id = only(withId, await db.insert(transactions).values(payment).returning()).id;
    await asUser(db, claims, (tx) => softDelete(tx, transactions, [id]));

    let deletion: Promise<unknown> | undefined;
    await asUser(db, claims, async (tx) => {
      await restore(tx, transactions, [id]);
      deletion = outside(() => asUser(db, claims, (other) => softDelete(other, accounts, [account]))).catch(
        (error: unknown) => error,
      );
      await somebodyWaits();
    });
    expect(await deletion).toBeInstanceOf(StillInUse);

    await asUser(db, claims, (tx) => softDelete(tx, transactions, [id]));
    let restoring: Promise<unknown> | undefined;
    await asUser(db, claims, async (tx) => {
      await softDelete(tx, accounts, [account]);
      restoring = outside(() => asUser(db, claims, (other) => restore(other, transactions, [id]))).catch(
        (error: unknown) => error,
      );
      await somebodyWaits();
    });
    expect(await restoring).toBeInstanceOf(ParentDeleted);
  });

  it("two deletions of the same rows, in any order, delete them once", async () => {
    const { claims } = await household();
    const rows = await db
      .insert(categories)
      .values(Array.from({ length: 20 }, (_, at) => ({ userId: claims.sub, name: `Category ${at}` })))
      .returning({ id: categories.id });
    const ids = rows.map(({ id }) => id);
    const deletions = await Promise.all(
      [ids, ids.toReversed()].map((order) => asUser(db, claims, (tx) => softDelete(tx, categories, order))),
    );
    expect(deletions.flat().sort()).toEqual(ids.sort());
  });

  it("a purge leaves what another transaction holds, and takes it the next time", async () => {
    const { claims, category } = await household();
    await db
      .update(categories)
      .set({ deletedAt: sql`now() - interval '2 days'` })
      .where(eq(categories.id, category));
    await asUser(db, claims, async (tx) => {
      await tx.select().from(categories).where(eq(categories.id, category)).for("update");
      const purged = await outside(() => purge(db, { olderThanDays: 1, tables: ["categories"] }));
      expect(purged).toEqual([{ table: "categories", deleted: 0, kept: 1 }]);
    });
    expect(await purge(db, { olderThanDays: 1, tables: ["categories"] })).toEqual([
      { table: "categories", deleted: 1, kept: 0 },
    ]);
  });
});
