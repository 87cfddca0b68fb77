import { expect, it } from "vitest";
import { type History, walk } from "./walk.ts";

const note = (name: string, value: number): string =>
  `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN NEW.a := ${value}; RETURN NEW; END$f$`;

/** Names that one object frees and another takes, or that a statement gives to what has them. */
const cases: readonly History[] = [
  {
    name: "a table that another schema has is not meant by a name without one",
    schemas: ["public", "app"],
    migrations: [
      [
        "CREATE SCHEMA app",
        "CREATE TABLE app.otter (id int primary key, a int)",
        "CREATE TABLE t (id int primary key)",
      ],
      ["DROP TABLE IF EXISTS otter CASCADE", "ALTER TABLE t ADD COLUMN b int", "DROP VIEW IF EXISTS shown"],
    ],
    rows: ["insert into app.otter values (1, 2)"],
  },
  {
    name: "what is moved to the schema that it is in",
    schemas: ["public", "app"],
    migrations: [
      [
        "CREATE SCHEMA app",
        "CREATE TYPE app.kind AS ENUM ('a')",
        "CREATE TABLE app.t (id int primary key, k app.kind, a int)",
        note("app.f", 1),
        "CREATE TRIGGER g BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f()",
      ],
      [
        "ALTER TYPE app.kind SET SCHEMA app",
        "ALTER TABLE app.t SET SCHEMA app",
        "ALTER FUNCTION app.f() SET SCHEMA app",
        "ALTER TRIGGER g ON app.t RENAME TO g",
        "ALTER TABLE app.t ADD COLUMN b int",
      ],
    ],
    rows: ["insert into app.t values (1, 'a', 2)"],
  },
  {
    name: "a column that is added before its table gets another name",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int NOT NULL)"],
      [
        "ALTER TABLE t ADD COLUMN b text GENERATED ALWAYS AS (a::text) STORED",
        'ALTER TABLE t ADD COLUMN "Plain" int',
        'CREATE INDEX t_plain ON t ("Plain")',
        "ALTER TABLE t RENAME TO u",
      ],
    ],
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "types whose former names new types have",
    schemas: ["public", "app"],
    migrations: [
      [
        "CREATE SCHEMA app",
        "CREATE TYPE app.mood AS ENUM ('a')",
        "CREATE TABLE t (id int primary key, m app.mood)",
      ],
      [
        'ALTER TYPE app.mood RENAME TO "Level"',
        "CREATE TYPE app.mood AS ENUM ('b')",
        "ALTER TYPE app.mood SET SCHEMA public",
        "CREATE TYPE app.mood AS ENUM ('c')",
      ],
    ],
    rows: ["insert into t values (1, 'a')"],
    works: ["insert into t values (2, 'a')"],
  },
  {
    name: "a table whose former name a new one has, filled from it",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "CREATE INDEX t_a ON t (a)"],
      [
        "ALTER TABLE t RENAME TO t_old",
        "CREATE TABLE t (id int primary key, b text)",
        "INSERT INTO t SELECT id, a::text FROM t_old",
      ],
    ],
    rows: ["insert into t values (1, 5)"],
    works: ["insert into t values (2, 6)"],
  },
  {
    name: "a function whose former name a new one has, under a trigger",
    migrations: [
      [
        "CREATE TABLE t (id int primary key, a int)",
        note("f", 1),
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
      ],
      ["ALTER FUNCTION f() RENAME TO f_old", note("f", 2)],
    ],
    rows: ["insert into t values (1, 5)"],
  },
  {
    name: "a view whose former name a new one has",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "CREATE VIEW v AS SELECT id FROM t"],
      ["ALTER VIEW v RENAME TO v_old", "CREATE VIEW v AS SELECT id, a FROM t"],
    ],
    works: ["select id from v"],
  },
  {
    name: "tables whose names go on from one to the next",
    schemas: ["public", "app"],
    migrations: [
      ["CREATE SCHEMA app", "CREATE TABLE t (id int)", "CREATE TABLE app.t (id int primary key, a int)"],
      ["ALTER TABLE app.t RENAME TO u"],
      ["ALTER TABLE t SET SCHEMA app"],
    ],
    rows: ["insert into t values (1)", "insert into app.t values (2, 3)"],
  },
  {
    name: "an index that another table has under the name, and IF NOT EXISTS",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "CREATE TABLE u (id int primary key, a int)"],
      ["ALTER TABLE t ADD CONSTRAINT x UNIQUE (a)", "CREATE INDEX IF NOT EXISTS x ON u (a)"],
    ],
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "an index that went to another schema with its table, and DROP IF EXISTS",
    schemas: ["public", "app"],
    migrations: [
      ["CREATE SCHEMA app", "CREATE TABLE t (id int primary key, a int)"],
      ["CREATE INDEX x ON t (a)", "ALTER TABLE t SET SCHEMA app", "DROP INDEX IF EXISTS x"],
      ["CREATE INDEX y ON app.t (a)", "DROP INDEX IF EXISTS y"],
    ],
  },
  {
    name: "values of an enum, one renamed and one added that stays",
    migrations: [
      ["CREATE TYPE k AS ENUM ('a', 'b')", "CREATE TABLE t (id int primary key, k k)"],
      ["ALTER TYPE k ADD VALUE 'd'"],
      ["ALTER TYPE k RENAME VALUE 'b' TO 'c'"],
    ],
    rows: ["insert into t values (1, 'b')"],
    works: ["insert into t values (2, 'b')"],
  },
  {
    name: "a key on a column that is dropped, and of the same name on another",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int, b int)"],
      [
        "ALTER TABLE t ADD CONSTRAINT x UNIQUE (a)",
        "CREATE POLICY p ON t USING (a IS NOT NULL)",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        "ALTER TABLE t ADD CONSTRAINT x UNIQUE (b)",
      ],
    ],
    rows: ["insert into t values (1, 2, 3)"],
  },
  {
    name: "a serial table beside a new one of its name in another schema",
    schemas: ["public", "app"],
    migrations: [
      ["CREATE SCHEMA app", "CREATE TABLE app.t (id serial primary key, a int)"],
      ["CREATE TABLE t (id serial primary key)"],
    ],
    rows: ["insert into app.t (a) values (1)"],
    works: ["insert into app.t (a) values (2)"],
  },
  {
    name: "a column that a rollback keeps, added between a switch and its switch back",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"],
      ["ALTER TABLE t ALTER COLUMN a SET DEFAULT 3", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"],
      [
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
        "ALTER TABLE t ADD COLUMN b text",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT c",
        "UPDATE t SET b = 'x'",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1)",
      ],
    ],
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "a column of a type that gets another name after its table was made",
    schemas: ["public", "app"],
    migrations: [
      ["CREATE SCHEMA app", "CREATE TYPE kind AS ENUM ('new', 'old')", "CREATE DOMAIN small AS int"],
      [
        "CREATE TABLE t (id int primary key, k kind DEFAULT 'new', ks kind[], s small)",
        "CREATE INDEX t_old ON t (s) WHERE k = 'old'",
        "CREATE TYPE app.mood AS ENUM ('good')",
        "ALTER TYPE kind RENAME TO mood",
        "ALTER DOMAIN small RENAME TO smaller",
      ],
      ["INSERT INTO t VALUES (1, 'old', '{new}', 3)"],
    ],
  },
  {
    name: "the index of a key gets another name, and its name goes on to an index",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int, b int)", "ALTER TABLE t ADD CONSTRAINT x UNIQUE (a)"],
      [
        "ALTER INDEX x RENAME TO y",
        "ALTER TABLE t ADD CONSTRAINT x UNIQUE (b)",
        "ALTER INDEX x RENAME TO z",
        "ALTER TABLE t DROP CONSTRAINT y",
        "CREATE INDEX x ON t (a)",
      ],
      ["ALTER INDEX z RENAME TO w", "CREATE INDEX y ON t (b)", "ALTER INDEX y RENAME TO z"],
      [
        "ALTER TABLE t DROP CONSTRAINT w",
        "CREATE UNIQUE INDEX w ON t (id)",
        "ALTER INDEX t_pkey RENAME TO t_key",
      ],
    ],
    rows: ["insert into t values (1, 2, 3)"],
    works: ["insert into t values (2, 3, 3)"],
  },
];

it.each(cases)("$name", async (history) => {
  expect(await walk(history)).toEqual([]);
});
