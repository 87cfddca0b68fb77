import { expect, it } from "vitest";
import { type History, walk } from "./walk.ts";

const note = (value: number): string =>
  `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN NEW.a := ${value}; RETURN NEW; END$f$`;

/** What stands between these two goes in one transaction with them. */
const together = (...statements: readonly string[]): string[] => [
  "DROP FUNCTION note()",
  ...statements,
  note(2),
];

/** What a rollback keeps or puts aside, and the deployment after it finds. */
const cases: readonly History[] = [
  {
    name: "a column that is numbered, and has a comment before that",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)"],
      [
        "COMMENT ON COLUMN t.id IS 'counted'",
        "ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
        "INSERT INTO t (a) VALUES (7)",
      ],
    ],
    works: ["insert into t values (12, 1)"],
  },
  {
    name: "a column that is numbered in a transaction with others",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", note(1)],
      together("ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"),
    ],
    works: ["insert into t values (12, 1)"],
  },
  {
    name: "a table that gets its parts in a transaction with others",
    migrations: [
      ["CREATE TABLE u (id int primary key)", note(1)],
      [
        "CREATE TABLE t (id int primary key, a int)",
        ...together(
          "CREATE POLICY p ON t USING (a IS NOT NULL)",
          "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
          "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
          "CREATE INDEX i ON t (a)",
        ),
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
        "INSERT INTO t VALUES (1, 1)",
      ],
    ],
  },
  {
    name: "a constraint that is made and taken away in a transaction with others",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", note(1)],
      together("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT c"),
    ],
    rows: ["insert into t values (1, 2)"],
  },
  {
    name: "a view that is made, and taken away in a transaction with others",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", note(1)],
      ["CREATE VIEW v AS SELECT a FROM t", ...together("DROP VIEW v"), "ALTER TABLE t RENAME COLUMN a TO b"],
    ],
    works: ["insert into t (id, a) values (1, 2)"],
  },
  {
    name: "a view that is made by CREATE OR REPLACE and gets another name in a later migration",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)"],
      ["CREATE OR REPLACE VIEW v AS SELECT a FROM t"],
      ["ALTER VIEW v RENAME TO w"],
    ],
  },
  {
    name: "rows that go into a table in a transaction with IF NOT EXISTS for it, twice",
    migrations: [
      ["CREATE TABLE t (id int primary key, a int)", note(1)],
      together(
        "CREATE TABLE IF NOT EXISTS t (id int primary key)",
        "CREATE TABLE IF NOT EXISTS t (id text)",
        "INSERT INTO t VALUES (1, 2)",
      ),
    ],
  },
  {
    name: "a table that a later statement would make in another form if it were not there",
    migrations: [
      ["CREATE TABLE u (id int primary key)"],
      [
        "CREATE TABLE t (id int primary key, a int)",
        "CREATE TABLE IF NOT EXISTS t (id serial primary key, b bigint DEFAULT 1)",
        "INSERT INTO t VALUES (1, 2)",
      ],
    ],
  },
  {
    name: "a type that took over the name of one which was moved",
    schemas: ["public", "app"],
    migrations: [
      [
        "CREATE SCHEMA app",
        "CREATE TYPE app.mood AS ENUM ('new', 'old')",
        "CREATE TABLE t (id int primary key, m app.mood)",
      ],
      ["ALTER TYPE app.mood SET SCHEMA public", "CREATE TYPE app.mood AS ENUM ('good', 'bad')"],
      [
        "CREATE TABLE u (id int primary key)",
        "ALTER TABLE u ADD COLUMN m app.mood",
        "INSERT INTO u VALUES (1, 'bad')",
      ],
    ],
    rows: ["insert into t values (1, 'old')"],
  },
  {
    name: "a key whose name another table's index gets",
    migrations: [
      [
        "CREATE TABLE t (id int primary key, CONSTRAINT x UNIQUE (id))",
        "CREATE TABLE u (id int primary key)",
      ],
      [
        "CREATE TYPE k AS ENUM ('a')",
        "ALTER INDEX x RENAME TO y",
        "ALTER TABLE u ADD COLUMN k k",
        "CREATE INDEX x ON u (k)",
        "ALTER TABLE t DROP CONSTRAINT y",
      ],
    ],
    rows: ["insert into u values (1)"],
  },
];

it.each(cases)("$name: there, back and there again", async (history) => {
  expect(await walk(history)).toEqual([]);
});
