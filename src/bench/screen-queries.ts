import { quoteLiteral } from "drizzle-deploy/sql";
import { and, asc, avg, count, desc, eq, isNull, type SQL, sql, sum } from "drizzle-orm";
import { type AnyPgColumn, QueryBuilder } from "drizzle-orm/pg-core";
import {
  type LeadStage,
  marketingPosts,
  operationalTasks,
  salesLeads,
  type TaskStatus,
  transactions,
} from "../schema/index.ts";

/** For whom a screen is, and on which day. */
export interface ScreenContext {
  userId: string;
  /** The business date, `YYYY-MM-DD`. */
  today: string;
}

/** The last row of a page of the transaction history: the next page starts after it. */
export interface HistoryKey {
  /** `YYYY-MM-DD`. */
  date: string;
  id: string;
}

const build = new QueryBuilder();

/**
 * A comparison with a constant, in the text of the query. As a parameter it would cost the partial index once a
 * prepared statement gets its generic plan: PostgreSQL can't prove the index's predicate from a value it doesn't know.
 */
function isNot<Value extends string>(column: AnyPgColumn<{ data: Value }>, value: NoInfer<Value>): SQL {
  return sql`${column} <> ${sql.raw(quoteLiteral(value))}`;
}

/** The business date, moved by whole days. */
const day = (today: string, days: number): SQL => sql`${today}::date + ${sql.raw(`(${days})`)}`;

/** The 50 tasks of one column of the Kanban board that stand highest. */
export function kanbanColumn({ userId }: ScreenContext, status: TaskStatus) {
  const { id, title, priority, position, dueDate, status: column, deletedAt } = operationalTasks;
  return build
    .select({ id, title, status: column, priority, position, dueDate })
    .from(operationalTasks)
    .where(and(eq(operationalTasks.userId, userId), eq(column, status), isNull(deletedAt)))
    .orderBy(desc(position), asc(id))
    .limit(50);
}

/** Leads, value and mean probability of each stage of the sales pipeline. */
export function pipelineFigures({ userId }: ScreenContext) {
  const { stage, value, probability, deletedAt } = salesLeads;
  return build
    .select({
      stage,
      leads: count().as("leads"),
      value: sum(value).as("value"),
      probability: avg(probability).as("probability"),
    })
    .from(salesLeads)
    .where(and(eq(salesLeads.userId, userId), isNull(deletedAt)))
    .groupBy(stage);
}

/** The 50 leads of one stage that are most likely to be won. */
export function pipelineStage({ userId }: ScreenContext, stage: LeadStage) {
  const { id, name, company, value, probability, nextAction, nextActionDate, deletedAt } = salesLeads;
  return build
    .select({ id, name, company, stage: salesLeads.stage, value, probability, nextAction, nextActionDate })
    .from(salesLeads)
    .where(and(eq(salesLeads.userId, userId), eq(salesLeads.stage, stage), isNull(deletedAt)))
    .orderBy(desc(probability), asc(id))
    .limit(50);
}

/**
 * One page, 100 rows, of the transactions of the last 90 days, newest first. Pages go by key: an offset would read
 * all pages before it again, and skip or repeat rows when some are added meanwhile. The tie-break is the id and not
 * `created_at`, which may be null and is finer than a JavaScript Date.
 */
export function transactionHistory({ userId, today }: ScreenContext, after?: HistoryKey) {
  const { id, date, description, amount, type, paid, accountId, categoryId, deletedAt } = transactions;
  return build
    .select({ id, date, description, amount, type, paid, accountId, categoryId })
    .from(transactions)
    .where(
      and(
        eq(transactions.userId, userId),
        isNull(deletedAt),
        sql`${date} > ${day(today, -90)} and ${date} <= ${day(today, 0)}`,
        after === undefined ? undefined : sql`(${date}, ${id}) < (${after.date}::date, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(date), desc(id))
    .limit(100);
}

/** The posts scheduled from 30 days before the business date to 30 days after it, but for the rejected; latest first. */
export function marketingCalendar({ userId, today }: ScreenContext) {
  const { id, title, platform, status, scheduledDate, deletedAt } = marketingPosts;
  return build
    .select({ id, title, platform, status, scheduledDate })
    .from(marketingPosts)
    .where(
      and(
        eq(marketingPosts.userId, userId),
        isNot(status, "rejected"),
        isNull(deletedAt),
        sql`${scheduledDate} between ${day(today, -30)} and ${day(today, 30)}`,
      ),
    )
    .orderBy(desc(scheduledDate), asc(id));
}

function overdue({ userId, today }: ScreenContext): SQL | undefined {
  const { status, dueDate, deletedAt } = operationalTasks;
  return and(
    eq(operationalTasks.userId, userId),
    isNot(status, "done"),
    isNull(deletedAt),
    sql`${dueDate} < ${day(today, 0)}`,
  );
}

/** The 50 tasks that have been overdue for longest. */
export function overdueTasks(context: ScreenContext) {
  const { id, title, status, priority, dueDate, assignee } = operationalTasks;
  return build
    .select({ id, title, status, priority, dueDate, assignee })
    .from(operationalTasks)
    .where(overdue(context))
    .orderBy(asc(dueDate), asc(id))
    .limit(50);
}

/** How many tasks are overdue in all. */
export function overdueCount(context: ScreenContext) {
  return build
    .select({ overdue: count().as("overdue") })
    .from(operationalTasks)
    .where(overdue(context));
}
