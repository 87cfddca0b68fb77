import { bigint, date, numeric, pgView, uuid } from "drizzle-orm/pg-core";

/**
 * Home screen, one row per user with a live transaction. "Today" is the business date (`business_date()`); money is
 * the transactions' own, currencies not converted.
 */
export const dashboardMetrics = pgView("dashboard_metrics", {
  userId: uuid("user_id").notNull(),
  metricDate: date("metric_date").notNull(),
  todayIncomeCount: bigint("today_income_count", { mode: "number" }).notNull(),
  todayExpenseCount: bigint("today_expense_count", { mode: "number" }).notNull(),
  /** All time. */
  totalIncome: numeric("total_income").notNull(),
  /** All time. */
  totalExpense: numeric("total_expense").notNull(),
  /** Today's income minus today's expense. */
  netToday: numeric("net_today").notNull(),
  todayIncome: numeric("today_income").notNull(),
  todayExpense: numeric("today_expense").notNull(),
  /** All-time income minus all-time expense. */
  netTotal: numeric("net_total").notNull(),
}).existing();

// MATERIALIZED, so that the business date is computed once: the planner would otherwise call it for every row.
export const dashboardMetricsQuery = `WITH business AS MATERIALIZED (SELECT "public"."business_date"() AS today)
SELECT t.user_id,
	b.today AS metric_date,
	count(*) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today) AS today_income_count,
	count(*) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today) AS today_expense_count,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME'), 0) AS total_income,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE'), 0) AS total_expense,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today), 0)
		- coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today), 0) AS net_today,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME' AND t.date = b.today), 0) AS today_income,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE' AND t.date = b.today), 0) AS today_expense,
	coalesce(sum(t.amount) FILTER (WHERE t.type = 'INCOME'), 0)
		- coalesce(sum(t.amount) FILTER (WHERE t.type = 'EXPENSE'), 0) AS net_total
FROM "public"."transactions" t
CROSS JOIN business b
WHERE t.deleted_at IS NULL
GROUP BY t.user_id, b.today`;
