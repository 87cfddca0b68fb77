import { qualifiedLabel } from "../../sql/names.ts";
import { quoteLiteral, quoteName } from "../../sql/quote.ts";
import { names, walk } from "../../sql/tree.ts";
import { resolveName } from "../../statements/resolve.ts";
import { type Act, type LintHazard, lintHazards, type Rule } from "../rule.ts";
import { code, objectOf, ofSteps } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, total integer, status text);
INSERT INTO orders SELECT i, i, 'new' FROM generate_series(1, 100) i;`;

export const doBlock: Rule = {
  id: "do-block",
  hazards: ["unknown"],
  title: "Code that cannot be judged",
  why: "What a DO block or a procedure does is known only when it runs: neither what it locks, nor what it changes, nor for how long. A plain statement can be judged, planned and taken back. A block as drizzle-kit once wrote them, around one statement that may have been done before, is read as that statement.",
  deploy: "It runs it once, in a transaction of its own, under a lock timeout and a statement timeout.",
  example: {
    setUp: orders,
    bad: "DO $$ BEGIN ALTER TABLE orders ADD COLUMN note text; END $$;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (!("DoStmt" in act.node || "CallStmt" in act.node)) return [];
    const what =
      "CallStmt" in act.node
        ? `procedure ${names(act.node.CallStmt.funccall?.funcname).join(".")}`
        : "DO block";
    return [
      {
        hazard: "unknown",
        object: what,
        message: `What the ${what} does cannot be told: neither what it locks, nor what it changes.`,
        safeForm: [
          "-- the statements themselves where they can stand alone; else",
          `-- lint: accept do-block: <what it does, and why it is short>`,
        ],
      },
    ];
  },
};

export const searchPath: Rule = {
  id: "search-path",
  hazards: ["unknown"],
  title: "Names without a schema come to mean something else",
  why: "After SET search_path a name without a schema is looked for elsewhere, for the rest of the session: in Drizzle's migrator for all migrations that follow, and its journal.",
  deploy:
    "It asks: nothing runs until the step is allowed by name. It takes names without a schema to be of public.",
  example: {
    setUp: "CREATE SCHEMA sales;",
    bad: `SET search_path TO sales;
CREATE TABLE orders (id integer PRIMARY KEY);`,
    good: "CREATE TABLE sales.orders (id integer PRIMARY KEY);",
    shows: {},
  },
  judge: (act) =>
    "VariableSetStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "unknown",
          () => ["-- leave it out, and write the schema before each name"],
        )
      : [],
};

export const transactionControl: Rule = {
  id: "transaction-control",
  hazards: ["not-resumable", "unsupported"],
  title: "A migration ends its own transaction",
  why: "Drizzle's migrator runs the pending migrations and their rows in its journal in one transaction. A COMMIT among them ends that: what came before it stays when a later statement fails, the journal knows nothing of it, and the next run stumbles over it.",
  deploy:
    "It leaves BEGIN and COMMIT out, as it begins and ends its transactions itself. ROLLBACK and SAVEPOINT it refuses.",
  example: {
    setUp: orders,
    bad: `ALTER TABLE orders ADD COLUMN note text;
COMMIT;`,
    good: "ALTER TABLE orders ADD COLUMN note text;",
    shows: {},
  },
  judge(act) {
    if (!("TransactionStmt" in act.node)) return [];
    const isRefused = act.drafts.some(({ hazards }) => hazards.some(({ name }) => name === "unsupported"));
    return [
      {
        hazard: isRefused ? "unsupported" : "not-resumable",
        object: act.sql.replaceAll(/\s+/g, " "),
        message: `It ends or divides the transaction in which Drizzle's migrator runs the migration and writes it down: a failure after it leaves half of it behind.`,
        safeForm: ["-- leave it out"],
      },
    ];
  },
};

export const enumValueUsed: Rule = {
  id: "enum-value-used",
  hazards: ["not-transactional"],
  title: "A new value of an enum is used in the transaction that adds it",
  why: "PostgreSQL refuses to use a value that ALTER TYPE … ADD VALUE has added before that is committed, and Drizzle's migrator runs all pending migrations in one transaction. The value comes in a migration that is deployed before the one that uses it.",
  deploy: "It adds the value in a transaction of its own, so that the next statement can use it.",
  example: {
    setUp: `CREATE TYPE state AS ENUM ('new', 'open');
CREATE TABLE orders (id integer PRIMARY KEY, status state);
INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 100) i;`,
    bad: `ALTER TYPE state ADD VALUE 'held';
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'held';`,
    good: "ALTER TYPE state ADD VALUE 'held';",
    shows: { fails: "55P04" },
  },
  judge(act) {
    if (!("AlterEnumStmt" in act.node) || act.node.AlterEnumStmt.oldVal !== undefined) return [];
    const { typeName, newVal = "" } = act.node.AlterEnumStmt;
    const type = resolveName(names(typeName));
    if (act.context.isOwn({ kind: "type", schema: type.schema, name: type.name, table: null })) return [];
    let isUsed = false;
    walk(act.later, ({ sval }) => {
      if (typeof sval === "object" && sval !== null && "sval" in sval && sval.sval === newVal) isUsed = true;
    });
    if (!isUsed) return [];
    return [
      {
        hazard: "not-transactional",
        object: qualifiedLabel(type),
        message: `A later statement has '${newVal}', which is added here: in one transaction PostgreSQL refuses to use a new value.`,
        safeForm: [
          "-- in a migration of its own, deployed before what uses it:",
          `ALTER TYPE ${quoteName(type)} ADD VALUE ${quoteLiteral(newVal)};`,
        ],
      },
    ];
  },
};

export const unknownStatement: Rule = {
  id: "unknown-statement",
  hazards: ["unknown"],
  title: "A statement that is not known",
  why: "Neither lint nor the planner knows what it locks, or for how long. PostgreSQL's manual says.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "CREATE RULE keep AS ON DELETE TO orders DO INSTEAD NOTHING;",
    good: `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep();`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    act.found.includes("unknown")
      ? []
      : ofSteps(
          act,
          (hazard) => hazard === "unknown",
          () => [
            "-- see in PostgreSQL's manual what it locks, and say so:",
            "-- lint: accept unknown-statement: <what it locks, and for how long>",
            code(act.sql),
          ],
        ),
};

export const refusedStatement: Rule = {
  id: "refused-statement",
  hazards: ["unsupported"],
  title: "A statement that no deployment can run",
  why: "It changes the session, or the server, and nothing of the database that stays; or it needs what a migration has not. It may do something in the session of Drizzle's migrator, and does nothing for the application's.",
  deploy: "It refuses.",
  example: {
    setUp: orders,
    bad: "PREPARE open_orders AS SELECT * FROM orders WHERE status = 'open';",
    good: `CREATE FUNCTION open_orders() RETURNS SETOF orders LANGUAGE sql STABLE
AS $$ SELECT * FROM orders WHERE status = 'open' $$;`,
    shows: {},
  },
  judge: (act) =>
    act.found.includes("unsupported")
      ? []
      : act.drafts.flatMap((draft) =>
          draft.hazards
            .filter(({ name }) => name === "unsupported")
            .map(({ message, safeForm }) => ({
              hazard: "unsupported" as const,
              object: objectOf(draft),
              message,
              safeForm: [`-- ${safeForm}`],
            })),
        ),
};

/** What the planner tells of itself, and other rules do not. */
const rest: readonly LintHazard[] = lintHazards.filter(
  (hazard) => !["unknown", "unsupported", "data-refused", "exposes-rows"].includes(hazard),
);

const isOfPartition = ({ command, node }: Act): boolean =>
  command?.subtype === "AT_AttachPartition" ||
  ("CreateStmt" in node && node.CreateStmt.partbound !== undefined);

export const otherHazard: Rule = {
  id: "other-hazard",
  hazards: rest,
  title: "Another hazard that the planner knows",
  why: "Some hazards are too rare for a page of their own: a partition that is detached while other tables point at the whole, an attribute that is dropped from a composite type in use, an index that becomes a primary key. The message says what would happen.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `CREATE TYPE place AS (street text, town text);
CREATE TABLE customers (id integer PRIMARY KEY, home place);
INSERT INTO customers SELECT i, ROW('s', 't')::place FROM generate_series(1, 100) i;`,
    bad: "ALTER TYPE place DROP ATTRIBUTE town;",
    good: "ALTER TYPE place ADD ATTRIBUTE country text;",
    shows: {},
  },
  judge: (act) =>
    act.drafts.flatMap((draft) =>
      draft.hazards
        .filter(({ name }) => rest.includes(name) && !act.found.includes(name))
        // How many rows a change is about is for `change-many-rows`, which knows when they are few.
        .filter(({ name }) => draft.kind !== "change data" || name !== "long-lock")
        // Of a bound that only a server can tell, `attach-partition` and `create-partition` tell what can be told.
        .filter(() => !isOfPartition(act))
        .map(({ name, message, safeForm }) => ({
          hazard: name,
          object: objectOf(draft),
          message,
          safeForm: [`-- ${safeForm}`],
        })),
    ),
};
