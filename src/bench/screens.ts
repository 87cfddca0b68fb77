import { leadStages, taskStatuses } from "../schema/index.ts";
import {
  kanbanColumn,
  marketingCalendar,
  overdueCount,
  overdueTasks,
  pipelineFigures,
  pipelineStage,
  type ScreenContext,
  transactionHistory,
} from "./screen-queries.ts";

/**
 * One query of a screen. A listing reads rows in the order of the screen's index and has to use it; a figure adds up
 * every row that the user has, for which another way may be the better one.
 */
export interface ScreenQuery {
  name: string;
  kind: "listing" | "figure";
  /** SQL with its parameters as `$1`, and their values. */
  text: string;
  parameters: (string | number)[];
}

export const screenIds = ["kanban", "pipeline", "history", "calendar", "overdue"] as const;
export type ScreenId = (typeof screenIds)[number];

/** One of the application's five screens. */
export interface Screen {
  id: ScreenId;
  title: string;
  /** The index that was made for its listings. */
  index: string;
  queries: (context: ScreenContext) => ScreenQuery[];
}

function parameter(value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new TypeError(`a screen's parameter has to be a text or a number, not ${typeof value}`);
}

function query(
  kind: ScreenQuery["kind"],
  name: string,
  built: { toSQL: () => { sql: string; params: unknown[] } },
): ScreenQuery {
  const { sql: text, params } = built.toSQL();
  return { name, kind, text, parameters: params.map(parameter) };
}

// Stands for the last row of a page: half of a day's rows come before it.
const middleId = "80000000-0000-4000-8000-000000000000";

const openStages = leadStages.filter((stage) => stage !== "closed_won" && stage !== "closed_lost");

/** The five screens, in the order in which they are announced. */
export const screens: readonly Screen[] = [
  {
    id: "kanban",
    title: "Kanban board",
    index: "idx_operational_tasks_kanban",
    queries: (context) =>
      taskStatuses.map((status) => query("listing", `column ${status}`, kanbanColumn(context, status))),
  },
  {
    id: "pipeline",
    title: "Sales pipeline",
    index: "idx_sales_leads_analysis",
    queries: (context) => [
      query("figure", "sums per stage", pipelineFigures(context)),
      ...openStages.map((stage) => query("listing", `stage ${stage}`, pipelineStage(context, stage))),
    ],
  },
  {
    id: "history",
    title: "Transaction history",
    index: "idx_transactions_user_date_paid",
    queries: (context) => [
      query("listing", "first page", transactionHistory(context)),
      query("listing", "page by key", transactionHistory(context, { date: context.today, id: middleId })),
    ],
  },
  {
    id: "calendar",
    title: "Marketing calendar",
    index: "idx_marketing_posts_calendar",
    queries: (context) => [query("listing", "61 days", marketingCalendar(context))],
  },
  {
    id: "overdue",
    title: "Overdue tasks",
    index: "idx_operational_tasks_due_dates",
    queries: (context) => [
      query("listing", "longest overdue", overdueTasks(context)),
      query("figure", "how many", overdueCount(context)),
    ],
  },
];
