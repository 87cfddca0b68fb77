import type { AlterTableCmd, ColumnDef } from "libpg-query";
import type { Index, Table } from "../catalog/index.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import { names, typeText } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";

/** A printed type as its name and its numbers: `numeric(10,2)` is `numeric` and 10, 2. */
function parts(type: string): { name: string; numbers: number[] } {
  const match = /\(([\d,]+)\)/.exec(type);
  return {
    name: type.replace(/\([\d,]+\)/, ""),
    numbers: (match?.[1] ?? "").split(",").filter(Boolean).map(Number),
  };
}

const unbounded = Number.POSITIVE_INFINITY;

/**
 * Whether PostgreSQL changes a column from one type to another without looking at a row: the stored bytes are the same
 * and no value has to be checked. What is not known to be so is not so.
 * PostgreSQL 17 manual, "ALTER TABLE", Notes; pg_cast's binary-coercible casts, and each type's length coercion.
 */
export function keepsRows(from: string, to: string, isUtc = false): boolean {
  if (from === to) return true;
  if (isUtc && isSameMoment(from, to)) return true;
  const [one, other] = [parts(from), parts(to)];
  const texts = ["character varying", "text"];
  if (texts.includes(one.name) && texts.includes(other.name)) {
    return (other.numbers[0] ?? unbounded) >= (one.numbers[0] ?? unbounded);
  }
  if (one.name !== other.name) {
    // An interval of some fields, or of fewer digits, is one of all.
    return (from === "cidr" && to === "inet") || (one.name.startsWith("interval ") && to === "interval");
  }
  if (one.name.startsWith("interval")) return (other.numbers[0] ?? 6) >= (one.numbers[0] ?? 6);
  switch (one.name) {
    case "numeric": {
      if (other.numbers.length === 0) return true;
      const [precision = unbounded, scale = 0] = one.numbers;
      const [wanted = 0, wantedScale = 0] = other.numbers;
      return wantedScale === scale && wanted >= precision;
    }
    case "bit varying":
      return (other.numbers[0] ?? unbounded) >= (one.numbers[0] ?? unbounded);
    case "timestamp without time zone":
    case "timestamp with time zone":
    case "time without time zone":
    case "time with time zone":
      return (other.numbers[0] ?? 6) >= (one.numbers[0] ?? 6);
    default:
      return false;
  }
}

/**
 * Whether two types are a time with a time zone and one without, which are the same bytes as long as the session's zone
 * is UTC (`ATColumnChangeRequiresRewrite` in src/backend/commands/tablecmds.c); fewer digits would have to be rounded.
 */
function isSameMoment(from: string, to: string): boolean {
  const [one, other] = [parts(from), parts(to)];
  const moments = ["timestamp without time zone", "timestamp with time zone"];
  return (
    one.name !== other.name &&
    moments.includes(one.name) &&
    moments.includes(other.name) &&
    (other.numbers[0] ?? 6) === 6
  );
}

/**
 * Whether an index is built anew when the type of a column changes that keeps its rows: PostgreSQL keeps those of plain
 * columns only, and of those the ones that it sorts as before (`CheckIndexCompatible` in
 * src/backend/commands/indexcmds.c).
 *
 * @param isSortedAnew whether the column gets another collation, or a type that is compared by other functions
 */
function isBuiltAnew({ keys, include, predicate }: Index, column: string, isSortedAnew: boolean): boolean {
  if (isSortedAnew && keys.some((key) => key.column === column)) return true;
  const expressions = keys.flatMap((key) => (key.column === null ? [key.expression] : []));
  const texts = predicate === null ? expressions : [...expressions, predicate];
  if (texts.length === 0) return false;
  const plain = [...keys.map((key) => key.column), ...include];
  // Rather too many than too few: a word of an expression may be no column.
  return plain.includes(column) || texts.some((text) => text.includes(column));
}

/** `ALTER COLUMN … TYPE`. */
export function alterType(
  command: AlterTableCmd,
  { table, context, sql }: { table: QualifiedName; context: StatementContext; sql: string },
): Draft[] {
  const name = command.name ?? "";
  const itself = part("column", table, name);
  const definition: ColumnDef = command.def && "ColumnDef" in command.def ? command.def.ColumnDef : {};
  const to = typeText(definition.typeName, context.schemas);
  const present = context.table(table);
  const from = present?.columns.find((column) => column.name === name)?.type;
  const keeps =
    from !== undefined && keepsRows(from, to, context.isUtc) && isPlainCast(definition, name, to, context);
  const named = names(definition.collClause?.collname).at(-1);
  const collation = named === undefined || named === "default" ? null : named;
  const found = present?.columns.find((column) => column.name === name)?.collation;
  // Where nobody says which, the column gets that of its type.
  const isCollated = found === undefined ? named !== undefined : found !== collation;
  const isSortedAnew = isCollated || (from !== undefined && isSameMoment(from, to));
  const hazards = context.isNew(table)
    ? []
    : hazardsOf({ table, name, from, to, keeps, isSortedAnew, present, context });
  const rebuilt = (present?.indexes ?? []).filter((index) => isBuiltAnew(index, name, isSortedAnew));
  return [
    catalogChange({
      kind: "alter column",
      title: `change the type of ${qualifiedLabel(table)}.${name} to ${to}`,
      sql,
      target: itself,
      needs: [target("table", table), itself],
      locks: [lock(table, "ACCESS EXCLUSIVE", hazards.length > 0 ? "long" : "short")],
      safety:
        hazards.length === 0
          ? rebuilt.length === 0 || context.isNew(table)
            ? "The stored values stay as they are: no row is looked at; the lock is held for a moment."
            : `The stored values stay as they are; ${rebuilt.map((one) => one.name).join(", ")} is rebuilt in a moment, as the table is small.`
          : "Everybody waits while the table is read or rewritten.",
      goal: {
        does: "alter",
        target: itself,
        properties: isCollated ? ["type", "collation"] : ["type"],
        type: to,
        ...(isCollated ? { collation } : {}),
      },
      hazards,
      work: hazards.length > 0 ? { does: "rewrite", table } : { does: "catalog" },
    }),
  ];
}

/** No `USING`, or one that is a cast of the column to its new type and so does nothing more. */
function isPlainCast(
  definition: ColumnDef,
  column: string,
  to: string,
  { schemas }: StatementContext,
): boolean {
  const using = definition.raw_default;
  if (using === undefined) return true;
  if (!("TypeCast" in using)) return false;
  const { arg, typeName } = using.TypeCast;
  if (arg === undefined || !("ColumnRef" in arg) || typeText(typeName, schemas) !== to) return false;
  const [field, ...more] = arg.ColumnRef.fields ?? [];
  return more.length === 0 && field !== undefined && "String" in field && field.String.sval === column;
}

function hazardsOf({
  table,
  name,
  from,
  to,
  keeps,
  isSortedAnew,
  present,
  context,
}: {
  table: QualifiedName;
  name: string;
  from: string | undefined;
  to: string;
  keeps: boolean;
  isSortedAnew: boolean;
  present: Table | undefined;
  context: StatementContext;
}): Draft["hazards"] {
  const where = `${qualifiedLabel(table)}.${name}`;
  const views = context.dependents(table, name);
  const quoted = quoteIdentifier(name);
  if (views.length > 0) {
    return [
      {
        name: "unsupported",
        message: `PostgreSQL refuses to change the type of ${where} while ${views.map(qualifiedLabel).join(", ")} reads it.`,
        safeForm: "Drop the view before and create it after, in the same migration.",
      },
    ];
  }
  if (!keeps) {
    return [
      {
        name: "rewrite",
        message: `Changing ${where} from ${from ?? "its type"} to ${to} rewrites ${qualifiedLabel(table)} and its indexes while everybody waits.`,
        safeForm: `ADD COLUMN ${quoteIdentifier(`${name}_new`)} ${to}; keep it filled with a trigger; fill old rows in batches; then exchange ${quoted} for it.`,
      },
    ];
  }
  const checks = (present?.constraints ?? []).filter(
    ({ type, columns }) => type === "c" && columns.includes(name),
  );
  if (from === to && !isSortedAnew) return [];
  const indexes =
    isSortedAnew && context.isSmall(table)
      ? []
      : (present?.indexes ?? []).filter((index) => isBuiltAnew(index, name, isSortedAnew));
  const rebuilt: Draft["hazards"] =
    indexes.length === 0
      ? []
      : [
          {
            name: "long-lock",
            message: `The rows stay, but PostgreSQL rebuilds ${indexes.map((one) => one.name).join(", ")} while everybody waits: it keeps no index that has an expression or a condition, or that would sort another way.`,
            safeForm:
              "Drop the index first, change the type, then create the index again: it is built without stopping anybody.",
          },
        ];
  if (checks.length === 0) return rebuilt;
  return [
    ...rebuilt,
    {
      name: "long-lock",
      message: `The rows stay, but PostgreSQL checks ${checks.map((one) => one.name).join(", ")} again for each of them while everybody waits.`,
      safeForm:
        "Drop the check first, change the type, then add the check again: it is validated without stopping anybody.",
    },
  ];
}
