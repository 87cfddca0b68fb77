import { bigint, numeric, pgView, uuid, varchar } from "drizzle-orm/pg-core";

/** Legacy: one row per partner, also one without clients. Neither table has soft delete. */
export const partnershipSummaryByPartner = pgView("partnership_summary_by_partner", {
  userId: uuid("user_id").notNull(),
  partnerId: uuid("partner_id").notNull(),
  partnerName: varchar("partner_name", { length: 255 }).notNull(),
  totalClients: bigint("total_clients", { mode: "number" }).notNull(),
  totalContractValue: numeric("total_contract_value").notNull(),
  totalCommission: numeric("total_commission").notNull(),
  totalMyShare: numeric("total_my_share").notNull(),
  totalPartnerShare: numeric("total_partner_share").notNull(),
  pendingMyShare: numeric("pending_my_share").notNull(),
  paidMyShare: numeric("paid_my_share").notNull(),
}).existing();

export const partnershipSummaryByPartnerQuery = `SELECT p.user_id, p.id AS partner_id, p.name AS partner_name, count(c.id) AS total_clients,
	coalesce(sum(c.contract_value), 0) AS total_contract_value,
	coalesce(sum(c.total_commission), 0) AS total_commission,
	coalesce(sum(c.my_share), 0) AS total_my_share,
	coalesce(sum(c.partner_share), 0) AS total_partner_share,
	coalesce(sum(c.my_share) FILTER (WHERE c.status = 'pending'), 0) AS pending_my_share,
	coalesce(sum(c.my_share) FILTER (WHERE c.status = 'paid'), 0) AS paid_my_share
FROM "public"."partners_v2" p
LEFT JOIN "public"."partnership_clients" c ON c.partner_id = p.id
GROUP BY p.user_id, p.id, p.name`;
