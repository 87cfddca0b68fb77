import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/pg-proxy";
import { beforeEach, describe, expect, it } from "vitest";
import { type Cursor, encodeCursor } from "../../../src/client/cursor.ts";
import {
  CursorInvalid,
  calendarDay,
  kanbanBoard,
  kanbanColumn,
  marketingCalendar,
  overdueCount,
  overdueTasks,
  ParameterInvalid,
  pipelineBoard,
  pipelineFigures,
  pipelineStage,
  transactionHistory,
  userView,
} from "../../../src/index.ts";
import { leadStages, taskStatuses } from "../../../src/schema/index.ts";

const asked: string[] = [];
const db = drizzle((text) => {
  asked.push(text);
  return Promise.resolve({ rows: [] });
});
beforeEach(() => {
  asked.length = 0;
});

const userId = randomUUID();
const [status] = taskStatuses;
const [stage] = leadStages;
const day = "2026-02-14";

const calls: Record<string, (userId: string) => Promise<unknown>> = {
  kanbanColumn: (of) => kanbanColumn(db, { userId: of, status }),
  kanbanBoard: (of) => kanbanBoard(db, { userId: of }),
  pipelineFigures: (of) => pipelineFigures(db, { userId: of }),
  pipelineStage: (of) => pipelineStage(db, { userId: of, stage }),
  pipelineBoard: (of) => pipelineBoard(db, { userId: of }),
  transactionHistory: (of) => transactionHistory(db, { userId: of }),
  marketingCalendar: (of) => marketingCalendar(db, { userId: of }),
  calendarDay: (of) => calendarDay(db, { userId: of, day }),
  overdueTasks: (of) => overdueTasks(db, { userId: of }),
  overdueCount: (of) => overdueCount(db, { userId: of }),
  userView: (of) => userView(db, "dashboardMetrics", { userId: of }),
};

const limited: Record<string, (limit: number) => Promise<unknown>> = {
  kanbanColumn: (limit) => kanbanColumn(db, { userId, status, limit }),
  kanbanBoard: (limit) => kanbanBoard(db, { userId, limit }),
  pipelineStage: (limit) => pipelineStage(db, { userId, stage, limit }),
  pipelineBoard: (limit) => pipelineBoard(db, { userId, limit }),
  transactionHistory: (limit) => transactionHistory(db, { userId, limit }),
  calendarDay: (limit) => calendarDay(db, { userId, day, limit }),
  overdueTasks: (limit) => overdueTasks(db, { userId, limit }),
};

const refused = async (call: Promise<unknown>, parameter: string) => {
  await expect(call).rejects.toThrow(ParameterInvalid);
  await expect(call).rejects.toMatchObject({ code: "PARAMETER_INVALID", parameter });
  expect(asked).toEqual([]);
};

describe.each(Object.entries(calls))("%s", (_, call) => {
  it("asks once, and names the user", async () => {
    await call(userId);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/"user_id" = \$\d/);
  });

  it.each(["", "me", `${userId}\n`, `${userId}'`])("asks nothing about the user %j", async (of) => {
    await refused(call(of), "userId");
  });
});

describe.each(Object.entries(limited))("a page of %s", (_, call) => {
  it.each([0, -1, 1.5, 1001, 10_000, Number.NaN, Number.POSITIVE_INFINITY])(
    "cannot have %d rows",
    async (limit) => {
      await refused(call(limit), "limit");
    },
  );

  it.each([1, 1000])("can have %d", async (limit) => {
    await call(limit);
    expect(asked).toHaveLength(1);
  });
});

describe("a day", () => {
  it.each(["", "today", "14/02/2026", "2026-2-14", "2026-02-29", "2026-13-01", "0000-01-01", "12026-01-01"])(
    "cannot be %j",
    async (wrong) => {
      await refused(overdueTasks(db, { userId, today: wrong }), "today");
      await refused(overdueCount(db, { userId, today: wrong }), "today");
      await refused(marketingCalendar(db, { userId, today: wrong }), "today");
      await refused(transactionHistory(db, { userId, today: wrong }), "today");
      await refused(calendarDay(db, { userId, day: wrong }), "day");
      await refused(marketingCalendar(db, { userId, from: wrong, to: day }), "from");
      await refused(transactionHistory(db, { userId, from: day, to: wrong }), "to");
    },
  );

  it("can be the 29th of February of a leap year", async () => {
    await overdueCount(db, { userId, today: "2028-02-29" });
    expect(asked).toHaveLength(1);
  });
});

describe("a range", () => {
  it("cannot end before it begins", async () => {
    const range = { from: "2026-02-14", to: "2026-02-13" };
    await refused(marketingCalendar(db, { userId, ...range }), "to");
    await refused(transactionHistory(db, { userId, ...range }), "to");
  });

  it("of the calendar has 366 days at most", async () => {
    await marketingCalendar(db, { userId, from: "2028-01-01", to: "2028-12-31" });
    asked.length = 0;
    await refused(marketingCalendar(db, { userId, from: "2028-01-01", to: "2029-01-01" }), "to");
  });

  it.each([0, -90, 0.5, 36_526, Number.NaN])("of the history cannot be the last %d days", async (days) => {
    await refused(transactionHistory(db, { userId, days }), "days");
  });
});

it("a status or a stage that there is none of is refused, and does not compile", async () => {
  // @ts-expect-error: no such status
  await refused(kanbanColumn(db, { userId, status: "later" }), "status");
  // @ts-expect-error: no such stage
  await refused(pipelineStage(db, { userId, stage: "todo" }), "stage");
});

it("a range is whole or not at all, and either it or a day: else it does not compile", () => {
  // @ts-expect-error: no end
  const open = () => marketingCalendar(db, { userId, from: day });
  // @ts-expect-error: the last days and a range
  const both = () => transactionHistory(db, { userId, days: 30, from: day, to: day });
  expect([typeof open, typeof both]).toEqual(["function", "function"]);
});

describe("a cursor", () => {
  const id = randomUUID();
  const lists: Record<string, { cursor: Cursor; ask: (after: string) => Promise<unknown> }> = {
    "kanban todo": {
      cursor: encodeCursor("kanban todo", [0, id]),
      ask: (after) => kanbanColumn(db, { userId, status: "todo", after }),
    },
    "kanban done": {
      cursor: encodeCursor("kanban done", [0, id]),
      ask: (after) => kanbanColumn(db, { userId, status: "done", after }),
    },
    "pipeline proposal": {
      cursor: encodeCursor("pipeline proposal", [0, id]),
      ask: (after) => pipelineStage(db, { userId, stage: "proposal", after }),
    },
    history: {
      cursor: encodeCursor("history", [day, id]),
      ask: (after) => transactionHistory(db, { userId, after }),
    },
    [`calendar ${day}`]: {
      cursor: encodeCursor(`calendar ${day}`, [id]),
      ask: (after) => calendarDay(db, { userId, day, after }),
    },
    "calendar 2026-02-15": {
      cursor: encodeCursor("calendar 2026-02-15", [id]),
      ask: (after) => calendarDay(db, { userId, day: "2026-02-15", after }),
    },
    overdue: {
      cursor: encodeCursor("overdue", [day, id]),
      ask: (after) => overdueTasks(db, { userId, after }),
    },
  };

  describe.each(Object.entries(lists))("of %s", (name, { cursor, ask }) => {
    it("is read by its list", async () => {
      await ask(cursor);
      expect(asked).toHaveLength(1);
    });

    it.each(Object.keys(lists).filter((other) => other !== name))("is none of %s", async (other) => {
      await expect(lists[other]?.ask(cursor)).rejects.toThrow(CursorInvalid);
      expect(asked).toEqual([]);
    });
  });

  it.each([
    ["nothing of ours", "next"],
    ["cut short", encodeCursor("overdue", [day, id]).slice(0, -5)],
    ["without its id", encodeCursor("overdue", [day])],
    ["with an id that is SQL", encodeCursor("overdue", [day, `${id}' or true --`])],
    ["with a day that is none", encodeCursor("overdue", ["2026-02-30", id])],
    ["with a number as its day", encodeCursor("overdue", [20260214, id])],
    ["with more than its keys", encodeCursor("overdue", [day, id, id])],
  ])("%s is refused, and no database asked", async (_, after) => {
    await expect(overdueTasks(db, { userId, after })).rejects.toThrow(CursorInvalid);
    expect(asked).toEqual([]);
  });

  it.each(["0044-03-15 BC", "-infinity", "12026-01-01", "2028-02-29"])(
    "after a row of %s is read, since a column can hold it",
    async (dueDate) => {
      await overdueTasks(db, { userId, after: encodeCursor("overdue", [dueDate, id]) });
      expect(asked).toHaveLength(1);
    },
  );
});
