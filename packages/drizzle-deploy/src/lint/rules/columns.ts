import { qualifiedLabel } from "../../sql/names.ts";
import { quoteIdentifier, quoteName } from "../../sql/quote.ts";
import { names, typeText } from "../../sql/tree.ts";
import type { Act, Judgement, Rule } from "../rule.ts";
import { addedColumn, code, hasRows, ofSteps } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, total integer, code varchar(10));
INSERT INTO orders SELECT i, i, 'c' FROM generate_series(1, 100) i;`;

const serials: Readonly<Record<string, string>> = {
  serial: "integer",
  serial4: "integer",
  smallserial: "smallint",
  serial2: "smallint",
  bigserial: "bigint",
  serial8: "bigint",
};

/** Why an added column writes the table anew. */
type Cause = "number" | "generated" | "domain" | "default";

function causeOf(act: Act): Cause | null {
  const added = addedColumn(act);
  if (added === undefined) return null;
  const { definition, constraints } = added;
  if (serials[names(definition.typeName?.names).at(-1) ?? ""] !== undefined) return "number";
  if (constraints.some(({ contype }) => contype === "CONSTR_IDENTITY")) return "number";
  if (constraints.some(({ contype }) => contype === "CONSTR_GENERATED")) return "generated";
  return act.context.isStrictDomain(typeText(definition.typeName, act.context.schemas))
    ? "domain"
    : "default";
}

/** The table, the column and its type as SQL. */
function partsOf(act: Act): { table: string; column: string; type: string } {
  const added = addedColumn(act);
  const written = names(added?.definition.typeName?.names).at(-1) ?? "";
  return {
    table: act.table ? quoteName(act.table) : "",
    column: quoteIdentifier(added?.name || "column"),
    type: serials[written] ?? typeText(added?.definition.typeName, act.context.schemas),
  };
}

const ofCause = (
  act: Act,
  cause: Cause,
  safeForm: (of: ReturnType<typeof partsOf>) => string[],
): Judgement[] =>
  causeOf(act) === cause
    ? ofSteps(
        act,
        (hazard, kind) => hazard === "rewrite" && kind === "add column",
        () => safeForm(partsOf(act)),
      )
    : [];

/** Rows that are filled later, outside the migration. */
const fill = (table: string, column: string, value: string): string[] => [
  `-- then, outside the migration, until it changes no row:`,
  `-- UPDATE ${table} SET ${column} = ${value} WHERE ctid IN (SELECT ctid FROM ${table} WHERE ${column} IS NULL LIMIT 5000);`,
];

export const addColumnDefault: Rule = {
  id: "add-column-volatile-default",
  hazards: ["rewrite"],
  title: "A new column gets a value of its own in every row",
  why: "A default that is the same for all rows is kept once, in the catalog. One that calls a volatile function, such as gen_random_uuid() or clock_timestamp(), is computed for every row, and the table and its indexes are written anew under an ACCESS EXCLUSIVE lock. What a function of yours or of an extension does is not known here, and counts as volatile. A column without a default costs nothing, and a default that is set afterwards holds for new rows.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good: `ALTER TABLE orders ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) => {
    const added = addedColumn(act);
    const standard = added?.constraints.find(({ contype }) => contype === "CONSTR_DEFAULT");
    const called = /\bDEFAULT\s+(.+?)(?:\s+NOT\s+NULL)?$/is.exec(act.sql)?.[1] ?? "…";
    return standard === undefined
      ? []
      : ofCause(act, "default", ({ table, column, type }) => [
          `ALTER TABLE ${table} ADD COLUMN ${column} ${type};`,
          `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT ${called};`,
          ...fill(table, column, "DEFAULT"),
        ]);
  },
};

export const addColumnSerial: Rule = {
  id: "add-column-serial",
  hazards: ["rewrite"],
  title: "A new column numbers every row",
  why: "serial and GENERATED … AS IDENTITY take a number for each row that is there: the table is written anew under an ACCESS EXCLUSIVE lock. A plain column with the sequence as its default numbers new rows, and the old ones are numbered in batches.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;",
    good: `CREATE SEQUENCE orders_number_seq;
ALTER TABLE orders ADD COLUMN number bigint;
ALTER SEQUENCE orders_number_seq OWNED BY orders.number;
ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('orders_number_seq');`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) =>
    ofCause(act, "number", ({ table, column, type }) => {
      const sequence = quoteName({
        schema: act.table?.schema ?? "public",
        name: `${act.table?.name}_${addedColumn(act)?.name}_seq`,
      });
      return [
        `CREATE SEQUENCE ${sequence};`,
        `ALTER TABLE ${table} ADD COLUMN ${column} ${type};`,
        `ALTER SEQUENCE ${sequence} OWNED BY ${table}.${column};`,
        `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT nextval('${sequence.replaceAll("'", "''")}');`,
        ...fill(table, column, "DEFAULT"),
      ];
    }),
};

export const addColumnGenerated: Rule = {
  id: "add-column-generated",
  hazards: ["rewrite"],
  title: "A stored generated column is computed for every row",
  why: "GENERATED ALWAYS AS (…) STORED is computed for each row that is there: the table is written anew under an ACCESS EXCLUSIVE lock. A plain column that a trigger fills costs nothing at first, and the old rows are filled in batches; often an index on the expression, or a view, is all that is needed.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD COLUMN gross integer GENERATED ALWAYS AS (total * 2) STORED;",
    good: `ALTER TABLE orders ADD COLUMN gross integer;
CREATE FUNCTION orders_fill_gross() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.gross := NEW.total * 2;
  RETURN NEW;
END
$$;
CREATE TRIGGER orders_fill_gross BEFORE INSERT OR UPDATE OF total ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_fill_gross();`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) =>
    ofCause(act, "generated", ({ table, column, type }) => {
      const expression = /AS\s*\((.*)\)\s*STORED/is.exec(act.sql)?.[1] ?? "…";
      const name = quoteName({
        schema: act.table?.schema ?? "public",
        name: `${act.table?.name}_fill_${addedColumn(act)?.name}`,
      });
      return [
        `ALTER TABLE ${table} ADD COLUMN ${column} ${type};`,
        `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$`,
        `BEGIN`,
        `  NEW.${column} := (SELECT ${expression} FROM (SELECT NEW.*) AS one);`,
        `  RETURN NEW;`,
        `END`,
        `$$;`,
        `CREATE TRIGGER ${quoteIdentifier(`fill_${addedColumn(act)?.name}`)} BEFORE INSERT OR UPDATE ON ${table}`,
        `  FOR EACH ROW EXECUTE FUNCTION ${name}();`,
        ...fill(table, column, expression),
      ];
    }),
};

export const addColumnDomain: Rule = {
  id: "add-column-domain",
  hazards: ["rewrite"],
  title: "A new column's domain is held against every row",
  why: "A column of a domain that has rules is checked in each row that is there: the table is written anew under an ACCESS EXCLUSIVE lock, also where the column is null everywhere. A column of the domain's own type with a check of its own is not.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `${orders}\nCREATE DOMAIN percentage AS integer CHECK (value BETWEEN 0 AND 100);`,
    bad: "ALTER TABLE orders ADD COLUMN discount percentage;",
    good: `ALTER TABLE orders ADD COLUMN discount integer;
ALTER TABLE orders ADD CONSTRAINT orders_discount_check CHECK (discount BETWEEN 0 AND 100) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_discount_check;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge: (act) =>
    ofCause(act, "domain", ({ table, column }) => [
      `ALTER TABLE ${table} ADD COLUMN ${column} <the domain's own type>;`,
      `ALTER TABLE ${table} ADD CONSTRAINT <name> CHECK (<the domain's rule>) NOT VALID;`,
      `ALTER TABLE ${table} VALIDATE CONSTRAINT <name>;`,
    ]),
};

export const addColumnNotNull: Rule = {
  id: "add-column-not-null",
  hazards: ["data-refused"],
  title: "A new column is NOT NULL and has no default",
  why: "PostgreSQL refuses it as soon as the table has a row, since that row would have a null. On an empty database of a developer it works.",
  deploy: "It refuses where the table has rows, before anything runs; an empty table gets the column.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ADD COLUMN currency text NOT NULL;",
    good: "ALTER TABLE orders ADD COLUMN currency text DEFAULT 'EUR' NOT NULL;",
    shows: { fails: "23502" },
  },
  judge(act) {
    const added = addedColumn(act);
    if (added === undefined || act.table === null || !hasRows(act, act.table)) return [];
    const has = (...types: string[]) => added.constraints.some(({ contype = "" }) => types.includes(contype));
    if (!has("CONSTR_NOTNULL", "CONSTR_PRIMARY")) return [];
    if (has("CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED") || causeOf(act) === "number") return [];
    const { table, column, type } = partsOf(act);
    return [
      {
        hazard: "data-refused",
        object: `${qualifiedLabel(act.table)}.${added.name}`,
        message: `${qualifiedLabel(act.table)}.${added.name} is NOT NULL without a default: PostgreSQL refuses it where the table has a row.`,
        safeForm: [
          `ALTER TABLE ${table} ADD COLUMN ${column} ${type} DEFAULT <value> NOT NULL;`,
          `-- or, where each row has a value of its own: without NOT NULL, filled in batches, and in a later migration`,
          `-- ALTER TABLE ${table} ALTER COLUMN ${column} SET NOT NULL;`,
        ],
        deploy: { does: "refuses", text: "refuses it where the table has rows, before anything runs." },
      },
    ];
  },
};

export const alterColumnType: Rule = {
  id: "alter-column-type",
  hazards: ["rewrite", "long-lock", "unsupported"],
  title: "A column's type changes in a way that takes work",
  why: "Most changes of type write the table and its indexes anew under an ACCESS EXCLUSIVE lock, and clients that still write the old type fail from then on. Some keep the rows as they are, and are no finding: varchar to a longer varchar or to text, numeric to more digits of the same scale. Of those, indexes with expressions or conditions, and checks, are still gone through anew. A view that reads the column makes PostgreSQL refuse it.",
  deploy:
    "It asks: nothing runs until the step is allowed by name. What keeps the rows it runs as it is; what a view reads it refuses.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    good: `ALTER TABLE orders ADD COLUMN total_new bigint;
CREATE FUNCTION orders_total_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.total_new := NEW.total;
  RETURN NEW;
END
$$;
CREATE TRIGGER orders_total_new BEFORE INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_total_new();`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"], rewrites: ["public.orders"] },
  },
  judge(act) {
    const { command, table, context } = act;
    if (command?.subtype !== "AT_AlterColumnType" || table === null) return [];
    const definition = command.def && "ColumnDef" in command.def ? command.def.ColumnDef : {};
    const type = typeText(definition.typeName, context.schemas);
    const name = command.name ?? "";
    const quoted = quoteName(table);
    const [old, fresh] = [quoteIdentifier(name), quoteIdentifier(`${name}_new`)];
    const filler = quoteName({ schema: table.schema, name: `${table.name}_${name}_new` });
    return ofSteps(
      act,
      () => true,
      (draft) => {
        const [hazard] = draft.hazards;
        if (hazard?.name === "unsupported") {
          const views = context.dependents(table, name).map((view) => quoteName(view));
          return [
            ...views.map((view) => `DROP VIEW ${view};`),
            code(act.sql),
            ...views.map((view) => `CREATE VIEW ${view} AS …;`),
          ];
        }
        if (hazard?.name === "long-lock") return [`-- ${hazard.message}`, code(act.sql)];
        return [
          `ALTER TABLE ${quoted} ADD COLUMN ${fresh} ${type};`,
          `CREATE FUNCTION ${filler}() RETURNS trigger LANGUAGE plpgsql AS $$`,
          `BEGIN`,
          `  NEW.${fresh} := NEW.${old};`,
          `  RETURN NEW;`,
          `END`,
          `$$;`,
          `CREATE TRIGGER ${quoteIdentifier(`${name}_new`)} BEFORE INSERT OR UPDATE ON ${quoted}`,
          `  FOR EACH ROW EXECUTE FUNCTION ${filler}();`,
          ...fill(quoted, fresh, old),
          `-- and once clients use ${fresh}, in a later migration, drop the trigger and ${old}`,
        ];
      },
    );
  },
};
