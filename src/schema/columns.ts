import { sql } from "drizzle-orm";
import { type AnyPgColumn, check, foreignKey, timestamp, uuid } from "drizzle-orm/pg-core";
import { authUsers } from "drizzle-orm/supabase";

/** `timestamp`: what the finance tables have. Their sessions run in UTC, so it reads as an instant all the same. */
const local = <Name extends string>(name: Name) => timestamp(name, { withTimezone: false });

/** `timestamptz`: what every other table has. */
export const zoned = <Name extends string>(name: Name) => timestamp(name, { withTimezone: true });

/** The primary key of every table. */
export const id = () => uuid("id").primaryKey().defaultRandom();

/** The tenant a row belongs to: what every policy compares with the caller. */
export const userId = () => uuid("user_id").notNull();

/** Null for a live row; the time at which the user threw it away for a dead one. */
export const softDelete = {
  local: () => ({ deletedAt: local("deleted_at") }),
  zoned: () => ({ deletedAt: zoned("deleted_at") }),
};

/** When the row was made. Nullable in the finance tables, because production's are. */
export const created = {
  local: () => ({ createdAt: local("created_at").defaultNow() }),
  zoned: () => ({ createdAt: zoned("created_at").notNull().defaultNow() }),
};

/** When the row last changed; set by `update_updated_at_column()` where the table has that trigger. */
export const updated = {
  local: () => ({ updatedAt: local("updated_at").defaultNow() }),
  zoned: () => ({ updatedAt: zoned("updated_at").notNull().defaultNow() }),
};

/** The row belongs to a user of Supabase Auth and goes with them. */
export const owner = (name: string, column: AnyPgColumn) =>
  foreignKey({ name, columns: [column], foreignColumns: [authUsers.id] }).onDelete("cascade");

/** A text column that holds one of these values: the same list that gives the column its TypeScript type. */
export const oneOf = (name: string, column: AnyPgColumn, values: readonly [string, ...string[]]) =>
  check(name, sql`${column} in ${[...values]}`.inlineParams());

/** Predicate of the indexes that serve the application: it reads live rows only. */
export const live = (deletedAt: AnyPgColumn) => sql`${deletedAt} is null`;

/** Predicate of the indexes that serve the clean-up: the few rows that were thrown away. */
export const dead = (deletedAt: AnyPgColumn) => sql`${deletedAt} is not null`;
