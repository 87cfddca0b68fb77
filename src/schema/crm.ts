import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  index,
  integer,
  pgTable,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { created, dead, id, live, oneOf, owner, softDelete, updated, userId, zoned } from "./columns.ts";

/** How a record of a meeting (ata) is sent. */
export const ataChannels = ["email", "whatsapp"] as const;
export type AtaChannel = (typeof ataChannels)[number];

/** What a record of a meeting (ata) is about. */
export const ataTypes = ["reuniao", "investimentos"] as const;
export type AtaType = (typeof ataTypes)[number];

/** What a user's file is filed under. */
export const fileCategories = [
  "investimentos",
  "planejamento",
  "educacional",
  "outros",
  "screenshots",
] as const;
export type FileCategory = (typeof fileCategories)[number];

/** Largest file that the application stores: 10 MiB. */
export const maxFileBytes = 10 * 1024 * 1024;

/** SPFP 2026 EPIC-001 - Histórico de atas enviadas por email/whatsapp */
export const sentAtas = pgTable(
  "sent_atas",
  {
    id: id(),
    userId: userId(),
    clientId: uuid("client_id"),
    clientName: varchar("client_name", { length: 255 }).notNull(),
    type: varchar("type", { length: 20, enum: ataTypes }).notNull(),
    channel: varchar("channel", { length: 20, enum: ataChannels }).notNull(),
    content: text("content").notNull(),
    recipient: varchar("recipient", { length: 255 }).notNull(),
    subject: varchar("subject", { length: 255 }),
    sentAt: zoned("sent_at").notNull().defaultNow(),
    ...created.zoned(),
    ...softDelete.zoned(),
    ...updated.zoned(),
  },
  (t) => [
    owner("sent_atas_user_id_fkey", t.userId),
    oneOf("sent_atas_channel_check", t.channel, ataChannels),
    oneOf("sent_atas_type_check", t.type, ataTypes),
    index("idx_sent_atas_client_id").on(t.clientId),
    index("idx_sent_atas_sent_at").on(t.sentAt.desc().nullsFirst()),
    index("idx_sent_atas_type").on(t.type),
    index("idx_sent_atas_user_id").on(t.userId),
    index("idx_sent_atas_deleted_at").on(t.deletedAt).where(dead(t.deletedAt)),
    index("idx_sent_atas_user_type_sent")
      .on(t.userId, t.type, t.sentAt.desc().nullsFirst())
      .where(live(t.deletedAt)),
  ],
).enableRLS();

/** SPFP 2026 EPIC-001 - Templates customizados de atas */
export const customTemplates = pgTable(
  "custom_templates",
  {
    id: id(),
    userId: userId(),
    type: varchar("type", { length: 20, enum: ataTypes }).notNull(),
    name: varchar("name", { length: 100 }).notNull().default("Meu Template"),
    content: text("content").notNull(),
    isDefault: boolean("is_default").default(false),
    ...created.zoned(),
    ...updated.zoned(),
  },
  (t) => [
    owner("custom_templates_user_id_fkey", t.userId),
    oneOf("custom_templates_type_check", t.type, ataTypes),
    index("idx_custom_templates_type").on(t.type),
    index("idx_custom_templates_user_id").on(t.userId),
    uniqueIndex("unique_default_template").on(t.userId, t.type).where(sql`${t.isDefault}`),
  ],
).enableRLS();

/** SPFP 2026 EPIC-001 - Metadata de arquivos no Supabase Storage */
export const userFiles = pgTable(
  "user_files",
  {
    id: id(),
    userId: userId(),
    name: varchar("name", { length: 255 }).notNull(),
    category: varchar("category", { length: 50, enum: fileCategories }).notNull(),
    storagePath: varchar("storage_path", { length: 500 }).notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    mimeType: varchar("mime_type", { length: 100 }).notNull(),
    isFavorite: boolean("is_favorite").default(false),
    ...created.zoned(),
    ...softDelete.zoned(),
  },
  (t) => [
    owner("user_files_user_id_fkey", t.userId),
    oneOf("user_files_category_check", t.category, fileCategories),
    check(
      "user_files_size_bytes_check",
      sql`${t.sizeBytes} > 0 and ${t.sizeBytes} <= ${sql.raw(String(maxFileBytes))}`,
    ),
    index("idx_user_files_category").on(t.category),
    index("idx_user_files_is_favorite").on(t.isFavorite),
    index("idx_user_files_user_id").on(t.userId),
    index("idx_user_files_deleted_at").on(t.deletedAt).where(dead(t.deletedAt)),
  ],
).enableRLS();
