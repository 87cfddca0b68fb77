import { type QualifiedName, qualifiedLabel } from "../../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteName } from "../../sql/quote.ts";
import { names } from "../../sql/tree.ts";
import { resolve, resolveName } from "../../statements/resolve.ts";
import type { KnownView } from "../folder.ts";
import type { Act, Rule } from "../rule.ts";
import { code, ofSteps } from "./reading.ts";

const orders = `CREATE TABLE orders (id integer PRIMARY KEY, total integer, status text);
INSERT INTO orders SELECT i, i, 'new' FROM generate_series(1, 100) i;`;

/** What is renamed, in the grammar's words; null for any other statement. */
const renamedKind = ({ node }: Act): string | null =>
  "RenameStmt" in node ? (node.RenameStmt.renameType ?? null) : null;

export const renameTable: Rule = {
  id: "rename-table",
  hazards: ["breaks-clients"],
  title: "A table gets another name while clients use the old one",
  why: "Clients that run while the migration is deployed use the old name, and fail from the moment at which the table has another. A view under the old name, in the same transaction, serves them until the last of them is gone.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders RENAME TO purchases;",
    good: "CREATE VIEW purchases WITH (security_invoker = true) AS SELECT * FROM orders;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (renamedKind(act) !== "OBJECT_TABLE" || !("RenameStmt" in act.node)) return [];
    const table = resolve(act.node.RenameStmt.relation);
    const to = quoteName({ schema: table.schema, name: act.node.RenameStmt.newname ?? "" });
    return ofSteps(
      act,
      (hazard) => hazard === "breaks-clients",
      () => [
        `-- the new name as a view of the table, until no client uses the old one:`,
        `CREATE VIEW ${to} WITH (security_invoker = true) AS SELECT * FROM ${quoteName(table)};`,
      ],
    );
  },
};

export const renameColumn: Rule = {
  id: "rename-column",
  hazards: ["breaks-clients"],
  title: "A column gets another name while clients use the old one",
  why: 'Clients that run while the migration is deployed name the old column, and fail from the moment at which it has another name. In Drizzle the name in the code can change without the one in the database: `total: integer("amount")`. Where the database has to change too, a second column is kept the same by a trigger until the last client is gone.',
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders RENAME COLUMN total TO amount;",
    good: `ALTER TABLE orders ADD COLUMN amount integer;
CREATE FUNCTION orders_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.amount := coalesce(NEW.amount, NEW.total);
    NEW.total := NEW.amount;
  ELSIF NEW.total IS DISTINCT FROM OLD.total THEN NEW.amount := NEW.total;
  ELSE NEW.total := NEW.amount;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER orders_amount BEFORE INSERT OR UPDATE OF total, amount ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_amount();`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (renamedKind(act) !== "OBJECT_COLUMN" || !("RenameStmt" in act.node)) return [];
    const { relation, subname = "", newname = "" } = act.node.RenameStmt;
    const table = resolve(relation);
    const type = act.context.table(table)?.columns.find(({ name }) => name === subname)?.type ?? "<type>";
    const [old, fresh] = [quoteIdentifier(subname || "…"), quoteIdentifier(newname || "…")];
    const filler = quoteName({ schema: table.schema, name: `${table.name}_${newname}` });
    return ofSteps(
      act,
      (hazard) => hazard === "breaks-clients",
      () => [
        `-- in Drizzle only the code's name has to change; where the database's has to:`,
        `ALTER TABLE ${quoteName(table)} ADD COLUMN ${fresh} ${type};`,
        `CREATE FUNCTION ${filler}() RETURNS trigger LANGUAGE plpgsql AS $$`,
        `BEGIN`,
        `  IF TG_OP = 'INSERT' THEN`,
        `    NEW.${fresh} := coalesce(NEW.${fresh}, NEW.${old});`,
        `    NEW.${old} := NEW.${fresh};`,
        `  ELSIF NEW.${old} IS DISTINCT FROM OLD.${old} THEN NEW.${fresh} := NEW.${old};`,
        `  ELSE NEW.${old} := NEW.${fresh};`,
        `  END IF;`,
        `  RETURN NEW;`,
        `END`,
        `$$;`,
        `CREATE TRIGGER ${quoteIdentifier(`${table.name}_${newname}`)} BEFORE INSERT OR UPDATE OF ${old}, ${fresh} ON ${quoteName(table)}`,
        `  FOR EACH ROW EXECUTE FUNCTION ${filler}();`,
        `-- then fill old rows in batches, move clients, and drop ${old} in a later migration`,
      ],
    );
  },
};

export const renameEnumValue: Rule = {
  id: "rename-enum-value",
  hazards: ["breaks-clients"],
  title: "A value of an enum gets another name",
  why: "Clients that write the old value fail from then on, and those that read it see one that they do not know. A new value beside the old one stops nobody.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `CREATE TYPE state AS ENUM ('new', 'open');
CREATE TABLE orders (id integer PRIMARY KEY, status state);`,
    bad: "ALTER TYPE state RENAME VALUE 'new' TO 'fresh';",
    good: "ALTER TYPE state ADD VALUE 'fresh';",
    shows: {},
  },
  judge(act) {
    if (!("AlterEnumStmt" in act.node)) return [];
    const { typeName, newVal = "" } = act.node.AlterEnumStmt;
    return ofSteps(
      act,
      (hazard) => hazard === "breaks-clients",
      () => [
        `ALTER TYPE ${quoteName(resolveName(names(typeName)))} ADD VALUE ${quoteLiteral(newVal)};`,
        `-- then, in a later migration, move rows to it in batches`,
      ],
    );
  },
};

export const setSchema: Rule = {
  id: "set-schema",
  hazards: ["breaks-clients"],
  title: "An object moves to another schema while clients use it",
  why: "Clients find it no longer under its name. A view in the old schema, over the table in the new one, serves them until the last of them is gone.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `${orders}\nCREATE SCHEMA sales;`,
    bad: "ALTER TABLE orders SET SCHEMA sales;",
    good: "CREATE VIEW sales.orders WITH (security_invoker = true) AS SELECT * FROM public.orders;",
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge(act) {
    if (!("AlterObjectSchemaStmt" in act.node)) return [];
    const { relation, newschema = "" } = act.node.AlterObjectSchemaStmt;
    const table = relation ? resolve(relation) : null;
    return ofSteps(
      act,
      (hazard) => hazard === "breaks-clients",
      () =>
        table === null
          ? ["-- make the new one beside the old one, move clients, then drop the old one"]
          : [
              `CREATE VIEW ${quoteName({ schema: newschema, name: table.name })} WITH (security_invoker = true) AS SELECT * FROM ${quoteName(table)};`,
              `-- and the table itself in a later migration, when no client uses the old name`,
            ],
    );
  },
};

export const renameObject: Rule = {
  id: "rename-object",
  hazards: ["breaks-clients"],
  title: "A view, function, type or sequence gets another name",
  why: "Clients use the old name and fail from then on. A second one under the new name stops nobody.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `${orders}\nCREATE VIEW open_orders AS SELECT id, total FROM orders WHERE status = 'open';`,
    bad: "ALTER VIEW open_orders RENAME TO pending_orders;",
    good: "CREATE VIEW pending_orders AS SELECT id, total FROM orders WHERE status = 'open';",
    shows: { locks: ["public.open_orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    ["OBJECT_TABLE", "OBJECT_COLUMN", null].includes(renamedKind(act))
      ? []
      : ofSteps(
          act,
          (hazard) => hazard === "breaks-clients",
          () => ["-- make the new one beside the old one, move clients, then drop the old one"],
        ),
};

export const dropObject: Rule = {
  id: "drop-object",
  hazards: ["breaks-clients"],
  title: "A view, function, sequence or extension is dropped",
  why: "Whoever uses it fails from then on. One that the same migration makes again is no finding: it is replaced.",
  deploy: "It asks: nothing runs until the step is allowed by name.",
  example: {
    setUp: `${orders}\nCREATE VIEW open_orders AS SELECT id, total FROM orders WHERE status = 'open';`,
    bad: "DROP VIEW open_orders;",
    good: "CREATE OR REPLACE VIEW open_orders AS SELECT id, total, status FROM orders WHERE status = 'open';",
    shows: { locks: ["public.open_orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    "DropStmt" in act.node
      ? ofSteps(
          act,
          (hazard) => hazard === "breaks-clients",
          () => [
            "-- first a release of the application that does not use it; then",
            "-- lint: accept drop-object: <since when nobody has used it>",
            code(act.sql),
          ],
        )
      : [],
};

export const rowSecurityWithoutPolicy: Rule = {
  id: "row-security-without-policy",
  hazards: ["breaks-clients"],
  title: "Row-level security without a policy",
  why: "Where row-level security is enabled and no policy lets rows through, whoever does not own the table reads none and writes none: nothing fails, and clients see an empty table.",
  deploy:
    "It asks, unless a policy comes in the same deployment: nothing runs until the step is allowed by name.",
  example: {
    setUp: orders,
    bad: "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
    good: `CREATE POLICY orders_read ON orders FOR SELECT USING (status = 'open');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;`,
    shows: { locks: ["public.orders ACCESS EXCLUSIVE"] },
  },
  judge: (act) =>
    ofSteps(
      act,
      (hazard, kind) => hazard === "breaks-clients" && kind === "row security",
      () => [
        `CREATE POLICY "<name>" ON ${act.table ? quoteName(act.table) : "…"} FOR SELECT TO <role> USING (<condition>);`,
        code(act.sql),
      ],
    ),
};

/** The tables with row-level security that a view reads, also through views that read as whoever asks. */
function hiddenIn(act: Act, { reads }: KnownView, seen: readonly string[] = []): QualifiedName[] {
  return reads.flatMap((one) => {
    const label = qualifiedLabel(one);
    if (seen.includes(label)) return [];
    const view = act.after.views.get(label);
    if (view) return view.isInvoker ? hiddenIn(act, view, [...seen, label]) : [];
    return (act.after.tables.get(label) ?? act.folder.tables.get(label))?.rowSecurity ? [one] : [];
  });
}

export const viewExposesRows: Rule = {
  id: "view-exposes-rows",
  hazards: ["exposes-rows"],
  title: "A view reads past the policies of its tables",
  why: "A view reads with the rights of its owner, whom the policies of row-level security seldom hold: whoever may read the view reads every user's rows. With security_invoker it reads as whoever asks.",
  deploy: "It runs it as it is written: nothing of it stops anybody.",
  example: {
    setUp: `${orders}
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY orders_read ON orders FOR SELECT USING (status = 'open');`,
    bad: "CREATE VIEW totals AS SELECT id, total FROM orders;",
    good: "CREATE VIEW totals WITH (security_invoker = true) AS SELECT id, total FROM orders;",
    shows: {},
  },
  judge(act) {
    if (!("ViewStmt" in act.node)) return [];
    const view = resolve(act.node.ViewStmt.view);
    const made = act.after.views.get(qualifiedLabel(view));
    if (made === undefined || made.isInvoker) return [];
    const hidden = hiddenIn(act, made);
    if (hidden.length === 0) return [];
    return [
      {
        hazard: "exposes-rows",
        object: qualifiedLabel(view),
        message: `${qualifiedLabel(view)} reads ${hidden.map(qualifiedLabel).join(", ")} with its owner's rights: whoever may read the view sees the rows that policies hide.`,
        safeForm: [
          code(
            act.sql.replace(
              /^(CREATE\s+(?:OR\s+REPLACE\s+)?(?:RECURSIVE\s+)?VIEW\s+\S+)(?:\s+WITH\s*\([^)]*\))?\s/i,
              "$1 WITH (security_invoker = true) ",
            ),
          ),
        ],
      },
    ];
  },
};
