import type { Facts } from "../../packages/drizzle-deploy/src/index.ts";
import { contextOf, simulateCatalog } from "../../packages/drizzle-deploy/src/plan/simulated-catalog.ts";
import { parseStatements } from "../../packages/drizzle-deploy/src/sql/parser.ts";
import type { StatementContext } from "../../packages/drizzle-deploy/src/statements/index.ts";
import type { ParsedStatement } from "../../packages/drizzle-deploy/src/statements/parse.ts";

/** The schemas of the setting. */
export const schemas: readonly [string, ...string[]] = ["area", "elsewhere"];

/** A database with one of everything that a statement can be about, and rows in its tables. */
export const setting = `
create schema area;
create schema elsewhere;
create extension if not exists btree_gist with schema extensions;
create type area.mood as enum ('sad', 'ok');
create domain area.short as text check (length(value) < 10);
create sequence area.numbers;
create function area.touch() returns trigger language plpgsql as 'begin return new; end';
create function area.restless() returns integer language sql volatile as 'select 1';
create function area.calm() returns integer language sql stable as 'select 1';
create procedure area.pass() language plpgsql as 'begin null; end';
create table area.parent (id integer primary key, name varchar(50), code text not null default 'x');
create table area.child (
  id integer primary key, parent_id integer, other_id integer, label varchar(50), checked varchar(20),
  amount numeric(10, 2), at timestamptz not null default now(), feeling area.mood, period tstzrange,
  constraint child_parent_fk foreign key (parent_id) references area.parent (id),
  constraint child_label_key unique (label),
  constraint child_checked_check check (checked <> ''));
alter table area.child add constraint child_late_fk foreign key (other_id) references area.parent (id) not valid;
create table area.alone (id bigint generated always as identity primary key, a integer, b integer not null, t text, v varchar(10));
create table area.parted (id integer, k integer) partition by range (k);
create table area.parted_1 partition of area.parted for values from (0) to (10);
create table area.parted_rest partition of area.parted default;
create index parted_id on area.parted (id);
create table area.loose (id integer, k integer);
insert into area.loose select i, 20 from generate_series(1, 100) i;
create table area.bin (id integer);
create type area.couple as (a integer, b text);
create domain area.spoken as text;
create table area.said (word area.spoken);
insert into area.said values ('w');
create table area.indexed (id integer primary key, word varchar(20), part varchar(20), plain varchar(20));
create index indexed_word on area.indexed (lower(word));
create index indexed_part on area.indexed (id) where part <> '';
create index indexed_plain on area.indexed (plain);
create index child_amount_idx on area.child (amount);
create unique index alone_b_idx on area.alone (b);
create view area.children as select id, label from area.child;
create materialized view area.summary as select count(*) as n, 1 as k from area.parent;
create unique index summary_k on area.summary (k);
create statistics area.st on a, b from area.alone;
create publication kinds_p for table area.child, area.parent;
create policy seen on area.child for select to public using (true);
create trigger touched before update on area.child for each row execute function area.touch();
insert into area.parent select i, 'n' || i from generate_series(1, 100) i;
insert into area.child (id, parent_id, label, checked, amount) select i, i, 'l' || i, 'c', i from generate_series(1, 100) i;
insert into area.indexed select i, 'w', 'p', 'q' from generate_series(1, 100) i;
insert into area.alone (a, b, t, v) select i, i, 't', 'v' from generate_series(1, 100) i;
analyze;`;

/** What a statement is judged in; nothing that is dropped comes back. */
export function contextOfCases(facts: Facts): StatementContext {
  const after = { ...facts.catalog, views: [], functions: [], sequences: [], objects: [] };
  return contextOf(simulateCatalog(facts, schemas), facts, { schemas, before: facts.catalog, after });
}

/** The one statement of a text. */
export function parsed(text: string): Omit<ParsedStatement, "number"> {
  const [statement, ...others] = parseStatements(text);
  if (!statement || others.length > 0) throw new Error(`expected one statement: ${text}`);
  return { ...statement, asWritten: statement.sql };
}

/** A statement, the kinds of the steps that it takes, and the hazards that they carry together. */
export interface Case {
  readonly sql: string;
  /** One an entry; `/` marks one outside a transaction. */
  readonly steps: readonly string[];
  readonly hazards?: readonly string[];
  /** The SQL of the steps, where it is not the statement as written. */
  readonly runs?: readonly string[];
}

export const cases: readonly Case[] = [
  {
    sql: 'CREATE TABLE "area"."fresh" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, "s" serial, "i" integer GENERATED ALWAYS AS IDENTITY (sequence name "area"."fresh_i_seq" INCREMENT BY 1))',
    steps: ["create table"],
  },
  {
    sql: "CREATE TABLE area.fresh (id integer REFERENCES area.parent (id))",
    steps: ["create table"],
  },
  {
    sql: "CREATE TABLE area.fresh (LIKE area.parent INCLUDING ALL)",
    steps: ["create table"],
  },
  {
    sql: "CREATE TABLE area.fresh () INHERITS (area.parent)",
    steps: ["create table"],
  },
  {
    sql: "CREATE TABLE area.parted_2 PARTITION OF area.parted FOR VALUES FROM (10) TO (20)",
    steps: ["create table"],
    hazards: ["long-lock"],
  },
  {
    sql: "CREATE TEMPORARY TABLE fresh (id integer)",
    steps: ["opaque"],
  },
  {
    sql: "CREATE TEMPORARY TABLE picked AS SELECT id FROM area.child",
    steps: ["opaque"],
  },
  {
    sql: "CREATE TEMPORARY VIEW seen AS SELECT id FROM area.child",
    steps: ["opaque"],
  },
  {
    sql: "CREATE TABLE area.fresh AS SELECT * FROM area.parent",
    steps: ["create table"],
  },
  {
    sql: 'CREATE INDEX "child_at_idx" ON "area"."child" USING btree ("at" DESC NULLS LAST)',
    steps: ["/create index"],
    runs: ["CREATE INDEX CONCURRENTLY child_at_idx ON area.child (at DESC NULLS LAST)"],
  },
  {
    sql: "CREATE UNIQUE INDEX IF NOT EXISTS child_name ON area.child (lower(label)) WHERE amount > 0",
    steps: ["/create index"],
    runs: ["CREATE UNIQUE INDEX CONCURRENTLY child_name ON area.child ((lower(label))) WHERE amount > 0"],
  },
  {
    sql: 'CREATE INDEX CONCURRENTLY "child_at_idx" ON "area"."child" USING brin ("at") WITH (pages_per_range=32)',
    steps: ["/create index"],
    runs: ["CREATE INDEX CONCURRENTLY child_at_idx ON area.child USING brin (at) WITH (pages_per_range=32)"],
  },
  {
    sql: "CREATE INDEX ON area.child (at)",
    steps: ["create index"],
    hazards: ["not-resumable"],
  },
  {
    sql: "CREATE INDEX parted_k ON area.parted (k)",
    steps: ["create index", "/create index", "/create index", "create index", "create index"],
    runs: [
      "CREATE INDEX parted_k ON ONLY area.parted (k)",
      "CREATE INDEX CONCURRENTLY parted_1_k_idx ON area.parted_1 (k)",
      "CREATE INDEX CONCURRENTLY parted_rest_k_idx ON area.parted_rest (k)",
      'ALTER INDEX "area"."parted_k" ATTACH PARTITION "area"."parted_1_k_idx"',
      'ALTER INDEX "area"."parted_k" ATTACH PARTITION "area"."parted_rest_k_idx"',
    ],
  },
  {
    sql: "CREATE INDEX parted_k ON ONLY area.parted (k)",
    steps: ["create index"],
  },
  {
    sql: "DROP INDEX area.parted_id",
    steps: ["drop index"],
  },
  {
    sql: "ALTER INDEX area.parted_id ATTACH PARTITION area.parted_1_id_idx",
    steps: ["create index"],
  },
  {
    sql: 'DROP INDEX "area"."child_amount_idx"',
    steps: ["/drop index"],
    runs: ['DROP INDEX CONCURRENTLY "area"."child_amount_idx"'],
  },
  {
    sql: "DROP INDEX IF EXISTS area.child_amount_idx CASCADE",
    steps: ["drop index"],
    hazards: ["data-loss"],
  },
  {
    sql: "DROP INDEX area.child_amount_idx, area.alone_b_idx",
    steps: ["/drop index", "/drop index"],
    runs: [
      'DROP INDEX CONCURRENTLY "area"."child_amount_idx"',
      'DROP INDEX CONCURRENTLY "area"."alone_b_idx"',
    ],
  },
  {
    sql: "ALTER INDEX area.child_amount_idx RENAME TO child_amount_index",
    steps: ["rename"],
  },
  {
    sql: 'ALTER TABLE "area"."child" ADD COLUMN "note" text',
    steps: ["add column"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note text DEFAULT 'x' NOT NULL",
    steps: ["add column"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note timestamptz DEFAULT now() NOT NULL",
    steps: ["add column"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer DEFAULT area.calm()",
    steps: ["add column"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer DEFAULT area.restless()",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note uuid DEFAULT gen_random_uuid()",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note double precision DEFAULT random()",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note timestamptz DEFAULT clock_timestamp()",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note text NOT NULL",
    steps: ["add column"],
    hazards: ["unsupported"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note serial NOT NULL",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer GENERATED BY DEFAULT AS IDENTITY",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note numeric GENERATED ALWAYS AS (amount * 2) STORED",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer REFERENCES area.parent (id)",
    steps: ["add column", "add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD COLUMN note int",
      "ALTER TABLE area.child ADD CONSTRAINT child_note_fkey FOREIGN KEY (note) REFERENCES area.parent (id) NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_note_fkey"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer REFERENCES area.parent (id) DEFERRABLE INITIALLY DEFERRED",
    steps: ["add column", "add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD COLUMN note int",
      "ALTER TABLE area.child ADD CONSTRAINT child_note_fkey FOREIGN KEY (note) REFERENCES area.parent (id) NOT VALID DEFERRABLE INITIALLY DEFERRED",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_note_fkey"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer CHECK (note > 0)",
    steps: ["add column", "add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD COLUMN note int",
      "ALTER TABLE area.child ADD CONSTRAINT child_note_check CHECK (note > 0) NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_note_check"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note integer UNIQUE",
    steps: ["add column", "/create index", "add constraint"],
    runs: [
      "ALTER TABLE area.child ADD COLUMN note int",
      'CREATE UNIQUE INDEX CONCURRENTLY "child_note_key" ON "area"."child" ("note")',
      'ALTER TABLE "area"."child" ADD CONSTRAINT "child_note_key" UNIQUE USING INDEX "child_note_key"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN note area.short",
    steps: ["add column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN IF NOT EXISTS note text",
    steps: ["add column"],
    runs: ["ALTER TABLE area.child ADD COLUMN note text"],
  },
  {
    sql: "ALTER TABLE area.child ADD COLUMN one text, ADD COLUMN two integer DEFAULT 2",
    steps: ["add column", "add column"],
    runs: [
      "ALTER TABLE area.child ADD COLUMN one text",
      "ALTER TABLE area.child ADD COLUMN two int DEFAULT 2",
    ],
  },
  {
    sql: 'ALTER TABLE "area"."child" DROP COLUMN "amount"',
    steps: ["drop column"],
    hazards: ["data-loss"],
  },
  {
    sql: "ALTER TABLE area.child DROP COLUMN parent_id",
    steps: ["drop column"],
    hazards: ["data-loss"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN amount SET DEFAULT 0",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.parent ALTER COLUMN code DROP DEFAULT",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.parent ALTER COLUMN name SET NOT NULL",
    steps: ["add constraint", "validate constraint", "alter column", "drop constraint"],
    runs: [
      'ALTER TABLE "area"."parent" ADD CONSTRAINT "spfp_db_parent_name_not_null" CHECK ("name" IS NOT NULL) NOT VALID',
      'ALTER TABLE "area"."parent" VALIDATE CONSTRAINT "spfp_db_parent_name_not_null"',
      "ALTER TABLE area.parent ALTER COLUMN name SET NOT NULL",
      'ALTER TABLE "area"."parent" DROP CONSTRAINT "spfp_db_parent_name_not_null"',
    ],
  },
  {
    sql: "ALTER TABLE area.parent ALTER COLUMN code DROP NOT NULL",
    steps: ["alter column"],
  },
  {
    sql: 'ALTER TABLE "area"."alone" ALTER COLUMN "v" SET DATA TYPE varchar(20)',
    steps: ["alter column"],
  },
  {
    sql: 'ALTER TABLE area.alone ALTER COLUMN v SET DATA TYPE text USING "v"::text',
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN v SET DATA TYPE varchar(5)",
    steps: ["alter column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN a SET DATA TYPE bigint",
    steps: ["alter column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN amount SET DATA TYPE numeric(12, 2)",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN amount SET DATA TYPE numeric(12, 4)",
    steps: ["alter column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN checked SET DATA TYPE varchar(40)",
    steps: ["alter column"],
    hazards: ["long-lock"],
  },
  {
    sql: "ALTER TABLE area.indexed ALTER COLUMN word SET DATA TYPE varchar(40)",
    steps: ["alter column"],
    hazards: ["long-lock"],
  },
  {
    sql: "ALTER TABLE area.indexed ALTER COLUMN part SET DATA TYPE varchar(40)",
    steps: ["alter column"],
    hazards: ["long-lock"],
  },
  {
    sql: "ALTER TABLE area.indexed ALTER COLUMN plain SET DATA TYPE text",
    steps: ["alter column"],
  },
  {
    sql: "WITH gone AS (DELETE FROM area.child RETURNING id) INSERT INTO area.bin SELECT id FROM gone",
    steps: ["change data"],
    hazards: ["data-loss"],
  },
  {
    sql: "WITH gone AS (DELETE FROM area.child RETURNING id) SELECT count(*) FROM gone",
    steps: ["opaque"],
    hazards: ["data-loss"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN label SET DATA TYPE text",
    steps: ["alter column"],
    hazards: ["unsupported"],
  },
  {
    sql: "ALTER TABLE area.child ALTER COLUMN feeling SET DATA TYPE text",
    steps: ["alter column"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN v SET DATA TYPE text USING upper(v)",
    steps: ["alter column"],
    hazards: ["rewrite"],
  },
  {
    sql: 'ALTER TABLE area.alone ALTER COLUMN b ADD GENERATED ALWAYS AS IDENTITY (sequence name "area"."alone_b_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1)',
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN id SET GENERATED BY DEFAULT",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN id SET INCREMENT BY 2",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN id DROP IDENTITY",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN t SET STATISTICS 500",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN t SET STORAGE EXTERNAL",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.alone ALTER COLUMN t SET (n_distinct = 5)",
    steps: ["table option"],
  },
  {
    sql: 'ALTER TABLE "area"."child" ADD CONSTRAINT "child_other_fk" FOREIGN KEY ("other_id") REFERENCES "area"."parent"("id") ON DELETE cascade ON UPDATE no action',
    steps: ["add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD CONSTRAINT child_other_fk FOREIGN KEY (other_id) REFERENCES area.parent (id) ON DELETE CASCADE NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_other_fk"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD CONSTRAINT child_other_fk FOREIGN KEY (other_id) REFERENCES area.child (id)",
    steps: ["add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD CONSTRAINT child_other_fk FOREIGN KEY (other_id) REFERENCES area.child (id) NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_other_fk"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD CONSTRAINT child_other_fk FOREIGN KEY (other_id) REFERENCES area.parent (id) NOT VALID",
    steps: ["add constraint"],
  },
  {
    sql: "ALTER TABLE area.child ADD FOREIGN KEY (other_id) REFERENCES area.parent (id)",
    steps: ["add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD CONSTRAINT child_other_id_fkey FOREIGN KEY (other_id) REFERENCES area.parent (id) NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_other_id_fkey"',
    ],
  },
  {
    sql: "ALTER TABLE area.child ADD CONSTRAINT child_amount_check CHECK (amount >= 0)",
    steps: ["add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.child ADD CONSTRAINT child_amount_check CHECK (amount >= 0) NOT VALID",
      'ALTER TABLE "area"."child" VALIDATE CONSTRAINT "child_amount_check"',
    ],
  },
  {
    sql: 'ALTER TABLE area.alone ADD CONSTRAINT alone_a_key UNIQUE NULLS NOT DISTINCT ("a")',
    steps: ["/create index", "add constraint"],
    runs: [
      'CREATE UNIQUE INDEX CONCURRENTLY "alone_a_key" ON "area"."alone" ("a") NULLS NOT DISTINCT',
      'ALTER TABLE "area"."alone" ADD CONSTRAINT "alone_a_key" UNIQUE USING INDEX "alone_a_key"',
    ],
  },
  {
    sql: "ALTER TABLE area.alone ADD CONSTRAINT alone_a_key UNIQUE (a) INCLUDE (t) DEFERRABLE INITIALLY DEFERRED",
    steps: ["/create index", "add constraint"],
    runs: [
      'CREATE UNIQUE INDEX CONCURRENTLY "alone_a_key" ON "area"."alone" ("a") INCLUDE ("t")',
      'ALTER TABLE "area"."alone" ADD CONSTRAINT "alone_a_key" UNIQUE USING INDEX "alone_a_key" DEFERRABLE INITIALLY DEFERRED',
    ],
  },
  {
    sql: 'ALTER TABLE area.bin ADD PRIMARY KEY ("id")',
    steps: [
      "add constraint",
      "validate constraint",
      "alter column",
      "drop constraint",
      "/create index",
      "add constraint",
    ],
    runs: [
      'ALTER TABLE "area"."bin" ADD CONSTRAINT "spfp_db_bin_id_not_null" CHECK ("id" IS NOT NULL) NOT VALID',
      'ALTER TABLE "area"."bin" VALIDATE CONSTRAINT "spfp_db_bin_id_not_null"',
      'ALTER TABLE "area"."bin" ALTER COLUMN "id" SET NOT NULL',
      'ALTER TABLE "area"."bin" DROP CONSTRAINT "spfp_db_bin_id_not_null"',
      'CREATE UNIQUE INDEX CONCURRENTLY "bin_pkey" ON "area"."bin" ("id")',
      'ALTER TABLE "area"."bin" ADD CONSTRAINT "bin_pkey" PRIMARY KEY USING INDEX "bin_pkey"',
    ],
  },
  {
    sql: "ALTER TABLE area.alone ADD CONSTRAINT alone_b_key UNIQUE USING INDEX alone_b_idx",
    steps: ["add constraint"],
  },
  {
    sql: "ALTER TABLE area.child ADD CONSTRAINT child_no_overlap EXCLUDE USING gist (period WITH &&)",
    steps: ["add constraint"],
    hazards: ["long-lock"],
  },
  {
    sql: "ALTER TABLE area.parted ADD CONSTRAINT parted_fk FOREIGN KEY (k) REFERENCES area.parent (id)",
    steps: [
      "add constraint",
      "validate constraint",
      "add constraint",
      "validate constraint",
      "add constraint",
    ],
    runs: [
      "ALTER TABLE area.parted_1 ADD CONSTRAINT parted_fk FOREIGN KEY (k) REFERENCES area.parent (id) NOT VALID",
      'ALTER TABLE "area"."parted_1" VALIDATE CONSTRAINT "parted_fk"',
      "ALTER TABLE area.parted_rest ADD CONSTRAINT parted_fk FOREIGN KEY (k) REFERENCES area.parent (id) NOT VALID",
      'ALTER TABLE "area"."parted_rest" VALIDATE CONSTRAINT "parted_fk"',
      "ALTER TABLE area.parted ADD CONSTRAINT parted_fk FOREIGN KEY (k) REFERENCES area.parent (id)",
    ],
  },
  {
    sql: "ALTER TABLE area.parted ADD CONSTRAINT parted_key UNIQUE (id, k)",
    steps: ["add constraint", "/create index", "/create index", "add constraint", "add constraint"],
    runs: [
      'ALTER TABLE ONLY "area"."parted" ADD CONSTRAINT "parted_key" UNIQUE ("id", "k")',
      'CREATE UNIQUE INDEX CONCURRENTLY "parted_1_id_k_key" ON "area"."parted_1" ("id", "k")',
      'CREATE UNIQUE INDEX CONCURRENTLY "parted_rest_id_k_key" ON "area"."parted_rest" ("id", "k")',
      'ALTER TABLE "area"."parted_1" ADD CONSTRAINT "parted_1_id_k_key" UNIQUE USING INDEX "parted_1_id_k_key";\nALTER INDEX "area"."parted_key" ATTACH PARTITION "area"."parted_1_id_k_key"',
      'ALTER TABLE "area"."parted_rest" ADD CONSTRAINT "parted_rest_id_k_key" UNIQUE USING INDEX "parted_rest_id_k_key";\nALTER INDEX "area"."parted_key" ATTACH PARTITION "area"."parted_rest_id_k_key"',
    ],
  },
  {
    sql: "ALTER TABLE area.child DROP CONSTRAINT child_parent_fk",
    steps: ["drop constraint"],
  },
  {
    sql: "ALTER TABLE area.child DROP CONSTRAINT child_checked_check",
    steps: ["drop constraint"],
  },
  {
    sql: "ALTER TABLE area.child DROP CONSTRAINT child_label_key CASCADE",
    steps: ["drop constraint"],
    hazards: ["data-loss"],
  },
  {
    sql: "ALTER TABLE area.child VALIDATE CONSTRAINT child_late_fk",
    steps: ["validate constraint"],
  },
  {
    sql: "ALTER TABLE area.child RENAME CONSTRAINT child_checked_check TO child_checked_filled",
    steps: ["rename"],
  },
  {
    // The facts are a PostgreSQL 17's.
    sql: "ALTER TABLE area.child ADD CONSTRAINT other_is_there NOT NULL other_id NOT VALID",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "ALTER TABLE area.child ALTER CONSTRAINT child_parent_fk DEFERRABLE",
    steps: ["alter column"],
  },
  {
    sql: "ALTER TABLE area.child ENABLE ROW LEVEL SECURITY",
    steps: ["row security"],
  },
  {
    sql: "ALTER TABLE area.child DISABLE ROW LEVEL SECURITY",
    steps: ["row security"],
  },
  {
    sql: "ALTER TABLE area.child FORCE ROW LEVEL SECURITY",
    steps: ["row security"],
  },
  {
    sql: "ALTER TABLE area.child DISABLE TRIGGER touched",
    steps: ["alter trigger"],
  },
  {
    sql: "ALTER TABLE area.child ENABLE ALWAYS TRIGGER touched",
    steps: ["alter trigger"],
  },
  {
    sql: "ALTER TABLE area.child DISABLE TRIGGER USER",
    steps: ["alter trigger"],
  },
  {
    sql: "ALTER TABLE area.child SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01)",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.child SET (user_catalog_table = true)",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.child RESET (fillfactor)",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.child REPLICA IDENTITY FULL",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.bin SET UNLOGGED",
    steps: ["table option"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child CLUSTER ON child_amount_idx",
    steps: ["table option"],
  },
  {
    sql: "ALTER TABLE area.child SET TABLESPACE pg_default",
    steps: ["table option"],
    hazards: ["rewrite"],
  },
  {
    sql: "ALTER TABLE area.child INHERIT area.parent",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "ALTER TABLE area.parted ADD COLUMN note text",
    steps: ["add column"],
  },
  {
    sql: "ALTER TABLE area.parted ADD CONSTRAINT parted_k_check CHECK (k >= 0)",
    steps: ["add constraint", "validate constraint"],
    runs: [
      "ALTER TABLE area.parted ADD CONSTRAINT parted_k_check CHECK (k >= 0) NOT VALID",
      'ALTER TABLE "area"."parted" VALIDATE CONSTRAINT "parted_k_check"',
    ],
  },
  {
    sql: "ALTER TABLE area.parted ALTER COLUMN k SET NOT NULL",
    steps: ["add constraint", "validate constraint", "alter column", "drop constraint"],
    runs: [
      'ALTER TABLE "area"."parted" ADD CONSTRAINT "spfp_db_parted_k_not_null" CHECK ("k" IS NOT NULL) NOT VALID',
      'ALTER TABLE "area"."parted" VALIDATE CONSTRAINT "spfp_db_parted_k_not_null"',
      "ALTER TABLE area.parted ALTER COLUMN k SET NOT NULL",
      'ALTER TABLE "area"."parted" DROP CONSTRAINT "spfp_db_parted_k_not_null"',
    ],
  },
  {
    sql: "ALTER TABLE area.parted ENABLE ROW LEVEL SECURITY",
    steps: ["row security"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "CREATE TRIGGER poked AFTER INSERT ON area.parted FOR EACH ROW EXECUTE FUNCTION area.touch()",
    steps: ["create trigger"],
  },
  {
    sql: "ALTER TABLE area.parted DETACH PARTITION area.parted_1",
    steps: ["table option"],
    runs: ['ALTER TABLE "area"."parted" DETACH PARTITION "area"."parted_1"'],
  },
  {
    sql: "ALTER TABLE area.parted ATTACH PARTITION area.loose FOR VALUES FROM (20) TO (30)",
    steps: ["/create index", "table option"],
    hazards: ["long-lock"],
    runs: [
      "CREATE INDEX CONCURRENTLY loose_id_idx ON area.loose (id)",
      "ALTER TABLE area.parted ATTACH PARTITION area.loose FOR VALUES FROM (20) TO (30)",
    ],
  },
  {
    sql: "DROP TABLE area.parted_1",
    steps: ["drop table"],
    hazards: ["data-loss"],
  },
  {
    sql: "ALTER TABLE area.child RENAME TO kid",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER TABLE area.child RENAME COLUMN amount TO total",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER TABLE area.alone SET SCHEMA elsewhere",
    steps: ["move table"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER TABLE area.alone OWNER TO CURRENT_USER",
    steps: ["table option"],
  },
  {
    sql: 'DROP TABLE "area"."child" CASCADE',
    steps: ["drop table"],
    hazards: ["data-loss"],
  },
  {
    sql: "DROP TABLE area.parent CASCADE",
    steps: ["drop table"],
    hazards: ["data-loss"],
  },
  {
    sql: "DROP TABLE area.parted",
    steps: ["drop table"],
    hazards: ["data-loss"],
  },
  {
    sql: "DROP TABLE IF EXISTS area.nowhere",
    steps: ["drop table"],
  },
  {
    sql: "DROP TABLE area.bin, area.alone",
    steps: ["drop table", "drop table"],
    hazards: ["data-loss"],
    runs: ['DROP TABLE "area"."bin"', 'DROP TABLE "area"."alone"'],
  },
  {
    sql: 'CREATE VIEW "area"."names" AS (SELECT name FROM area.parent)',
    steps: ["create view"],
  },
  {
    sql: "CREATE OR REPLACE VIEW area.children WITH (security_invoker = true) AS SELECT id, label FROM area.child",
    steps: ["create view"],
  },
  {
    sql: "CREATE MATERIALIZED VIEW area.names AS (SELECT name FROM area.parent)",
    steps: ["create view"],
  },
  {
    sql: "CREATE MATERIALIZED VIEW area.names AS (SELECT name FROM area.parent) WITH NO DATA",
    steps: ["create view"],
  },
  {
    sql: "ALTER VIEW area.children SET (security_invoker = true)",
    steps: ["alter view"],
  },
  {
    sql: "ALTER VIEW area.children RESET (security_invoker)",
    steps: ["alter view"],
  },
  {
    sql: "ALTER VIEW area.children RENAME TO kids",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER VIEW area.children SET SCHEMA elsewhere",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER MATERIALIZED VIEW area.summary RENAME TO digest",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER MATERIALIZED VIEW area.summary SET (fillfactor = 80)",
    steps: ["alter view"],
  },
  {
    sql: "ALTER MATERIALIZED VIEW area.summary SET TABLESPACE pg_default",
    steps: ["table option"],
    hazards: ["rewrite"],
  },
  {
    sql: "DROP VIEW area.children",
    steps: ["drop view"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "DROP MATERIALIZED VIEW area.summary",
    steps: ["drop view"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "REFRESH MATERIALIZED VIEW area.summary",
    steps: ["change data"],
    hazards: ["long-lock"],
  },
  {
    sql: "REFRESH MATERIALIZED VIEW CONCURRENTLY area.summary",
    steps: ["change data"],
  },
  {
    sql: "CREATE TYPE \"area\".\"colour\" AS ENUM('red', 'green')",
    steps: ["create type"],
  },
  {
    sql: "ALTER TYPE \"area\".\"mood\" ADD VALUE 'fine' BEFORE 'ok'",
    steps: ["alter type"],
    runs: ["ALTER TYPE \"area\".\"mood\" ADD VALUE IF NOT EXISTS 'fine' BEFORE 'ok'"],
  },
  {
    sql: "ALTER TYPE area.mood RENAME VALUE 'ok' TO 'well'",
    steps: ["alter type"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER TYPE area.mood RENAME TO feeling",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER TYPE area.mood SET SCHEMA elsewhere",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "DROP TYPE area.mood CASCADE",
    steps: ["drop type"],
    hazards: ["data-loss"],
  },
  {
    sql: "CREATE TYPE area.pair AS (a integer, b text)",
    steps: ["create type"],
  },
  {
    sql: "CREATE DOMAIN area.long AS text CHECK (length(value) < 100)",
    steps: ["create type"],
  },
  {
    sql: "ALTER DOMAIN area.short SET DEFAULT 'x'",
    steps: ["alter type"],
  },
  {
    sql: "ALTER DOMAIN area.short ADD CONSTRAINT filled CHECK (value <> '')",
    steps: ["alter type", "alter type"],
    runs: [
      "ALTER DOMAIN area.short ADD CONSTRAINT filled CHECK (value <> '') NOT VALID",
      'ALTER DOMAIN "area"."short" VALIDATE CONSTRAINT "filled"',
    ],
  },
  {
    sql: "ALTER DOMAIN area.spoken ADD CHECK (value <> '')",
    steps: ["alter type", "alter type"],
    hazards: ["long-lock"],
    runs: [
      "ALTER DOMAIN area.spoken ADD CONSTRAINT spoken_check CHECK (value <> '') NOT VALID",
      'ALTER DOMAIN "area"."spoken" VALIDATE CONSTRAINT "spoken_check"',
    ],
  },
  {
    sql: "ALTER DOMAIN area.short SET NOT NULL",
    steps: ["alter type"],
  },
  {
    sql: "ALTER DOMAIN area.spoken SET NOT NULL",
    steps: ["alter type"],
    hazards: ["long-lock"],
  },
  {
    sql: "CREATE TYPE area.floats AS RANGE (subtype = float8)",
    steps: ["create type"],
  },
  {
    sql: "ALTER TYPE area.couple ADD ATTRIBUTE c text",
    steps: ["alter type"],
  },
  {
    sql: "ALTER TYPE area.couple DROP ATTRIBUTE b",
    steps: ["alter type"],
  },
  {
    sql: "DROP DOMAIN area.short",
    steps: ["drop type"],
  },
  {
    sql: 'CREATE SEQUENCE "area"."tickets" INCREMENT BY 1 MINVALUE 1 MAXVALUE 1000 START WITH 1 CACHE 1',
    steps: ["create sequence"],
  },
  {
    sql: "ALTER SEQUENCE area.numbers INCREMENT BY 10",
    steps: ["alter sequence"],
  },
  {
    sql: "ALTER SEQUENCE area.numbers RESTART WITH 1",
    steps: ["alter sequence"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER SEQUENCE area.numbers RENAME TO digits",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER SEQUENCE area.numbers SET SCHEMA elsewhere",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "DROP SEQUENCE area.numbers",
    steps: ["drop sequence"],
    hazards: ["breaks-clients"],
  },
  {
    sql: 'CREATE SCHEMA "further"',
    steps: ["create schema"],
  },
  {
    sql: "ALTER SCHEMA elsewhere RENAME TO nowhere",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "DROP SCHEMA elsewhere",
    steps: ["drop schema"],
  },
  {
    sql: "DROP SCHEMA elsewhere CASCADE",
    steps: ["drop schema"],
    hazards: ["data-loss"],
  },
  {
    sql: "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    steps: ["create extension"],
  },
  {
    sql: "DROP EXTENSION btree_gist",
    steps: ["drop extension"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "CREATE FUNCTION area.count_parents() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM area.parent'",
    steps: ["create function"],
  },
  {
    sql: "CREATE OR REPLACE FUNCTION area.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    steps: ["create function"],
  },
  {
    sql: "CREATE FUNCTION area.sum_parents() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(id) FROM area.parent; END",
    steps: ["create function"],
  },
  {
    sql: "CREATE PROCEDURE area.tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END'",
    steps: ["create function"],
  },
  {
    sql: "ALTER FUNCTION area.touch() SET search_path = ''",
    steps: ["alter function"],
  },
  {
    sql: "ALTER FUNCTION area.touch() RENAME TO poke",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER FUNCTION area.touch() OWNER TO CURRENT_USER",
    steps: ["table option"],
  },
  {
    sql: "DROP FUNCTION area.calm()",
    steps: ["drop function"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "DROP FUNCTION IF EXISTS area.missing(integer), area.calm()",
    steps: ["drop function", "drop function"],
    hazards: ["breaks-clients"],
    runs: ["DROP FUNCTION IF EXISTS area.missing(int)", "DROP FUNCTION IF EXISTS area.calm()"],
  },
  {
    sql: "DROP FUNCTION IF EXISTS area.missing(integer)",
    steps: ["drop function"],
  },
  {
    sql: "CREATE TRIGGER poked AFTER INSERT ON area.parent FOR EACH ROW EXECUTE FUNCTION area.touch()",
    steps: ["create trigger"],
  },
  {
    sql: "CREATE OR REPLACE TRIGGER touched BEFORE UPDATE ON area.child FOR EACH ROW EXECUTE FUNCTION area.touch()",
    steps: ["create trigger"],
  },
  {
    sql: "ALTER TRIGGER touched ON area.child RENAME TO stroked",
    steps: ["rename"],
  },
  {
    sql: "DROP TRIGGER touched ON area.child",
    steps: ["drop trigger"],
  },
  {
    sql: 'CREATE POLICY "own" ON "area"."child" AS PERMISSIVE FOR ALL TO "authenticated" USING (true) WITH CHECK (id > 0)',
    steps: ["create policy"],
  },
  {
    sql: "CREATE POLICY related ON area.child FOR SELECT USING (parent_id IN (SELECT id FROM area.parent))",
    steps: ["create policy"],
  },
  {
    sql: "ALTER POLICY seen ON area.child TO authenticated USING (id > 0)",
    steps: ["alter policy"],
  },
  {
    sql: "ALTER POLICY seen ON area.child RENAME TO noticed",
    steps: ["rename"],
  },
  {
    sql: 'DROP POLICY "seen" ON "area"."child" CASCADE',
    steps: ["drop policy"],
  },
  {
    sql: "GRANT SELECT, INSERT ON area.child, area.parent TO authenticated",
    steps: ["grant"],
  },
  {
    sql: "GRANT SELECT (id) ON area.child TO anon",
    steps: ["grant"],
  },
  {
    sql: "REVOKE ALL ON FUNCTION area.calm() FROM PUBLIC",
    steps: ["grant"],
  },
  {
    sql: "GRANT USAGE ON SCHEMA area TO anon",
    steps: ["grant"],
  },
  {
    sql: "GRANT SELECT ON ALL TABLES IN SCHEMA area TO anon",
    steps: ["grant"],
  },
  {
    sql: "GRANT USAGE ON SEQUENCE area.numbers TO anon",
    steps: ["grant"],
  },
  {
    sql: "ALTER DEFAULT PRIVILEGES IN SCHEMA area GRANT SELECT ON TABLES TO anon",
    steps: ["grant"],
  },
  {
    sql: 'CREATE ROLE "visitor" NOINHERIT',
    steps: ["role"],
  },
  {
    sql: 'ALTER ROLE "visitor" WITH NOCREATEDB',
    steps: ["role"],
  },
  {
    sql: "ALTER ROLE visitor SET statement_timeout = '5s'",
    steps: ["role"],
  },
  {
    sql: "DROP ROLE visitor",
    steps: ["role"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "COMMENT ON TABLE area.child IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON COLUMN area.child.label IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON INDEX area.child_amount_idx IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON FUNCTION area.touch() IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON VIEW area.children IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON TYPE area.mood IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON CONSTRAINT child_parent_fk ON area.child IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON TRIGGER touched ON area.child IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON POLICY seen ON area.child IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "COMMENT ON SCHEMA area IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "INSERT INTO area.parent (id) VALUES (1000)",
    steps: ["change data"],
  },
  {
    sql: "INSERT INTO area.bin SELECT id FROM area.parent",
    steps: ["change data"],
  },
  {
    sql: "UPDATE area.parent SET name = 'x' WHERE id = 1",
    steps: ["change data"],
  },
  {
    sql: "DELETE FROM area.alone WHERE a = 1",
    steps: ["change data"],
    hazards: ["data-loss"],
  },
  {
    sql: "TRUNCATE area.alone",
    steps: ["change data"],
    hazards: ["data-loss"],
  },
  {
    sql: "MERGE INTO area.bin USING area.parent ON bin.id = parent.id WHEN NOT MATCHED THEN INSERT VALUES (parent.id)",
    steps: ["change data"],
  },
  {
    sql: "SELECT setval('area.numbers', 100)",
    steps: ["opaque"],
  },
  {
    sql: "DO $$ BEGIN PERFORM 1; END $$",
    steps: ["opaque"],
  },
  {
    sql: "CALL area.pass()",
    steps: ["opaque"],
  },
  {
    sql: "BEGIN",
    steps: ["opaque"],
  },
  {
    sql: "COMMIT",
    steps: ["opaque"],
  },
  {
    sql: "ROLLBACK",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "VACUUM area.child",
    steps: ["/table option"],
  },
  {
    sql: "VACUUM (FULL) area.child",
    steps: ["/table option"],
    hazards: ["rewrite"],
  },
  {
    sql: "ANALYZE area.child",
    steps: ["table option"],
  },
  {
    sql: "REINDEX TABLE area.child",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "CLUSTER area.child USING child_amount_idx",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "COPY area.child FROM STDIN",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "LISTEN x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "LOCK TABLE area.child",
    steps: ["opaque"],
  },
  {
    sql: "LOCK TABLE area.child IN SHARE MODE",
    steps: ["opaque"],
  },
  {
    sql: "SET search_path = area",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "SET LOCAL lock_timeout = '5s'",
    steps: ["opaque"],
  },
  {
    sql: "SET LOCAL work_mem = '8MB'",
    steps: ["opaque"],
  },
  {
    sql: "PREPARE x AS SELECT 1",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "CREATE RULE r AS ON INSERT TO area.bin DO INSTEAD NOTHING",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "CREATE STATISTICS area.fresh_statistics ON a, b FROM area.alone",
    steps: ["create statistics"],
  },
  {
    sql: "CREATE STATISTICS IF NOT EXISTS area.fresh_statistics (mcv) ON lower(t), (a + b) FROM area.alone",
    steps: ["create statistics"],
  },
  {
    sql: "CREATE STATISTICS ON k, id FROM area.parted",
    steps: ["create statistics"],
  },
  {
    sql: "ALTER STATISTICS area.st SET STATISTICS 100",
    steps: ["alter statistics"],
  },
  {
    sql: "ALTER STATISTICS area.st RENAME TO st_2",
    steps: ["rename"],
  },
  {
    sql: "ALTER STATISTICS area.st SET SCHEMA elsewhere",
    steps: ["rename"],
  },
  {
    sql: "COMMENT ON STATISTICS area.st IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "DROP STATISTICS area.st",
    steps: ["drop statistics"],
  },
  {
    sql: "DROP STATISTICS IF EXISTS area.st, area.nothing",
    steps: ["drop statistics", "drop statistics"],
    runs: ['DROP STATISTICS IF EXISTS "area"."st"', 'DROP STATISTICS IF EXISTS "area"."nothing"'],
  },
  {
    sql: "CREATE PUBLICATION kinds_fresh",
    steps: ["create publication"],
  },
  {
    sql: "CREATE PUBLICATION kinds_fresh FOR TABLE area.child (id, label), ONLY area.parent WHERE (name <> 'x') WITH (publish = 'insert')",
    steps: ["create publication"],
  },
  {
    sql: "CREATE PUBLICATION kinds_fresh FOR TABLE area.loose",
    steps: ["create publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "CREATE PUBLICATION kinds_fresh FOR ALL TABLES",
    steps: ["create publication"],
    hazards: ["unsupported"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p ADD TABLE area.alone (id, a) WHERE (id > 3)",
    steps: ["alter publication"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p ADD TABLE area.alone, area.indexed WHERE (id > 3)",
    steps: ["alter publication", "alter publication"],
    runs: [
      'ALTER PUBLICATION "kinds_p" ADD TABLE "area"."alone"',
      'ALTER PUBLICATION "kinds_p" ADD TABLE "area"."indexed" WHERE (id > 3)',
    ],
  },
  {
    sql: "ALTER PUBLICATION kinds_p ADD TABLE area.loose",
    steps: ["alter publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p ADD TABLES IN SCHEMA area",
    steps: ["alter publication"],
    hazards: ["unsupported"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p DROP TABLE area.parent",
    steps: ["alter publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p SET TABLE area.child (id, label), area.alone",
    steps: ["alter publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)",
    steps: ["alter publication"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p SET (publish = 'insert')",
    steps: ["alter publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "ALTER PUBLICATION kinds_p RENAME TO kinds_q",
    steps: ["rename"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "COMMENT ON PUBLICATION kinds_p IS 'x'",
    steps: ["comment"],
  },
  {
    sql: "DROP PUBLICATION kinds_p",
    steps: ["drop publication"],
    hazards: ["breaks-clients"],
  },
  {
    sql: "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION area.touch()",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "CREATE AGGREGATE area.total(integer) (SFUNC = int4pl, STYPE = integer)",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO area",
    steps: ["opaque"],
    hazards: ["unknown"],
  },
  {
    sql: "ALTER SYSTEM SET work_mem = '1GB'",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "CREATE DATABASE x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "GRANT anon TO authenticated",
    steps: ["grant"],
  },
  {
    sql: "DISCARD ALL",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "NOTIFY x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "UNLISTEN x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "CHECKPOINT",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "DROP DATABASE x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "CREATE TABLESPACE x LOCATION '/x'",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
  {
    sql: "DROP TABLESPACE x",
    steps: ["opaque"],
    hazards: ["unsupported"],
  },
];
