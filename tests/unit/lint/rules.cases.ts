/** A migration after another one, and the rules that find something in it. */
export interface Case {
  readonly what: string;
  readonly before?: string;
  readonly text: string;
  readonly finds: readonly string[];
}

const orders = `CREATE TABLE "orders" ("id" serial PRIMARY KEY, "code" varchar(50), "total" integer, "price" numeric(10, 2), "status" text NOT NULL);`;

export const cases: readonly Case[] = [
  // What the migration itself makes has no rows.
  {
    what: "a table with all that belongs to it",
    text: `${orders} CREATE INDEX orders_code ON orders (code); ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0); ALTER TABLE orders ADD COLUMN n text NOT NULL; ALTER TABLE orders ALTER COLUMN total TYPE bigint; ALTER TABLE orders RENAME COLUMN total TO amount; ALTER TABLE orders DROP COLUMN amount; UPDATE orders SET code = 'x'; DROP TABLE orders;`,
    finds: [],
  },
  {
    what: "a table that is renamed and changed where it is made",
    text: `${orders} ALTER TABLE orders RENAME TO purchases; CREATE INDEX p ON purchases (code);`,
    finds: [],
  },
  {
    what: "a temporary table",
    text: "CREATE TEMPORARY TABLE t (id integer); CREATE INDEX t_id ON t (id); DROP TABLE t;",
    finds: [],
  },
  {
    what: "a foreign key of a new table",
    before: orders,
    text: "CREATE TABLE lines (id integer, order_id integer); ALTER TABLE lines ADD CONSTRAINT f FOREIGN KEY (order_id) REFERENCES orders (id);",
    finds: [],
  },
  // What the folder says of types.
  {
    what: "a longer varchar",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN code TYPE varchar(100);",
    finds: [],
  },
  {
    what: "a varchar that becomes text",
    before: orders,
    text: 'ALTER TABLE "orders" ALTER COLUMN "code" SET DATA TYPE text;',
    finds: [],
  },
  {
    what: "a shorter varchar",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN code TYPE varchar(10);",
    finds: ["alter-column-type"],
  },
  {
    what: "a numeric of more digits",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN price TYPE numeric(12, 2);",
    finds: [],
  },
  {
    what: "a numeric of another scale",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN price TYPE numeric(12, 4);",
    finds: ["alter-column-type"],
  },
  {
    what: "an integer that becomes a bigint",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    finds: ["alter-column-type"],
  },
  {
    what: "a type that an earlier migration changed",
    before: `${orders} ALTER TABLE orders ALTER COLUMN total TYPE varchar(5);`,
    text: "ALTER TABLE orders ALTER COLUMN total TYPE varchar(6);",
    finds: [],
  },
  {
    what: "a type of a column that was renamed",
    before: `${orders} ALTER TABLE orders RENAME COLUMN code TO label; ALTER TABLE orders RENAME TO purchases;`,
    text: "ALTER TABLE purchases ALTER COLUMN label TYPE varchar(60);",
    finds: [],
  },
  {
    what: "a type of a table that the folder does not make",
    text: "ALTER TABLE elsewhere.t ALTER COLUMN a TYPE text;",
    finds: ["alter-column-type"],
  },
  {
    what: "a type with an index on an expression",
    before: `${orders} CREATE INDEX i ON orders (lower(code));`,
    text: "ALTER TABLE orders ALTER COLUMN code TYPE text;",
    finds: ["alter-column-type"],
  },
  {
    what: "a type that a view reads",
    before: `${orders} CREATE VIEW v AS SELECT code FROM orders;`,
    text: "ALTER TABLE orders ALTER COLUMN code TYPE text;",
    finds: ["alter-column-type"],
  },
  {
    what: "a type that a view does not read",
    before: `${orders} CREATE VIEW v AS SELECT total FROM orders;`,
    text: "ALTER TABLE orders ALTER COLUMN code TYPE text;",
    finds: [],
  },
  // Columns.
  { what: "a plain column", before: orders, text: "ALTER TABLE orders ADD COLUMN a text;", finds: [] },
  {
    what: "a column with a steady default",
    before: orders,
    text: "ALTER TABLE orders ADD COLUMN a timestamptz DEFAULT now() NOT NULL, ADD COLUMN b boolean DEFAULT false NOT NULL;",
    finds: [],
  },
  {
    what: "one of several commands",
    before: orders,
    text: "ALTER TABLE orders ADD COLUMN a text, ADD COLUMN b uuid DEFAULT gen_random_uuid();",
    finds: ["add-column-volatile-default"],
  },
  {
    what: "a default of a function that the folder makes, volatile",
    before: `${orders} CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'select 1';`,
    text: "ALTER TABLE orders ADD COLUMN a integer DEFAULT f();",
    finds: ["add-column-volatile-default"],
  },
  {
    what: "a default of a function that the folder makes, stable",
    before: `${orders} CREATE FUNCTION f() RETURNS integer LANGUAGE sql STABLE AS 'select 1';`,
    text: "ALTER TABLE orders ADD COLUMN a integer DEFAULT f();",
    finds: [],
  },
  {
    what: "a default of an extension's function",
    before: orders,
    text: "ALTER TABLE orders ADD COLUMN a uuid DEFAULT uuid_generate_v4();",
    finds: ["add-column-volatile-default"],
  },
  {
    what: "a serial column",
    before: orders,
    text: 'ALTER TABLE "orders" ADD COLUMN "n" serial NOT NULL;',
    finds: ["add-column-serial"],
  },
  {
    what: "a column that is unique at once",
    before: orders,
    text: "ALTER TABLE orders ADD COLUMN a text UNIQUE;",
    finds: ["add-unique"],
  },
  {
    what: "a column with a reference",
    before: orders,
    text: "ALTER TABLE orders ADD COLUMN a integer REFERENCES orders (id);",
    finds: ["add-foreign-key"],
  },
  {
    what: "a column of a domain without rules",
    before: `${orders} CREATE DOMAIN d AS text;`,
    text: "ALTER TABLE orders ADD COLUMN a d;",
    finds: [],
  },
  {
    what: "a column of an enum that becomes another enum",
    before: `CREATE TYPE s AS ENUM ('a'); CREATE TYPE s2 AS ENUM ('a', 'b'); CREATE TABLE t (s s);`,
    text: "ALTER TABLE t ALTER COLUMN s TYPE s2 USING s::text::s2;",
    finds: ["alter-column-type"],
  },
  // Constraints.
  {
    what: "a check NOT VALID, validated later",
    before: orders,
    text: "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;",
    finds: [],
  },
  {
    what: "NOT NULL behind a check that is validated",
    before: `${orders} ALTER TABLE orders ADD CONSTRAINT c CHECK (total IS NOT NULL AND total > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;`,
    text: "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    finds: [],
  },
  {
    what: "NOT NULL behind a check that is not",
    before: `${orders} ALTER TABLE orders ADD CONSTRAINT c CHECK (total IS NOT NULL) NOT VALID;`,
    text: "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    finds: ["set-not-null"],
  },
  {
    what: "NOT NULL behind a check that says either",
    before: `${orders} ALTER TABLE orders ADD CONSTRAINT c CHECK (total IS NOT NULL OR code IS NOT NULL);`,
    text: "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    finds: ["set-not-null"],
  },
  {
    what: "NOT NULL of a column that has it",
    before: orders,
    text: "ALTER TABLE orders ALTER COLUMN status SET NOT NULL;",
    finds: [],
  },
  {
    what: "a primary key",
    before: "CREATE TABLE t (id integer NOT NULL);",
    text: "ALTER TABLE t ADD PRIMARY KEY (id);",
    finds: ["add-unique"],
  },
  {
    what: "a unique constraint of an index that is there",
    before: `${orders} CREATE UNIQUE INDEX u ON orders (code);`,
    text: "ALTER TABLE orders ADD CONSTRAINT u UNIQUE USING INDEX u;",
    finds: [],
  },
  {
    what: "a foreign key as drizzle-kit once wrote it",
    before: `${orders} CREATE TABLE lines (order_id integer);`,
    text: 'DO $$ BEGIN ALTER TABLE "lines" ADD CONSTRAINT "f" FOREIGN KEY ("order_id") REFERENCES "orders"("id"); EXCEPTION WHEN duplicate_object THEN null; END $$;',
    finds: ["add-foreign-key"],
  },
  {
    what: "a constraint that is dropped",
    before: `${orders} ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0);`,
    text: "ALTER TABLE orders DROP CONSTRAINT c;",
    finds: [],
  },
  // Indexes.
  {
    what: "an index of a partitioned table without partitions",
    before: "CREATE TABLE p (k integer) PARTITION BY RANGE (k);",
    text: "CREATE INDEX i ON p (k);",
    finds: [],
  },
  {
    what: "an index of a partitioned table with partitions",
    before:
      "CREATE TABLE p (k integer) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);",
    text: "CREATE INDEX i ON p (k);",
    finds: ["create-index"],
  },
  {
    what: "an index of a materialized view",
    before: `${orders} CREATE MATERIALIZED VIEW m AS SELECT code FROM orders;`,
    text: "CREATE INDEX i ON m (code);",
    finds: ["create-index"],
  },
  // Loss.
  {
    what: "a table that drizzle-kit drops",
    before: orders,
    text: 'DROP TABLE "orders" CASCADE;',
    finds: ["drop-table"],
  },
  {
    what: "a table that another refers to",
    before: `${orders} CREATE TABLE lines (order_id integer REFERENCES orders (id));`,
    text: 'DROP TABLE "orders" CASCADE;',
    finds: ["cascade", "drop-table"],
  },
  {
    what: "a column that a view reads, with CASCADE",
    before: `${orders} CREATE VIEW v AS SELECT total FROM orders;`,
    text: "ALTER TABLE orders DROP COLUMN total CASCADE;",
    finds: ["cascade", "drop-column"],
  },
  {
    what: "a column that is not there any more",
    before: `${orders} ALTER TABLE orders DROP COLUMN total;`,
    text: "ALTER TABLE orders DROP COLUMN IF EXISTS total;",
    finds: [],
  },
  { what: "a schema with all in it", text: "DROP SCHEMA old CASCADE;", finds: ["cascade"] },
  {
    what: "rows by their key",
    before: orders,
    text: "UPDATE orders SET total = 1 WHERE id = 7; DELETE FROM orders WHERE id IN (1, 2);",
    finds: ["delete-rows"],
  },
  {
    what: "rows by a part of their key",
    before: "CREATE TABLE t (a integer, b integer, c text, PRIMARY KEY (a, b));",
    text: "UPDATE t SET c = 'x' WHERE a = 1;",
    finds: ["change-many-rows"],
  },
  {
    what: "rows that are written",
    before: orders,
    text: "INSERT INTO orders (status) VALUES ('a'), ('b');",
    finds: [],
  },
  {
    what: "rows that are copied",
    before: `${orders} CREATE TABLE copy (id integer);`,
    text: "INSERT INTO copy SELECT id FROM orders;",
    finds: ["change-many-rows"],
  },
  // Clients.
  {
    what: "a constraint and an index that are renamed",
    before: `${orders} CREATE INDEX i ON orders (code);`,
    text: "ALTER INDEX i RENAME TO j; ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO k;",
    finds: [],
  },
  {
    what: "a view that is made again",
    before: `${orders} CREATE VIEW v AS SELECT total FROM orders;`,
    text: "DROP VIEW v; CREATE VIEW v AS SELECT total, code FROM orders;",
    finds: [],
  },
  {
    what: "a function that is dropped",
    before: "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'select 1';",
    text: "DROP FUNCTION f(integer);",
    finds: ["drop-object"],
  },
  {
    what: "row-level security with a policy that comes after it",
    before: orders,
    text: "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON orders USING (true);",
    finds: [],
  },
  {
    what: "a view over a table that is closed in the same migration",
    before: orders,
    text: "CREATE VIEW v AS SELECT total FROM orders; CREATE POLICY p ON orders USING (true); ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
    finds: ["view-exposes-rows"],
  },
  {
    what: "a view that is closed afterwards",
    before: `${orders} CREATE POLICY p ON orders USING (true); ALTER TABLE orders ENABLE ROW LEVEL SECURITY;`,
    text: "CREATE VIEW v AS SELECT total FROM orders; ALTER VIEW v SET (security_invoker = true);",
    finds: [],
  },
  // What is for the session.
  { what: "limits of the session", text: "SET lock_timeout = '5s'; SET statement_timeout = 0;", finds: [] },
  {
    what: "a migration that begins and commits",
    text: "BEGIN; CREATE TABLE t (id integer); COMMIT;",
    finds: ["transaction-control"],
  },
  {
    what: "an enum's new value that nothing uses",
    before: "CREATE TYPE s AS ENUM ('a');",
    text: "ALTER TYPE s ADD VALUE 'b';",
    finds: [],
  },
  {
    what: "a new value of an enum that the migration makes",
    text: "CREATE TYPE s AS ENUM ('a'); ALTER TYPE s ADD VALUE 'b'; CREATE TABLE t (s s DEFAULT 'b');",
    finds: [],
  },
  {
    what: "a table that is detached while another points at it",
    before:
      "CREATE TABLE p (k integer PRIMARY KEY) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2); CREATE TABLE r (k integer REFERENCES p (k));",
    text: "ALTER TABLE p DETACH PARTITION p1;",
    finds: ["other-hazard"],
  },
  {
    what: "a table that may be there already",
    before: orders,
    text: "CREATE TABLE IF NOT EXISTS orders (id integer); CREATE INDEX i ON orders (code);",
    finds: ["create-index"],
  },
  {
    what: "a table that takes the name of one that the migration made and dropped",
    before: orders,
    text: "CREATE TABLE spare (code text); DROP TABLE spare; ALTER TABLE orders RENAME TO spare; ALTER TABLE spare DROP COLUMN code;",
    finds: ["drop-column", "rename-table"],
  },
  {
    what: "a table that is exchanged for a new one",
    before: orders,
    text: "CREATE TABLE fresh (id integer, code text); ALTER TABLE orders RENAME TO old; ALTER TABLE fresh RENAME TO orders; CREATE INDEX i ON orders (code); ALTER TABLE orders DROP COLUMN code;",
    finds: ["rename-table"],
  },
  {
    what: "a view over one that reads as whoever asks",
    before: `${orders} CREATE POLICY p ON orders USING (true); ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE VIEW v WITH (security_invoker) AS SELECT total FROM orders;`,
    text: "CREATE VIEW w AS SELECT total FROM v;",
    finds: ["view-exposes-rows"],
  },
  {
    what: "an index that is unique",
    before: orders,
    text: "CREATE UNIQUE INDEX i ON orders (code);",
    finds: ["create-index"],
  },
];
