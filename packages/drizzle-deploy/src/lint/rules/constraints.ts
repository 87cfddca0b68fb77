import { qualifiedLabel } from "../../sql/names.ts";
import { constraintName } from "../../statements/constraint-name.ts";
import { resolve } from "../../statements/resolve.ts";
import type { Act, Judgement, Rule } from "../rule.ts";
import { addedColumn, addedConstraints, hasRows, isProvenNotNull, ofSteps, steps } from "./reading.ts";

const orders = `CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, total integer, email text);
INSERT INTO customers SELECT i FROM generate_series(1, 100) i;
INSERT INTO orders SELECT i, i, 1, 'a' || i FROM generate_series(1, 100) i;`;

/** What a rule says of each constraint of a kind that is added to a table with rows. */
function ofConstraints(
  act: Act,
  types: readonly string[],
  message: (name: string, constraint: ReturnType<typeof addedConstraints>[number]) => string | null,
): Judgement[] {
  const { table } = act;
  if (table === null || !hasRows(act, table)) return [];
  const column = addedColumn(act)?.name ?? null;
  return addedConstraints(act)
    .filter(({ contype = "" }) => types.includes(contype))
    .flatMap((constraint) => {
      const name = constraintName(constraint, table, column) ?? "a constraint";
      const text = message(name, constraint);
      return text === null
        ? []
        : [
            {
              hazard: "long-lock" as const,
              object: `${qualifiedLabel(table)}.${name}`,
              message: text,
              safeForm: steps(act),
            },
          ];
    });
}

const label = ({ table }: Act): string => (table ? qualifiedLabel(table) : "the table");

export const addForeignKey: Rule = {
  id: "add-foreign-key",
  hazards: ["long-lock"],
  title: "A foreign key is checked while writers of both tables wait",
  why: "ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE locks on both tables and then looks for the other end of every row: writes to either wait. With NOT VALID only new rows are checked, and the locks are held for a moment; VALIDATE CONSTRAINT then reads the old ones while others write. It fails where a row points at nothing.",
  deploy:
    "It adds the key NOT VALID and validates it in a step of its own. Where rows point at nothing it stops with DATA_REFUSED, with the key in force for new rows.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id);",
    good: `ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fk;`,
    shows: {
      locks: ["public.customers SHARE ROW EXCLUSIVE", "public.orders SHARE ROW EXCLUSIVE"],
      reads: ["public.orders"],
    },
  },
  judge: (act) =>
    ofConstraints(act, ["CONSTR_FOREIGN"], (name, { skip_validation, pktable }) =>
      skip_validation
        ? null
        : `Whoever writes to ${label(act)} or ${qualifiedLabel(resolve(pktable))} waits until ${name} is checked for every row; it fails where one points at nothing.`,
    ),
};

export const addCheck: Rule = {
  id: "add-check",
  hazards: ["long-lock"],
  title: "A check is held against every row while everybody waits",
  why: "ADD CHECK takes an ACCESS EXCLUSIVE lock and reads the whole table under it: nobody reads or writes meanwhile. With NOT VALID only new rows are checked, and the lock is held for a moment; VALIDATE CONSTRAINT then reads the old ones while others read and write. It fails where a row is not as the check wants it.",
  deploy:
    "It adds the check NOT VALID and validates it in a step of its own. Where rows break it, it stops with DATA_REFUSED, with the check in force for new rows.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0);",
    good: `ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], reads: ["public.orders"] },
  },
  judge: (act) =>
    ofConstraints(act, ["CONSTR_CHECK"], (name, { skip_validation }) =>
      skip_validation
        ? null
        : `Nobody reads or writes ${label(act)} until ${name} is held against every row; it fails where one breaks it.`,
    ),
};

export const addUnique: Rule = {
  id: "add-unique",
  hazards: ["long-lock"],
  title: "The index of a key is built while everybody waits",
  why: "ADD UNIQUE and ADD PRIMARY KEY build their index under an ACCESS EXCLUSIVE lock. An index that was built CONCURRENTLY before becomes the constraint in a moment, with USING INDEX. Either fails where two rows have the same values.",
  deploy:
    "It builds the index CONCURRENTLY and makes it the constraint. Where rows are alike it stops with DATA_REFUSED.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE (email);",
    good: `CREATE UNIQUE INDEX CONCURRENTLY orders_email_key ON orders (email);
ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE USING INDEX orders_email_key;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], reads: ["public.orders"] },
  },
  judge: (act) =>
    ofConstraints(act, ["CONSTR_UNIQUE", "CONSTR_PRIMARY"], (name, { indexname }) =>
      indexname !== undefined
        ? null
        : `Nobody reads or writes ${label(act)} until the index of ${name} is built; it fails where two rows are alike.`,
    ),
};

export const addExclusion: Rule = {
  id: "add-exclusion",
  hazards: ["long-lock"],
  title: "An exclusion constraint is built while everybody waits",
  why: "The index of an exclusion constraint cannot be built CONCURRENTLY, and the constraint cannot be added NOT VALID: ADD EXCLUDE holds an ACCESS EXCLUSIVE lock until it is built. A trigger can hold new rows to the same rule. It fails where two rows exclude each other.",
  deploy: "It asks: nothing runs until the step is allowed by name, for a quiet hour.",
  example: {
    setUp: `CREATE TABLE bookings (id integer PRIMARY KEY, during tstzrange);
INSERT INTO bookings SELECT i, tstzrange(now() + i * interval '1 hour', now() + (i + 1) * interval '1 hour') FROM generate_series(1, 100) i;`,
    bad: "ALTER TABLE bookings ADD CONSTRAINT bookings_apart EXCLUDE USING gist (during WITH &&);",
    good: `CREATE INDEX CONCURRENTLY bookings_during_idx ON bookings USING gist (during);
CREATE FUNCTION keep_bookings_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('bookings'));
  IF EXISTS (SELECT FROM bookings WHERE during && NEW.during AND id <> NEW.id) THEN
    RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', MESSAGE = 'the booking overlaps another';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER bookings_apart BEFORE INSERT OR UPDATE OF during ON bookings
  FOR EACH ROW EXECUTE FUNCTION keep_bookings_apart();`,
    shows: { locks: ["public.bookings ACCESS EXCLUSIVE"], reads: ["public.bookings"] },
  },
  judge: (act) =>
    ofConstraints(
      act,
      ["CONSTR_EXCLUSION"],
      (name) =>
        `Nobody reads or writes ${label(act)} until the index of ${name} is built; it fails where two rows exclude each other.`,
    ).map((judgement) => ({
      ...judgement,
      safeForm: [
        `-- keep the rule for new rows with a trigger (see the page of add-exclusion), or in a quiet hour:`,
        `${act.sql};`,
      ],
    })),
};

export const setNotNull: Rule = {
  id: "set-not-null",
  hazards: ["long-lock"],
  title: "A column is looked through for nulls while everybody waits",
  why: "SET NOT NULL reads every row under an ACCESS EXCLUSIVE lock, unless a valid check says that the column is not null. Such a check can be added NOT VALID and validated while others read and write. It fails where a row has a null.",
  deploy:
    "It adds such a check, validates it, sets NOT NULL and drops the check. Where a row has a null it stops with DATA_REFUSED.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ALTER COLUMN email SET NOT NULL;",
    good: `ALTER TABLE orders ADD CONSTRAINT orders_email_not_null CHECK (email IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_email_not_null;
ALTER TABLE orders ALTER COLUMN email SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_email_not_null;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], reads: ["public.orders"] },
  },
  judge(act) {
    const { table, command, context } = act;
    if (table === null || command?.subtype !== "AT_SetNotNull" || !hasRows(act, table)) return [];
    const column = command.name ?? "";
    const known = context.table(table)?.columns.find(({ name }) => name === column);
    if (known?.nullable === false || isProvenNotNull(act, table, column)) return [];
    return [
      {
        hazard: "long-lock",
        object: `${qualifiedLabel(table)}.${column}`,
        message: `Nobody reads or writes ${qualifiedLabel(table)} while ${column} is looked through for nulls; it fails where there is one.`,
        safeForm: steps(act),
      },
    ];
  },
};

export const domainConstraint: Rule = {
  id: "domain-constraint",
  hazards: ["long-lock"],
  title: "A rule of a domain is held against every row that has it",
  why: "ALTER DOMAIN … ADD CONSTRAINT reads every table that has a column of the domain, under SHARE locks: writers wait. VALIDATE CONSTRAINT of a domain does the same. NOT VALID alone checks new values and reads nothing; a check of the table can be validated while others write.",
  deploy:
    "It adds the rule NOT VALID, and asks before it validates: nothing runs until that step is allowed by name.",
  example: {
    setUp: `CREATE DOMAIN email AS text;
CREATE TABLE customers (id integer PRIMARY KEY, contact email);
INSERT INTO customers SELECT i, 'a@b' FROM generate_series(1, 100) i;`,
    bad: "ALTER DOMAIN email ADD CONSTRAINT email_has_at CHECK (value ~ '@');",
    good: `ALTER DOMAIN email ADD CONSTRAINT email_has_at CHECK (value ~ '@') NOT VALID;
ALTER TABLE customers ADD CONSTRAINT customers_contact_check CHECK (contact ~ '@') NOT VALID;
ALTER TABLE customers VALIDATE CONSTRAINT customers_contact_check;`,
    shows: { locks: ["public.customers SHARE"], reads: ["public.customers"] },
  },
  judge: (act) =>
    "AlterDomainStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "long-lock",
          () => [`${act.sql.replace(/\s+NOT\s+VALID\s*$/i, "")} NOT VALID;`],
        )
      : [],
};
