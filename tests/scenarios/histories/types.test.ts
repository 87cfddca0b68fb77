import { expect, it } from "vitest";
import { type History, walk } from "./walk.ts";

const histories: readonly History[] = [
  {
    name: "domains that get stricter, in every form",
    migrations: [
      [
        "CREATE DOMAIN email AS text CONSTRAINT email_at CHECK (value ~ '@')",
        'CREATE DOMAIN "Far Name" AS int',
        "CREATE DOMAIN unused AS int",
        'CREATE TABLE pers (id int PRIMARY KEY, mail email, far "Far Name")',
      ],
      [
        "ALTER DOMAIN email ADD CONSTRAINT email_short CHECK (length(value) < 100) NOT VALID",
        "ALTER DOMAIN email VALIDATE CONSTRAINT email_short",
        "ALTER DOMAIN email ADD CHECK (value <> '')",
        'ALTER DOMAIN "Far Name" ADD CONSTRAINT "Is Positive" CHECK (value > 0)',
        'ALTER DOMAIN "Far Name" SET DEFAULT 5',
        "ALTER DOMAIN unused SET NOT NULL",
        "ALTER DOMAIN email DROP CONSTRAINT email_at",
      ],
    ],
    rows: ["insert into pers values (1, 'a@b', 3)"],
  },
  {
    name: "composite and range types that are made, changed and dropped",
    migrations: [
      [
        "CREATE TYPE addr AS (street text, zip varchar(9))",
        'CREATE TYPE "Gone" AS (a int, b text)',
        "CREATE TYPE span AS RANGE (subtype = float8)",
        "CREATE TABLE pers (id int PRIMARY KEY, home addr)",
      ],
      [
        "ALTER TYPE addr ADD ATTRIBUTE city text",
        "CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi)",
        "CREATE TYPE made AS (a int, b text)",
        "ALTER TABLE pers ADD COLUMN at floats",
        "ALTER TABLE pers ADD COLUMN all_of made[]",
        'DROP TYPE "Gone"',
        "DROP TYPE span",
        "CREATE TYPE lonely AS RANGE (subtype = int)",
      ],
    ],
    rows: ["insert into pers values (1, row('s', 'z'))"],
  },
  {
    name: "storage and replica identity, set",
    migrations: [
      [
        "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int)",
        "CREATE UNIQUE INDEX t_a ON t (a)",
        'CREATE TABLE "Other" (id int PRIMARY KEY, a text)',
      ],
      [
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_a",
        'ALTER TABLE "Other" REPLICA IDENTITY NOTHING',
        'ALTER TABLE "Other" REPLICA IDENTITY FULL',
        "ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL",
        "ALTER TABLE t ALTER COLUMN a SET COMPRESSION pglz",
        "ALTER TABLE t ALTER COLUMN b SET STATISTICS 500",
        "ALTER TABLE t ALTER COLUMN b SET (n_distinct = 7)",
        "ALTER TABLE t ALTER COLUMN b SET DEFAULT 4",
      ],
    ],
    rows: ["insert into t values (1, 'a', 1)"],
  },
  {
    name: "storage and replica identity, set back",
    migrations: [
      [
        "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int)",
        "CREATE UNIQUE INDEX t_a ON t (a)",
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_a",
        "ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL",
        "ALTER TABLE t ALTER COLUMN a SET COMPRESSION pglz",
        "ALTER TABLE t ALTER COLUMN b SET STATISTICS 500",
        "ALTER TABLE t ALTER COLUMN b SET (n_distinct = 7, n_distinct_inherited = 8)",
      ],
      [
        "ALTER TABLE t REPLICA IDENTITY DEFAULT",
        "ALTER TABLE t ALTER COLUMN a SET STORAGE DEFAULT",
        "ALTER TABLE t ALTER COLUMN a SET COMPRESSION default",
        "ALTER TABLE t ALTER COLUMN b SET STATISTICS -1",
        "ALTER TABLE t ALTER COLUMN b RESET (n_distinct)",
      ],
    ],
  },
];

it.each(histories)("deploys, rolls back and deploys again: $name", async (history) => {
  expect(await walk(history)).toEqual([]);
});
