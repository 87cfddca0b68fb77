/*
 * What makes a database of SPFP's with any driver, PGlite's too: neither the engine nor a driver is loaded.
 */

import { spfp } from "../spfp.ts";

export { bootstrapSql } from "./bootstrap-sql.ts";

/** The folder of the Drizzle migrations, for Drizzle's own `migrate` after the bootstrap. */
export const migrationsFolder: string = spfp.migrationsFolder;
