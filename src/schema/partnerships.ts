import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  numeric,
  pgTable,
  text,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { created, id, oneOf, owner, updated, userId, zoned } from "./columns.ts";

/** How far a partnership client's payment is. */
export const partnershipStatuses = ["pending", "paid", "cancelled"] as const;
export type PartnershipStatus = (typeof partnershipStatuses)[number];

/** SPFP Evolution v2.0 - Business partners for commission sharing */
export const partners = pgTable(
  "partners_v2",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    email: varchar("email", { length: 255 }),
    phone: varchar("phone", { length: 50 }),
    defaultCommissionRate: numeric("default_commission_rate", { precision: 5, scale: 2 })
      .notNull()
      .default(sql`50.0`),
    notes: text("notes"),
    isActive: boolean("is_active").notNull().default(true),
    ...created.zoned(),
    ...updated.zoned(),
  },
  (t) => [
    owner("partners_v2_user_id_fkey", t.userId),
    check(
      "partners_v2_default_commission_rate_check",
      sql`${t.defaultCommissionRate} >= 0 and ${t.defaultCommissionRate} <= 100`,
    ),
    index("idx_partners_v2_is_active").on(t.isActive),
    index("idx_partners_v2_user_id").on(t.userId),
  ],
).enableRLS();

/** SPFP Evolution v2.0 - Clients acquired through partnerships with 50/50 split */
export const partnershipClients = pgTable(
  "partnership_clients",
  {
    id: id(),
    userId: userId(),
    partnerId: uuid("partner_id").notNull(),
    clientName: varchar("client_name", { length: 255 }).notNull(),
    contractValue: numeric("contract_value", { precision: 18, scale: 2 }).notNull(),
    commissionRate: numeric("commission_rate", { precision: 5, scale: 2 }).notNull().default(sql`50.0`),
    totalCommission: numeric("total_commission", { precision: 18, scale: 2 }).generatedAlwaysAs(
      sql`contract_value * commission_rate / 100`,
    ),
    myShare: numeric("my_share", { precision: 18, scale: 2 }).generatedAlwaysAs(
      sql`contract_value * commission_rate / 100 / 2`,
    ),
    partnerShare: numeric("partner_share", { precision: 18, scale: 2 }).generatedAlwaysAs(
      sql`contract_value * commission_rate / 100 / 2`,
    ),
    status: varchar("status", { length: 20, enum: partnershipStatuses }).notNull().default("pending"),
    closedAt: date("closed_at"),
    paidAt: zoned("paid_at"),
    notes: text("notes"),
    ...created.zoned(),
    ...updated.zoned(),
  },
  (t) => [
    foreignKey({
      name: "partnership_clients_partner_id_fkey",
      columns: [t.partnerId],
      foreignColumns: [partners.id],
    }).onDelete("cascade"),
    owner("partnership_clients_user_id_fkey", t.userId),
    check(
      "partnership_clients_commission_rate_check",
      sql`${t.commissionRate} >= 0 and ${t.commissionRate} <= 100`,
    ),
    check("partnership_clients_contract_value_check", sql`${t.contractValue} >= 0`),
    oneOf("partnership_clients_status_check", t.status, partnershipStatuses),
    index("idx_partnership_clients_closed_at").on(t.closedAt),
    index("idx_partnership_clients_partner_id").on(t.partnerId),
    index("idx_partnership_clients_status").on(t.status),
    index("idx_partnership_clients_user_id").on(t.userId),
    index("idx_partnership_clients_closed")
      .on(t.userId, t.closedAt)
      .where(sql`${t.status} = 'paid' and ${t.closedAt} is not null`),
  ],
).enableRLS();
