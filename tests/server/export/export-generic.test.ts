import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  deploy,
  type ExportKind,
  exportScript,
  type Project,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { connect, type DatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";

const success = "Database optimizations completed successfully!";

/** A migrations folder of `tests/fixtures/migrations`, with nothing before its first migration. */
const projectOf = (name: string, schema: string): Promise<Project> =>
  projectIn(fileURLToPath(new URL(`../../fixtures/migrations/${name}`, import.meta.url)), [schema], name);

/** A database as the migrations up to one of them make it, without Drizzle; an empty one for null. */
async function makeAt({ migrationsFolder }: Project, tag: string | null): Promise<TestDatabase> {
  const database = await createDatabase("empty");
  const migrations = readMigrations(migrationsFolder);
  for (const { statements } of migrations.slice(0, migrations.findIndex((one) => one.tag === tag) + 1)) {
    // One after the other, as a value of an enumeration is usable only after its commit.
    for (const statement of statements) await database.sql.unsafe(statement);
  }
  return database;
}

const resultsSchema = z.array(z.array(z.record(z.string(), z.unknown())));

/** Runs a script in one message, as the SQL editor does. Returns the rows of its last statement. */
async function run(url: DatabaseUrl, project: Project, kind: ExportKind): Promise<unknown> {
  const { sql: script } = await exportScript(project, kind);
  const sql = await connect(url);
  try {
    const results: unknown = await sql.unsafe(script).simple();
    const rows = Array.isArray(results) ? results.map((part: Iterable<unknown>) => [...part]) : [];
    return resultsSchema.parse(rows).at(-1);
  } finally {
    await sql.end();
  }
}

const shop = await projectOf("shop", "public");
const blog = await projectOf("blog", "blog");

describe.each([
  { name: "the shop from nothing", project: shop, kind: "editor" },
  { name: "the shop from its baseline", project: { ...shop, baselineTag: "0000_shop" }, kind: "supabase" },
  { name: "the blog from nothing", project: blog, kind: "supabase" },
  { name: "the blog from its baseline", project: { ...blog, baselineTag: "0001_review" }, kind: "editor" },
] as const)("the script of $name", ({ name, project, kind }) => {
  // It is one transaction, in which an older server gives no value of an enumeration that was just added.
  it.skipIf(name === "the blog from nothing" && inject("testServer").version < 17)(
    "makes what the migrations make, once, and its validation agrees",
    async () => {
      const database = await makeAt(project, project.baselineTag);
      const head = readMigrations(project.migrationsFolder).at(-1)?.tag ?? "";
      const ok = { severity: "ok", object: success, expected: null, actual: null };
      expect(await run(database.url, project, "validate")).not.toContainEqual(ok);
      for (const _again of [1, 2]) {
        expect(await run(database.url, project, kind)).toEqual([{ result: success }]);
        const actual = await readCatalog(database.sql, { schemas: project.schemas });
        expect(compareCatalogs(project.expectedCatalog(head), actual)).toEqual([]);
      }
      expect(await run(database.url, project, "validate")).toEqual([ok]);
      const report = await deploy(project, database.url, { mode: "quick", backupId: "none" });
      expect(report).toMatchObject({ ok: true, plan: { steps: [] } });
    },
  );
});

it("completes what somebody began by hand, and leaves nothing behind where a row is refused", async () => {
  const project = { ...shop, baselineTag: "0000_shop" };
  const { url, sql } = await makeAt(project, "0000_shop");
  await sql`alter table customers add column newsletter boolean default false not null`;
  await sql`drop index orders_status_idx`;
  await sql`insert into products (sku, title, price) values ('1', ' A thing ', 0)`;
  await expect(run(url, project, "editor")).rejects.toThrow(/products_price_check/);
  expect(await sql`select from pg_class where relname = 'payments'`).toHaveLength(0);
  expect(await sql`select from pg_namespace where nspname = 'drizzle'`).toHaveLength(0);
  await sql`update products set price = 1`;
  expect(await run(url, project, "editor")).toEqual([{ result: success }]);
  expect(await sql`select title from products`).toEqual([{ title: "A thing" }]);
});

it("is refused where PostgreSQL refuses it in one transaction: a new value of an enumeration is used", async () => {
  const project = { ...blog, baselineTag: "0000_blog" };
  await expect(exportScript(project, "editor")).rejects.toMatchObject({
    code: "FILE_INVALID",
    message: expect.stringContaining("0001_review.sql uses 'review'"),
  });
});
