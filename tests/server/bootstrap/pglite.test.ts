import { PGlite } from "@electric-sql/pglite";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import {
  catalogQuery,
  catalogSchema,
  compareCatalogs,
  pinnedSettings,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { bootstrapSql, migrationsFolder } from "../../../src/bootstrap/index.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import * as schema from "../../../src/schema/index.ts";
import { spfp } from "../../../src/spfp.ts";
import { dashboardMetrics } from "../../../src/views/index.ts";
import { only } from "../../support/database.ts";

const client = new PGlite();
const db = drizzle({ client, schema });

beforeAll(async () => {
  await client.exec(bootstrapSql());
  await migrate(db, { migrationsFolder });
});
afterAll(() => client.close());

it("a PGlite with the bootstrap and all migrations has the catalog of a deployed database, but pg_stat_statements", async () => {
  const schemas = [...spfp.schemas];
  const answer = await client.transaction(async (transaction) => {
    for (const [name, value] of Object.entries(pinnedSettings(schemas)))
      await transaction.query("select set_config($1, $2, true)", [name, value]);
    return transaction.query(catalogQuery(schemas));
  });
  const { catalog } = only(z.object({ catalog: z.string() }), answer.rows);
  const actual = catalogSchema.parse(JSON.parse(catalog));
  const differences = compareCatalogs(expectedCatalog(spfp.headTag), actual);
  // Which it has no library of; nothing of the schema depends on it.
  expect(differences.map(({ kind, object }) => `${kind} ${object.kind} ${object.name}`)).toEqual([
    "missing extension pg_stat_statements",
  ]);
});

it("the bootstrap may be repeated there, also as a prepared statement", async () => {
  await client.exec(bootstrapSql());
  await client.query(bootstrapSql({ owner: "postgres" }));
});

it("a request sees the rows of its user alone there, in tables and views", async () => {
  const [mine, other] = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"];
  for (const userId of [mine, other]) {
    await client.query("insert into auth.users (id) values ($1)", [userId]);
    const [account] = await db
      .insert(schema.accounts)
      .values({ userId, name: "Checking", type: "checking" })
      .returning();
    const [category] = await db.insert(schema.categories).values({ userId, name: "Food" }).returning();
    await db.insert(schema.transactions).values({
      userId,
      accountId: account?.id ?? "",
      categoryId: category?.id ?? "",
      amount: "12.50",
      type: "INCOME",
      date: "2026-02-14",
    });
  }
  const [transactions, metrics] = await db.transaction(async (transaction) => {
    const claims = JSON.stringify({ sub: mine, role: "authenticated" });
    await transaction.execute(
      sql`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`,
    );
    return [
      await transaction.query.transactions.findMany({ columns: { userId: true }, with: { category: true } }),
      await transaction.select().from(dashboardMetrics),
    ];
  });
  expect(transactions).toMatchObject([{ userId: mine, category: { name: "Food", userId: mine } }]);
  expect(metrics).toMatchObject([{ userId: mine, netTotal: "12.50" }]);
});
