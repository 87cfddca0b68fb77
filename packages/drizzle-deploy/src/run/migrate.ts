import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as migrateWithDrizzle } from "drizzle-orm/postgres-js/migrator";
import type { Sql } from "../postgres/index.ts";

/**
 * Applies the pending migrations of a folder with Drizzle's own migrator, of the version that is installed and so of its
 * folders: in one transaction, as `drizzle-kit migrate` does. Holds every lock to the end: for development, tests and rehearsals.
 */
export async function migrate(sql: Sql, migrationsFolder: string): Promise<void> {
  await migrateWithDrizzle(drizzle({ client: sql }), { migrationsFolder });
}
