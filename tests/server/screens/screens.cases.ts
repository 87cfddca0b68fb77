import { randomUUID } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  asAnonymous,
  asService,
  asUser,
  calendarDay,
  type KanbanTask,
  kanbanBoard,
  kanbanColumn,
  marketingCalendar,
  overdueCount,
  overdueTasks,
  type Page,
  type PageOf,
  pipelineBoard,
  pipelineFigures,
  pipelineStage,
  type Reader,
  transactionHistory,
  type UserViews,
  userView,
} from "../../../src/index.ts";
import {
  accounts,
  categories,
  leadStages,
  marketingPosts,
  operationalTasks,
  partners,
  partnershipClients,
  platforms,
  postStatuses,
  salesLeads,
  taskPriorities,
  taskStatuses,
  transactions,
  transactionTypes,
} from "../../../src/schema/index.ts";
import { openStages } from "../../../src/screens/pipeline.ts";
import * as views from "../../../src/views/index.ts";
import { addDays } from "../../support/calendar.ts";
import type { DriverTests } from "../../support/drivers.ts";

/*
 * Rows in which most keys are equal to others, and what each screen has to show of them: filtered and sorted here,
 * without SQL.
 */

const today = "2026-02-14";
const around = (...days: number[]) => fc.constantFrom(...days.map((one) => addDays(today, one)));
const deletedAt = fc.constantFrom(null, null, null, new Date("2026-02-01T12:00:00Z"));
const title = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" });

/** In the order in which PostgreSQL has them. */
const dueDays = [
  "-infinity",
  "0044-03-15 BC",
  ...[-400, -60, -1, 0, 1].map((days) => addDays(today, days)),
  "12026-01-01",
  "infinity",
];

const arbitraries = {
  task: fc.record({
    id: fc.uuid(),
    title,
    status: fc.constantFrom(...taskStatuses),
    priority: fc.constantFrom(...taskPriorities),
    position: fc.constantFrom(0, 0, 0, 1, -1, 2_147_483_647, -2_147_483_648),
    dueDate: fc.constantFrom(null, ...dueDays, addDays(today, -1), addDays(today, -1)),
    assignee: fc.option(title),
    deletedAt,
  }),
  lead: fc.record({
    id: fc.uuid(),
    name: title,
    company: fc.option(title),
    stage: fc.constantFrom(...leadStages),
    // More digits than a JavaScript number holds.
    value: fc.constantFrom("0.00", "0.01", "1250.50", "9007199254740993.01"),
    probability: fc.constantFrom(0, 50, 50, 50, 100),
    nextAction: fc.option(title),
    nextActionDate: fc.option(around(0, 1)),
    deletedAt,
  }),
  transaction: fc.record({
    id: fc.uuid(),
    date: around(-91, -90, -89, -45, -45, -1, 0, 1),
    description: fc.option(title),
    amount: fc.constantFrom("0.01", "12.50", "90071992547409931.01"),
    type: fc.constantFrom(...transactionTypes),
    paid: fc.option(fc.boolean()),
    deletedAt,
  }),
  post: fc.record({
    id: fc.uuid(),
    title,
    platform: fc.constantFrom(...platforms),
    status: fc.constantFrom(...postStatuses),
    scheduledDate: fc.option(around(-31, -30, 0, 0, 0, 30, 31), { freq: 5 }),
    deletedAt,
  }),
};

interface OfDeletable {
  readonly deletedAt: Date | null;
}
const isLive = ({ deletedAt: at }: OfDeletable): boolean => at === null;

const ascending = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
const dueRank = (day: string | null): number => dueDays.indexOf(day ?? "infinity");

/** The rows of one user. */
function generate(seed: number) {
  const rows = { seed, numRuns: 60 };
  return {
    tasks: fc.sample(arbitraries.task, rows),
    leads: fc.sample(arbitraries.lead, { ...rows, numRuns: 90 }),
    transactions: fc.sample(arbitraries.transaction, rows),
    posts: fc.sample(arbitraries.post, rows),
  };
}
type Rows = ReturnType<typeof generate>;

const pick = <Row extends object, Key extends keyof Row>(row: Row, ...keys: readonly Key[]) => {
  const found: Partial<Pick<Row, Key>> = {};
  for (const key of keys) found[key] = row[key];
  return found;
};

const model = {
  column: ({ tasks }: Rows, status: string) =>
    tasks
      .filter((task) => isLive(task) && task.status === status)
      .sort((a, b) => b.position - a.position || ascending(a.id, b.id))
      .map((task) => pick(task, "id", "title", "status", "priority", "position", "dueDate")),
  stage: ({ leads }: Rows, stage: string) =>
    leads
      .filter((lead) => isLive(lead) && lead.stage === stage)
      .sort((a, b) => b.probability - a.probability || ascending(a.id, b.id))
      .map((lead) =>
        pick(lead, "id", "name", "company", "stage", "value", "probability", "nextAction", "nextActionDate"),
      ),
  figures: ({ leads }: Rows) =>
    leadStages.map((stage) => {
      const own = leads.filter((lead) => isLive(lead) && lead.stage === stage);
      const cents = own.reduce((sum, { value }) => sum + BigInt(value.replace(".", "")), 0n);
      return {
        stage,
        leads: own.length,
        value: `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`,
        mean: own.length === 0 ? null : own.reduce((sum, one) => sum + one.probability, 0) / own.length,
      };
    }),
  history: ({ transactions: all }: Rows, from: string, to: string) =>
    all
      .filter((one) => isLive(one) && one.date >= from && one.date <= to)
      .sort((a, b) => ascending(b.date, a.date) || ascending(b.id, a.id))
      .map((one) => ({
        ...pick(one, "id", "date", "description", "amount", "type", "paid"),
        accountId: expect.any(String),
        categoryId: expect.any(String),
      })),
  day: ({ posts }: Rows, day: string) =>
    posts
      .filter((post) => isLive(post) && post.status !== "rejected" && post.scheduledDate === day)
      .sort((a, b) => ascending(a.id, b.id))
      .map((post) => pick(post, "id", "title", "platform", "status")),
  overdue: ({ tasks }: Rows) =>
    tasks
      .filter((task) => isLive(task) && task.status !== "done" && task.dueDate !== null)
      .filter(({ dueDate }) => dueRank(dueDate) < dueRank(today))
      .sort((a, b) => dueRank(a.dueDate) - dueRank(b.dueDate) || ascending(a.id, b.id))
      .map((task) => pick(task, "id", "title", "status", "priority", "dueDate", "assignee")),
};

const dayOfFullPage = today;

/** Every list that has pages, and what it has to be. */
const lists: readonly {
  readonly name: string;
  readonly get: (tx: Reader, userId: string, page: PageOf) => Promise<Page<object>>;
  readonly expected: (rows: Rows) => readonly object[];
}[] = [
  ...taskStatuses.map((status) => ({
    name: `kanbanColumn ${status}`,
    get: (tx: Reader, userId: string, page: PageOf) => kanbanColumn(tx, { userId, status, ...page }),
    expected: (rows: Rows) => model.column(rows, status),
  })),
  ...leadStages.map((stage) => ({
    name: `pipelineStage ${stage}`,
    get: (tx: Reader, userId: string, page: PageOf) => pipelineStage(tx, { userId, stage, ...page }),
    expected: (rows: Rows) => model.stage(rows, stage),
  })),
  {
    name: "transactionHistory of the last 90 days",
    get: (tx, userId, page) => transactionHistory(tx, { userId, today, ...page }),
    expected: (rows) => model.history(rows, addDays(today, -89), today),
  },
  {
    name: "transactionHistory of one day",
    get: (tx, userId, page) => transactionHistory(tx, { userId, today, days: 1, ...page }),
    expected: (rows) => model.history(rows, today, today),
  },
  {
    name: "transactionHistory of a range",
    get: (tx, userId, page) =>
      transactionHistory(tx, { userId, from: addDays(today, -90), to: addDays(today, -45), ...page }),
    expected: (rows) => model.history(rows, addDays(today, -90), addDays(today, -45)),
  },
  {
    name: "calendarDay",
    get: (tx, userId, page) => calendarDay(tx, { userId, day: dayOfFullPage, ...page }),
    expected: (rows) => model.day(rows, dayOfFullPage),
  },
  {
    name: "overdueTasks",
    get: (tx, userId, page) => overdueTasks(tx, { userId, today, ...page }),
    expected: (rows) => model.overdue(rows),
  },
];

/** A list from its first page to its last. */
async function everyPage(
  get: (page: PageOf) => Promise<Page<object>>,
  limit: number,
): Promise<readonly object[]> {
  const all: object[] = [];
  for (let after: string | null = null; ; ) {
    const { rows, next }: Page<object> = await get({ after, limit });
    all.push(...rows);
    if (next === null) return all;
    // Only the last page may be shorter, and it is not empty: there is no next page without rows.
    expect(rows).toHaveLength(limit);
    after = next;
  }
}

const viewNames = Object.keys(views).filter((name): name is keyof UserViews => name in views);

export const screens: DriverTests = ({ db }) => {
  const [ana, bruno, empty] = [randomUUID(), randomUUID(), randomUUID()];
  const rowsOf = { [ana]: generate(1), [bruno]: generate(2) };
  const own = generate(1);

  /** An account and a category of the user's, for transactions to be of. */
  async function bookOf(userId: string) {
    const [account] = await db
      .insert(accounts)
      .values({ userId, name: "Checking", type: "checking" })
      .returning({ accountId: accounts.id });
    const [category] = await db
      .insert(categories)
      .values({ userId, name: "Food" })
      .returning({ categoryId: categories.id });
    if (!account || !category) throw new Error("nothing came back of what was inserted");
    return { ...account, ...category };
  }

  beforeAll(async () => {
    for (const id of [ana, bruno, empty])
      await db.execute(sql`insert into auth.users (id, email) values (${id}, ${`${id}@example.com`})`);
    for (const [userId, rows] of Object.entries(rowsOf)) {
      const book = await bookOf(userId);
      const owned = <Row extends object>(all: readonly Row[]) => all.map((row) => ({ ...row, userId }));
      await db.insert(operationalTasks).values(owned(rows.tasks));
      await db.insert(salesLeads).values(owned(rows.leads));
      await db.insert(marketingPosts).values(owned(rows.posts));
      await db.insert(transactions).values(owned(rows.transactions).map((row) => ({ ...row, ...book })));
    }
  });

  const asAna = <Result>(work: (tx: Reader) => Promise<Result>) => asUser(db, { sub: ana }, work);

  describe("lists", () => {
    it.each(lists)("$name: all pages together are the whole list, whatever their size", async (list) => {
      const expected = list.expected(own);
      // Otherwise nothing would be seen of pages.
      expect(expected.length).toBeGreaterThan(2);
      await asAna(async (tx) => {
        for (let limit = 1; limit <= expected.length + 1; limit += 1) {
          const all = await everyPage((page) => list.get(tx, ana, page), limit);
          expect(all, `${limit} a page`).toEqual(expected);
        }
      });
    });

    it("have nothing of another user, by name or not, unless the session is the application's own", async () => {
      for (const { name, get, expected } of lists) {
        const other = await asUser(db, { sub: bruno }, (tx) => get(tx, ana, { limit: 1000 }));
        expect(other, name).toEqual({ rows: [], next: null });
        const service = await asService(db, (tx) => get(tx, ana, { limit: 1000 }));
        expect(service.rows, name).toEqual(expected(own));
        const nobody = await asUser(db, { sub: empty }, (tx) => get(tx, empty, {}));
        expect(nobody, name).toEqual({ rows: [], next: null });
      }
    });

    it("go on where a page ended, whatever was added or deleted meanwhile", async () => {
      const [before, between, after] = ["00000000", "80000000", "ffffffff"].map(
        (start) => `${start}-0000-4000-8000-000000000000`,
      );
      const userId = randomUUID();
      await db.execute(sql`insert into auth.users (id) values (${userId})`);
      const add = (...all: { id: string; position: number }[]) =>
        db.insert(operationalTasks).values(all.map((row) => ({ ...row, userId, title: "card" })));
      const page = (cursor: string | null) =>
        asUser(db, { sub: userId }, (tx) =>
          kanbanColumn(tx, { userId, status: "todo", limit: 2, after: cursor }),
        );
      const idsOf = (of: Page<KanbanTask>) => of.rows.map(({ id }) => id);
      const [one, two, three, four] = ["10000000", "20000000", "90000000", "a0000000"].map(
        (start) => `${start}-0000-4000-8000-000000000000`,
      );
      if (!before || !between || !after || !one || !two || !three || !four) throw new Error("no ids");
      await add(...[one, two, three, four].map((id) => ({ id, position: 7 })));

      const first = await page(null);
      expect(idsOf(first)).toEqual([one, two]);
      // The row that the cursor is after, one before it, one after it, and one higher up than all.
      await db.delete(operationalTasks).where(eq(operationalTasks.id, two));
      await add({ id: before, position: 7 }, { id: between, position: 7 }, { id: after, position: 8 });
      const second = await page(first.next);
      expect(idsOf(second)).toEqual([between, three]);
      const third = await page(second.next);
      expect(third).toMatchObject({ rows: [{ id: four }], next: null });
    });
  });

  describe("boards", () => {
    it("kanbanBoard has the first page of each column, and their next ones go on", async () => {
      await asAna(async (tx) => {
        const board = await kanbanBoard(tx, { userId: ana, limit: 4 });
        expect(Object.keys(board)).toEqual([...taskStatuses]);
        for (const status of taskStatuses) {
          const { rows, next } = board[status];
          const rest = await kanbanColumn(tx, { userId: ana, status, after: next, limit: 1000 });
          expect([...rows, ...rest.rows], status).toEqual(model.column(own, status));
          expect(rows).toHaveLength(4);
        }
        const whole = await kanbanBoard(tx, { userId: ana });
        expect(Object.values(whole).map(({ next }) => next)).toEqual([null, null, null]);
      });
    });

    it("pipelineBoard has the first page of each open stage, and their next ones go on", async () => {
      await asAna(async (tx) => {
        const board = await pipelineBoard(tx, { userId: ana, limit: 3 });
        expect(Object.keys(board)).toEqual([...openStages]);
        for (const stage of openStages) {
          const { rows, next } = board[stage];
          const rest = await pipelineStage(tx, { userId: ana, stage, after: next, limit: 1000 });
          expect([...rows, ...rest.rows], stage).toEqual(model.stage(own, stage));
          expect(rows).toHaveLength(3);
        }
      });
    });

    it("are empty to another user", async () => {
      const nothing = { rows: [], next: null };
      await asUser(db, { sub: bruno }, async (tx) => {
        expect(Object.values(await kanbanBoard(tx, { userId: ana }))).toEqual(
          taskStatuses.map(() => nothing),
        );
        expect(Object.values(await pipelineBoard(tx, { userId: ana }))).toEqual(
          openStages.map(() => nothing),
        );
      });
    });
  });

  describe("figures", () => {
    it("pipelineFigures adds up every stage, exactly", async () => {
      const figures = await asAna((tx) => pipelineFigures(tx, { userId: ana }));
      const expected = model.figures(own);
      expect(figures).toEqual(
        expected.map(({ stage, leads, value }) => ({ stage, leads, value, probability: expect.any(String) })),
      );
      for (const [at, { mean }] of expected.entries())
        expect(Number(figures[at]?.probability)).toBeCloseTo(mean ?? Number.NaN, 8);
    });

    it("pipelineFigures has zeros for a stage without leads, and for another user's", async () => {
      const zeros = leadStages.map((stage) => ({ stage, leads: 0, value: "0.00", probability: null }));
      expect(await asUser(db, { sub: empty }, (tx) => pipelineFigures(tx, { userId: empty }))).toEqual(zeros);
      expect(await asUser(db, { sub: bruno }, (tx) => pipelineFigures(tx, { userId: ana }))).toEqual(zeros);
    });

    it("overdueCount counts what overdueTasks lists, as a number", async () => {
      const count = await asAna((tx) => overdueCount(tx, { userId: ana, today }));
      expect(count).toBe(model.overdue(own).length);
      expect(await asUser(db, { sub: bruno }, (tx) => overdueCount(tx, { userId: ana, today }))).toBe(0);
    });

    it("marketingCalendar has each day with a post, latest first, with their number and the first three", async () => {
      const expected = (days: readonly number[]) =>
        days
          .map((one) => ({ day: addDays(today, one), posts: model.day(own, addDays(today, one)) }))
          .filter(({ posts }) => posts.length > 0)
          .map(({ day, posts }) => ({ day, posts: posts.length, first: posts.slice(0, 3) }));
      await asAna(async (tx) => {
        const calendar = await marketingCalendar(tx, { userId: ana, today });
        expect(calendar).toEqual(expected([30, 0, -30]));
        expect(calendar.some(({ posts }) => posts > 3)).toBe(true);
        const range = { from: addDays(today, -31), to: addDays(today, -1) };
        expect(await marketingCalendar(tx, { userId: ana, ...range })).toEqual(expected([-30, -31]));
        const day = { from: today, to: today };
        expect(await marketingCalendar(tx, { userId: ana, ...day })).toEqual(expected([0]));
      });
      expect(await asUser(db, { sub: bruno }, (tx) => marketingCalendar(tx, { userId: ana, today }))).toEqual(
        [],
      );
    });
  });

  it("today is the business date where none is given", async () => {
    const userId = randomUUID();
    await db.execute(sql`insert into auth.users (id) values (${userId})`);
    const book = await bookOf(userId);
    // In one transaction, in which it stays the same day.
    await asUser(db, { sub: userId }, async (tx) => {
      const day = (days: number) => sql<string>`public.business_date() + ${sql.raw(`(${days})`)}`;
      const named = (days: number) => ({ userId, title: String(days) });
      await tx
        .insert(operationalTasks)
        .values([-1, 0, 1].map((one) => ({ ...named(one), dueDate: day(one) })));
      await tx.insert(marketingPosts).values(
        [-31, -30, 30, 31].map((one) => ({
          ...named(one),
          platform: platforms[0],
          scheduledDate: day(one),
        })),
      );
      await tx.insert(transactions).values(
        [-90, -89, 0, 1].map((one) => ({
          ...book,
          userId,
          description: String(one),
          amount: "1",
          type: transactionTypes[0],
          date: day(one),
        })),
      );
      const overdue = await overdueTasks(tx, { userId });
      expect(overdue.rows.map((task) => task.title)).toEqual(["-1"]);
      expect(await overdueCount(tx, { userId })).toBe(1);
      const calendar = await marketingCalendar(tx, { userId });
      expect(calendar.map(({ first }) => first.map((post) => post.title))).toEqual([["30"], ["-30"]]);
      const history = await transactionHistory(tx, { userId });
      expect(history.rows.map(({ description }) => description)).toEqual(["0", "-89"]);
      const yesterday = await transactionHistory(tx, { userId, days: 1 });
      expect(yesterday.rows.map(({ description }) => description)).toEqual(["0"]);
    });
  });

  it("a visitor who is not signed in is shown nothing", async () => {
    for (const { name, get } of lists) {
      const shown = await asAnonymous(db, (tx) => get(tx, ana, {}));
      expect(shown, name).toEqual({ rows: [], next: null });
    }
  });

  describe("userView", () => {
    it("gives the user's row of a view that has one, with numbers as they are typed", async () => {
      await asAna(async (tx) => {
        const live = own.tasks.filter(isLive);
        expect(await userView(tx, "operationalHealthCheck", { userId: ana })).toMatchObject({
          userId: ana,
          totalTasks: live.length,
          doneCount: live.filter(({ status }) => status === "done").length,
          lastUpdate: expect.any(Date),
        });
        expect(await userView(tx, "marketingHealthCheck", { userId: ana })).toMatchObject({
          userId: ana,
          totalPosts: own.posts.filter(isLive).length,
        });
        expect(await userView(tx, "salesHealthCheck", { userId: ana })).toMatchObject({
          userId: ana,
          totalLeads: own.leads.filter(isLive).length,
          wonValue: model.figures(own).find(({ stage }) => stage === "closed_won")?.value,
        });
        const metrics = await userView(tx, "dashboardMetrics", { userId: ana });
        const income = own.transactions
          .filter((one) => isLive(one) && one.type === "INCOME")
          .reduce((sum, { amount }) => sum + BigInt(amount.replace(".", "")), 0n);
        expect(metrics?.totalIncome.replace(".", "")).toBe(String(income));
      });
    });

    it("gives the rows of a view that has several in an order of their own", async () => {
      const userId = randomUUID();
      await db.execute(sql`insert into auth.users (id) values (${userId})`);
      for (const name of ["Zoe", "Ana"]) {
        const [partner] = await db
          .insert(partners)
          .values({ userId, name })
          .returning({ partnerId: partners.id });
        if (!partner) throw new Error("nothing came back of what was inserted");
        for (const closedAt of ["2026-01-15", "2026-02-15"])
          await db.insert(partnershipClients).values({
            userId,
            ...partner,
            clientName: "Client",
            contractValue: "100.00",
            closedAt,
          });
      }
      await asUser(db, { sub: userId }, async (tx) => {
        const partners = await userView(tx, "partnershipSummaryByPartner", { userId });
        expect(partners.map(({ partnerName, totalClients }) => [partnerName, totalClients])).toEqual([
          ["Ana", 2],
          ["Zoe", 2],
        ]);
        const months = await userView(tx, "partnershipMonthlyRevenue", { userId });
        expect(months).toMatchObject([
          { clientsCount: 2, totalContractValue: "200.00" },
          { clientsCount: 2, totalContractValue: "200.00" },
        ]);
        expect(months[0]?.month.getTime()).toBeGreaterThan(months[1]?.month.getTime() ?? Number.NaN);
      });
      await asAna(async (tx) => {
        const statuses = await userView(tx, "tasksSummary", { userId: ana });
        expect(statuses.map(({ status, taskCount }) => [status, taskCount])).toEqual(
          taskStatuses.map((status) => [status, model.column(own, status).length]),
        );
        const stages = await userView(tx, "salesPipelineSummary", { userId: ana });
        expect(stages.map(({ stage }) => stage)).toEqual([...openStages]);
        const posts = await userView(tx, "postsByPlatform", { userId: ana });
        expect(posts.map(({ platform }) => platform)).toEqual([...platforms]);
      });
    });

    it.each(viewNames)("%s has nothing of a user without rows, and nothing of another user", async (name) => {
      const nothing = [[], undefined];
      const none = await asUser(db, { sub: empty }, (tx) => userView(tx, name, { userId: empty }));
      const others = await asUser(db, { sub: bruno }, (tx) => userView(tx, name, { userId: ana }));
      expect(nothing).toContainEqual(none);
      expect(nothing).toContainEqual(others);
    });
  });
};
