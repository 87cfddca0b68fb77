import type { DropStmt, Node } from "libpg-query";
import type { Hazard, Lock, StepKind, Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { print } from "../sql/parser.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { names, typeText } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, refused, type StatementContext, target } from "./draft.ts";
import { functionTarget } from "./function.ts";
import { unknown } from "./opaque.ts";
import { defaultPartition } from "./partition.ts";
import { descendants } from "./partitions.ts";
import { dropPublication } from "./publication.ts";
import { resolveName } from "./resolve.ts";

/** `DROP …`: one step an object. */
export function drop(statement: DropStmt, sql: string, context: StatementContext): Draft[] {
  const objects = statement.objects ?? [];
  return objects.flatMap((node) => {
    const single = objects.length === 1;
    return dropOne(node, statement, single ? sql : null, context);
  });
}

function dropOne(node: Node, statement: DropStmt, sql: string | null, context: StatementContext): Draft[] {
  const cascade = statement.behavior === "DROP_CASCADE" ? " CASCADE" : "";
  const text = (words: string, name: string) =>
    sql ?? `DROP ${words} ${statement.missing_ok ? "IF EXISTS " : ""}${name}${cascade}`;
  const path = pathOf(node);
  switch (statement.removeType) {
    case "OBJECT_INDEX":
      return [dropIndex(resolveName(path), statement, sql, context)];
    case "OBJECT_TABLE":
      return [
        dropTable(resolveName(path), {
          sql: (name) => text("TABLE", name),
          isCascading: cascade !== "",
          context,
        }),
      ];
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW": {
      const words = statement.removeType === "OBJECT_VIEW" ? "VIEW" : "MATERIALIZED VIEW";
      const view = resolveName(path);
      const itself = target("view", view);
      return [
        simple("drop view", itself, text(words, quoted(view)), {
          locks: [lock(view, "ACCESS EXCLUSIVE")],
          hazards: [...goneForClients(itself, context), ...cascading(view, statement, context)],
        }),
      ];
    }
    case "OBJECT_POLICY":
    case "OBJECT_TRIGGER": {
      const kind = statement.removeType === "OBJECT_POLICY" ? "policy" : "trigger";
      const table = resolveName(path.slice(0, -1));
      const name = path.at(-1) ?? "";
      return [
        simple(
          `drop ${kind}`,
          part(kind, table, name),
          text(kind.toUpperCase(), `${quoteIdentifier(name)} ON ${quoted(table)}`),
          { locks: [lock(table, "ACCESS EXCLUSIVE")] },
        ),
      ];
    }
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE": {
      const itself = functionTarget(node, context);
      if (itself === null) break;
      const own = sql ?? print({ DropStmt: { ...statement, objects: [node] } });
      return [simple("drop function", itself, own, { hazards: goneForClients(itself, context) })];
    }
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN": {
      const name = "TypeName" in node ? names(node.TypeName.names) : path;
      const type = resolveName(name);
      const domain = statement.removeType === "OBJECT_DOMAIN";
      return [
        simple(
          "drop type",
          target(domain ? "domain" : "type", type),
          text(domain ? "DOMAIN" : "TYPE", quoted(type)),
          {
            locks: cascade ? context.usersOf(type).map((one) => lock(one, "ACCESS EXCLUSIVE")) : [],
            hazards: cascade ? [cascades(qualifiedLabel(type))] : [],
            safety: "PostgreSQL refuses it while anything uses the type.",
          },
        ),
      ];
    }
    case "OBJECT_SEQUENCE": {
      const sequence = resolveName(path);
      return [
        simple("drop sequence", target("sequence", sequence), text("SEQUENCE", quoted(sequence)), {
          locks: [lock(sequence, "ACCESS EXCLUSIVE")],
          hazards: [
            ...goneForClients(target("sequence", sequence), context),
            ...(cascade ? [cascades(qualifiedLabel(sequence))] : []),
          ],
        }),
      ];
    }
    case "OBJECT_SCHEMA": {
      const name = path.at(-1) ?? "";
      return [
        simple(
          "drop schema",
          { kind: "schema", schema: null, name, table: null },
          text("SCHEMA", quoteIdentifier(name)),
          {
            hazards: cascade ? [cascades(`schema ${name}`)] : [],
            safety: "PostgreSQL refuses it while anything is in the schema.",
          },
        ),
      ];
    }
    case "OBJECT_EXTENSION": {
      const name = path.at(-1) ?? "";
      return [
        simple(
          "drop extension",
          { kind: "extension", schema: null, name, table: null },
          text("EXTENSION", quoteIdentifier(name)),
          {
            hazards: context.isOwn({ kind: "extension", schema: null, name, table: null })
              ? []
              : [
                  {
                    name: "breaks-clients",
                    message: `Whatever uses extension ${name} fails from then on.`,
                    safeForm: "Drop it when nothing uses it any more, and allow this step by name.",
                  },
                ],
          },
        ),
      ];
    }
    case "OBJECT_STATISTIC_EXT": {
      const statistics = resolveName(path);
      const itself = target("statistics", statistics);
      const table = context.described(itself)?.requires[0];
      return [
        simple("drop statistics", itself, text("STATISTICS", quoted(statistics)), {
          locks: table?.table
            ? [lock({ schema: table.schema, name: table.table }, "SHARE UPDATE EXCLUSIVE")]
            : [],
        }),
      ];
    }
    case "OBJECT_PUBLICATION": {
      const name = path.at(-1) ?? "";
      return [dropPublication(name, text("PUBLICATION", quoteIdentifier(name)), context)];
    }
    default:
      break;
  }
  const what = (statement.removeType ?? "an object").replace("OBJECT_", "").toLowerCase();
  return [
    sql === null
      ? refused(
          `DROP ${what}`,
          `It drops several at once, of a kind that the planner does not know.`,
          "Drop each with a statement of its own.",
        )
      : unknown(`drop a ${what}`, sql),
  ];
}

const quoted = ({ schema, name }: QualifiedName) => quoteQualified(schema, name);

function pathOf(node: Node): string[] {
  if ("List" in node) return names(node.List.items);
  if ("TypeName" in node) return [typeText(node.TypeName, [])];
  return names([node]);
}

function simple(kind: StepKind, itself: Target, sql: string, rest: Partial<Draft>): Draft {
  const where = itself.table === null ? "" : ` on ${itself.schema}.${itself.table}`;
  const name =
    itself.table === null && itself.schema !== null ? `${itself.schema}.${itself.name}` : itself.name;
  return catalogChange({
    kind,
    title: `${kind} ${itself.kind === "policy" ? `"${name}"` : name}${where}`,
    sql,
    target: itself,
    goal: { does: "drop", target: itself },
    ...rest,
  });
}

type DraftHazard = Omit<Hazard, "allowed">;

/** Clients that use an object fail when it goes; not where the migration makes it anew. */
function goneForClients(itself: Target, context: StatementContext): DraftHazard[] {
  if (!context.exists(itself) || context.isOwn(itself) || context.existsAfter(itself)) return [];
  return [
    {
      name: "breaks-clients",
      message: `Every client that uses ${itself.kind} ${itself.schema}.${itself.name} fails from then on.`,
      safeForm: "Deploy clients that don't use it first, then allow this step by name.",
    },
  ];
}

const cascades = (what: string): DraftHazard => ({
  name: "data-loss",
  message: `CASCADE also drops whatever depends on ${what}, columns with their rows included, and the plan can't name it.`,
  safeForm: "Name each object that has to go in a DROP of its own, without CASCADE.",
});

function cascading(view: QualifiedName, { behavior }: DropStmt, context: StatementContext): DraftHazard[] {
  if (behavior !== "DROP_CASCADE") return [];
  const dependents = context.dependents(view);
  if (dependents.length === 0) return [];
  return [
    {
      name: "breaks-clients",
      message: `CASCADE also drops ${dependents.map(qualifiedLabel).join(", ")}.`,
      safeForm: "Drop what depends on it by name, without CASCADE.",
    },
  ];
}

function dropTable(
  table: QualifiedName,
  {
    sql,
    isCascading,
    context,
  }: { sql: (name: string) => string; isCascading: boolean; context: StatementContext },
): Draft {
  const itself = target("table", table);
  // Dropping a foreign key removes its triggers from the table at the other end.
  const others: Lock[] = [
    ...referencedTables(table, context),
    ...descendants(table, context),
    ...wholeOf(table, context),
    ...context.sequencesOf(table),
    ...(isCascading ? [...context.referencing(table), ...context.dependents(table)] : []),
  ].map((other) => lock(other, "ACCESS EXCLUSIVE"));
  const isMade = context.isNew(table) && !context.isBegun(itself);
  const dependents = isCascading ? [...context.referencing(table), ...context.dependents(table)] : [];
  const isEmpty = !isMade && dependents.length === 0 && context.isEmpty(itself);
  const dropping = sql(quoted(table));
  return simple("drop table", itself, isEmpty ? whileEmpty(dropping, table) : dropping, {
    locks: [lock(table, "ACCESS EXCLUSIVE"), ...others],
    ...(isEmpty
      ? {
          safety:
            "It has no rows: that is looked at again under the lock, in the transaction that drops it; a row written meanwhile stops it.",
        }
      : {}),
    hazards:
      !context.exists(itself) || isMade || isEmpty
        ? []
        : [
            {
              name: "data-loss",
              message: `The rows of ${qualifiedLabel(table)} are gone for good${isCascading ? alsoGone(table, context) : ""}.`,
              safeForm: `ALTER TABLE ${quoted(table)} SET SCHEMA <archive>; and drop it when nobody misses it.`,
            },
          ],
  });
}

/** What a partition is taken away from, and the partition that then takes its rows. */
function wholeOf(table: QualifiedName, context: StatementContext): QualifiedName[] {
  const of = context.table(table)?.partition?.of;
  if (!of) return [];
  const rest = defaultPartition(of, context);
  return [of, ...(rest && qualifiedLabel(rest) !== qualifiedLabel(table) ? [rest] : [])];
}

/** A statement that drops a table, or a column, where nobody has written anything into it. */
export function whileEmpty(sql: string, table: QualifiedName, written?: string): string {
  const name = quoted(table);
  const condition = written === undefined ? "" : ` WHERE ${written}`;
  const code = [
    `BEGIN`,
    `  LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE;`,
    `  IF EXISTS (SELECT FROM ${name}${condition}) THEN`,
    `    RAISE EXCEPTION USING MESSAGE = ${quoteLiteral(`${qualifiedLabel(table)} has ${written === undefined ? "rows" : "values in what is to go"}, which it did not have when this was planned`)}, ERRCODE = 'object_not_in_prerequisite_state';`,
    `  END IF;`,
    `END`,
  ].join("\n");
  return `DO ${quoteLiteral(code)};\n${sql}`;
}

function alsoGone(table: QualifiedName, context: StatementContext): string {
  const views = context.dependents(table);
  return views.length > 0 ? `, and with them ${views.map(qualifiedLabel).join(", ")}` : "";
}

/** The tables at the other end of a table's foreign keys, those on one column of it where one is named. */
export function referencedTables(
  table: QualifiedName,
  context: StatementContext,
  column?: string,
): QualifiedName[] {
  const constraints = context.table(table)?.constraints ?? [];
  const found = constraints.flatMap(({ references, columns }) =>
    references !== null && (column === undefined || columns.includes(column))
      ? [{ schema: references.schema, name: references.table }]
      : [],
  );
  return [...new Map(found.map((one) => [qualifiedLabel(one), one])).values()].filter(
    (one) => qualifiedLabel(one) !== qualifiedLabel(table),
  );
}

function dropIndex(
  index: QualifiedName,
  statement: DropStmt,
  sql: string | null,
  context: StatementContext,
): Draft {
  const table = context.indexTable(index);
  const cascade = statement.behavior === "DROP_CASCADE";
  const itself = part("index", table ?? { schema: index.schema, name: index.name }, index.name);
  if (table !== undefined && context.table(table)?.kind === "partitioned") {
    return simple("drop index", itself, sql ?? `DROP INDEX ${quoted(index)}`, {
      locks: [table, ...descendants(table, context)].map((one) => lock(one, "ACCESS EXCLUSIVE")),
      safety:
        "PostgreSQL drops no index of a partitioned table concurrently: those of the partitions go with it, under locks held for a moment.",
    });
  }
  if (table !== undefined && context.isNew(table)) {
    return simple("drop index", itself, sql ?? `DROP INDEX ${quoted(index)}`, {
      locks: [lock(table, "ACCESS EXCLUSIVE")],
      safety: "The table is made by this deployment and empty.",
    });
  }
  // Of one outside of the managed schemas nobody knows whether it is there.
  const ifThere = table === undefined && statement.missing_ok ? "IF EXISTS " : "";
  if (cascade) {
    return simple("drop index", itself, sql ?? `DROP INDEX ${quoted(index)} CASCADE`, {
      locks: table === undefined ? [] : [lock(table, "ACCESS EXCLUSIVE")],
      hazards: [
        {
          name: "data-loss",
          message: `CASCADE also drops the foreign keys that count on ${qualifiedLabel(index)}, and the plan can't name them.`,
          safeForm: "Drop the foreign keys by name first, then the index without CASCADE.",
        },
      ],
    });
  }
  return simple("drop index", itself, `DROP INDEX CONCURRENTLY ${ifThere}${quoted(index)}`, {
    transactional: false,
    locks: table === undefined ? [] : [lock(table, "SHARE UPDATE EXCLUSIVE")],
    safety: "CONCURRENTLY: it waits for transactions that use the index, and makes none wait.",
  });
}
