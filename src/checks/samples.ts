import { getTableName } from "drizzle-orm";
import { PgDialect, type PgTable } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import {
  accounts,
  automationLogs,
  automationPermissions,
  categories,
  categoryBudgets,
  corporateActivities,
  customTemplates,
  goals,
  investments,
  marketingPosts,
  operationalTasks,
  partners,
  partnershipClients,
  patrimonyItems,
  salesGoals,
  salesLeads,
  sentAtas,
  transactionGroups,
  transactions,
  userFiles,
} from "../schema/index.ts";

/** Which of a user's two rows: others may refer to the first, nothing refers to the second. */
export type RowNumber = 1 | 2;

export interface SampleRow {
  readonly table: string;
  readonly id: string;
  /** One INSERT, values inlined. */
  readonly statement: string;
}

const database = drizzle.mock();
const dialect = new PgDialect();

/**
 * A row of a user in every managed table, parents first, such that every view has something to show. `idOf` names
 * the row of a table, so that rows can refer to each other.
 */
export function sampleRows(
  userId: string,
  number: RowNumber,
  idOf: (table: PgTable, number: RowNumber) => string,
): SampleRow[] {
  const name = `spfp-db check ${number}`;
  const own = (table: PgTable) => ({ id: idOf(table, number), userId });
  const parent = (table: PgTable) => idOf(table, 1);
  const inserts = [
    {
      table: accounts,
      query: database.insert(accounts).values({ ...own(accounts), name, type: "checking" }),
    },
    { table: categories, query: database.insert(categories).values({ ...own(categories), name }) },
    {
      table: categoryBudgets,
      query: database
        .insert(categoryBudgets)
        .values({ ...own(categoryBudgets), categoryId: parent(categories), monthlyLimit: "1" }),
    },
    {
      table: transactionGroups,
      query: database.insert(transactionGroups).values({ ...own(transactionGroups), name }),
    },
    {
      table: transactions,
      query: database.insert(transactions).values({
        ...own(transactions),
        accountId: parent(accounts),
        categoryId: parent(categories),
        amount: "1",
        type: "INCOME",
        date: "2026-01-01",
      }),
    },
    { table: goals, query: database.insert(goals).values({ ...own(goals), name, targetAmount: "1" }) },
    {
      table: investments,
      query: database
        .insert(investments)
        .values({ ...own(investments), symbol: "X", name, quantity: "1", averagePrice: "1" }),
    },
    {
      table: patrimonyItems,
      query: database.insert(patrimonyItems).values({ ...own(patrimonyItems), name, value: "1" }),
    },
    {
      table: sentAtas,
      query: database.insert(sentAtas).values({
        ...own(sentAtas),
        clientName: name,
        type: "reuniao",
        channel: "email",
        content: name,
        recipient: name,
      }),
    },
    {
      table: customTemplates,
      query: database
        .insert(customTemplates)
        .values({ ...own(customTemplates), type: "reuniao", content: name }),
    },
    {
      table: userFiles,
      query: database.insert(userFiles).values({
        ...own(userFiles),
        name,
        category: "outros",
        storagePath: name,
        sizeBytes: 1,
        mimeType: "text/plain",
      }),
    },
    {
      table: corporateActivities,
      query: database
        .insert(corporateActivities)
        .values({ ...own(corporateActivities), department: "marketing", agentName: name, description: name }),
    },
    {
      table: operationalTasks,
      query: database.insert(operationalTasks).values({ ...own(operationalTasks), title: name }),
    },
    { table: salesLeads, query: database.insert(salesLeads).values({ ...own(salesLeads), name }) },
    {
      table: salesGoals,
      query: database
        .insert(salesGoals)
        .values({ ...own(salesGoals), month: `2026-0${number}-01`, targetValue: "1" }),
    },
    {
      table: marketingPosts,
      query: database
        .insert(marketingPosts)
        .values({ ...own(marketingPosts), title: name, platform: "other" }),
    },
    {
      table: automationLogs,
      query: database
        .insert(automationLogs)
        .values({ ...own(automationLogs), actionType: "click", status: "success" }),
    },
    // One per user: a second one would be refused.
    ...(number === 1
      ? [
          {
            table: automationPermissions,
            query: database.insert(automationPermissions).values(own(automationPermissions)),
          },
        ]
      : []),
    { table: partners, query: database.insert(partners).values({ ...own(partners), name }) },
    {
      table: partnershipClients,
      query: database.insert(partnershipClients).values({
        ...own(partnershipClients),
        partnerId: parent(partners),
        clientName: name,
        contractValue: "1",
        closedAt: "2026-01-01",
      }),
    },
  ];
  return inserts.map(({ table, query }) => ({
    table: getTableName(table),
    id: idOf(table, number),
    statement: dialect.sqlToQuery(query.getSQL().inlineParams()).sql,
  }));
}
