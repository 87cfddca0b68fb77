import { qualifiedLabel } from "../../sql/names.ts";
import { resolve } from "../../statements/resolve.ts";
import type { Rule } from "../rule.ts";
import { hasRows, steps } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, status text);
INSERT INTO orders SELECT i, i, 'new' FROM generate_series(1, 100) i;`;

export const createIndex: Rule = {
  id: "create-index",
  hazards: ["long-lock"],
  title: "An index is built while writers wait",
  why: "CREATE INDEX holds a SHARE lock until the index is built: whoever writes to the table waits, for as long as the table is large. CREATE INDEX CONCURRENTLY lets others write meanwhile. It cannot run in a transaction, and Drizzle's own migrator runs every migration in one.",
  deploy:
    "It builds the index CONCURRENTLY, outside a transaction, whichever form the migration has. What an interrupted build leaves behind is dropped and built again.",
  example: {
    setUp: orders,
    bad: "CREATE INDEX orders_customer_idx ON orders (customer_id);",
    good: "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);",
    shows: { locks: ["public.orders SHARE"], reads: ["public.orders"] },
  },
  judge(act) {
    if (!("IndexStmt" in act.node) || act.node.IndexStmt.concurrent) return [];
    const { relation, idxname = "without a name" } = act.node.IndexStmt;
    const table = resolve(relation);
    if (!hasRows(act, table)) return [];
    const isPartitioned = act.context.table(table)?.kind === "partitioned";
    const isOnly = relation?.inh !== true || act.context.partitions(table).length === 0;
    if (isPartitioned && isOnly) return [];
    return [
      {
        hazard: "long-lock",
        object: `${table.schema}.${idxname}`,
        message: `Whoever writes to ${qualifiedLabel(table)} waits until the index ${idxname} is built${act.node.IndexStmt.unique ? "; it fails where two rows are alike" : ""}.`,
        safeForm: steps(act),
      },
    ];
  },
};

export const dropIndex: Rule = {
  id: "drop-index",
  hazards: ["long-lock"],
  title: "An index is dropped under the strongest lock",
  why: "DROP INDEX takes an ACCESS EXCLUSIVE lock on the table: it waits for every query that runs, and all that come after wait behind it. In a migration it holds the lock to the end of the transaction. DROP INDEX CONCURRENTLY waits without making others wait; it cannot run in a transaction.",
  deploy: "It drops the index CONCURRENTLY, outside a transaction.",
  example: {
    setUp: `${orders}\nCREATE INDEX orders_status_idx ON orders (status);`,
    bad: "DROP INDEX orders_status_idx;",
    good: "DROP INDEX CONCURRENTLY orders_status_idx;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (!("DropStmt" in act.node) || act.node.DropStmt.removeType !== "OBJECT_INDEX") return [];
    if (act.node.DropStmt.concurrent) return [];
    return act.drafts
      .filter(({ transactional }) => !transactional)
      .map(({ target }) => {
        const name = target ? `${target.schema}.${target.name}` : "an index";
        return {
          hazard: "long-lock" as const,
          object: name,
          message: `${name} is dropped under an ACCESS EXCLUSIVE lock on its table: whoever reads or writes that waits for the queries that run now.`,
          safeForm: steps(act),
        };
      });
  },
};

export const maintenance: Rule = {
  id: "maintenance",
  hazards: ["unsupported"],
  title: "Maintenance in a migration",
  why: "REINDEX and CLUSTER read or write a whole table while others wait, and change nothing of the schema: what they do once is no part of a database's history.",
  deploy: "It refuses. An index that is to be built again is made beside the old one, which is then dropped.",
  example: {
    setUp: `${orders}\nCREATE INDEX orders_status_idx ON orders (status);`,
    bad: "REINDEX INDEX orders_status_idx;",
    good: `CREATE INDEX CONCURRENTLY orders_status_new_idx ON orders (status);
DROP INDEX CONCURRENTLY orders_status_idx;
ALTER INDEX orders_status_new_idx RENAME TO orders_status_idx;`,
    shows: { locks: ["public.orders SHARE"], reads: ["public.orders"] },
  },
  judge(act) {
    if (!("ReindexStmt" in act.node || "ClusterStmt" in act.node)) return [];
    const range = "ReindexStmt" in act.node ? act.node.ReindexStmt.relation : act.node.ClusterStmt.relation;
    const word = "ReindexStmt" in act.node ? "REINDEX" : "CLUSTER";
    const name = range ? qualifiedLabel(resolve(range)) : "the database";
    return [
      {
        hazard: "unsupported",
        object: name,
        message: `${word} of ${name} stops others for as long as it is large, and is no change of the schema.`,
        safeForm: [
          "-- leave it out, and by hand, at a quiet hour:",
          ...(word === "REINDEX"
            ? [`-- ${act.sql.replace(/^(REINDEX\s+\w+)\s+(?!CONCURRENTLY)/i, "$1 CONCURRENTLY ")};`]
            : [`-- ${act.sql};`]),
        ],
      },
    ];
  },
};
