import { asc, desc, getTableName, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/pg-proxy";
import { marketingPosts, operationalTasks, salesLeads, taskStatuses, transactions } from "../schema/index.ts";
import { around, calendarQuery, onCalendar } from "../screens/calendar.ts";
import { daysOfHistory, historyQuery, withinLast } from "../screens/history.ts";
import { kanbanQuery } from "../screens/kanban.ts";
import { overdueCountQuery, overdueQuery } from "../screens/overdue.ts";
import { figuresQuery, openStages, stageQuery } from "../screens/pipeline.ts";
import { dayOf, liveRowsOf, type Scope } from "../screens/reading.ts";

/** For whom a screen is, and on which day. */
export interface ScreenContext {
  userId: string;
  /** The business date, `YYYY-MM-DD`. */
  today: string;
  /** Whether the tables are as before the optimisation, where tasks, leads and posts have no `deleted_at`. */
  before?: boolean;
  /** Leave it to the policies whose rows they are: the planner then assumes an average tenant. */
  unnamed?: boolean;
}

/**
 * One query of a screen. A listing reads rows in the order of the screen's index and has to use it; a figure adds up
 * every row that the user has, for which another way may be the better one.
 */
export interface ScreenQuery {
  name: string;
  kind: "listing" | "figure";
  /** Queries of a screen that differ in a value only, such as the status, are of one group. */
  group: string;
  /** What the rows are of. */
  table: string;
  /** SQL with its parameters as `$1`, and their values. */
  text: string;
  parameters: (string | number)[];
  /**
   * Asks for the same rows in an order that only the screen's index has, where the query itself could be answered from
   * another: it tells whether the index could be used.
   */
  inOrder?: { text: string; parameters: (string | number)[] };
}

export const screenIds = ["kanban", "pipeline", "history", "calendar", "overdue"] as const;
export type ScreenId = (typeof screenIds)[number];

/** One of the application's five screens. */
export interface Screen {
  id: ScreenId;
  title: string;
  /** The index that was made for its listings. */
  index: string;
  /** How many times faster the old document said that it would become. */
  promised: number;
  queries: (context: ScreenContext) => ScreenQuery[];
}

function parameter(value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new TypeError(`a screen's parameter has to be a text or a number, not ${typeof value}`);
}

interface Built {
  toSQL: () => { sql: string; params: unknown[] };
}

/** The text of a query and its parameters. */
export function statementOf(built: Built): { text: string; parameters: (string | number)[] } {
  const { sql: text, params } = built.toSQL();
  return { text, parameters: params.map(parameter) };
}

function query(
  { name, ...about }: Pick<ScreenQuery, "kind" | "group" | "table"> & { name?: string },
  built: Built,
  inOrder?: Built,
): ScreenQuery {
  return {
    name: name ?? about.group,
    ...about,
    ...statementOf(built),
    ...(inOrder ? { inOrder: statementOf(inOrder) } : {}),
  };
}

/** A database that is never asked: a query on it is written down, and run by who measures it. */
export const writtenDown = drizzle(() => Promise.reject(new TypeError("no database is behind this")));

/** The rows that the application asks for, but for what the context leaves out. */
function scopeOf({ userId, unnamed, before }: ScreenContext): Scope {
  const { own, live } = liveRowsOf(userId);
  const all = () => undefined;
  return {
    own: unnamed ? all : own,
    // Transactions had the column all along.
    live: (deletedAt) => (before && deletedAt.table !== transactions ? undefined : live(deletedAt)),
  };
}

/** The posts that the calendar's days are of, in the order of its index. */
function scheduledPosts(context: ScreenContext) {
  const { id, scheduledDate } = marketingPosts;
  const { from, to } = around(dayOf(context.today));
  return writtenDown
    .select({ id })
    .from(marketingPosts)
    .where(onCalendar(scopeOf(context), sql`${scheduledDate} between ${from} and ${to}`))
    .orderBy(desc(scheduledDate), asc(id));
}

const tasks = getTableName(operationalTasks);
const leads = getTableName(salesLeads);
const posts = getTableName(marketingPosts);
const movements = getTableName(transactions);

// Stands for the last row of a page: half of a day's rows come before it.
const middleId = "80000000-0000-4000-8000-000000000000";

/** The sizes of pages that the promises were made of. */
const rowsOfList = 50;
const rowsOfHistory = 100;

/** The five screens, in the order in which they are announced. */
export const screens: readonly Screen[] = [
  {
    id: "kanban",
    title: "Kanban board",
    index: "idx_operational_tasks_kanban",
    promised: 30,
    queries: (context) =>
      taskStatuses.map((of) =>
        query(
          { kind: "listing", group: "column", table: tasks, name: `column ${of}` },
          kanbanQuery(writtenDown, scopeOf(context), { of, limit: rowsOfList }),
        ),
      ),
  },
  {
    id: "pipeline",
    title: "Sales pipeline",
    index: "idx_sales_leads_analysis",
    promised: 17,
    queries: (context) => [
      query(
        { kind: "figure", group: "sums per stage", table: leads },
        figuresQuery(writtenDown, scopeOf(context)),
      ),
      ...openStages.map((of) =>
        query(
          { kind: "listing", group: "stage", table: leads, name: `stage ${of}` },
          stageQuery(writtenDown, scopeOf(context), { of, limit: rowsOfList }),
        ),
      ),
    ],
  },
  {
    id: "history",
    title: "Transaction history",
    index: "idx_transactions_user_date_paid",
    promised: 16,
    queries: (context) => {
      const page = (after?: { date: string; id: string }) =>
        historyQuery(writtenDown, scopeOf(context), {
          within: withinLast(daysOfHistory, dayOf(context.today)),
          after,
          limit: rowsOfHistory,
        });
      return [
        query({ kind: "listing", group: "first page", table: movements }, page()),
        query(
          { kind: "listing", group: "page by key", table: movements },
          page({ date: context.today, id: middleId }),
        ),
      ];
    },
  },
  {
    id: "calendar",
    title: "Marketing calendar",
    index: "idx_marketing_posts_calendar",
    promised: 26,
    queries: (context) => [
      query(
        { kind: "listing", group: "days", table: posts },
        calendarQuery(writtenDown, scopeOf(context), around(dayOf(context.today))),
        scheduledPosts(context),
      ),
    ],
  },
  {
    id: "overdue",
    title: "Overdue tasks",
    index: "idx_operational_tasks_due_dates",
    promised: 21,
    queries: (context) => {
      const today = dayOf(context.today);
      return [
        query(
          { kind: "listing", group: "longest overdue", table: tasks },
          overdueQuery(writtenDown, scopeOf(context), { today, limit: rowsOfList }),
        ),
        query(
          { kind: "figure", group: "how many", table: tasks },
          overdueCountQuery(writtenDown, scopeOf(context), { today }),
        ),
      ];
    },
  },
];
