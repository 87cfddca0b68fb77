import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { measure } from "../../../src/bench/index.ts";
import {
  asUser,
  calendarDay,
  kanbanBoard,
  kanbanColumn,
  marketingCalendar,
  overdueCount,
  overdueTasks,
  type Page,
  pipelineBoard,
  pipelineFigures,
  pipelineStage,
  type Reader,
  transactionHistory,
  type UserViews,
  userView,
} from "../../../src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { fillAndDeploy } from "../../support/filled.ts";

/*
 * What the client's functions ask, as they ask it, explained on data in production's shape: as the user, through
 * row-level security, and with statistics.
 */

const today = "2026-02-14";
const database = await createDatabase("production");

interface Asked {
  readonly text: string;
  readonly parameters: (string | number)[];
}
const asked: Asked[] = [];
const parametersSchema = z.array(z.union([z.string(), z.number()]));
const client = postgres(database.url, { max: 1, onnotice: () => {} });
const db = drizzle(client, {
  logger: {
    logQuery: (text, parameters) => asked.push({ text, parameters: parametersSchema.parse(parameters) }),
  },
});
afterAll(() => client.end());

let largest = "";
let median = "";

beforeAll(async () => {
  ({ largest, median } = await fillAndDeploy(database, { scale: 0.02, today }));
});

/** What a function asked the database, but for what the session did. */
async function askedBy(userId: string, call: (tx: Reader) => Promise<unknown>): Promise<Asked[]> {
  return asUser(db, { sub: userId }, async (tx) => {
    asked.length = 0;
    await call(tx);
    return [...asked];
  });
}

const planOf = (userId: string, { text, parameters }: Asked) =>
  database.asUser(userId, async (sql) =>
    JSON.stringify([...(await sql.unsafe(`explain (format json) ${text}`, parameters))]),
  );

/** The plan that a prepared statement gets once it has been run often, for whatever user. */
const genericPlanOf = (userId: string, { text, parameters }: Asked) =>
  database.asUser(userId, async (sql) => {
    await sql.unsafe("set local plan_cache_mode = force_generic_plan");
    await sql.unsafe(`prepare screen as ${text}`);
    const values = parameters.map((value) => quoteLiteral(String(value))).join(", ");
    const plan = await sql.unsafe(`explain (format json) execute screen (${values})`);
    await sql.unsafe("deallocate screen");
    return JSON.stringify([...plan]);
  });

/** The first page, and the one that follows. */
const twoPages =
  (get: (tx: Reader, after: string | null) => Promise<Page<object>>) =>
  async (tx: Reader): Promise<void> => {
    const { next } = await get(tx, null);
    if (next !== null) await get(tx, next);
  };

type Call = (tx: Reader, userId: string) => Promise<unknown>;

/** Each listing, and the index that it has to read. */
const listings: readonly (readonly [name: string, index: string, call: Call])[] = [
  [
    "kanbanColumn",
    "idx_operational_tasks_kanban",
    (tx, userId) =>
      twoPages((on, after) => kanbanColumn(on, { userId, status: "todo", after, limit: 5 }))(tx),
  ],
  ["kanbanBoard", "idx_operational_tasks_kanban", (tx, userId) => kanbanBoard(tx, { userId })],
  [
    "pipelineStage",
    "idx_sales_leads_analysis",
    (tx, userId) =>
      twoPages((on, after) => pipelineStage(on, { userId, stage: "proposal", after, limit: 5 }))(tx),
  ],
  ["pipelineBoard", "idx_sales_leads_analysis", (tx, userId) => pipelineBoard(tx, { userId })],
  [
    "transactionHistory",
    "idx_transactions_user_date_paid",
    (tx, userId) => twoPages((on, after) => transactionHistory(on, { userId, today, after, limit: 5 }))(tx),
  ],
  [
    "transactionHistory of a range",
    "idx_transactions_user_date_paid",
    (tx, userId) =>
      twoPages((on, after) =>
        transactionHistory(on, { userId, from: "2025-06-01", to: "2025-08-31", after, limit: 5 }),
      )(tx),
  ],
  [
    "marketingCalendar",
    "idx_marketing_posts_calendar",
    (tx, userId) => marketingCalendar(tx, { userId, today }),
  ],
  [
    "calendarDay",
    "idx_marketing_posts_calendar",
    (tx, userId) => twoPages((on, after) => calendarDay(on, { userId, day: today, after, limit: 1 }))(tx),
  ],
  [
    "overdueTasks",
    "idx_operational_tasks_due_dates",
    (tx, userId) => twoPages((on, after) => overdueTasks(on, { userId, today, after, limit: 5 }))(tx),
  ],
  ["overdueCount", "idx_operational_tasks_due_dates", (tx, userId) => overdueCount(tx, { userId, today })],
  // Where the day is the database's own to tell.
  [
    "transactionHistory today",
    "idx_transactions_user_date_paid",
    (tx, userId) => transactionHistory(tx, { userId, days: 900 }),
  ],
  [
    "marketingCalendar today",
    "idx_marketing_posts_calendar",
    (tx, userId) => marketingCalendar(tx, { userId }),
  ],
  ["overdueTasks today", "idx_operational_tasks_due_dates", (tx, userId) => overdueTasks(tx, { userId })],
];

describe.each(listings)("%s", (_, index, call) => {
  it("reads its index and no table whole, for the largest tenant and the median one", async () => {
    for (const userId of [largest, median]) {
      const all = await askedBy(userId, (tx) => call(tx, userId));
      expect(all.length).toBeGreaterThan(0);
      for (const one of all) {
        const plan = await planOf(userId, one);
        expect(plan).toContain(index);
        expect(plan).not.toContain("Seq Scan");
      }
    }
  });

  it("reads it under a generic plan too", async () => {
    for (const one of await askedBy(largest, (tx) => call(tx, largest))) {
      const plan = await genericPlanOf(largest, one);
      expect(plan).toContain(index);
      expect(plan).not.toContain("Seq Scan");
    }
  });
});

describe("one statement", () => {
  it("is what each board is, and what the sums of the pipeline are", async () => {
    for (const call of [kanbanBoard, pipelineBoard, pipelineFigures]) {
      expect(await askedBy(largest, (tx) => call(tx, { userId: largest }))).toHaveLength(1);
    }
  });
});

/** The tables of which each view reads the user's rows alone, by an index. */
const views: readonly (readonly [keyof UserViews, table: string])[] = [
  ["dashboardMetrics", "transactions"],
  ["crmHealthCheck", "sent_atas"],
  ["corporateHealthCheck", "corporate_activities"],
  ["salesHealthCheck", "sales_leads"],
  ["operationalHealthCheck", "operational_tasks"],
  ["marketingHealthCheck", "marketing_posts"],
  ["salesPipelineSummary", "sales_leads"],
  ["tasksSummary", "operational_tasks"],
  ["postsByPlatform", "marketing_posts"],
  ["partnershipSummaryByPartner", "partnership_clients"],
  ["partnershipMonthlyRevenue", "partnership_clients"],
];

describe.each(views)("userView %s", (view, table) => {
  it(`reads the rows of the median tenant in ${table} by an index`, async () => {
    const [one, ...more] = await askedBy(median, (tx) => userView(tx, view, { userId: median }));
    expect(more).toEqual([]);
    if (one === undefined) throw new Error("nothing was asked");
    const plan = await planOf(median, one);
    expect(plan).toContain(table);
    expect(plan).not.toMatch(new RegExp(`"Seq Scan"[^}]*"Relation Name":"${table}"`));
  });
});

describe("a page deep in rows of equal keys", () => {
  it("reads the rows that it shows, and none that were shown before it", async () => {
    const userId = randomUUID();
    await database.sql`insert into auth.users (id) values (${userId})`;
    await database.sql`insert into operational_tasks (user_id, title) select ${userId}, 'card' from generate_series(1, 3000)`;
    await database.sql`insert into sales_leads (user_id, name) select ${userId}, 'lead' from generate_series(1, 3000)`;
    await database.sql`analyze operational_tasks, sales_leads`;
    const limit = 20;
    const deep = async (get: (tx: Reader, after: string | null, limit: number) => Promise<Page<object>>) => {
      const [, , last] = await askedBy(userId, async (tx) => {
        const { next } = await get(tx, null, 1000);
        const second = await get(tx, next, 1000);
        await get(tx, second.next, limit);
      });
      if (last === undefined) throw new Error("there was no third page");
      return database.sql.begin(async (sql) => {
        await sql`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${JSON.stringify({ sub: userId })}, true)`;
        return measure(sql, last);
      });
    };
    for (const measured of [
      await deep((tx, after, size) => kanbanColumn(tx, { userId, status: "todo", after, limit: size })),
      await deep((tx, after, size) =>
        pipelineStage(tx, { userId, stage: "prospecting", after, limit: size }),
      ),
    ]) {
      expect(measured.rows).toBe(limit + 1);
      // As many of what stands lower may be looked at, to be merged.
      expect(measured.rowsRead, measured.plan).toBeLessThanOrEqual(2 * (limit + 1));
    }
  });
});
