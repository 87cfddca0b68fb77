import { PGlite } from "@electric-sql/pglite";
import type { TablesRelationalConfig } from "drizzle-orm";
import { drizzle as drizzleNodePostgres } from "drizzle-orm/node-postgres";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import { drizzle as drizzlePglite } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { drizzle as drizzlePostgresJs } from "drizzle-orm/postgres-js";
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe } from "vitest";
import { bootstrapSql, migrationsFolder } from "../../src/bootstrap/index.ts";
import * as schema from "../../src/schema/index.ts";
import { createDatabase } from "./database.ts";

/** A database as an application has it: through Drizzle and a driver of its choice, as who owns the tables. */
export interface ApplicationDatabase<
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
> {
  readonly db: PgDatabase<Query, Full, Schema>;
  /** The pool's connections at most. */
  readonly connections: number;
}

/** Defines tests of what has to hold with every driver. */
export type DriverTests = <
  Query extends PgQueryResultHKT,
  Full extends Record<string, unknown>,
  Schema extends TablesRelationalConfig,
>(
  application: ApplicationDatabase<Query, Full, Schema>,
) => void;

const connections = 2;

/** Defines the same tests for each driver that the client library is for, on a database that they share. */
export function forEachDriver(define: DriverTests): void {
  describe("postgres-js", async () => {
    const { url } = await createDatabase("deployed");
    const client = postgres(url, { max: connections, onnotice: () => {} });
    afterAll(() => client.end());
    define({ db: drizzlePostgresJs(client, { schema }), connections });
  });
  describe("node-postgres", async () => {
    const { url } = await createDatabase("deployed");
    const client = new pg.Pool({ connectionString: url, max: connections });
    afterAll(() => client.end());
    define({ db: drizzleNodePostgres(client, { schema }), connections });
  });
  // To start it takes seconds of compiling: once for all tests.
  describe("PGlite", async () => {
    const client = new PGlite();
    await client.exec(bootstrapSql());
    const db = drizzlePglite({ client, schema });
    await migrate(db, { migrationsFolder });
    afterAll(() => client.close());
    define({ db, connections: 1 });
  });
}
