import type { AlterTableCmd, ColumnDef, Constraint, Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { functionsIn, names, typeText } from "../sql/tree.ts";
import { addConstraint } from "./add-constraint.ts";
import { separated } from "./column-constraints.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { needsOf, unique } from "./resolve.ts";

const serials = ["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"];
/**
 * `ADD COLUMN`: a change of the catalog, unless every row has to get a value of its own. A constraint written at the
 * column becomes a step of its own. PostgreSQL 17 manual, 5.7.1 "Adding a Column" and "ALTER TABLE", Notes.
 */
export function addColumn(
  command: AlterTableCmd,
  { table, context, sql }: { table: QualifiedName; context: StatementContext; sql: string },
): Draft[] {
  if (command.def === undefined || !("ColumnDef" in command.def)) return [];
  const definition = command.def.ColumnDef;
  const name = definition.colname ?? "";
  const itself = part("column", table, name);
  const constraints = (definition.constraints ?? []).flatMap((node) =>
    "Constraint" in node ? [node.Constraint] : [],
  );
  const isNew = context.isNew(table);
  const own = isNew ? [] : separated(constraints);
  const taken = own.flatMap(({ nodes }) => nodes);
  const hazards = isNew ? [] : hazardsOf(definition, constraints, { table, context });
  // Where the column is there, PostgreSQL passes its constraints over too.
  const optional = command.missing_ok === true ? { ifNotExists: itself } : {};
  const columnSql =
    own.length === 0 && !command.missing_ok ? sql : withoutConstraints(table, command, definition, taken);
  const drafts = [
    catalogChange({
      kind: "add column",
      title: `add column ${qualifiedLabel(table)}.${name}`,
      sql: columnSql,
      target: itself,
      needs: unique([target("table", table), ...needsOf(definition)]),
      locks: [lock(table, "ACCESS EXCLUSIVE", hazards.length > 0 ? "long" : "short")],
      safety:
        hazards.length > 0
          ? "Everybody waits while the table is rewritten."
          : constraints.some(({ contype }) => contype === "CONSTR_DEFAULT")
            ? "The default is kept once, in the catalog: no row is written; the lock is held for a moment."
            : "No row is written; the lock is held for a moment.",
      goal: { does: "create", target: itself, parts: [] },
      hazards,
      work: hazards.length > 0 ? { does: "rewrite", table } : { does: "catalog" },
    }),
    ...own.flatMap(({ constraint }) =>
      addConstraint(constraint, { table, context, column: name, sql: null }),
    ),
  ];
  return drafts.map((draft) => ({ ...draft, ...optional }));
}

function withoutConstraints(
  table: QualifiedName,
  { missing_ok: _, ...command }: AlterTableCmd,
  definition: ColumnDef,
  taken: readonly Constraint[],
): string {
  const { constraints: all = [], ...rest } = definition;
  const constraints = all.filter((node: Node) => !("Constraint" in node && taken.includes(node.Constraint)));
  return print({
    AlterTableStmt: {
      relation: { schemaname: table.schema, relname: table.name, inh: true, relpersistence: "p" },
      cmds: [
        {
          AlterTableCmd: {
            ...command,
            def: { ColumnDef: constraints.length > 0 ? { ...rest, constraints } : rest },
          },
        },
      ],
      objtype: "OBJECT_TABLE",
    },
  });
}

function hazardsOf(
  definition: ColumnDef,
  constraints: readonly Constraint[],
  { table, context }: { table: QualifiedName; context: StatementContext },
): Draft["hazards"] {
  const name = definition.colname ?? "";
  const where = `${qualifiedLabel(table)}.${name}`;
  const type = typeText(definition.typeName, context.schemas);
  const nameOf = quoteIdentifier(name);
  const rewrite = (why: string, safeForm: string) => [{ name: "rewrite" as const, message: why, safeForm }];
  const of = (contype: Constraint["contype"]) =>
    constraints.find((constraint) => constraint.contype === contype);
  if (serials.includes(names(definition.typeName?.names).at(-1) ?? "") || of("CONSTR_IDENTITY")) {
    return rewrite(
      `Each row of ${qualifiedLabel(table)} gets a number for ${where}: the table is rewritten while everybody waits.`,
      `ALTER TABLE ${qualifiedLabel(table)} ADD COLUMN ${nameOf} bigint; fill it in batches; then SET NOT NULL and ADD GENERATED … AS IDENTITY.`,
    );
  }
  const generated = of("CONSTR_GENERATED");
  if (generated?.generated_kind === "v") {
    if (!of("CONSTR_NOTNULL")) return [];
    return [
      {
        name: "long-lock",
        message: `${where} is computed when it is read: whether it is empty anywhere is found out from all rows of ${qualifiedLabel(table)} while everybody waits.`,
        safeForm: `ALTER TABLE ${qualifiedLabel(table)} ADD COLUMN ${nameOf} … without NOT NULL; then ADD CONSTRAINT <name> NOT NULL ${nameOf}, which is validated without stopping anybody.`,
      },
    ];
  }
  if (generated) {
    return rewrite(
      `The stored generated column ${where} is computed for each row: the table is rewritten while everybody waits.`,
      `ALTER TABLE ${qualifiedLabel(table)} ADD COLUMN ${nameOf} ${type}; a trigger that fills it; then an UPDATE in batches.`,
    );
  }
  const standard = of("CONSTR_DEFAULT");
  const moving = standard
    ? functionsIn(standard.raw_expr).filter((path) => {
        const volatility = context.volatility(path);
        return volatility === null || volatility === "volatile";
      })
    : [];
  if (moving.length > 0) {
    const called = moving.map((path) => `${path.join(".")}()`).join(", ");
    return rewrite(
      `The default of ${where} calls ${called}, which may give each row a value of its own: the table is rewritten while everybody waits.`,
      `ALTER TABLE ${qualifiedLabel(table)} ADD COLUMN ${nameOf} ${type}; ALTER COLUMN ${nameOf} SET DEFAULT …; then an UPDATE in batches.`,
    );
  }
  if (context.isStrictDomain(type)) {
    return rewrite(
      `Each row of ${qualifiedLabel(table)} is held against the rules of ${type} for ${where}: the table is rewritten while everybody waits.`,
      `ALTER TABLE ${qualifiedLabel(table)} ADD COLUMN ${nameOf} of the domain's own type; ADD CONSTRAINT … CHECK (…), which is validated without stopping anybody.`,
    );
  }
  if (of("CONSTR_NOTNULL") && !standard && (context.rows(table) ?? 0) > 0) {
    return [
      {
        name: "unsupported",
        message: `${where} is NOT NULL without a default: PostgreSQL refuses it, since ${qualifiedLabel(table)} has rows.`,
        safeForm: `Give it a default, or ADD COLUMN ${nameOf} ${type}; fill it in batches; then SET NOT NULL.`,
      },
    ];
  }
  return [];
}
