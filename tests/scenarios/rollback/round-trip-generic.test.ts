import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy } from "../../../packages/drizzle-deploy/src/deploy/deploy.ts";
import { type Project, previewRollback, rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/generic.ts";

/** A Drizzle migrations folder of a library, whose second migration changes a thing of each kind. */
const library = [
  `CREATE SCHEMA "library";
--> statement-breakpoint
CREATE TYPE "library"."genre" AS ENUM ('novel', 'poetry');
--> statement-breakpoint
CREATE TABLE "library"."books" (
  "id" serial PRIMARY KEY,
  "title" text NOT NULL,
  "genre" "library"."genre" NOT NULL DEFAULT 'novel',
  "pages" integer CONSTRAINT "books_pages_check" CHECK (pages > 0),
  "isbn" varchar(20) CONSTRAINT "books_isbn_key" UNIQUE
);
--> statement-breakpoint
CREATE INDEX "books_title" ON "library"."books" ("title");
--> statement-breakpoint
CREATE FUNCTION "library"."shelf"("id" integer) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'shelf ' || id $$;
--> statement-breakpoint
CREATE FUNCTION "library"."touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
--> statement-breakpoint
CREATE VIEW "library"."catalogue" AS SELECT id, title FROM "library"."books";
--> statement-breakpoint
CREATE VIEW "library"."index_cards" AS SELECT title FROM "library"."catalogue";
--> statement-breakpoint
CREATE TRIGGER "touch" BEFORE UPDATE ON "library"."books" FOR EACH ROW EXECUTE FUNCTION "library"."touch"();
--> statement-breakpoint
COMMENT ON TABLE "library"."books" IS 'What''s on the shelves';
--> statement-breakpoint
CREATE POLICY "anyone" ON "library"."books" FOR SELECT USING (true);
`,
  `CREATE TABLE "library"."readers" ("id" serial PRIMARY KEY, "name" text NOT NULL, "favourite" "library"."genre");
--> statement-breakpoint
CREATE TYPE "library"."state" AS ENUM ('good', 'worn');
--> statement-breakpoint
CREATE TYPE "library"."unused" AS ENUM ('a', 'b');
--> statement-breakpoint
CREATE TABLE "library"."loans" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "book_id" integer NOT NULL CONSTRAINT "loans_book_id_fkey" REFERENCES "library"."books" ("id"),
  "reader_id" integer NOT NULL CONSTRAINT "loans_reader_id_fkey" REFERENCES "library"."readers" ("id")
);
--> statement-breakpoint
ALTER TABLE "library"."books" ADD COLUMN "state" "library"."state";
--> statement-breakpoint
ALTER TABLE "library"."books" ADD COLUMN "copies" integer NOT NULL DEFAULT 1;
--> statement-breakpoint
ALTER TABLE "library"."books" ADD CONSTRAINT "books_copies_check" CHECK (copies >= 0);
--> statement-breakpoint
ALTER TABLE "library"."books" ALTER COLUMN "genre" SET DEFAULT 'poetry';
--> statement-breakpoint
CREATE INDEX "books_state" ON "library"."books" ("state") WHERE copies > 0;
--> statement-breakpoint
CREATE UNIQUE INDEX "books_title_isbn" ON "library"."books" ("title", "isbn");
--> statement-breakpoint
DROP INDEX "library"."books_title";
--> statement-breakpoint
CREATE FUNCTION "library"."is_worn"("state" "library"."state") RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT state = 'worn' $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "library"."shelf"("id" integer) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = 'library', 'pg_temp' AS $$ SELECT 'Shelf no. ' || id $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "library"."touch"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.copies := greatest(NEW.copies, 0);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE OR REPLACE VIEW "library"."catalogue" WITH (security_invoker = true) AS
  SELECT id, title, "library"."is_worn"(state) AS worn FROM "library"."books";
--> statement-breakpoint
CREATE VIEW "library"."worn" AS SELECT c.id, r.name FROM "library"."catalogue" c, "library"."readers" r WHERE c.worn;
--> statement-breakpoint
CREATE POLICY "signed in" ON "library"."books" FOR SELECT TO authenticated USING (NOT "library"."is_worn"(state));
--> statement-breakpoint
DROP POLICY "anyone" ON "library"."books";
--> statement-breakpoint
ALTER TABLE "library"."books" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY "own" ON "library"."loans" USING ("library"."is_worn"('worn'));
--> statement-breakpoint
CREATE TRIGGER "touch_loans" BEFORE UPDATE ON "library"."loans" FOR EACH ROW EXECUTE FUNCTION "library"."touch"();
--> statement-breakpoint
GRANT SELECT ON TABLE "library"."books" TO authenticated;
--> statement-breakpoint
COMMENT ON TABLE "library"."books" IS 'Books';
--> statement-breakpoint
INSERT INTO "library"."readers" ("name") VALUES ('Everybody');
`,
];

async function deployed(
  project: Project,
  { url }: TestDatabase,
  allow: readonly string[] = [],
): Promise<void> {
  const report = await deploy(project, url, { mode: "quick", backupId: "none", allow });
  expect(report.error).toBeNull();
  expect(report.ok).toBe(true);
}

describe("any other project", async () => {
  const first = await makeProject(library.slice(0, 1), ["library"]);
  const whole = await makeProject(library, ["library"]);
  const catalogOf = ({ sql }: TestDatabase) => readCatalog(sql, { schemas: whole.schemas });

  const make = async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    await database.sql`insert into library.books (title, pages) values ('Iracema', 120), ('O Guarani', 300)`;
    const before = await catalogOf(database);
    await deployed(whole, database);
    await database.sql`insert into library.loans (book_id, reader_id) values (1, 1)`;
    await database.sql`update library.books set state = 'worn', copies = 3 where id = 1`;
    return { database, before, after: await catalogOf(database) };
  };

  it("goes back as a whole and forward again", async () => {
    const { database, before, after } = await make();
    const { sql, url } = database;
    const report = await rollback(whole, url, { scope: "all", approvedBy: "Ana" });
    expect(report.error).toBeNull();
    const left = compareCatalogs(before, await catalogOf(database), { owners: true });
    expect(left.map(({ kind, object }) => `${object.kind} ${object.label} ${kind}`)).toEqual([
      // A kept column needs its type; a sequence belongs to its table.
      "type library.state extra",
      "column library.books.state extra",
      "column library.books.copies extra",
    ]);
    // The application of old goes on, though a row of the archive points at the book.
    await sql`delete from library.books where id = 2`;
    await sql`insert into library.books (title) values ('Senhora')`;
    expect(await sql`select name from spfp_db_archive.readers`).toEqual([{ name: "Everybody" }]);
    expect(await sql`select book_id from spfp_db_archive.loans`).toHaveLength(1);

    await deployed(whole, database);
    expect(compareCatalogs(after, await catalogOf(database), { owners: true })).toEqual([]);
    // What was inserted once is not inserted again.
    expect(await sql`select name from library.readers`).toEqual([{ name: "Everybody" }]);
    expect(await sql`select state::text, copies from library.books where id = 1`).toEqual([
      { state: "worn", copies: 3 },
    ]);
  });

  it("goes back by its indexes alone, and forward again", async () => {
    const { database, after } = await make();
    await rollback(whole, database.url, { scope: "indexes", approvedBy: "Ana" });
    const gone = compareCatalogs(after, await catalogOf(database));
    expect(gone.map(({ object }) => object.label)).toEqual(["library.books.books_state"]);
    await deployed(whole, database);
    expect(compareCatalogs(after, await catalogOf(database), { owners: true })).toEqual([]);
  });

  it("builds the indexes of a deployment that made everything once more", async () => {
    const database = await createDatabase("empty");
    await deployed(whole, database);
    const after = await catalogOf(database);
    await rollback(whole, database.url, { scope: "indexes", approvedBy: "Ana" });
    await deployed(whole, database);
    expect(compareCatalogs(after, await catalogOf(database), { owners: true })).toEqual([]);
    // And what was made by both goes back at once.
    const report = await rollback(whole, database.url, { scope: "all", approvedBy: "Ana" });
    expect(report.error).toBeNull();
    expect((await catalogOf(database)).tables).toEqual([]);
  });

  it("goes back to nothing, by one deployment that made everything", async () => {
    const database = await createDatabase("empty");
    await deployed(whole, database);
    const after = await catalogOf(database);
    await database.sql`insert into library.books (title) values ('Iracema')`;
    const preview = await previewRollback(whole, database.url, "all");
    expect(preview.deployment.from).toBeNull();
    const report = await rollback(whole, database.url, { scope: "all", approvedBy: "Ana" });
    expect(report.error).toBeNull();
    const { tables, views, functions } = await catalogOf(database);
    expect([tables, views, functions]).toEqual([[], [], []]);
    await deployed(whole, database);
    expect(compareCatalogs(after, await catalogOf(database), { owners: true })).toEqual([]);
    expect(await database.sql`select title from library.books`).toEqual([{ title: "Iracema" }]);
  });
});

/** The files of a folder of `tests/fixtures/migrations`. */
function filesOf(name: string): string[] {
  const folder = new URL(`../../fixtures/migrations/${name}/`, import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => readFileSync(new URL(file, folder), "utf8"));
}

describe.each([
  {
    name: "shop",
    schema: "public",
    rows: [
      "insert into customers (email, name) values ('a@example.com', 'Ana')",
      "insert into products (sku, title, price) values ('1', ' A thing ', 10)",
      "insert into orders (customer_id, status) select id, 'open' from customers",
    ],
    more: [
      "insert into payments (order_id, amount) select id, 5 from orders",
      "update orders set note = 'soon'",
    ],
    kept: [
      "column public.customers.name different",
      "column public.products.price different",
      "column public.customers.newsletter extra",
      "column public.orders.changed_at extra",
    ],
  },
  {
    name: "blog",
    schema: "blog",
    rows: [
      "insert into blog.authors (name) values ('Clarice')",
      "insert into blog.posts (author_id, title, slug) values (1, 'First', 'first')",
    ],
    more: [
      "insert into blog.tags values (1, 'new')",
      "update blog.posts set state = 'review', tone = 'loud'",
    ],
    kept: [
      "type blog.state different",
      "sequence blog.issue different",
      "type blog.tone extra",
      "column blog.posts.tone extra",
      "column blog.posts.lead extra",
      "column blog.posts.likes extra",
    ],
  },
])("the $name", async ({ name, schema, rows, more, kept }) => {
  const files = filesOf(name);
  const first = await makeProject(files.slice(0, 1), [schema]);
  const whole = await makeProject(files, [schema]);
  const tags = readMigrations(whole.migrationsFolder).map(({ tag }) => tag);

  it("goes back and forward again", async () => {
    const database = await createDatabase("empty");
    const { sql, url } = database;
    const catalog = () => readCatalog(sql, { schemas: [schema] });
    await deployed(first, database);
    for (const row of rows) await sql.unsafe(row);
    const before = await catalog();
    await deployed(whole, database, tags);
    for (const row of more) await sql.unsafe(row);
    const after = await catalog();
    const report = await rollback(whole, url, { scope: "all", approvedBy: "Ana" });
    expect(report.error).toBeNull();
    const left = compareCatalogs(before, await catalog(), { owners: true });
    expect(
      [...new Set(left.map(({ kind, object }) => `${object.kind} ${object.label} ${kind}`))].sort(),
    ).toEqual(kept.toSorted());
    await deployed(whole, database, tags);
    expect(compareCatalogs(after, await catalog(), { owners: true })).toEqual([]);
  });
});

describe("what no catalog shows", async () => {
  const files = [
    `CREATE TABLE "jobs" ("name" text PRIMARY KEY, "runs" integer NOT NULL DEFAULT 0);`,
    `INSERT INTO "jobs" ("name") VALUES ('once');
--> statement-breakpoint
DO $$ BEGIN INSERT INTO jobs (name) VALUES ('daily') ON CONFLICT (name) DO UPDATE SET runs = jobs.runs + 1; END $$;
--> statement-breakpoint
CREATE INDEX "jobs_runs" ON "jobs" ("runs");`,
  ];
  const first = await makeProject(files.slice(0, 1), ["public"]);
  const whole = await makeProject(files, ["public"]);
  const tag = readMigrations(whole.migrationsFolder).at(-1)?.tag;
  const jobs = async ({ sql }: TestDatabase) => [...(await sql`select name, runs from jobs order by name`)];

  it("is done once, whatever happens", async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    await deployed(whole, database);
    const report = await rollback(whole, database.url, { scope: "all", approvedBy: "Ana" });
    expect(report.plan.notes).toEqual([
      expect.stringContaining(`step ${tag}/1`),
      expect.stringContaining(`step ${tag}/2`),
    ]);
    await deployed(whole, database);
    // Nor by the deployment after one that found it done.
    await rollback(whole, database.url, { scope: "all", approvedBy: "Ana" });
    await deployed(whole, database);
    expect(await jobs(database)).toEqual([
      { name: "daily", runs: 0 },
      { name: "once", runs: 0 },
    ]);
  });

  it("is undone where the project knows how, and done again", async () => {
    const database = await createDatabase("empty");
    const project = { ...whole, undo: { [`${tag}/2`]: "delete from public.jobs where name = 'daily'" } };
    await deployed(first, database);
    await deployed(project, database);
    await rollback(project, database.url, { scope: "indexes", approvedBy: "Ana" });
    expect(await jobs(database)).toHaveLength(2);
    await deployed(project, database);
    const stop = new AbortController();
    const approved = { scope: "all", approvedBy: "Ana", stopSignal: stop.signal } as const;
    await rollback(project, database.url, approved, (event) => {
      if (event.type === "step done" && event.step.title.startsWith("undo step")) stop.abort();
    });
    await deployed(project, database);
    expect(await jobs(database)).toHaveLength(2);
    const report = await rollback(project, database.url, { scope: "all", approvedBy: "Ana" });
    expect(report.error).toBeNull();
    expect(await jobs(database)).toEqual([{ name: "once", runs: 0 }]);
    await deployed(project, database);
    expect(await jobs(database)).toHaveLength(2);
  });
});

describe("what was renamed", async () => {
  const files = [
    `CREATE TABLE "jobs" ("name" text PRIMARY KEY, "runs" integer);`,
    `ALTER TABLE "jobs" RENAME COLUMN "runs" TO "times";`,
  ];
  const first = await makeProject(files.slice(0, 1), ["public"]);
  const whole = await makeProject(files, ["public"]);
  const tags = readMigrations(whole.migrationsFolder).map(({ tag }) => tag);

  it("is not taken for something new and something lost", async () => {
    const database = await createDatabase("empty");
    await deployed(first, database);
    await deployed(whole, database, tags);
    const going = (allow: readonly string[] = []) =>
      rollback(whole, database.url, { scope: "all", approvedBy: "Ana", allow });
    await expect(going()).rejects.toMatchObject({
      code: "PLAN_BLOCKED",
      message: expect.stringContaining("column public.jobs.times"),
      remedy: expect.any(String),
    });
    const preview = await previewRollback(whole, database.url, "all");
    expect(preview.plan.steps.flatMap(({ hazards }) => hazards)).toMatchObject([
      { name: "breaks-clients", allowed: false },
    ]);
    expect(await going(["no such step"]).catch((error) => error)).toMatchObject({ code: "USAGE" });
    const blocked = preview.plan.steps.find(({ action }) => action === "blocked");
    expect(await going([blocked?.id ?? ""])).toMatchObject({ ok: true });
    const records = await database.sql`
      select plan #>> '{steps}' as steps from spfp_db.deployments where kind = 'rollback'`;
    expect(records).toMatchObject([{ steps: expect.stringMatching(/"breaks-clients".*"allowed": ?true/s) }]);
  });
});
