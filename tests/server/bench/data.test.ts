import { getTableConfig } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteIdentifier, quoteQualified } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import {
  findTenant,
  generateData,
  rehearsalScale,
  shareWithDuplicateCategories,
  shareWithDuplicateTemplates,
  softDeleteAfterDeployment,
  softDeletedShare,
} from "../../../src/bench/index.ts";
import { mergeDuplicates } from "../../../src/duplicates/index.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfp } from "../../../src/spfp.ts";
import { copyDatabase, createDatabase, only, type Sql } from "../../support/database.ts";
import { deploy } from "../../support/deploy-by-statements.ts";
import { managedTables } from "../../support/rows.ts";

const today = "2026-02-14";
const scale = 0.01;
const users = 20;

/** What production has: the tables that a migration makes are empty after a rehearsal. */
const tables = expectedCatalog(spfp.baselineTag).tables.map(({ name }) => name);

/** A digest of every row of every table in the order in which they lie, by table. */
async function digest(sql: Sql): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  await sql.begin(async (transaction) => {
    // Only the text forms depend on these, not the values.
    await transaction`select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)`;
    for (const name of tables) {
      const [row] = z
        .tuple([z.object({ digest: z.string() })])
        .parse([
          ...(await transaction.unsafe(
            `select coalesce(md5(string_agg(t::text, E'\\n' order by t.ctid)), '') as digest from ${quoteQualified("public", name)} t`,
          )),
        ]);
      digests[name] = row.digest;
    }
  });
  return digests;
}

async function number(sql: Sql, query: string): Promise<number> {
  return only(z.object({ n: z.coerce.number() }), await sql.unsafe(`select (${query}) as n`)).n;
}

const progress: { table: string; rows: number }[] = [];
const filled = await createDatabase("production");
await generateData(filled.url, { scale, today, onProgress: (table) => progress.push(table) });

/** What the tests only read; who changes something makes a copy of `filled` too. */
const database = await copyDatabase(filled);

describe("generated data", () => {
  it("is the same every time for a seed and a day, whatever the session, and another for another seed", async () => {
    const fill = async ({ settings = [], ...options }: { seed?: number; settings?: readonly string[] }) => {
      const other = await createDatabase("production");
      const { name } = only(
        z.object({ name: z.string() }),
        await other.sql`select current_database() as name`,
      );
      for (const setting of settings)
        await other.sql.unsafe(`alter database ${quoteIdentifier(name)} set ${setting}`);
      await generateData(other.url, { scale: 0.001, today, ...options });
      const sql = await connect(other.url);
      const result = await digest(sql);
      await sql.end();
      return result;
    };
    const first = await fill({});
    const settings = ["timezone to 'Asia/Kathmandu'", "datestyle to 'German, DMY'"];
    expect(await fill({ settings })).toEqual(first);
    const another = await fill({ seed: 2 });
    for (const name of tables) expect(another[name], name).not.toBe(first[name]);
  });

  it("fills every table of production and reports each", async () => {
    expect(progress.map(({ table }) => table)).toEqual(
      expect.arrayContaining(["auth.users", ...tables.map((name) => `public.${name}`)]),
    );
    expect(progress).toHaveLength(tables.length + 1);
    for (const { table, rows } of progress) {
      expect(rows, table).toBeGreaterThan(0);
      expect(await number(database.sql, `select count(*) from ${table}`), table).toBe(rows);
    }
  });

  it("keeps the proportions of production", async () => {
    const rows = Object.fromEntries(progress.map((filled) => [filled.table, filled.rows]));
    expect(rows).toMatchObject({
      "auth.users": users,
      "public.operational_tasks": 10_000,
      "public.sales_leads": 10_000,
      "public.marketing_posts": 10_000,
      "public.transactions": 20_000,
    });
  });

  it("has tenants as 1 + floor(users × r⁴) makes them, the first user being the largest", async () => {
    const largest = await findTenant(database.sql, "largest");
    const median = await findTenant(database.sql, "median");
    const smallest = await findTenant(database.sql, { rank: users });
    expect(await findTenant(database.sql, { rank: users + 1 })).toBeUndefined();
    expect(largest).toMatchObject({ rank: 1, of: users });
    expect(median).toMatchObject({ rank: users / 2, of: users });
    // The share of user n is (n/users)^¼ - ((n-1)/users)^¼; a tenth is more than ten standard deviations of 50,000.
    const share = (n: number) => (n / users) ** 0.25 - ((n - 1) / users) ** 0.25;
    expect((largest?.rows ?? 0) / 50_000 / share(1)).toBeCloseTo(1, 1);
    expect(Math.abs((median?.rows ?? 0) / 50_000 / share(users / 2) - 1)).toBeLessThan(0.2);
    expect(smallest?.rows ?? 0).toBeGreaterThan(0);
  });

  it("draws statuses, stages, platforms and days evenly, over the days that are announced", async () => {
    const ranges: [table: string, column: string, from: number, to: number][] = [
      ["operational_tasks", "due_date", -60, 60],
      ["marketing_posts", "scheduled_date", -300, 60],
      ["transactions", "date", -1499, 0],
    ];
    for (const [table, column, from, to] of ranges) {
      const query = (aggregate: string) =>
        number(database.sql, `select ${aggregate}(${column} - date '${today}') from ${table}`);
      expect(await query("min"), column).toBe(from);
      expect(await query("max"), column).toBe(to);
      expect(Math.abs((await query("avg")) - (from + to) / 2), column).toBeLessThan((to - from) / 50);
    }
    for (const [table, column, values] of [
      ["operational_tasks", "status", 3],
      ["operational_tasks", "priority", 3],
      ["sales_leads", "stage", 6],
      ["marketing_posts", "platform", 7],
      ["marketing_posts", "status", 5],
    ] as const) {
      const groups = `(select count(*) as c from ${table} group by ${column}) g`;
      expect(await number(database.sql, `select count(*) from ${groups}`), column).toBe(values);
      expect(await number(database.sql, `select max(c) from ${groups}`), column).toBeLessThan(
        (10_000 / values) * 1.15,
      );
    }
  });

  it("lies as it would have come in: no tenant's rows together", async () => {
    for (const table of ["operational_tasks", "transactions", "categories", "accounts"]) {
      const together = await number(
        database.sql,
        `select avg((user_id = before)::int) from (select user_id, lag(user_id) over (order by ctid) as before from ${table}) t`,
      );
      // Two neighbours drawn at random are of one user with a probability of about 0.26.
      expect(together, table).toBeLessThan(0.35);
    }
  });

  it("has nulls in every column that may be null and isn't filled in by the optimisation", async () => {
    for (const [, table] of managedTables) {
      const { name, columns } = getTableConfig(table);
      if (!tables.includes(name)) continue;
      for (const column of columns.filter((candidate) => !candidate.notNull && !candidate.generated)) {
        const known = await number(
          database.sql,
          `select count(*) from information_schema.columns where table_schema = 'public' and table_name = '${name}' and column_name = '${column.name}'`,
        );
        if (known === 0) continue;
        const nulls = await number(
          database.sql,
          `select count(*) from ${quoteIdentifier(name)} where ${quoteIdentifier(column.name)} is null`,
        );
        expect(nulls, `${name}.${column.name}`).toBeGreaterThan(0);
      }
    }
  });

  it("has the duplicates of real data, in the same proportion each time", async () => {
    expect(
      await number(
        database.sql,
        `select count(distinct user_id) from (select user_id from categories where deleted_at is null
          group by user_id, lower(name) having count(*) > 1) d`,
      ),
    ).toBe(users * shareWithDuplicateCategories);
    expect(
      await number(
        database.sql,
        `select count(distinct user_id) from (select user_id from custom_templates where is_default
          group by user_id, type having count(*) > 1) d`,
      ),
    ).toBe(users * shareWithDuplicateTemplates);
  });

  it("has deleted categories of the same name, which are no duplicates", async () => {
    expect(
      await number(
        database.sql,
        `select count(*) from categories dead join categories live
          on live.user_id = dead.user_id and lower(live.name) = lower(dead.name)
          where dead.deleted_at is not null and live.deleted_at is null`,
      ),
    ).toBeGreaterThan(0);
  });

  it("points only at rows of the same user", async () => {
    for (const [table, column, target] of [
      ["transactions", "account_id", "accounts"],
      ["transactions", "category_id", "categories"],
      ["transactions", "group_id", "transaction_groups"],
      ["category_budgets", "category_id", "categories"],
      ["investments", "account_id", "accounts"],
      ["partnership_clients", "partner_id", "partners_v2"],
    ]) {
      expect(
        await number(
          database.sql,
          `select count(*) from ${table} a join ${target} b on b.id = a.${column} where b.user_id <> a.user_id`,
        ),
        `${table}.${column}`,
      ).toBe(0);
    }
  });

  it("never mixes with data that is there", async () => {
    await expect(generateData(database.url, { scale })).rejects.toMatchObject({ code: "NOT_EMPTY" });
  });

  it("refuses a scale that is none", async () => {
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(generateData(database.url, { scale: wrong })).rejects.toBeInstanceOf(RangeError);
    }
  });

  it("is small by default", () => {
    expect(rehearsalScale).toBeLessThanOrEqual(0.05);
  });
});

describe("soft deletion after the deployment", () => {
  it("deletes 5 % of the rows, the same ones when repeated", async () => {
    const other = await copyDatabase(filled);
    await mergeDuplicates(other.sql);
    await deploy(other.sql);
    const rows = async (table: string) => number(other.sql, `select count(*) from ${table}`);
    const before = new Map<string, number>();
    for (const name of tables) before.set(name, await rows(name));
    const changed = await softDeleteAfterDeployment(other.sql);
    expect(changed.map(({ table }) => table).sort()).toEqual(
      [
        "public.corporate_activities",
        "public.marketing_posts",
        "public.operational_tasks",
        "public.sales_leads",
        "public.sent_atas",
        "public.user_files",
      ].sort(),
    );
    for (const [, table] of managedTables) {
      const { name, columns } = getTableConfig(table);
      if (!columns.some((column) => column.name === "deleted_at")) continue;
      const dead = await number(other.sql, `select count(*) from ${name} where deleted_at is not null`);
      expect(dead, name).toBeGreaterThan(0);
      const all = await rows(name);
      expect(all, name).toBe(before.get(name));
      if (all < 5_000 || name === "categories") continue;
      expect(Math.abs(dead / all - softDeletedShare), name).toBeLessThan(0.01);
    }
    expect((await softDeleteAfterDeployment(other.sql)).map((filled) => filled.rows)).toEqual(
      changed.map(() => 0),
    );
  });
});
