import { expect, it } from "vitest";
import { type History, walk } from "./walk.ts";

const base = ["CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int)", "CREATE INDEX t_a ON t (a)"];
const rows = ["insert into t select i, 'x' || i, 'y', i from generate_series(1, 20) i"];
const histories: History[] = [
  {
    name: "1",
    rows,
    migrations: [
      base,
      ["ALTER TABLE t ADD COLUMN x int", "CREATE INDEX t_x ON t (x)"],
      ["ALTER TABLE t RENAME COLUMN x TO y"],
      ["ALTER TABLE t ADD COLUMN x text", "CREATE INDEX t_x2 ON t (x)"],
    ],
  },
  {
    name: "2",
    rows,
    migrations: [
      base,
      [
        "ALTER TABLE t ADD COLUMN x int DEFAULT 3",
        "CREATE INDEX t_x ON t (x)",
        "ALTER TABLE t DROP COLUMN x",
        "ALTER TABLE t ADD COLUMN x text DEFAULT 'q'",
        "CREATE INDEX t_x ON t (x)",
      ],
    ],
  },
  {
    name: "3",
    rows,
    migrations: [
      base,
      ["ALTER TABLE t ADD COLUMN x int DEFAULT 3", "CREATE INDEX t_x ON t (x)"],
      ["ALTER TABLE t DROP COLUMN x"],
      ["ALTER TABLE t ADD COLUMN x text DEFAULT 'q'", "CREATE INDEX t_x ON t (x)"],
    ],
  },
  {
    name: "4",
    rows,
    migrations: [
      base,
      [
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t RENAME COLUMN b TO a",
        "CREATE INDEX t_a ON t (a)",
        "ALTER TABLE t ADD COLUMN b int DEFAULT 1",
        "CREATE INDEX t_b ON t (b, a)",
      ],
    ],
  },
  {
    name: "5",
    rows,
    migrations: [
      base,
      [
        "DROP TABLE t",
        "CREATE TABLE t (id int PRIMARY KEY, a int, z int)",
        "CREATE INDEX t_a ON t (a)",
        "CREATE INDEX t_z ON t (z)",
      ],
    ],
  },
  {
    name: "6",
    rows,
    migrations: [
      base,
      [
        "CREATE TABLE u (id int PRIMARY KEY, k int, v text)",
        "CREATE INDEX u_k ON u (k)",
        "INSERT INTO u SELECT id, c, a FROM t",
        "ALTER TABLE u RENAME COLUMN k TO kk",
        "ALTER TABLE u ADD COLUMN k text",
        "CREATE INDEX u_kk ON u (k, kk)",
      ],
    ],
  },
  {
    name: "7",
    rows,
    migrations: [
      base,
      [
        "ALTER TABLE t ALTER COLUMN c TYPE bigint",
        "ALTER TABLE t RENAME COLUMN c TO d",
        "CREATE UNIQUE INDEX t_d ON t (d)",
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY",
        "CREATE UNIQUE INDEX t_c ON t (c)",
      ],
    ],
  },
];
it.each(histories)("$name", { timeout: 120_000 }, async (h) => {
  expect(await walk({ ...h })).toEqual([]);
});
