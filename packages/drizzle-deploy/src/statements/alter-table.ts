import type { AlterTableCmd, AlterTableStmt, ATAlterConstraint } from "libpg-query";
import type { Table } from "../catalog/index.ts";
import type { LockMode } from "../model/lock-modes.ts";
import type { StepKind } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { addColumn } from "./add-column.ts";
import { addConstraint, validate, validateNotNull } from "./add-constraint.ts";
import { alterType } from "./alter-type.ts";
import { catalogChange, type Draft, lock, part, type StatementContext, target } from "./draft.ts";
import { referencedTables, whileEmpty } from "./drop.ts";
import { unknown } from "./opaque.ts";
import { attachIndex, attachPartition, detachPartition } from "./partition.ts";
import { descendants } from "./partitions.ts";
import { needsOf, resolve, unique } from "./resolve.ts";
import { setNotNull } from "./set-not-null.ts";
import { alterComposite } from "./type.ts";

interface Place {
  readonly table: QualifiedName;
  readonly context: StatementContext;
  /** This command alone as a statement. */
  readonly sql: string;
}

/** `ALTER TABLE`: each command a step, in the order written. */
export function alterTable(statement: AlterTableStmt, sql: string, context: StatementContext): Draft[] {
  const table = resolve(statement.relation);
  const commands = (statement.cmds ?? []).flatMap((node) =>
    "AlterTableCmd" in node ? [node.AlterTableCmd] : [],
  );
  return commands.flatMap((command) => {
    const own =
      commands.length === 1
        ? sql
        : print({ AlterTableStmt: { ...statement, cmds: [{ AlterTableCmd: command }] } });
    const place = { table, context, sql: own };
    switch (statement.objtype) {
      case "OBJECT_TABLE":
        return alterOne(command, place).map((draft) => withPartitions(draft, table, context));
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW":
        return alterView(command, place);
      case "OBJECT_TYPE":
        return alterComposite(command, { type: table, sql: own, context });
      case "OBJECT_INDEX":
        return command.subtype === "AT_AttachPartition"
          ? attachIndex(command, { index: table, context, sql: own })
          : [notUnderstood(command, place)];
      default:
        return [notUnderstood(command, place)];
    }
  });
}

const recursing: readonly StepKind[] = [
  "add column",
  "alter column",
  "drop column",
  "add constraint",
  "validate constraint",
  "drop constraint",
  "alter trigger",
];

/** What is done to a partitioned table is done to its partitions. */
function withPartitions(draft: Draft, table: QualifiedName, context: StatementContext): Draft {
  const isOwn =
    draft.goal.does !== "in partition" &&
    !/^ALTER TABLE ONLY\b/i.test(draft.sql) &&
    draft.target?.table === table.name;
  const partitions = recursing.includes(draft.kind) && isOwn ? descendants(table, context) : [];
  return {
    ...draft,
    locks: draft.locks.flatMap((one) =>
      one.schema === table.schema && one.name === table.name
        ? [one, ...partitions.map((partition) => lock(partition, one.mode, one.duration))]
        : [one],
    ),
  };
}

function notUnderstood(command: AlterTableCmd, { table, sql }: Place): Draft {
  const what = (command.subtype ?? "a change")
    .replace("AT_", "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
  return unknown(`${what} on ${qualifiedLabel(table)}`, sql);
}

function alterOne(command: AlterTableCmd, place: Place): Draft[] {
  const { table, context } = place;
  switch (command.subtype) {
    case "AT_AddColumn":
      return addColumn(command, place);
    case "AT_AlterColumnType":
      return alterType(command, place);
    case "AT_SetNotNull":
      return setNotNull(table, command.name ?? "", context, place.sql);
    case "AT_AddConstraint":
      return command.def && "Constraint" in command.def
        ? addConstraint(command.def.Constraint, { table, context, column: null, sql: place.sql })
        : [notUnderstood(command, place)];
    case "AT_AttachPartition":
      return attachPartition(command, place);
    case "AT_DetachPartition":
    case "AT_DetachPartitionFinalize":
      return detachPartition(command, place);
    case "AT_ValidateConstraint": {
      const name = command.name ?? "";
      const column = notNullColumn(context.table(table), name);
      if (column !== undefined) return [validateNotNull(table, { column, name }, context, place.sql)];
      const references = context.table(table)?.constraints.find((one) => one.name === name)?.references;
      const referenced = references ? { schema: references.schema, name: references.table } : null;
      return [validate(table, name, referenced, context, place.sql)];
    }
    case "AT_DropConstraint":
      return [dropConstraint(command, place)];
    case "AT_AlterConstraint":
      return command.def && "ATAlterConstraint" in command.def
        ? [alterConstraint(command.def.ATAlterConstraint, place)]
        : [notUnderstood(command, place)];
    case "AT_DropColumn":
      return [dropColumn(command, place)];
    case "AT_ColumnDefault":
      return [ofColumn(command, place, `${command.def ? "set" : "drop"} the default of`, ["default"])];
    case "AT_DropNotNull":
      return [ofColumn(command, place, "allow null in", ["nullable"])];
    case "AT_DropExpression":
      return [ofColumn(command, place, "stop generating", ["generated"])];
    case "AT_SetExpression":
      if (context.table(table)?.columns.find(({ name }) => name === command.name)?.virtual)
        return [ofColumn(command, place, "compute otherwise", ["generated"])];
      return [
        rewriting(
          command,
          place,
          `The expression of ${qualifiedLabel(table)}.${command.name} is computed for each row`,
          ["generated"],
        ),
      ];
    case "AT_AddIdentity":
    case "AT_DropIdentity": {
      const draft = ofColumn(command, place, "change the identity of", ["identity"]);
      const sequences = context.sequencesOf(table, command.name ?? "");
      const when =
        command.def && "Constraint" in command.def ? command.def.Constraint.generated_when : undefined;
      return [
        {
          ...draft,
          locks: [...draft.locks, ...sequences.map((one) => lock(one, "ACCESS EXCLUSIVE"))],
          // A rollback keeps the numbers, and lets clients give their own.
          ...(command.subtype === "AT_AddIdentity" &&
          context
            .table(table)
            ?.columns.some(({ name, identity }) => name === command.name && identity !== null)
            ? {
                replacement: `ALTER TABLE ${quoteQualified(table.schema, table.name)} ALTER COLUMN ${quoteIdentifier(command.name ?? "")} SET GENERATED ${when === "a" ? "ALWAYS" : "BY DEFAULT"}`,
              }
            : {}),
        },
      ];
    }
    case "AT_SetIdentity":
      // What it sets is the sequence's: safe to repeat.
      return [setIdentity(command, place)];
    case "AT_SetStorage":
      return [columnOption(command, place, "ACCESS EXCLUSIVE", "storage")];
    case "AT_SetCompression":
      return [columnOption(command, place, "ACCESS EXCLUSIVE", "compression")];
    case "AT_SetStatistics":
      return [columnOption(command, place, "SHARE UPDATE EXCLUSIVE", "statistics")];
    case "AT_SetOptions":
    case "AT_ResetOptions":
      return [columnOption(command, place, "SHARE UPDATE EXCLUSIVE", "options")];
    case "AT_ClusterOn":
    case "AT_DropCluster":
      return [option(command, place, "SHARE UPDATE EXCLUSIVE")];
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
      return [option(command, place, relOptionsLock(command))];
    case "AT_ChangeOwner":
      return [option(command, place, "ACCESS EXCLUSIVE")];
    case "AT_ReplicaIdentity":
      return [
        {
          ...option(command, place, "ACCESS EXCLUSIVE"),
          goal: { does: "alter", target: target("table", table), properties: ["replicaIdentity"] },
          replacement: place.sql,
        },
      ];
    case "AT_EnableTrig":
    case "AT_DisableTrig":
    case "AT_EnableAlwaysTrig":
    case "AT_EnableReplicaTrig":
      return [ofTrigger(command, place)];
    case "AT_EnableTrigUser":
    case "AT_DisableTrigUser":
    case "AT_EnableTrigAll":
    case "AT_DisableTrigAll":
      return [{ ...option(command, place, "SHARE ROW EXCLUSIVE"), kind: "alter trigger" }];
    case "AT_EnableRowSecurity":
    case "AT_DisableRowSecurity":
      return [
        rowSecurity(place, command.subtype === "AT_EnableRowSecurity" ? "enable" : "disable", "rowSecurity"),
      ];
    case "AT_ForceRowSecurity":
    case "AT_NoForceRowSecurity":
      return [
        rowSecurity(
          place,
          command.subtype === "AT_ForceRowSecurity" ? "force" : "no longer force",
          "forceRowSecurity",
        ),
      ];
    case "AT_SetLogged":
    case "AT_SetUnLogged":
      return [rewriting(command, place, "It is rewritten, logged or not", ["persistence"])];
    case "AT_SetTableSpace":
    case "AT_SetAccessMethod":
      return [rewriting(command, place, "It is copied to where it goes", null)];
    default:
      return [notUnderstood(command, place)];
  }
}

function setIdentity(command: AlterTableCmd, place: Place): Draft {
  const draft = ofColumn(command, place, "change the identity of", []);
  const sequences = place.context.sequencesOf(place.table, command.name ?? "");
  return {
    ...draft,
    locks: [...draft.locks, ...sequences.map((one) => lock(one, "SHARE ROW EXCLUSIVE"))],
    goal: { does: "journalled" },
  };
}

function ofColumn(command: AlterTableCmd, { table, sql }: Place, verb: string, properties: string[]): Draft {
  const name = command.name ?? "";
  const itself = part("column", table, name);
  return catalogChange({
    kind: "alter column",
    title: `${verb} ${qualifiedLabel(table)}.${name}`,
    sql,
    target: itself,
    needs: unique([target("table", table), itself, ...needsOf(command.def)]),
    locks: [lock(table, "ACCESS EXCLUSIVE")],
    goal: { does: "alter", target: itself, properties },
    replacement: sql,
  });
}

function option(command: AlterTableCmd, { table, sql }: Place, mode: LockMode): Draft {
  const words = (command.subtype ?? "")
    .replace("AT_", "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
  return catalogChange({
    kind: "table option",
    title: `${words} of ${qualifiedLabel(table)}${command.name === undefined ? "" : `, ${command.name}`}`,
    sql,
    target: target("table", table),
    needs: [target("table", table)],
    locks: [lock(table, mode)],
    goal: { does: "journalled" },
  });
}

/** How a column's values are kept, or what is gathered about them: no value that is there is touched. */
function columnOption(command: AlterTableCmd, place: Place, mode: LockMode, property: string): Draft {
  const itself = part("column", place.table, command.name ?? "");
  return {
    ...option(command, place, mode),
    target: itself,
    needs: [target("table", place.table), itself],
    goal: { does: "alter", target: itself, properties: [property] },
    replacement: place.sql,
  };
}

/** Parameters that PostgreSQL lets others read and write beside. PostgreSQL 17 manual, "ALTER TABLE", `SET (…)`. */
function relOptionsLock({ def }: AlterTableCmd): LockMode {
  const set = def && "List" in def ? (def.List.items ?? []) : [];
  const names = set.flatMap((node) => ("DefElem" in node ? [node.DefElem.defname ?? ""] : []));
  return names.every((name) =>
    /^(fillfactor|toast_tuple_target|parallel_workers|log_autovacuum_min_duration|vacuum_.*|autovacuum_.*)$/.test(
      name,
    ),
  )
    ? "SHARE UPDATE EXCLUSIVE"
    : "ACCESS EXCLUSIVE";
}

function ofTrigger(command: AlterTableCmd, { table, sql }: Place): Draft {
  const itself = part("trigger", table, command.name ?? "");
  return catalogChange({
    kind: "alter trigger",
    title: `${command.subtype?.startsWith("AT_Disable") ? "disable" : "enable"} trigger ${itself.name} on ${qualifiedLabel(table)}`,
    sql,
    target: itself,
    needs: [target("table", table), itself],
    locks: [lock(table, "SHARE ROW EXCLUSIVE")],
    goal: { does: "alter", target: itself, properties: ["enabled"] },
    replacement: sql,
  });
}

function rowSecurity({ table, context, sql }: Place, verb: string, property: string): Draft {
  const isOff = context.table(table)?.rowSecurity === false;
  const isOpen = (context.tableAtLast(table)?.policies.length ?? 0) > 0;
  const isClosing = verb === "enable" && isOff && !isOpen && !context.isNew(table);
  const itself = target("table", table);
  return catalogChange({
    kind: "row security",
    title: `${verb} row-level security on ${qualifiedLabel(table)}`,
    sql,
    target: itself,
    needs: [itself],
    locks: [lock(table, "ACCESS EXCLUSIVE")],
    goal: { does: "alter", target: itself, properties: [property] },
    replacement: sql,
    hazards: isClosing
      ? [
          {
            name: "breaks-clients",
            message: `${qualifiedLabel(table)} gets no policy: a role that does not own it, and does not bypass row-level security, reads and writes none of its rows any more.`,
            safeForm: `CREATE POLICY … ON ${qualifiedLabel(table)} …; in the same migration.`,
          },
        ]
      : [],
  });
}

function rewriting(
  command: AlterTableCmd,
  { table, context, sql }: Place,
  why: string,
  properties: string[] | null,
): Draft {
  const itself =
    command.name === undefined || properties === null
      ? target("table", table)
      : part("column", table, command.name);
  const isNew = context.isNew(table);
  return catalogChange({
    kind: itself.kind === "column" ? "alter column" : "table option",
    title: `${itself.kind === "column" ? `generate ${qualifiedLabel(table)}.${command.name} again` : `rewrite ${qualifiedLabel(table)}`}`,
    sql,
    target: itself,
    needs: [target("table", table)],
    locks: [lock(table, "ACCESS EXCLUSIVE", isNew ? "short" : "long")],
    safety: isNew
      ? "The table is made by this deployment and empty."
      : "Everybody waits while the table is rewritten.",
    goal: properties === null ? { does: "journalled" } : { does: "alter", target: itself, properties },
    work: isNew ? { does: "catalog" } : { does: "rewrite", table },
    hazards: isNew
      ? []
      : [
          {
            name: "rewrite",
            message: `${why}: ${qualifiedLabel(table)} is rewritten while everybody waits.`,
            safeForm: "A new column or table beside the old one, filled in batches, then exchanged for it.",
          },
        ],
  });
}

/** The column that a not-null constraint is of; undefined where none has it. */
const notNullColumn = (table: Table | undefined, constraint: string): string | undefined =>
  table?.columns.find(({ notNull }) => notNull?.name === constraint)?.name;

/** `ALTER CONSTRAINT`. PostgreSQL 18 manual, "ALTER TABLE": only foreign keys are deferred, or enforced later. */
function alterConstraint(change: ATAlterConstraint, { table, context, sql }: Place): Draft {
  const name = change.conname ?? "";
  const column = notNullColumn(context.table(table), name);
  const itself = column === undefined ? part("constraint", table, name) : part("column", table, column);
  const references = context.table(table)?.constraints.find((one) => one.name === name)?.references;
  const other = references ? { schema: references.schema, name: references.table } : null;
  const isChecked =
    change.alterEnforceability === true && change.is_enforced === true && !context.isNew(table);
  const duration = isChecked ? ("long" as const) : ("short" as const);
  return catalogChange({
    kind: "alter column",
    title: `alter constraint ${name} on ${qualifiedLabel(table)}`,
    sql,
    target: itself,
    needs: [target("table", table), itself],
    locks: [
      lock(table, "ACCESS EXCLUSIVE", duration),
      // Its triggers come there, or go.
      ...(change.alterEnforceability && other && qualifiedLabel(other) !== qualifiedLabel(table)
        ? [lock(other, change.is_enforced ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE", duration)]
        : []),
    ],
    goal: {
      does: "alter",
      target: itself,
      properties: column === undefined ? ["definition", "enforced", "validated"] : ["notNull"],
    },
    work: isChecked ? { does: "scan", table, lookups: true } : { does: "catalog" },
    ...(isChecked ? { safety: "Everybody waits while all rows are checked." } : {}),
    hazards: isChecked
      ? [
          {
            name: "long-lock",
            message: `All rows of ${qualifiedLabel(table)} are checked against ${name} while everybody waits.`,
            safeForm: `Add the same foreign key under another name and enforced: the plan adds it NOT VALID and validates it after. Then drop ${name}.`,
          },
        ]
      : [],
  });
}

function dropConstraint(command: AlterTableCmd, place: Place): Draft {
  const { table, context, sql } = place;
  const name = command.name ?? "";
  const own = notNullColumn(context.table(table), name);
  // A name that PostgreSQL chose may be another here.
  const former = own ?? notNullColumn(context.tableBefore(table), name);
  if (former !== undefined) {
    const anyName = `ALTER TABLE ${quoteQualified(table.schema, table.name)} ALTER COLUMN ${quoteIdentifier(former)} DROP NOT NULL`;
    return ofColumn({ name: former }, { ...place, sql: own === undefined ? anyName : sql }, "allow null in", [
      "nullable",
    ]);
  }
  const itself = part("constraint", table, name);
  const references = context.table(table)?.constraints.find((one) => one.name === name)?.references;
  const other = references ? { schema: references.schema, name: references.table } : null;
  return catalogChange({
    kind: "drop constraint",
    title: `drop constraint ${name} on ${qualifiedLabel(table)}`,
    sql,
    target: itself,
    locks: [
      lock(table, "ACCESS EXCLUSIVE"),
      ...(other && qualifiedLabel(other) !== qualifiedLabel(table) ? [lock(other, "ACCESS EXCLUSIVE")] : []),
    ],
    goal: { does: "drop", target: itself },
    hazards:
      command.behavior === "DROP_CASCADE"
        ? [
            {
              name: "data-loss",
              message: `CASCADE also drops the foreign keys that depend on ${name}, which the plan can't name.`,
              safeForm: "Drop each foreign key by name first, then the constraint without CASCADE.",
            },
          ]
        : [],
  });
}

function dropColumn(command: AlterTableCmd, { table, context, sql }: Place): Draft {
  const name = command.name ?? "";
  const itself = part("column", table, name);
  const kind: StepKind = "drop column";
  const others = referencedTables(table, context, name);
  const views = context.dependents(table, name);
  const isBegun = context.isBegun(itself) || context.isBegun(target("table", table));
  const isMade = (context.isNew(table) || context.isOwn(itself)) && !isBegun;
  const isEmpty = isBegun && views.length === 0 && context.isEmpty(itself);
  const standard = context.table(table)?.columns.find((column) => column.name === name)?.default ?? "NULL";
  return catalogChange({
    kind,
    title: `drop column ${qualifiedLabel(table)}.${name}`,
    sql: isEmpty ? whileEmpty(sql, table, `${quoteIdentifier(name)} IS DISTINCT FROM ${standard}`) : sql,
    ...(isEmpty
      ? {
          safety:
            "The deployment that this one continues made it, and nobody has filled it: that is looked at again in the transaction that drops it.",
        }
      : {}),
    target: itself,
    needs: [target("table", table)],
    locks: [table, ...others, ...context.sequencesOf(table, name)].map((one) =>
      lock(one, "ACCESS EXCLUSIVE"),
    ),
    goal: { does: "drop", target: itself },
    hazards:
      isMade || isEmpty || !context.exists(itself)
        ? []
        : [
            {
              name: "data-loss",
              message: `The values of ${qualifiedLabel(table)}.${name} are gone for good, and clients that name the column fail${views.length > 0 ? `; ${views.map(qualifiedLabel).join(", ")} reads it` : ""}.`,
              safeForm:
                "Deploy clients that don't use the column first; keep it for a while; then allow this step by name.",
            },
          ],
  });
}

function alterView(command: AlterTableCmd, place: Place): Draft[] {
  const { table: view, sql } = place;
  const itself = target("view", view);
  const set = command.def && "List" in command.def ? (command.def.List.items ?? []) : [];
  const properties = set.flatMap((node) =>
    "DefElem" in node ? (viewProperties[node.DefElem.defname ?? ""] ?? []) : [],
  );
  const isStorage = set.length > 0 && relOptionsLock(command) === "SHARE UPDATE EXCLUSIVE";
  switch (command.subtype) {
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
    case "AT_ChangeOwner":
    case "AT_ColumnDefault":
      return [
        catalogChange({
          kind: "alter view",
          title: `alter view ${qualifiedLabel(view)}`,
          sql,
          target: itself,
          needs: [itself],
          locks: [lock(view, isStorage ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE")],
          goal:
            properties.length > 0 && properties.length === set.length
              ? { does: "alter", target: itself, properties }
              : { does: "journalled" },
          replacement: sql,
        }),
      ];
    case "AT_SetTableSpace":
    case "AT_SetAccessMethod":
      return [rewriting(command, place, "It is copied to where it goes", null)];
    default:
      return [notUnderstood(command, place)];
  }
}

const viewProperties: Readonly<Record<string, string[]>> = {
  security_invoker: ["securityInvoker"],
  security_barrier: ["securityBarrier"],
  check_option: ["checkOption"],
};
