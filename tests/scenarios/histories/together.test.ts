import { expect, it } from "vitest";
import { type History, walk } from "./walk.ts";

const audited = [
  "CREATE TABLE acct (id int primary key, n int UNIQUE)",
  "CREATE TABLE trail (id int)",
  "CREATE FUNCTION aud() RETURNS trigger LANGUAGE plpgsql AS 'begin insert into trail values (new.id); return null; end'",
  "CREATE TRIGGER acct_aud AFTER INSERT OR UPDATE ON acct FOR EACH ROW EXECUTE FUNCTION aud()",
];
const twoAccounts = ["insert into acct values (1, 10), (2, 20)"];

const secrets = [
  "CREATE TABLE secrets (id int primary key, n int UNIQUE)",
  "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY",
  "CREATE POLICY none ON secrets FOR SELECT TO authenticated USING (false)",
  "GRANT SELECT ON secrets TO authenticated",
];
const twoSecrets = ["insert into secrets values (1, 10), (2, 20)"];

/** The second statement fails: what the first one switched off has to be on again. */
const failing: readonly History[] = [
  {
    name: "a trigger that is off for an update",
    migrations: [
      audited,
      [
        "ALTER TABLE acct DISABLE TRIGGER acct_aud",
        "UPDATE acct SET n = 1",
        "ALTER TABLE acct ENABLE TRIGGER acct_aud",
      ],
    ],
    rows: twoAccounts,
  },
  {
    name: "all triggers of a user that are off for an update",
    migrations: [
      audited,
      [
        'ALTER TABLE "public"."acct" DISABLE TRIGGER USER',
        "UPDATE acct SET n = 1",
        "ALTER TABLE acct ENABLE TRIGGER USER",
      ],
    ],
    rows: twoAccounts,
  },
  {
    name: "row-level security that is off for an update",
    migrations: [
      secrets,
      [
        "ALTER TABLE secrets DISABLE ROW LEVEL SECURITY",
        "UPDATE secrets SET n = 1",
        "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY",
      ],
    ],
    rows: twoSecrets,
  },
  {
    name: "row-level security that its owner is free of for an update",
    migrations: [
      [...secrets, "ALTER TABLE secrets FORCE ROW LEVEL SECURITY"],
      [
        "ALTER TABLE secrets NO FORCE ROW LEVEL SECURITY",
        "UPDATE secrets SET n = 1",
        "ALTER TABLE secrets FORCE ROW LEVEL SECURITY",
      ],
    ],
    rows: twoSecrets,
  },
  {
    name: "a policy that lets nothing through for an update",
    migrations: [
      secrets,
      [
        "ALTER POLICY none ON secrets USING (true)",
        "UPDATE secrets SET n = 1",
        "ALTER POLICY none ON secrets USING (false)",
      ],
    ],
    rows: twoSecrets,
  },
  {
    name: "a privilege that is revoked for an update",
    migrations: [
      secrets,
      [
        "REVOKE SELECT ON secrets FROM authenticated",
        "UPDATE secrets SET n = 1",
        "GRANT SELECT ON secrets TO authenticated",
      ],
    ],
    rows: twoSecrets,
  },
  {
    name: "a foreign key, a default and a not null that are gone for an update",
    migrations: [
      [
        "CREATE TABLE par (id int primary key)",
        "CREATE TABLE kid (id int primary key, par int DEFAULT 1 NOT NULL CONSTRAINT kid_par REFERENCES par (id), n int UNIQUE)",
      ],
      [
        "ALTER TABLE kid DROP CONSTRAINT kid_par",
        "ALTER TABLE kid ALTER COLUMN par DROP DEFAULT",
        "ALTER TABLE kid ALTER COLUMN par DROP NOT NULL",
        "UPDATE kid SET n = 1",
        "ALTER TABLE kid ALTER COLUMN par SET NOT NULL",
        "ALTER TABLE kid ALTER COLUMN par SET DEFAULT 1",
        "ALTER TABLE kid ADD CONSTRAINT kid_par FOREIGN KEY (par) REFERENCES par (id)",
      ],
    ],
    rows: ["insert into par values (1)", "insert into kid (id, n) values (1, 10), (2, 20)"],
  },
  {
    name: "a check and a unique key that are gone for an update of two tables in a schema of their own",
    schemas: ["Shop"],
    migrations: [
      [
        'CREATE SCHEMA "Shop"',
        'CREATE TABLE "Shop"."Items" ("Id" int primary key, n int CONSTRAINT "Items n" UNIQUE, CONSTRAINT "Is ok" CHECK (n > 0))',
        'CREATE TABLE "Shop"."More" ("Id" int primary key, n int UNIQUE)',
      ],
      [
        'ALTER TABLE "Shop"."Items" DROP CONSTRAINT "Is ok"',
        'ALTER TABLE "Shop"."Items" DROP CONSTRAINT "Items n"',
        'UPDATE "Shop"."More" SET n = 1',
        'ALTER TABLE "Shop"."Items" ADD CONSTRAINT "Items n" UNIQUE (n)',
        'ALTER TABLE "Shop"."Items" ADD CONSTRAINT "Is ok" CHECK (n > 0)',
      ],
    ],
    rows: ['insert into "Shop"."More" values (1, 1), (2, 2)'],
  },
  {
    name: "a view that shows whatever its owner may see for an update",
    migrations: [
      [...secrets, "CREATE VIEW seen WITH (security_invoker = true) AS SELECT id FROM secrets"],
      [
        "ALTER VIEW seen SET (security_invoker = false)",
        "UPDATE secrets SET n = 1",
        "ALTER VIEW seen SET (security_invoker = true)",
      ],
    ],
    rows: twoSecrets,
  },
  {
    name: "a column that is taken away before a statement that fails",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int, n int UNIQUE)"],
      [
        "ALTER TABLE t RENAME COLUMN a TO a_old",
        "ALTER TABLE t ADD COLUMN a text",
        "UPDATE t SET a = a_old::text, n = 1",
      ],
    ],
    rows: ["insert into t values (1, 5, 10), (2, 6, 20)"],
  },
];

const box = [
  "CREATE TABLE box (id int primary key, w int NOT NULL DEFAULT 1, CONSTRAINT box_w CHECK (w > 0))",
  "CREATE INDEX box_wi ON box (w)",
  "CREATE INDEX box_part ON box (id) WHERE w > 1",
  "CREATE INDEX box_expr ON box ((w + 1))",
  "COMMENT ON COLUMN box.w IS 'weight'",
  "GRANT SELECT (w) ON box TO authenticated",
];

/** What goes comes again, with all that went along. */
const remade: readonly History[] = [
  {
    name: "a column with its check, indexes, comment and grant",
    migrations: [
      box,
      [
        "ALTER TABLE box DROP COLUMN w",
        "ALTER TABLE box ADD COLUMN w int DEFAULT 1 NOT NULL",
        "ALTER TABLE box ADD CONSTRAINT box_w CHECK (w > 0)",
        ...box.slice(1),
      ],
    ],
    rows: ["insert into box select g, g from generate_series(1, 5) g"],
  },
  {
    name: "a key that becomes a uuid",
    migrations: [
      ["CREATE TABLE doc (id serial CONSTRAINT doc_pkey PRIMARY KEY, n text)"],
      [
        "ALTER TABLE doc DROP COLUMN id",
        "ALTER TABLE doc ADD COLUMN id uuid DEFAULT gen_random_uuid() NOT NULL",
        "ALTER TABLE doc ADD CONSTRAINT doc_pkey PRIMARY KEY (id)",
      ],
    ],
    rows: ["insert into doc (n) values ('a'), ('b')"],
  },
  {
    name: "a view with its trigger, grants and comment",
    migrations: [
      [
        "CREATE TABLE gear (name text, qty int)",
        "CREATE VIEW gear_v AS SELECT name, qty FROM gear",
        "CREATE FUNCTION gear_ins() RETURNS trigger LANGUAGE plpgsql AS 'begin insert into gear values (new.name, new.qty); return new; end'",
        "CREATE TRIGGER gear_t INSTEAD OF INSERT ON gear_v FOR EACH ROW EXECUTE FUNCTION gear_ins()",
        "GRANT SELECT, INSERT ON gear_v TO authenticated",
        "COMMENT ON VIEW gear_v IS 'stock'",
      ],
      [
        "DROP VIEW gear_v",
        "CREATE VIEW gear_v AS SELECT name, qty FROM gear",
        "CREATE TRIGGER gear_t INSTEAD OF INSERT ON gear_v FOR EACH ROW EXECUTE FUNCTION gear_ins()",
        "GRANT SELECT, INSERT ON gear_v TO authenticated",
        "COMMENT ON VIEW gear_v IS 'stock'",
      ],
    ],
    rows: ["insert into gear_v values ('a', 1)"],
  },
  {
    name: "a table with its trigger and policy",
    migrations: [
      [
        "CREATE TABLE post (id int primary key, n text)",
        "CREATE FUNCTION f_post() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
        "CREATE TRIGGER post_t BEFORE INSERT ON post FOR EACH ROW EXECUTE FUNCTION f_post()",
        "ALTER TABLE post ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON post USING (true)",
      ],
      [
        "DROP TABLE post",
        "CREATE TABLE post (id int primary key, n text, m int)",
        "CREATE TRIGGER post_t BEFORE INSERT ON post FOR EACH ROW EXECUTE FUNCTION f_post()",
        "ALTER TABLE post ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON post USING (true)",
        "INSERT INTO post VALUES (1, 'x', 2)",
      ],
    ],
  },
  {
    name: "a table by way of another name, with its rows",
    migrations: [
      ["CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY, a text)", "GRANT SELECT ON t TO authenticated"],
      [
        "ALTER TABLE t RENAME TO t_old",
        "ALTER TABLE t_old RENAME CONSTRAINT t_pkey TO t_old_pkey",
        "CREATE TABLE t (id bigint CONSTRAINT t_pkey PRIMARY KEY, a text, b text)",
        "INSERT INTO t SELECT id, a, 'b' FROM t_old",
        "GRANT SELECT ON t TO authenticated",
        "DROP TABLE t_old",
      ],
    ],
    rows: ["insert into t values (1, 'x'), (2, 'y')"],
  },
  {
    name: "a column by way of another one",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "CREATE INDEX t_a ON t (a)"],
      [
        "ALTER TABLE t ADD COLUMN a_new text",
        "UPDATE t SET a_new = a::text",
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t RENAME COLUMN a_new TO a",
        "CREATE INDEX t_a ON t (a)",
      ],
    ],
    rows: ["insert into t values (1, 5)"],
  },
  {
    name: "a function, and the trigger that CASCADE takes along",
    migrations: [
      [
        "CREATE TABLE t (id int primary key)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
      ],
      [
        "DROP FUNCTION f() CASCADE",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
      ],
    ],
  },
  {
    name: "a type whose columns CASCADE takes along",
    migrations: [
      [
        "CREATE TYPE s AS ENUM ('a', 'b')",
        "CREATE TABLE t (id int primary key, s s)",
        "CREATE INDEX t_s ON t (s)",
      ],
      [
        "DROP TYPE s CASCADE",
        "CREATE TYPE s AS ENUM ('c')",
        "ALTER TABLE t ADD COLUMN s s",
        "CREATE INDEX t_s ON t (s)",
      ],
    ],
    rows: ["insert into t values (1, 'a')"],
  },
  {
    name: "views that are in the way of a type",
    migrations: [
      [
        "CREATE TABLE t (id int primary key, a int)",
        "CREATE VIEW v AS SELECT id, a FROM t WHERE a > 0",
        "CREATE VIEW w AS SELECT id FROM v",
        "GRANT SELECT ON v TO authenticated",
      ],
      [
        "DROP VIEW w",
        "DROP VIEW v",
        "ALTER TABLE t ALTER COLUMN a SET DATA TYPE bigint",
        "CREATE VIEW v AS SELECT id, a FROM t WHERE a > 0",
        "CREATE VIEW w AS SELECT id FROM v",
        "GRANT SELECT ON v TO authenticated",
      ],
    ],
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "an enum by way of text",
    migrations: [
      ["CREATE TYPE s AS ENUM ('a', 'b')", "CREATE TABLE t (id int primary key, s s DEFAULT 'a' NOT NULL)"],
      [
        "ALTER TABLE t ALTER COLUMN s SET DATA TYPE text",
        "ALTER TABLE t ALTER COLUMN s SET DEFAULT 'a'::text",
        "DROP TYPE s",
        "CREATE TYPE s AS ENUM ('a', 'c')",
        "UPDATE t SET s = 'c' WHERE s = 'b'",
        "ALTER TABLE t ALTER COLUMN s SET DEFAULT 'a'::s",
        "ALTER TABLE t ALTER COLUMN s SET DATA TYPE s USING s::s",
      ],
    ],
    rows: ["insert into t values (1, 'a'), (2, 'b')"],
  },
  {
    name: "a unique key of more columns, and a foreign key",
    migrations: [
      [
        "CREATE TABLE a (id int primary key)",
        "CREATE TABLE b (id int primary key, a int CONSTRAINT b_a REFERENCES a (id), n int, CONSTRAINT b_n UNIQUE (n))",
      ],
      [
        "ALTER TABLE b DROP CONSTRAINT b_n",
        "ALTER TABLE b DROP CONSTRAINT b_a",
        "ALTER TABLE b ADD CONSTRAINT b_n UNIQUE (n, a)",
        "ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id) ON DELETE cascade",
      ],
    ],
    rows: ["insert into a values (1)", "insert into b values (1, 1, 1)"],
  },
  {
    name: "a materialized view with its index",
    migrations: [
      [
        "CREATE TABLE t (id int primary key, a int)",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
        "CREATE UNIQUE INDEX m_id ON m (id)",
        "GRANT SELECT ON m TO authenticated",
      ],
      [
        "DROP MATERIALIZED VIEW m",
        "CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t",
        "CREATE UNIQUE INDEX m_id ON m (id)",
        "GRANT SELECT ON m TO authenticated",
      ],
    ],
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "comments on a view's columns, though nothing is made again",
    migrations: [
      [
        "CREATE TABLE t (id int primary key, a int)",
        "CREATE VIEW v AS SELECT id, a FROM t",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
        "COMMENT ON COLUMN v.id IS 'old'",
      ],
      [
        "COMMENT ON COLUMN v.a IS 'a'",
        "COMMENT ON COLUMN v.id IS 'new'",
        "COMMENT ON COLUMN m.id IS 'm'",
        "COMMENT ON MATERIALIZED VIEW m IS 'all'",
      ],
    ],
  },
  {
    name: "a view that takes the name of a table",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "GRANT SELECT ON t TO authenticated"],
      [
        "ALTER TABLE t RENAME TO t_rows",
        "CREATE VIEW t WITH (security_invoker = true) AS SELECT id, a FROM t_rows",
        "GRANT SELECT ON t TO authenticated",
      ],
    ],
    rows: ["insert into t values (1, 1)"],
  },
];

/** What lives no longer than a transaction or a session, and what is PostgreSQL's own. */
const living: readonly History[] = [
  {
    name: "a temporary table that goes with the transaction",
    migrations: [
      ["CREATE TABLE t (id int primary key, n int)"],
      [
        "CREATE TEMP TABLE p ON COMMIT DROP AS SELECT id + 10 AS id FROM t",
        "INSERT INTO t SELECT id, 0 FROM p",
        "ALTER TABLE t ADD COLUMN m int",
      ],
    ],
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "a temporary table that is filled, read and dropped",
    migrations: [
      ["CREATE TABLE t (id int primary key, n int)"],
      [
        "CREATE TEMPORARY TABLE x (id int)",
        "INSERT INTO x VALUES (5)",
        "INSERT INTO t SELECT id, 1 FROM x",
        "DROP TABLE x",
      ],
    ],
  },
  {
    name: "a table that is locked for what follows",
    migrations: [
      ["CREATE TABLE t (id int primary key, n int)"],
      ["LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "UPDATE t SET n = 2", "CREATE INDEX t_n ON t (n)"],
    ],
    rows: ["insert into t values (1, 1)"],
  },
  {
    name: "settings for what follows",
    migrations: [
      ["CREATE TABLE t (id int primary key, n text)"],
      [
        "SET LOCAL lock_timeout = '3s'",
        "SET LOCAL \"TimeZone\" = 'America/Sao_Paulo'",
        "UPDATE t SET n = ('2026-01-01 00:00:00+00'::timestamptz)::text",
      ],
    ],
    rows: ["insert into t values (1, 'a')"],
  },
  {
    name: "a transaction of its own",
    migrations: [
      ["CREATE TABLE t (id int primary key)"],
      ["BEGIN", "ALTER TABLE t ADD COLUMN m int", "COMMIT"],
    ],
  },
  {
    name: "a way out of the migrator's transaction",
    migrations: [
      ["CREATE TABLE t (id int primary key, n int)", "CREATE INDEX t_old ON t (n, id)"],
      [
        "COMMIT",
        "SET lock_timeout = 0",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)",
        "DROP INDEX CONCURRENTLY IF EXISTS t_old",
        "VACUUM t",
        "SET lock_timeout = '5s'",
      ],
    ],
  },
  {
    name: "triggers with functions of PostgreSQL's own",
    migrations: [
      ["CREATE TABLE t (id int primary key, body text, found tsvector)"],
      [
        "CREATE TRIGGER same BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE TRIGGER seek BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(found, 'pg_catalog.english', body)",
      ],
    ],
  },
  {
    name: "statistics",
    migrations: [
      ["CREATE TABLE t (id int primary key)"],
      ["ANALYZE t", "ALTER TABLE t ADD COLUMN m int", "ANALYZE"],
    ],
  },
];

it.each(failing)("$name is as before when the update fails", async (history) => {
  expect(await walk(history)).toEqual([]);
});

it.each([...remade, ...living])("$name: there, back and there again", async (history) => {
  expect(await walk(history)).toEqual([]);
});
