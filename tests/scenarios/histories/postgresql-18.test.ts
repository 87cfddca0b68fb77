import { expect, inject, it } from "vitest";
import { type History, walk } from "./walk.ts";

/*
 * What PostgreSQL 18 brought. Run with POSTGRES_VERSION=18; elsewhere these are skipped, since the server refuses them.
 */

const base = [
  "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text)",
  "CREATE TABLE u (id int PRIMARY KEY, x int, y int)",
];
const rows = [
  "insert into t select i, i, i % 3, 'x' from generate_series(1, 50) i",
  "insert into u values (1, 2, 3)",
];

const histories: readonly History[] = [
  {
    name: "virtual generated columns of a new table, and on one that is there",
    migrations: [
      base,
      [
        "CREATE TABLE v (id int PRIMARY KEY, p int NOT NULL, q int GENERATED ALWAYS AS (p * 2), r int GENERATED ALWAYS AS (p * 3) STORED)",
        "ALTER TABLE t ADD COLUMN twice int GENERATED ALWAYS AS (a * 2)",
        "ALTER TABLE t ADD COLUMN bothof text GENERATED ALWAYS AS (c || 'y') VIRTUAL",
      ],
    ],
    rows,
    works: ["insert into t (id, a) values (100, 1)"],
  },
  {
    name: "a database with virtual generated columns is adopted",
    migrations: [
      [
        "CREATE TABLE v (id int PRIMARY KEY, p int NOT NULL, q int GENERATED ALWAYS AS (p * 2), w int CHECK (w > 0))",
      ],
      ["CREATE INDEX v_p ON v (p)"],
    ],
    rows: ["insert into v (id, p) values (1, 2)"],
  },
  {
    name: "virtual generated columns that get another expression, are renamed and dropped",
    migrations: [
      [
        "CREATE TABLE v (id int PRIMARY KEY, p int, q int GENERATED ALWAYS AS (p * 2), r int GENERATED ALWAYS AS (p * 3), s int GENERATED ALWAYS AS (p * 4))",
      ],
      [
        "ALTER TABLE v ALTER COLUMN q SET EXPRESSION AS (p * 5)",
        "ALTER TABLE v RENAME COLUMN r TO thrice",
        "ALTER TABLE v DROP COLUMN s",
      ],
    ],
    rows: ["insert into v (id, p) values (1, 2)"],
  },
  {
    name: "a virtual generated column becomes a stored one",
    migrations: [
      ["CREATE TABLE v (id int PRIMARY KEY, p int, q int GENERATED ALWAYS AS (p * 2))"],
      ["ALTER TABLE v DROP COLUMN q", "ALTER TABLE v ADD COLUMN q int GENERATED ALWAYS AS (p * 2) STORED"],
    ],
    rows: ["insert into v (id, p) values (1, 2)"],
  },
  {
    name: "not-null constraints with names, in a new table",
    migrations: [
      base,
      [
        "CREATE TABLE n (id int PRIMARY KEY, a int CONSTRAINT a_is_there NOT NULL, b int, CONSTRAINT b_is_there NOT NULL b, c int NOT NULL NO INHERIT)",
      ],
    ],
  },
  {
    name: "a not-null constraint with a name, added to a table with rows",
    migrations: [base, ["ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a"]],
    rows,
    works: ["insert into t (id) values (100)"],
  },
  {
    name: "two not-null constraints that are not valid, one of which then is",
    migrations: [
      base,
      [
        "ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT b_is_there NOT NULL b NOT VALID",
      ],
      ["ALTER TABLE t VALIDATE CONSTRAINT a_is_there"],
    ],
    rows,
    works: ["insert into t (id) values (100)"],
  },
  {
    name: "an older not-null constraint is validated",
    migrations: [
      [...base, "ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a NOT VALID"],
      ["ALTER TABLE t VALIDATE CONSTRAINT a_is_there"],
    ],
    rows,
  },
  {
    name: "a column without a name for its not-null constraint, set and dropped",
    migrations: [
      ["CREATE TABLE n (id int PRIMARY KEY, a int, b int NOT NULL)"],
      ["ALTER TABLE n ALTER COLUMN a SET NOT NULL", "ALTER TABLE n ALTER COLUMN b DROP NOT NULL"],
    ],
    rows: ["insert into n values (1, 2, 3)"],
    works: ["insert into n (id, b) values (100, 1)"],
  },
  {
    name: "a not-null constraint that is dropped by its name, and one that is renamed",
    migrations: [
      [
        "CREATE TABLE n (id int PRIMARY KEY, a int CONSTRAINT a_is_there NOT NULL, b int CONSTRAINT b_is_there NOT NULL, c int NOT NULL)",
      ],
      [
        "ALTER TABLE n DROP CONSTRAINT a_is_there",
        "ALTER TABLE n RENAME CONSTRAINT b_is_there TO b_has_to_be_there",
        "ALTER TABLE n DROP CONSTRAINT n_c_not_null",
      ],
    ],
    rows: ["insert into n values (1, 2, 3, 4)"],
  },
  {
    name: "a not-null constraint is inherited no more, and again",
    migrations: [
      [
        "CREATE TABLE n (id int PRIMARY KEY, a int CONSTRAINT a_is_there NOT NULL, b int CONSTRAINT b_is_there NOT NULL NO INHERIT)",
      ],
      [
        "ALTER TABLE n ALTER CONSTRAINT a_is_there NO INHERIT",
        "ALTER TABLE n ALTER CONSTRAINT b_is_there INHERIT",
      ],
    ],
    rows: ["insert into n values (1, 2, 3)"],
  },
  {
    name: "checks and foreign keys that are not enforced",
    migrations: [
      base,
      [
        "ALTER TABLE t ADD CONSTRAINT a_positive CHECK (a > 10) NOT ENFORCED",
        "ALTER TABLE t ADD CONSTRAINT b_of_u FOREIGN KEY (b) REFERENCES u (id) NOT ENFORCED",
        "CREATE TABLE w (id int PRIMARY KEY, a int CHECK (a > 0) NOT ENFORCED, b int REFERENCES u (id) NOT ENFORCED)",
        "ALTER TABLE t ADD COLUMN d int CONSTRAINT d_positive CHECK (d > 0) NOT ENFORCED",
      ],
    ],
    rows,
    works: ["insert into t (id, a, b) values (100, 1, 1)"],
  },
  {
    name: "foreign keys that become enforced, and no longer",
    migrations: [
      [
        ...base,
        "ALTER TABLE t ADD CONSTRAINT b_of_u FOREIGN KEY (b) REFERENCES u (id) NOT ENFORCED",
        "ALTER TABLE u ADD CONSTRAINT x_of_t FOREIGN KEY (x) REFERENCES t (id)",
      ],
      [
        "ALTER TABLE t ALTER CONSTRAINT b_of_u ENFORCED",
        "ALTER TABLE u ALTER CONSTRAINT x_of_t NOT ENFORCED",
      ],
    ],
    rows: ["insert into u values (1, null, 3)", "insert into t values (1, 1, 1, 'x')"],
  },
  {
    name: "constraints that are not enforced are dropped",
    migrations: [
      [
        ...base,
        "ALTER TABLE t ADD CONSTRAINT b_of_u FOREIGN KEY (b) REFERENCES u (id) NOT ENFORCED",
        "ALTER TABLE t ADD CONSTRAINT a_positive CHECK (a > 10) NOT ENFORCED",
      ],
      ["ALTER TABLE t DROP CONSTRAINT b_of_u", "ALTER TABLE t DROP CONSTRAINT a_positive"],
    ],
    rows,
    works: ["insert into t (id, a, b) values (100, 1, 999)"],
  },
  {
    name: "temporal keys of new tables",
    migrations: [
      base,
      [
        "CREATE TABLE room (id int4range, valid_at daterange, PRIMARY KEY (id, valid_at WITHOUT OVERLAPS))",
        "CREATE TABLE booking (id int4range, room_id int4range, valid_at daterange, CONSTRAINT booking_once UNIQUE (id, valid_at WITHOUT OVERLAPS), CONSTRAINT booking_room FOREIGN KEY (room_id, PERIOD valid_at) REFERENCES room (id, PERIOD valid_at))",
      ],
    ],
  },
  {
    name: "temporal keys on tables that are there",
    migrations: [
      [
        "CREATE TABLE room (id int4range NOT NULL, valid_at daterange NOT NULL)",
        "CREATE TABLE booking (id int4range, room_id int4range, valid_at daterange)",
      ],
      [
        "ALTER TABLE room ADD CONSTRAINT room_pk PRIMARY KEY (id, valid_at WITHOUT OVERLAPS)",
        "ALTER TABLE booking ADD CONSTRAINT booking_once UNIQUE (id, valid_at WITHOUT OVERLAPS)",
        "ALTER TABLE booking ADD CONSTRAINT booking_room FOREIGN KEY (room_id, PERIOD valid_at) REFERENCES room (id, PERIOD valid_at)",
      ],
    ],
    rows: [
      "insert into room values ('[1,2)', '[2026-01-01,2026-06-01)')",
      "insert into booking values ('[1,2)', '[1,2)', '[2026-01-01,2026-02-01)')",
    ],
    works: ["insert into booking values ('[1,2)', '[7,8)', '[2026-01-01,2026-02-01)')"],
  },
  {
    name: "temporal keys are dropped",
    migrations: [
      [
        "CREATE TABLE room (id int4range, valid_at daterange, CONSTRAINT room_pk PRIMARY KEY (id, valid_at WITHOUT OVERLAPS))",
        "CREATE TABLE booking (id int4range, room_id int4range, valid_at daterange, CONSTRAINT booking_room FOREIGN KEY (room_id, PERIOD valid_at) REFERENCES room (id, PERIOD valid_at))",
      ],
      ["ALTER TABLE booking DROP CONSTRAINT booking_room", "ALTER TABLE room DROP CONSTRAINT room_pk"],
    ],
    rows: [
      "insert into room values ('[1,2)', '[2026-01-01,2026-06-01)')",
      "insert into booking values ('[1,2)', '[1,2)', '[2026-01-01,2026-02-01)')",
    ],
  },
];

const { version } = inject("testServer");

it.skipIf(version < 18).each(histories)(
  "deploys, rolls back and deploys again on PostgreSQL 18: $name",
  async (history) => {
    expect(await walk(history)).toEqual([]);
  },
);
