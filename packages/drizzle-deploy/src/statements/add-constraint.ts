import type { Constraint, Node } from "libpg-query";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { columnsIn, names } from "../sql/tree.ts";
import { constraintName } from "./constraint-name.ts";
import { builtConcurrently } from "./create-index.ts";
import { catalogChange, type Draft, lock, part, refused, type StatementContext, target } from "./draft.ts";
import {
  descendants,
  foreignKeyOfPartitions,
  indexOfPartitions,
  isSpread,
  ofKey,
  strangers,
} from "./partitions.ts";
import { columns, needsOf, resolve, unique } from "./resolve.ts";
import { setNotNull } from "./set-not-null.ts";

interface Place {
  readonly table: QualifiedName;
  readonly context: StatementContext;
  /** The column that it was written at; null for a constraint of the table. */
  readonly column: string | null;
  /** The statement as written, where it adds this constraint and nothing else. */
  readonly sql: string | null;
}

/** `ALTER TABLE … ADD CONSTRAINT` with one constraint, in the steps that a live table needs. */
export function addConstraint(constraint: Constraint, place: Place): Draft[] {
  const { table, column } = place;
  if (constraint.contype === "CONSTR_NOTNULL") return notNull(constraint, place);
  const name = constraintName(constraint, table, column);
  if (name === null) {
    return [
      refused(
        place.sql ?? `ALTER TABLE ${qualifiedLabel(table)} ADD …`,
        `The constraint on ${qualifiedLabel(table)} would get a name that PostgreSQL chooses, and could not be recognised after an interruption.`,
        `ALTER TABLE ${qualifiedLabel(table)} ADD CONSTRAINT <name> …;`,
      ),
    ];
  }
  switch (constraint.contype) {
    case "CONSTR_CHECK":
      return checked(constraint, name, place, "ACCESS EXCLUSIVE");
    case "CONSTR_FOREIGN":
      return checked(constraint, name, place, "SHARE ROW EXCLUSIVE");
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
      if (constraint.without_overlaps) return excluded(constraint, name, place);
      return constraint.indexname === undefined
        ? indexed(constraint, name, place)
        : usingIndex(constraint, name, place);
    default:
      return excluded(constraint, name, place);
  }
}

/** The statement that adds a constraint; `own` where it may stand as it was written. */
function adding(
  constraint: Constraint,
  name: string | undefined,
  { table, column, sql }: Pick<Place, "table" | "column" | "sql">,
  notValid = false,
): string {
  if (sql !== null && !notValid) return sql;
  const isForeign = constraint.contype === "CONSTR_FOREIGN";
  const isKey = ["CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_NOTNULL"].includes(constraint.contype ?? "");
  const keys: Node[] = column === null ? [] : [{ String: { sval: column } }];
  // A constraint is parsed as valid from the start unless it says NOT VALID.
  const { initially_valid: valid, ...rest } = constraint;
  const whole: Constraint = {
    ...rest,
    ...(valid && !notValid ? { initially_valid: true } : {}),
    ...(name === undefined ? {} : { conname: name }),
    ...(keys.length > 0 && isForeign ? { fk_attrs: keys } : {}),
    ...(keys.length > 0 && isKey ? { keys } : {}),
    ...(notValid ? { skip_validation: true } : {}),
  };
  return print({
    AlterTableStmt: {
      relation: { schemaname: table.schema, relname: table.name, inh: true, relpersistence: "p" },
      cmds: [
        {
          AlterTableCmd: {
            subtype: "AT_AddConstraint",
            def: { Constraint: whole },
            behavior: "DROP_RESTRICT",
          },
        },
      ],
      objtype: "OBJECT_TABLE",
    },
  });
}

/**
 * `ADD CONSTRAINT … NOT NULL`: first for new rows, then the rest is read under a weak lock. PostgreSQL 18 manual, "ALTER
 * TABLE". It is seen at its column, as one without a name.
 */
function notNull(constraint: Constraint, place: Place): Draft[] {
  const { table, context } = place;
  const column = place.column ?? names(constraint.keys)[0] ?? "";
  const { conname: name, skip_validation: isLater = false } = constraint;
  const itself = part("column", table, column);
  const label = `${qualifiedLabel(table)}.${column}`;
  const isWhole = context.isNew(table) || isLater || name === undefined;
  if (isWhole && !context.isNew(table) && !isLater && !constraint.is_no_inherit)
    return setNotNull(table, column, context);
  const isLong = isWhole && !context.isNew(table) && !isLater;
  const adds = catalogChange({
    kind: "alter column",
    title: `set ${label} not null${isLater || !isWhole ? ", for new rows" : ""}`,
    sql: adding(constraint, name, place, !isWhole),
    target: itself,
    needs: [target("table", table), itself],
    locks: [lock(table, "ACCESS EXCLUSIVE", isLong ? "long" : "short")],
    safety: context.isNew(table)
      ? "The table is made by this deployment and empty."
      : isLong
        ? "Everybody waits while all rows are read."
        : "NOT VALID: no row is looked at; the lock is held for a moment.",
    goal: { does: "alter", target: itself, properties: ["nullable"] },
    work: isLong ? { does: "scan", table, lookups: false } : { does: "catalog" },
    hazards: isLong
      ? [
          {
            name: "long-lock",
            message: `All rows of ${qualifiedLabel(table)} are read while everybody waits.`,
            safeForm: "Give the constraint a name: it is then added NOT VALID and validated after.",
          },
        ]
      : [],
  });
  return isWhole || name === undefined ? [adds] : [adds, validateNotNull(table, { column, name }, context)];
}

/** `VALIDATE CONSTRAINT` of a not-null constraint. */
export function validateNotNull(
  table: QualifiedName,
  { column, name }: { readonly column: string; readonly name: string },
  context: StatementContext,
  sql?: string,
): Draft {
  const itself = part("column", table, column);
  return {
    ...validate(table, name, null, context, sql),
    target: itself,
    needs: [target("table", table), itself],
    goal: { does: "alter", target: itself, properties: ["notNull"] },
  };
}

/** Checks and foreign keys: first for new rows, then the rest is validated under a weak lock. */
function checked(
  constraint: Constraint,
  name: string,
  place: Place,
  mode: "ACCESS EXCLUSIVE" | "SHARE ROW EXCLUSIVE",
): Draft[] {
  const { table, context, column } = place;
  const itself = part("constraint", table, name);
  const referenced = constraint.pktable ? resolve(constraint.pktable) : null;
  const used = columnsOf(constraint, place);
  const isSelf = referenced !== null && qualifiedLabel(referenced) === qualifiedLabel(table);
  // A foreign key makes triggers in every partition at both of its ends.
  const ends = referenced ? [referenced, ...descendants(referenced, context)] : [];
  const shared = {
    kind: "add constraint" as const,
    title: `add ${referenced ? "foreign key" : "check"} ${name} on ${qualifiedLabel(table)}`,
    target: itself,
    needs: unique([
      target("table", table),
      ...columns(table, used),
      ...(referenced
        ? [target("table", referenced), ...columns(referenced, names(constraint.pk_attrs))]
        : []),
      ...needsOf(constraint.raw_expr),
    ]),
    locks: [lock(table, mode), ...(isSelf ? [] : ends.map((one) => lock(one, mode)))],
    goal: { does: "create" as const, target: itself, parts: [] },
  };
  const isEmpty = context.isNew(table) && !isSpread(table, context);
  if (isEmpty) {
    return [
      catalogChange({
        ...shared,
        sql: adding(constraint, name, place),
        safety: referenced
          ? "The table is made by this deployment and empty: nothing to check; the locks are held for a moment."
          : "The table is made by this deployment and empty.",
      }),
    ];
  }
  if (referenced && context.table(table)?.kind === "partitioned") {
    const strange = strangers(table, context);
    const definition = context.tableAfter(table)?.constraints.find((one) => one.name === name)?.definition;
    const key = {
      table,
      name,
      columns: used,
      references: referenced,
      definition,
      add: (one: QualifiedName, called: string) =>
        adding(constraint, called, { table: one, column, sql: null }, true),
    };
    return [
      ...foreignKeyOfPartitions(key, descendants(table, context), context),
      catalogChange({
        ...shared,
        sql: adding(constraint, name, place),
        ...(strange.length === 0
          ? {
              // Those of the partitions give way to its own, whose triggers at the other end go.
              locks: shared.locks.map((one) =>
                one.schema === table.schema && one.name === table.name ? one : lock(one, "ACCESS EXCLUSIVE"),
              ),
              safety:
                "Each partition has it and every row is checked: the partitioned table takes them over, and the locks are held for a moment.",
            }
          : {
              locks: shared.locks.map((one) => ({ ...one, duration: "long" as const })),
              safety: "The rows of a partition that is not managed are checked while writers wait.",
              work: { does: "scan" as const, table, lookups: true },
              hazards: [
                {
                  name: "long-lock" as const,
                  message: `${strange.map(qualifiedLabel).join(", ")} is a partition of ${qualifiedLabel(table)} in a schema that is not managed: writes to ${qualifiedLabel(table)} and ${qualifiedLabel(referenced)} wait while its rows are checked.`,
                  safeForm:
                    "Name its schema among those that the project manages; or allow this step by name, in a quiet hour.",
                },
              ],
            }),
      }),
    ];
  }
  const first = catalogChange({
    ...shared,
    sql: adding(constraint, name, place, true),
    safety:
      "NOT VALID: new rows are checked from now on, no old row is looked at; the locks are held for a moment.",
    goal: { does: "create", target: itself, parts: [], ignore: ["validated"] },
    replacement: referenced
      ? ""
      : `ALTER TABLE ${quoteQualified(table.schema, table.name)} DROP CONSTRAINT ${quoteIdentifier(name)};\n${adding(constraint, name, place, true)}`,
  });
  return constraint.skip_validation ? [first] : [first, validate(table, name, referenced, context)];
}

/** `VALIDATE CONSTRAINT`. PostgreSQL 17 manual, "ALTER TABLE": SHARE UPDATE EXCLUSIVE, ROW SHARE on the other table. */
export function validate(
  table: QualifiedName,
  name: string,
  referenced: QualifiedName | null,
  context: StatementContext,
  sql?: string,
): Draft {
  const itself = part("constraint", table, name);
  return catalogChange({
    kind: "validate constraint",
    title: `validate ${name} on ${qualifiedLabel(table)}`,
    sql:
      sql ??
      `ALTER TABLE ${quoteQualified(table.schema, table.name)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`,
    target: itself,
    needs: [target("table", table), itself],
    locks: [
      lock(table, "SHARE UPDATE EXCLUSIVE", context.isNew(table) ? "short" : "long"),
      ...(referenced && qualifiedLabel(referenced) !== qualifiedLabel(table)
        ? [lock(referenced, "ROW SHARE", context.isNew(table) ? "short" : "long")]
        : []),
    ],
    safety: "The rows are read while others read and write.",
    goal: { does: "alter", target: itself, properties: ["validated"] },
    work: { does: "scan", table, lookups: referenced !== null },
  });
}

/** A key: its index is built concurrently, then becomes the constraint. */
function indexed(constraint: Constraint, name: string, place: Place): Draft[] {
  const { table, context } = place;
  const itself = part("constraint", table, name);
  const keys = columnsOf(constraint, place);
  const included = names(constraint.including);
  const primary = constraint.contype === "CONSTR_PRIMARY";
  const title = `add ${primary ? "primary" : "unique"} key ${name} on ${qualifiedLabel(table)}`;
  const needs = unique([target("table", table), ...columns(table, [...keys, ...included])]);
  const isPartitioned = context.table(table)?.kind === "partitioned";
  if ((context.isNew(table) || isPartitioned) && !isSpread(table, context)) {
    return [
      catalogChange({
        kind: "add constraint",
        title,
        sql: adding(constraint, name, place),
        target: itself,
        needs,
        locks: [lock(table, "ACCESS EXCLUSIVE")],
        safety: context.isNew(table)
          ? "The table is made by this deployment and empty."
          : "The partitioned table has no rows: nothing is built, and the lock is held for a moment.",
        goal: { does: "create", target: itself, parts: [] },
      }),
    ];
  }
  const list = (parts: readonly string[]) => parts.map(quoteIdentifier).join(", ");
  const qualified = quoteQualified(table.schema, table.name);
  const index = part("index", table, name);
  const nullable = primary
    ? keys.filter(
        (key) =>
          (context.tableBefore(table) ?? context.table(table))?.columns.find((column) => column.name === key)
            ?.nullable,
      )
    : [];
  const timing = [
    ...(constraint.deferrable ? ["DEFERRABLE"] : []),
    ...(constraint.initdeferred ? ["INITIALLY DEFERRED"] : []),
  ];
  if (isPartitioned) {
    const key = {
      name,
      columns: keys,
      include: included,
      type: primary ? ("p" as const) : ("u" as const),
      nullsNotDistinct: constraint.nulls_not_distinct ?? false,
      timing: timing.map((word) => ` ${word}`).join(""),
    };
    return [
      ...nullable.flatMap((one) => setNotNull(table, one, context)),
      ...keyOfPartitions(key, { title, needs, adding: adding(constraint, name, place) }, place),
    ];
  }
  return [
    ...nullable.flatMap((key) => setNotNull(table, key, context)),
    catalogChange({
      kind: "create index",
      title: `create unique index ${name} on ${qualifiedLabel(table)}, for its key`,
      sql: `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(name)} ON ${qualified} (${list(keys)})${
        included.length > 0 ? ` INCLUDE (${list(included)})` : ""
      }${constraint.nulls_not_distinct ? " NULLS NOT DISTINCT" : ""}`,
      target: index,
      needs,
      locks: [lock(table, "SHARE UPDATE EXCLUSIVE", "long")],
      transactional: false,
      safety: builtConcurrently,
      goal: { does: "create", target: index, parts: [] },
      work: { does: "index", table, columns: [...keys, ...included], predicate: null },
    }),
    catalogChange({
      kind: "add constraint",
      title,
      sql: `ALTER TABLE ${qualified} ADD CONSTRAINT ${quoteIdentifier(name)} ${primary ? "PRIMARY KEY" : "UNIQUE"} USING INDEX ${quoteIdentifier(name)}${timing.map((word) => ` ${word}`).join("")}`,
      target: itself,
      needs: [target("table", table), index],
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      safety: "The index is there already: it becomes the constraint, under a lock held for a moment.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** A key of a table whose partitions others use: each gets its own, and the whole takes them over. */
function keyOfPartitions(
  key: Parameters<typeof ofKey>[0],
  { title, needs, adding: whole }: { title: string; needs: Draft["needs"]; adding: string },
  { table, context }: Place,
): Draft[] {
  const itself = part("constraint", table, key.name);
  const shared = {
    kind: "add constraint" as const,
    target: itself,
    needs,
    goal: { does: "create" as const, target: itself, parts: [] },
  };
  const strange = strangers(table, context);
  if (strange.length > 0) {
    return [
      catalogChange({
        ...shared,
        title,
        sql: whole,
        locks: [
          lock(table, "ACCESS EXCLUSIVE", "long"),
          ...descendants(table, context).map((one) => lock(one, "ACCESS EXCLUSIVE", "long")),
        ],
        safety: "Everybody waits while its indexes are built.",
        work: { does: "index", table, columns: [...key.columns, ...key.include], predicate: null },
        hazards: [
          {
            name: "long-lock",
            message: `${strange.map(qualifiedLabel).join(", ")} is a partition of ${qualifiedLabel(table)} in a schema that is not managed: the plan can't serve it by itself, and everybody waits while ${key.name} is built.`,
            safeForm:
              "Name its schema among those that the project manages; or allow this step by name, in a quiet hour.",
          },
        ],
      }),
    ];
  }
  const like = [context.tableAfter(table), context.table(table)]
    .flatMap((one) => one?.indexes ?? [])
    .find((one) => one.constraint === key.name);
  const index = ofKey(key, table, like);
  return [
    catalogChange({
      ...shared,
      title: `${title}, without its partitions`,
      sql: index.only(table, key.name),
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      safety:
        "ONLY: nothing is built yet, and the lock is held for a moment. Partitions that come later get theirs with it.",
    }),
    ...indexOfPartitions(index, context),
  ];
}

function usingIndex(constraint: Constraint, name: string, place: Place): Draft[] {
  const { table, context } = place;
  const itself = part("constraint", table, name);
  const isPrimary = constraint.contype === "CONSTR_PRIMARY";
  return [
    catalogChange({
      kind: "add constraint",
      title: `make index ${constraint.indexname} the constraint ${name} on ${qualifiedLabel(table)}`,
      sql: adding(constraint, name, place),
      target: itself,
      needs: [target("table", table)],
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      goal: { does: "create", target: itself, parts: [] },
      hazards:
        isPrimary && !context.isNew(table)
          ? [
              {
                name: "long-lock",
                message: `A primary key sets its columns NOT NULL where they are not, which reads all of ${qualifiedLabel(table)} while everybody waits.`,
                safeForm: `ALTER TABLE ${qualifiedLabel(table)} ADD CONSTRAINT ${name} PRIMARY KEY (…); the planner builds its index concurrently.`,
              },
            ]
          : [],
    }),
  ];
}

/** What an index that is no btree keeps: that can only be built with its constraint. */
function excluded(constraint: Constraint, name: string, place: Place): Draft[] {
  const { table, context } = place;
  const itself = part("constraint", table, name);
  const isNew = context.isNew(table);
  const what = constraint.without_overlaps ? "temporal key" : "exclusion constraint";
  return [
    catalogChange({
      kind: "add constraint",
      title: `add ${what} ${name} on ${qualifiedLabel(table)}`,
      sql: adding(constraint, name, place),
      target: itself,
      needs: [target("table", table)],
      locks: [lock(table, "ACCESS EXCLUSIVE", isNew ? "short" : "long")],
      safety: isNew
        ? "The table is made by this deployment and empty."
        : "Everybody waits while its index is built.",
      goal: { does: "create", target: itself, parts: [] },
      work: isNew ? { does: "catalog" } : { does: "index", table, columns: [], predicate: null },
      hazards: isNew
        ? []
        : [
            {
              name: "long-lock",
              message: `The index of the ${what} ${name} can't be built concurrently: all access to ${qualifiedLabel(table)} waits for it.`,
              safeForm:
                "Add it in a maintenance window, and allow this step by name; or keep the rule with a trigger.",
            },
          ],
    }),
  ];
}

function columnsOf(constraint: Constraint, { column }: Place): string[] {
  if (column !== null) return [column];
  if (constraint.contype === "CONSTR_CHECK") return columnsIn(constraint.raw_expr);
  return constraint.contype === "CONSTR_FOREIGN" ? names(constraint.fk_attrs) : names(constraint.keys);
}
