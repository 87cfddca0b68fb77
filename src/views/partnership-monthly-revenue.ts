import { bigint, numeric, pgView, timestamp, uuid } from "drizzle-orm/pg-core";

/** Legacy: closed clients, one row per user and month of `closed_at`, newest first. The table has no soft delete. */
export const partnershipMonthlyRevenue = pgView("partnership_monthly_revenue", {
  userId: uuid("user_id").notNull(),
  /** The first of the month at midnight in the session's time zone. */
  month: timestamp("month", { withTimezone: true }).notNull(),
  clientsCount: bigint("clients_count", { mode: "number" }).notNull(),
  totalContractValue: numeric("total_contract_value").notNull(),
  totalCommission: numeric("total_commission").notNull(),
  totalMyShare: numeric("total_my_share").notNull(),
  totalPartnerShare: numeric("total_partner_share").notNull(),
}).existing();

export const partnershipMonthlyRevenueQuery = `SELECT user_id, date_trunc('month', closed_at) AS month, count(*) AS clients_count,
	sum(contract_value) AS total_contract_value,
	coalesce(sum(total_commission), 0) AS total_commission,
	coalesce(sum(my_share), 0) AS total_my_share,
	coalesce(sum(partner_share), 0) AS total_partner_share
FROM "public"."partnership_clients"
WHERE closed_at IS NOT NULL
GROUP BY user_id, date_trunc('month', closed_at)
ORDER BY date_trunc('month', closed_at) DESC`;
