import { qualifiedLabel } from "../../sql/names.ts";
import { quoteIdentifier, quoteName } from "../../sql/quote.ts";
import type { Act, Rule } from "../rule.ts";
import { isUnbounded } from "./bounds.ts";
import { code, objectOf, ofSteps } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, total integer, status text);
INSERT INTO orders SELECT i, i, 'new' FROM generate_series(1, 100) i;`;

export const dropTable: Rule = {
  id: "drop-table",
  hazards: ["data-loss"],
  title: "A table is dropped, with its rows",
  why: "The rows are gone for good, a rollback brings an empty table back, and clients that use it fail from then on. In a schema of its own the table is out of the way, and can be brought back with its rows until nobody misses it.",
  deploy:
    "It asks where the table has rows: nothing runs until the step is allowed by name. A table that is small and empty it drops, looking again under the lock.",
  example: {
    setUp: `${orders}\nCREATE SCHEMA archive;`,
    bad: "DROP TABLE orders;",
    good: `-- clients do not use it any more
-- lint: accept set-schema: the last release that reads it was taken down
ALTER TABLE orders SET SCHEMA archive;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    ofSteps(
      act,
      (hazard, kind) => hazard === "data-loss" && kind === "drop table",
      ({ target }) => [
        `CREATE SCHEMA IF NOT EXISTS "archive";`,
        `ALTER TABLE ${target ? quoteName({ schema: target.schema ?? "public", name: target.name }) : "…"} SET SCHEMA "archive";`,
        `-- and DROP TABLE in a later migration, when nobody has missed it`,
      ],
    ),
};

export const dropColumn: Rule = {
  id: "drop-column",
  hazards: ["data-loss"],
  title: "A column is dropped, with its values",
  why: "The values are gone for good: a rollback brings an empty column back. Clients that name the column fail from then on, and with Drizzle every SELECT of the table names every column. First a release that does not know the column, then the column.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders DROP COLUMN status;",
    good: `-- first: the column out of the application's schema, and its NOT NULL away
ALTER TABLE orders ALTER COLUMN status DROP NOT NULL;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    ofSteps(
      act,
      (hazard, kind) => hazard === "data-loss" && kind === "drop column",
      ({ target }) => [
        `-- first a release of the application that does not know the column:`,
        `ALTER TABLE ${act.table ? quoteName(act.table) : "…"} ALTER COLUMN ${quoteIdentifier(target?.name || "…")} DROP NOT NULL;`,
        `-- and DROP COLUMN in a later migration, with its acceptance:`,
        `-- lint: accept drop-column: <since when nobody has used it>`,
      ],
    ),
};

export const truncate: Rule = {
  id: "truncate",
  hazards: ["data-loss"],
  title: "All rows of a table are taken away",
  why: "TRUNCATE takes an ACCESS EXCLUSIVE lock, and the rows are gone for good. Rows that are to go can be copied first.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "TRUNCATE orders;",
    good: "CREATE TABLE orders_before AS SELECT * FROM orders;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) =>
    "TruncateStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "data-loss",
          ({ target }) => {
            const [schema, name] = [target?.schema ?? "public", target?.name ?? "…"];
            return [
              `CREATE TABLE ${quoteName({ schema, name: `${name}_before` })} AS SELECT * FROM ${quoteName({ schema, name })};`,
              `-- lint: accept truncate: <why the rows may go>`,
              code(act.sql),
            ];
          },
        )
      : [],
};

export const deleteRows: Rule = {
  id: "delete-rows",
  hazards: ["data-loss"],
  title: "Rows are deleted",
  why: "The rows are gone for good, and no rollback brings them back. A mark, or a copy in a table of its own, keeps them.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "DELETE FROM orders WHERE status = 'new';",
    good: "CREATE TABLE orders_deleted AS SELECT * FROM orders WHERE status = 'new';",
    shows: { locks: ["public.orders ROW EXCLUSIVE"] },
  },
  judge: (act) =>
    "TruncateStmt" in act.node
      ? []
      : ofSteps(
          act,
          (hazard, kind) => hazard === "data-loss" && (kind === "change data" || kind === "opaque"),
          () => [
            "-- copy the rows to a table of their own first, or mark them as deleted; then",
            "-- lint: accept delete-rows: <why they may go>",
            code(act.sql),
          ],
        ),
};

export const changeManyRows: Rule = {
  id: "change-many-rows",
  hazards: ["long-lock"],
  title: "Nobody knows how many rows are changed at once",
  why: "A transaction keeps every row that it has changed locked to its end: whoever writes one of them waits. A large change also fills the write-ahead log and leaves as many dead rows as it changed. A condition on a whole unique key, or IN (SELECT … LIMIT n), says that they are few.",
  deploy:
    "It asks where the table has more than 10,000 rows: nothing runs until the step is allowed by name. It then runs in batches by the primary key where that is shown to come to the same.",
  example: {
    setUp: orders,
    bad: "UPDATE orders SET status = 'open' WHERE status = 'new';",
    good: `-- once in the migration, and again outside of it until it changes no row
UPDATE orders SET status = 'open' WHERE id IN (SELECT id FROM orders WHERE status = 'new' ORDER BY id LIMIT 5000);`,
    shows: { locks: ["public.orders ROW EXCLUSIVE"], reads: ["public.orders"] },
  },
  judge: (act) =>
    isUnbounded(act)
      ? ofSteps(
          act,
          (hazard) => hazard === "long-lock",
          (draft) => manyRows(act, objectOf(draft)),
        )
      : [],
};

/** A change in batches, where the table has a key of one column. */
function manyRows(act: Act, object: string): string[] {
  const { node, context } = act;
  const statement =
    "UpdateStmt" in node ? node.UpdateStmt : "DeleteStmt" in node ? node.DeleteStmt : undefined;
  const range = statement?.relation;
  if (!statement || !range)
    return [`-- outside the migration, in batches that are each a transaction: ${object}`];
  const table = { schema: range.schemaname ?? "public", name: range.relname ?? "" };
  const key = context.table(table)?.constraints.find(({ type }) => type === "p")?.columns ?? [];
  const [only = "ctid", ...others] = key;
  const column = others.length > 0 || key.length === 0 ? "ctid" : quoteIdentifier(only);
  const where = /\bWHERE\b(.*)$/is.exec(act.sql)?.[1]?.trim();
  const isPlain = !act.sql.match(/\b(RETURNING|FROM\s+\S+.*\bFROM|USING)\b/i) && !/\bWITH\b/i.test(act.sql);
  if (!isPlain) return [`-- outside the migration, in batches that are each a transaction: ${object}`];
  const head = act.sql.slice(0, where === undefined ? undefined : act.sql.search(/\bWHERE\b/i)).trim();
  return [
    "-- outside the migration, each time a transaction of its own, until it changes no row:",
    `${head} WHERE ${column} IN (SELECT ${column} FROM ${quoteName(table)} WHERE ${where ?? "<not changed yet>"} ORDER BY ${column} LIMIT 5000);`,
  ];
}

export const cascade: Rule = {
  id: "cascade",
  hazards: ["data-loss"],
  title: "CASCADE drops what nobody has named",
  why: "CASCADE also drops whatever depends on the object: views, foreign keys, columns of a type with their values, everything in a schema. What that is depends on the database that it runs on, and it is said only in a notice. Without CASCADE PostgreSQL refuses, and says what is in the way.",
  deploy: "It asks, unless it knows of all that goes: nothing runs until the step is allowed by name.",
  example: {
    setUp: `CREATE TYPE state AS ENUM ('new', 'open');
CREATE TABLE orders (id integer PRIMARY KEY, status state);
INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 100) i;`,
    bad: "DROP TYPE state CASCADE;",
    good: "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    const { node, command, context } = act;
    const isCascade =
      "DropStmt" in node ? node.DropStmt.behavior === "DROP_CASCADE" : command?.behavior === "DROP_CASCADE";
    if (!isCascade) return [];
    return act.drafts.flatMap((draft) => {
      const { target, goal } = draft;
      if (target === null || goal.does !== "drop" || context.isOwn(target) || !context.exists(target))
        return [];
      const relation = { schema: target.schema ?? "public", name: target.table ?? target.name };
      const isTable = target.kind === "table" || target.kind === "view" || target.kind === "column";
      const dependents = [
        ...context.dependents(relation, target.kind === "column" ? target.name : undefined),
        ...(target.kind === "table" ? context.referencing(relation) : []),
      ].filter((one) => qualifiedLabel(one) !== qualifiedLabel(relation));
      // drizzle-kit writes CASCADE behind every DROP TABLE: the folder says that nothing hangs on it.
      const isKnown =
        act.folder.tables.has(qualifiedLabel(relation)) || act.folder.views.has(qualifiedLabel(relation));
      if (isTable && isKnown && dependents.length === 0) return [];
      const what =
        dependents.length > 0 ? dependents.map(qualifiedLabel).join(", ") : "whatever depends on it";
      return [
        {
          hazard: "data-loss" as const,
          object: objectOf(draft),
          message: `CASCADE also takes from, or drops, ${what}.`,
          safeForm: [
            "-- name each object that has to go, in a statement of its own before it, and then",
            code(act.sql.replace(/\s+CASCADE\s*;?\s*$/i, "")),
          ],
        },
      ];
    });
  },
};
