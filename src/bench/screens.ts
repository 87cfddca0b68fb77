import { getTableName } from "drizzle-orm";
import {
  leadStages,
  marketingPosts,
  operationalTasks,
  salesLeads,
  taskStatuses,
  transactions,
} from "../schema/index.ts";
import {
  kanbanColumn,
  marketingCalendar,
  overdueCount,
  overdueTasks,
  pipelineFigures,
  pipelineStage,
  type ScreenContext,
  scheduledPosts,
  transactionHistory,
} from "./screen-queries.ts";

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

function statement(built: Built) {
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
    ...statement(built),
    ...(inOrder ? { inOrder: statement(inOrder) } : {}),
  };
}

const tasks = getTableName(operationalTasks);
const leads = getTableName(salesLeads);
const posts = getTableName(marketingPosts);
const movements = getTableName(transactions);

// Stands for the last row of a page: half of a day's rows come before it.
const middleId = "80000000-0000-4000-8000-000000000000";

const openStages = leadStages.filter((stage) => stage !== "closed_won" && stage !== "closed_lost");

/** The five screens, in the order in which they are announced. */
export const screens: readonly Screen[] = [
  {
    id: "kanban",
    title: "Kanban board",
    index: "idx_operational_tasks_kanban",
    promised: 30,
    queries: (context) =>
      taskStatuses.map((status) =>
        query(
          { kind: "listing", group: "column", table: tasks, name: `column ${status}` },
          kanbanColumn(context, status),
        ),
      ),
  },
  {
    id: "pipeline",
    title: "Sales pipeline",
    index: "idx_sales_leads_analysis",
    promised: 17,
    queries: (context) => [
      query({ kind: "figure", group: "sums per stage", table: leads }, pipelineFigures(context)),
      ...openStages.map((stage) =>
        query(
          { kind: "listing", group: "stage", table: leads, name: `stage ${stage}` },
          pipelineStage(context, stage),
        ),
      ),
    ],
  },
  {
    id: "history",
    title: "Transaction history",
    index: "idx_transactions_user_date_paid",
    promised: 16,
    queries: (context) => [
      query({ kind: "listing", group: "first page", table: movements }, transactionHistory(context)),
      query(
        { kind: "listing", group: "page by key", table: movements },
        transactionHistory(context, { date: context.today, id: middleId }),
      ),
    ],
  },
  {
    id: "calendar",
    title: "Marketing calendar",
    index: "idx_marketing_posts_calendar",
    promised: 26,
    queries: (context) => [
      query(
        { kind: "listing", group: "days", table: posts },
        marketingCalendar(context),
        scheduledPosts(context),
      ),
    ],
  },
  {
    id: "overdue",
    title: "Overdue tasks",
    index: "idx_operational_tasks_due_dates",
    promised: 21,
    queries: (context) => [
      query({ kind: "listing", group: "longest overdue", table: tasks }, overdueTasks(context)),
      query({ kind: "figure", group: "how many", table: tasks }, overdueCount(context)),
    ],
  },
];
