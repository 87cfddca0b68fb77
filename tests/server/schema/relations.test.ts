import {
  type AnyColumn,
  asc,
  createTableRelationsHelpers,
  extractTablesRelationalConfig,
  getTableName,
  is,
  normalizeRelation,
  One,
} from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { describe, expect, it } from "vitest";
import * as schema from "../../../src/schema/index.ts";
import { createDatabase } from "../../support/database.ts";
import { managedTables } from "../../support/rows.ts";

/** One direction: a row of the first columns' table reads `one` row, or `many`, of the second's. */
const side = (how: "one" | "many", from: readonly AnyColumn[], to: readonly AnyColumn[]) =>
  `${how}: ${[from, to].map((columns) => columns.map(({ table, name }) => `${getTableName(table)}.${name}`).join()).join(" → ")}`;

it("every foreign key among managed tables is a relation from both sides, and nothing else is one", () => {
  const { tables, tableNamesMap } = extractTablesRelationalConfig(schema, createTableRelationsHelpers);
  const relations = Object.values(tables)
    .flatMap((table) => Object.values(table.relations))
    .map((relation) => {
      const { fields, references } = normalizeRelation(tables, tableNamesMap, relation);
      return side(is(relation, One) ? "one" : "many", fields, references);
    });

  const keys = managedTables
    .flatMap(([, table]) => getTableConfig(table).foreignKeys.map(({ reference }) => reference()))
    .filter(({ foreignTable }) => managedTables.some(([, managed]) => managed === foreignTable))
    .flatMap(({ columns, foreignColumns }) => [
      side("one", columns, foreignColumns),
      side("many", foreignColumns, columns),
    ]);

  expect(relations.sort()).toEqual(keys.sort());
  expect(keys.length).toBeGreaterThan(0);
});

describe("db.query reads", async () => {
  const database = await createDatabase("deployed");
  const db = drizzle(database.sql, { schema });
  const userId = await database.createUser();

  const insertedAccount = await db
    .insert(schema.accounts)
    .values({ userId, name: "Checking", type: "checking" })
    .returning();
  const accountId = insertedAccount[0]?.id ?? "";
  const insertedCategory = await db.insert(schema.categories).values({ userId, name: "Food" }).returning();
  const categoryId = insertedCategory[0]?.id ?? "";
  await db
    .insert(schema.categoryBudgets)
    .values({ userId, categoryId, monthlyLimit: "800.00", alertThreshold: "0.85" });
  const insertedGroup = await db
    .insert(schema.transactionGroups)
    .values({ userId, name: "Rent" })
    .returning();
  const groupId = insertedGroup[0]?.id ?? "";
  const ofAll = { userId, accountId, categoryId, type: "EXPENSE" as const, date: "2026-02-14" };
  await db.insert(schema.transactions).values([
    { ...ofAll, amount: "1.00", description: "grouped", groupId },
    { ...ofAll, amount: "2.00", description: "single" },
  ]);
  await db.insert(schema.investments).values([
    { userId, accountId, symbol: "IN", name: "In an account", quantity: "1", averagePrice: "1" },
    { userId, symbol: "OUT", name: "In none", quantity: "1", averagePrice: "1" },
  ]);
  const insertedPartner = await db.insert(schema.partners).values({ userId, name: "Ana" }).returning();
  const partnerId = insertedPartner[0]?.id ?? "";
  await db
    .insert(schema.partnershipClients)
    .values({ userId, partnerId, clientName: "Acme", contractValue: "100.00" });
  await db.insert(schema.operationalTasks).values({ userId, title: "Call" });

  it("a transaction's account, category with its budgets, and group", async () => {
    const read = await db.query.transactions.findMany({
      columns: { amount: true },
      with: {
        account: { columns: { name: true } },
        category: { columns: { name: true }, with: { budgets: { columns: { alertThreshold: true } } } },
        group: { columns: { name: true } },
      },
      orderBy: (transaction, { asc }) => asc(transaction.amount),
    });
    const category = { name: "Food", budgets: [{ alertThreshold: "0.85" }] };
    expect(read).toEqual([
      { amount: "1.00", account: { name: "Checking" }, category, group: { name: "Rent" } },
      { amount: "2.00", account: { name: "Checking" }, category, group: null },
    ]);
  });

  it("what lies in an account, under a category and in a group", async () => {
    const transactions = {
      columns: { description: true },
      orderBy: asc(schema.transactions.amount),
    } as const;
    const account = await db.query.accounts.findFirst({
      columns: {},
      with: { transactions, investments: { columns: { symbol: true } } },
    });
    const category = await db.query.categories.findFirst({ columns: {}, with: { transactions } });
    const group = await db.query.transactionGroups.findFirst({ columns: {}, with: { transactions } });
    const both = [{ description: "grouped" }, { description: "single" }];
    expect(account).toEqual({ transactions: both, investments: [{ symbol: "IN" }] });
    expect(category).toEqual({ transactions: both });
    expect(group).toEqual({ transactions: [{ description: "grouped" }] });
  });

  it("an investment's account, null where none is named, and a budget's category", async () => {
    const investments = await db.query.investments.findMany({
      columns: { symbol: true },
      with: { account: { columns: { name: true } } },
      orderBy: (investment, { asc }) => asc(investment.symbol),
    });
    const budget = await db.query.categoryBudgets.findFirst({
      columns: {},
      with: { category: { columns: { name: true } } },
    });
    expect(investments).toEqual([
      { symbol: "IN", account: { name: "Checking" } },
      { symbol: "OUT", account: null },
    ]);
    expect(budget).toEqual({ category: { name: "Food" } });
  });

  it("a partner's clients, and a client's partner with all clients", async () => {
    const partner = await db.query.partners.findFirst({
      columns: { name: true },
      with: { clients: { columns: { clientName: true, status: true } } },
    });
    const client = await db.query.partnershipClients.findFirst({
      columns: {},
      with: { partner: { columns: { name: true }, with: { clients: { columns: { clientName: true } } } } },
    });
    expect(partner).toEqual({ name: "Ana", clients: [{ clientName: "Acme", status: "pending" }] });
    expect(client).toEqual({ partner: { name: "Ana", clients: [{ clientName: "Acme" }] } });
  });

  it("a number of a nested row by way of JSON: its zeroes are lost, and digits beyond those of a double", async () => {
    await database.sql`update partnership_clients set contract_value = 1234567890123456.10`;
    const [row] = await db.query.partnershipClients.findMany({ columns: { contractValue: true } });
    const [nested] = await db.query.partners.findMany({
      columns: {},
      with: { clients: { columns: { contractValue: true, commissionRate: true } } },
    });
    expect(row).toEqual({ contractValue: "1234567890123456.10" });
    expect(nested).toEqual({ clients: [{ contractValue: "1234567890123456", commissionRate: "50" }] });
  });

  it("tables that refer to users only, as the corporate ones", async () => {
    const tasks = await db.query.operationalTasks.findMany({ columns: { title: true, status: true } });
    expect(tasks).toEqual([{ title: "Call", status: "todo" }]);
  });
});
