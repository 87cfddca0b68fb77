import type { CreateStmt, Node } from "libpg-query";
import { type QualifiedName, qualifiedLabel } from "../../sql/names.ts";
import { quoteName } from "../../sql/quote.ts";
import { columnsIn } from "../../sql/tree.ts";
import { resolve } from "../../statements/resolve.ts";
import type { Act, Rule } from "../rule.ts";
import { isUnbounded } from "./bounds.ts";
import { code, hasRows, ofSteps, provenOf } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, total integer, status text);
INSERT INTO orders SELECT i, i, 'new' FROM generate_series(1, 100) i;`;

const parted = `CREATE TABLE events (id integer, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE events_2026 (id integer, day date NOT NULL);
INSERT INTO events SELECT i, '2025-01-01' FROM generate_series(1, 100) i;
INSERT INTO events_2026 SELECT i, '2026-01-01' FROM generate_series(1, 100) i;`;

export const rewriteTable: Rule = {
  id: "rewrite-table",
  hazards: ["rewrite"],
  title: "A table is written anew",
  why: "SET LOGGED, SET UNLOGGED, SET ACCESS METHOD, SET TABLESPACE and SET EXPRESSION copy the whole table under an ACCESS EXCLUSIVE lock: nobody reads or writes it for as long as it is large.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders SET UNLOGGED;",
    good: "CREATE UNLOGGED TABLE orders_work (LIKE orders INCLUDING ALL);",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) =>
    ofSteps(
      act,
      (hazard, kind) =>
        hazard === "rewrite" &&
        act.command !== null &&
        kind !== "add column" &&
        act.command.subtype !== "AT_AlterColumnType",
      () => [
        "-- a new table or column beside the old one, filled in batches, then exchanged for it; or in a quiet hour:",
        code(act.sql),
      ],
    ),
};

export const vacuumFull: Rule = {
  id: "vacuum-full",
  hazards: ["rewrite"],
  title: "VACUUM FULL writes a table anew",
  why: "VACUUM FULL copies the table under an ACCESS EXCLUSIVE lock. VACUUM without FULL lets others read and write, and makes the room free for new rows. Neither runs in a transaction, so Drizzle's own migrator can run neither.",
  deploy:
    "It asks: nothing runs until the step is allowed by name. VACUUM without FULL runs outside a transaction.",
  example: {
    setUp: orders,
    bad: "VACUUM FULL orders;",
    good: "VACUUM (ANALYZE) orders;",
    shows: { rewrites: ["public.orders"] },
  },
  judge: (act) =>
    "VacuumStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "rewrite",
          () => [code(act.sql.replace(/\(\s*FULL\s*\)\s*/i, "").replace(/\bFULL\b\s*,?\s*/i, ""))],
        )
      : [],
};

export const refreshView: Rule = {
  id: "refresh-materialized-view",
  hazards: ["long-lock"],
  title: "A materialized view is computed anew while its readers wait",
  why: "REFRESH MATERIALIZED VIEW holds an ACCESS EXCLUSIVE lock on the view for as long as its query takes. CONCURRENTLY lets others read the old rows meanwhile; it needs a unique index on plain columns of the view, without a condition.",
  deploy: "It asks: nothing runs until the step is allowed by name. With CONCURRENTLY it runs as it is.",
  example: {
    setUp: `${orders}
CREATE MATERIALIZED VIEW sales AS SELECT status, sum(total) AS total FROM orders GROUP BY status;
CREATE UNIQUE INDEX sales_status_key ON sales (status);`,
    bad: "REFRESH MATERIALIZED VIEW sales;",
    good: "REFRESH MATERIALIZED VIEW CONCURRENTLY sales;",
    shows: {
      locks: ["public.orders ACCESS SHARE", "public.sales ACCESS EXCLUSIVE"],
      reads: ["public.orders"],
    },
  },
  judge: (act) =>
    "RefreshMatViewStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "long-lock",
          () => [code(act.sql.replace(/^(REFRESH\s+MATERIALIZED\s+VIEW)\b/i, "$1 CONCURRENTLY"))],
        )
      : [],
};

export const lockTable: Rule = {
  id: "lock-table",
  hazards: ["long-lock"],
  title: "A table is locked by hand",
  why: "LOCK TABLE holds its lock to the end of the transaction, which in Drizzle's migrator is the end of the last pending migration. Each statement takes the lock that it needs by itself, and no other.",
  deploy:
    "It runs each statement in a transaction of its own, so that the lock is given back at once and protects nothing that follows.",
  example: {
    setUp: orders,
    bad: `LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;
ALTER TABLE orders ADD COLUMN note text;`,
    good: "ALTER TABLE orders ADD COLUMN note text;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (!("LockStmt" in act.node)) return [];
    const locks = act.drafts
      .flatMap((draft) => draft.locks)
      .filter((one) => one.stopsWrites && hasRows(act, one));
    return locks.map((one) => ({
      hazard: "long-lock" as const,
      object: qualifiedLabel(one),
      message: `The ${one.mode} lock on ${qualifiedLabel(one)} stops ${one.stopsReads ? "readers and writers" : "writers"} to the end of the transaction that runs all pending migrations.`,
      safeForm: ["-- leave it out: each statement takes the lock that it needs"],
    }));
  },
};

export const lockHeld: Rule = {
  id: "lock-held",
  hazards: ["long-lock"],
  title: "A lock is held while many rows are changed",
  why: "Drizzle's migrator runs all pending migrations in one transaction, and a transaction keeps its locks to its end. What takes only a moment by itself, such as ADD COLUMN or CREATE TRIGGER, then stops readers or writers for as long as a later UPDATE of the same migration takes. The rows first and the lock last is shorter, a migration of its own for the rows is better.",
  deploy:
    "It runs each statement in a transaction of its own: the lock is given back before the rows are changed.",
  example: {
    setUp: `${orders}
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;`,
    bad: `CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
UPDATE orders SET status = 'open' WHERE status = 'new';`,
    good: `UPDATE orders SET status = 'open'
  WHERE id IN (SELECT id FROM orders WHERE status = 'new' ORDER BY id LIMIT 5000);
CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();`,
    shows: { locks: ["public.orders SHARE ROW EXCLUSIVE"] },
  },
  judge(act) {
    if (!isUnbounded(act)) return [];
    const [first] = act.held;
    if (first === undefined) return [];
    const tables = [...new Set(act.held.map(qualifiedLabel))];
    return [
      {
        hazard: "long-lock",
        object: tables.join(", "),
        message: `In one transaction with statement ${first.statement} the ${first.mode} lock on ${qualifiedLabel(first)} is held until all these rows are changed.`,
        safeForm: ["-- in a migration of its own, deployed before or after:", code(act.sql)],
        deploy: {
          does: "makes safe",
          text: "runs each statement in a transaction of its own: the lock is given back before the rows are changed.",
        },
      },
    ];
  },
};

/** Whether valid checks of a table speak of every column of a partition key. */
function isProven(act: Act, table: QualifiedName, parent: QualifiedName): boolean {
  const key = /\((.*)\)/.exec(act.context.table(parent)?.partitionKey ?? "")?.[1]?.split(", ") ?? [];
  const named = provenOf(act, table).flatMap((node) => columnsIn(node));
  return key.length > 0 && key.every((column) => named.includes(column));
}

const defaultOf = (act: Act, parent: QualifiedName): QualifiedName | undefined =>
  act.context.partitions(parent).find((one) => act.context.table(one)?.partition?.bound === "DEFAULT");

const bySpareCheck = {
  does: "makes safe" as const,
  text: "adds a check NOT VALID that says the same, validates it while others read and write, and drops it when it has served.",
};

/** The key of a partitioned table, as a check names it. */
const keyOf = (act: Act, parent: QualifiedName): string =>
  /\((.*)\)/.exec(act.context.table(parent)?.partitionKey ?? "")?.[1] ?? "<key>";

export const attachPartition: Rule = {
  id: "attach-partition",
  hazards: ["long-lock"],
  title: "A partition is looked through while everybody waits",
  why: "ATTACH PARTITION reads every row of the new partition, and of the default partition where there is one, under ACCESS EXCLUSIVE locks on them, unless valid checks prove that the rows are where they belong. Such checks can be added NOT VALID and validated while others read and write.",
  deploy:
    "It adds such checks for the partition and for the default partition, validates them, builds the indexes that the partition lacks, attaches it and drops the checks.",
  example: {
    setUp: parted,
    bad: "ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    good: `ALTER TABLE events_2026 ADD CONSTRAINT events_2026_bound CHECK (day >= '2026-01-01' AND day < '2027-01-01') NOT VALID;
ALTER TABLE events_2026 VALIDATE CONSTRAINT events_2026_bound;
ALTER TABLE events_rest ADD CONSTRAINT events_rest_bound CHECK (NOT (day >= '2026-01-01' AND day < '2027-01-01')) NOT VALID;
ALTER TABLE events_rest VALIDATE CONSTRAINT events_rest_bound;
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');`,
    shows: {
      locks: [
        "public.events SHARE UPDATE EXCLUSIVE",
        "public.events_2026 ACCESS EXCLUSIVE",
        "public.events_rest ACCESS EXCLUSIVE",
      ],
      reads: ["public.events_2026", "public.events_rest"],
    },
  },
  judge(act) {
    const { command, table: parent, context } = act;
    if (command?.subtype !== "AT_AttachPartition" || parent === null) return [];
    if (!command.def || !("PartitionCmd" in command.def)) return [];
    const { name, bound } = command.def.PartitionCmd;
    const partition = resolve(name);
    const rest = bound?.is_default ? undefined : defaultOf(act, parent);
    const read = [partition, ...(rest ? [rest] : [])].filter(
      (one) => hasRows(act, one) && !isProven(act, one, parent),
    );
    // A default partition takes all where there is no other.
    if (read.length === 0 || (bound?.is_default && context.partitions(parent).length === 0)) return [];
    const key = keyOf(act, parent);
    return [
      {
        hazard: "long-lock",
        object: qualifiedLabel(partition),
        message: `Nobody reads or writes ${read.map(qualifiedLabel).join(" and ")} while every row is looked at.`,
        safeForm: [
          ...read.flatMap((one) => {
            const check = `"${one.name}_bound"`;
            const condition = `<${one === rest ? "not " : ""}within the bound, of ${key}>`;
            return [
              `ALTER TABLE ${quoteName(one)} ADD CONSTRAINT ${check} CHECK (${condition}) NOT VALID;`,
              `ALTER TABLE ${quoteName(one)} VALIDATE CONSTRAINT ${check};`,
            ];
          }),
          code(act.sql),
        ],
        deploy: bySpareCheck,
      },
    ];
  },
};

const boundedOf = (node: Node): CreateStmt | undefined =>
  "CreateStmt" in node && node.CreateStmt.partbound ? node.CreateStmt : undefined;

export const createPartition: Rule = {
  id: "create-partition",
  hazards: ["long-lock"],
  title: "The default partition is looked through while everybody waits",
  why: "A new partition takes from the default partition what belongs to it: CREATE TABLE … PARTITION OF locks the partitioned table against reads and writes, and reads every row of the default partition meanwhile, unless a valid check proves that none of them belongs to the new one.",
  deploy:
    "It adds such a check to the default partition, validates it, makes the partition and drops the check.",
  example: {
    setUp: parted,
    bad: "CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
    good: `ALTER TABLE events_rest ADD CONSTRAINT events_rest_2027 CHECK (NOT (day >= '2027-01-01' AND day < '2028-01-01')) NOT VALID;
ALTER TABLE events_rest VALIDATE CONSTRAINT events_rest_2027;
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');`,
    shows: {
      locks: ["public.events ACCESS EXCLUSIVE", "public.events_rest ACCESS EXCLUSIVE"],
      reads: ["public.events_rest"],
    },
  },
  judge(act) {
    const statement = boundedOf(act.node);
    const [first] = statement?.inhRelations ?? [];
    if (!statement || !first || !("RangeVar" in first) || statement.partbound?.is_default) return [];
    const parent = resolve(first.RangeVar);
    const rest = defaultOf(act, parent);
    if (!rest || !hasRows(act, parent) || !hasRows(act, rest) || isProven(act, rest, parent)) return [];
    const check = `"${rest.name}_${statement.relation?.relname}"`;
    return [
      {
        hazard: "long-lock",
        object: qualifiedLabel(resolve(statement.relation)),
        message: `Nobody reads or writes ${qualifiedLabel(parent)} while every row of its default partition ${qualifiedLabel(rest)} is looked at.`,
        safeForm: [
          `ALTER TABLE ${quoteName(rest)} ADD CONSTRAINT ${check} CHECK (<not within the bound, of ${keyOf(act, parent)}>) NOT VALID;`,
          `ALTER TABLE ${quoteName(rest)} VALIDATE CONSTRAINT ${check};`,
          code(act.sql),
        ],
        deploy: bySpareCheck,
      },
    ];
  },
};
