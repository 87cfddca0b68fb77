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
  /** Whether the tables are as before the optimisation, where tasks, leads and posts have no `deleted_at`. */
  before?: boolean;
  /** Leave it to the policies whose rows they are: the planner then assumes an average tenant. */
  unnamed?: boolean;
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

/** That a row is the user's. */
const isOwn = (context: ScreenContext, userId: AnyPgColumn): SQL | undefined =>
  context.unnamed ? undefined : eq(userId, context.userId);

/** That a row is not deleted; nothing where there was no such thing. */
const isLive = (context: ScreenContext, deletedAt: AnyPgColumn): SQL | undefined =>
  context.before ? undefined : isNull(deletedAt);

/** The business date, moved by whole days. */
const day = (today: string, days: number): SQL => sql`${today}::date + ${sql.raw(`(${days})`)}`;

/** The 50 tasks of one column of the Kanban board that stand highest. */
export function kanbanColumn(context: ScreenContext, status: TaskStatus) {
  const { id, title, priority, position, dueDate, status: column, deletedAt } = operationalTasks;
  return build
    .select({ id, title, status: column, priority, position, dueDate })
    .from(operationalTasks)
    .where(and(isOwn(context, operationalTasks.userId), eq(column, status), isLive(context, deletedAt)))
    .orderBy(desc(position), asc(id))
    .limit(50);
}

/** Leads, value and mean probability of each stage of the sales pipeline. */
export function pipelineFigures(context: ScreenContext) {
  const { stage, value, probability, deletedAt } = salesLeads;
  return build
    .select({
      stage,
      leads: count().as("leads"),
      value: sum(value).as("value"),
      probability: avg(probability).as("probability"),
    })
    .from(salesLeads)
    .where(and(isOwn(context, salesLeads.userId), isLive(context, deletedAt)))
    .groupBy(stage);
}

/** The 50 leads of one stage that are most likely to be won. */
export function pipelineStage(context: ScreenContext, stage: LeadStage) {
  const { id, name, company, value, probability, nextAction, nextActionDate, deletedAt } = salesLeads;
  return build
    .select({ id, name, company, stage: salesLeads.stage, value, probability, nextAction, nextActionDate })
    .from(salesLeads)
    .where(and(isOwn(context, salesLeads.userId), eq(salesLeads.stage, stage), isLive(context, deletedAt)))
    .orderBy(desc(probability), asc(id))
    .limit(50);
}

/**
 * One page, 100 rows, of the transactions of the last 90 days, newest first. Pages go by key: an offset would read
 * all pages before it again, and skip or repeat rows when some are added meanwhile. The tie-break is the id and not
 * `created_at`, which may be null and is finer than a JavaScript Date.
 */
export function transactionHistory(context: ScreenContext, after?: HistoryKey) {
  const { today } = context;
  const { id, date, description, amount, type, paid, accountId, categoryId, deletedAt } = transactions;
  return build
    .select({ id, date, description, amount, type, paid, accountId, categoryId })
    .from(transactions)
    .where(
      and(
        isOwn(context, transactions.userId),
        isNull(deletedAt),
        sql`${date} > ${day(today, -90)} and ${date} <= ${day(today, 0)}`,
        after === undefined ? undefined : sql`(${date}, ${id}) < (${after.date}::date, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(date), desc(id))
    .limit(100);
}

/** Posts of a day that the calendar shows in full; of the others it shows the number. */
export const postsShown = 3;

/**
 * The days from 30 before the business date to 30 after it on which something is scheduled, latest first: how many posts
 * there are, but for the rejected, and the first of them. A day's posts are counted in the index alone;
 * to show each would read a page for each, of what nobody can look at.
 */
export function marketingCalendar(context: ScreenContext) {
  const { today } = context;
  const { id, title, platform, status, scheduledDate, deletedAt } = marketingPosts;
  const onTheDay = and(
    isOwn(context, marketingPosts.userId),
    isNot(status, "rejected"),
    isLive(context, deletedAt),
    sql`${scheduledDate} = days.day`,
  );
  const counted = build
    .select({ posts: count().as("posts") })
    .from(marketingPosts)
    .where(onTheDay)
    .as("counted");
  const first = build
    .select({ id, title, platform, status })
    .from(marketingPosts)
    .where(onTheDay)
    .orderBy(asc(id))
    .limit(postsShown)
    .as("first");
  return build
    .select({
      day: sql<string>`days.day`.as("day"),
      posts: counted.posts,
      id: first.id,
      title: first.title,
      platform: first.platform,
      status: first.status,
    })
    .from(sql`generate_series(${day(today, 30)}, ${day(today, -30)}, interval '-1 day') as series(at)`)
    .crossJoinLateral(sql`(select series.at::date as day) days`)
    .crossJoinLateral(counted)
    .innerJoinLateral(first, sql`true`)
    .orderBy(sql`days.day desc`, asc(first.id));
}

/** The posts that the calendar's days are of, in the order of its index. */
export function scheduledPosts(context: ScreenContext) {
  const { today } = context;
  const { id, status, scheduledDate, deletedAt } = marketingPosts;
  return build
    .select({ id })
    .from(marketingPosts)
    .where(
      and(
        isOwn(context, marketingPosts.userId),
        isNot(status, "rejected"),
        isLive(context, deletedAt),
        sql`${scheduledDate} between ${day(today, -30)} and ${day(today, 30)}`,
      ),
    )
    .orderBy(desc(scheduledDate), asc(id));
}

function overdue(context: ScreenContext): SQL | undefined {
  const { today } = context;
  const { status, dueDate, deletedAt } = operationalTasks;
  return and(
    isOwn(context, operationalTasks.userId),
    isNot(status, "done"),
    isLive(context, deletedAt),
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
