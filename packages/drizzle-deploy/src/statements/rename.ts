import type { AlterObjectSchemaStmt, AlterOwnerStmt, RenameStmt } from "libpg-query";
import { type Hazard, isSameTarget, type Lock, type Target } from "../model/step.ts";
import { qualifiedLabel } from "../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { names } from "../sql/tree.ts";
import { catalogChange, type Draft, lock, part, refused, type StatementContext, target } from "./draft.ts";
import { functionTarget } from "./function.ts";
import { unknown } from "./opaque.ts";
import { publicationTarget } from "./publication.ts";
import { resolve, resolveName } from "./resolve.ts";

interface Renaming {
  readonly from: Target;
  readonly locks: readonly Lock[];
  /** Whether clients name it; nobody names a constraint or policy in a query. */
  readonly used: boolean;
}

/** `ALTER … RENAME TO`. */
export function rename(statement: RenameStmt, sql: string, context: StatementContext): Draft[] {
  if (statement.renameType === "OBJECT_ATTRIBUTE") return [renameAttribute(statement, sql, context)];
  const found = renamed(statement, context);
  const to = statement.newname ?? "";
  if (found === null) {
    return [
      unknown(`rename a ${(statement.renameType ?? "thing").replace("OBJECT_", "").toLowerCase()}`, sql),
    ];
  }
  const { from, locks, used } = found;
  const ofColumn =
    from.kind === "constraint" && statement.relation
      ? context.table(resolve(statement.relation))?.columns.find(({ notNull }) => notNull?.name === from.name)
      : undefined;
  if (ofColumn) {
    const itself = { ...from, kind: "column" as const, name: ofColumn.name };
    return [
      {
        ...moved(sql, from, { ...from, name: to }, locks, []),
        target: itself,
        goal: { does: "alter", target: itself, properties: ["notNull"] },
      },
    ];
  }
  return [
    moved(sql, from, { ...from, name: newName(from, to) }, locks, used ? hazardsOf(from, to, context) : []),
  ];
}

/** `ALTER TYPE … RENAME ATTRIBUTE`: a change of the type. */
function renameAttribute(
  { relation, subname, newname }: RenameStmt,
  sql: string,
  context: StatementContext,
): Draft {
  const type = resolve(relation);
  const itself = target("type", type);
  return catalogChange({
    kind: "alter type",
    title: `rename attribute ${subname} of ${qualifiedLabel(type)} to ${newname}`,
    sql,
    target: itself,
    needs: [itself],
    goal: { does: "alter", target: itself, properties: ["definition"] },
    hazards:
      !context.exists(itself) || context.isOwn(itself)
        ? []
        : [
            {
              name: "breaks-clients",
              message: `Clients that name attribute ${subname} of ${qualifiedLabel(type)} fail from then on.`,
              safeForm: "Add an attribute beside it, move clients to that, then drop the old one.",
            },
          ],
  });
}

/** A function keeps its argument types in its name. */
const newName = (from: Target, to: string) =>
  from.kind === "function" ? to + from.name.slice(from.name.indexOf("(")) : to;

function moved(
  sql: string,
  from: Target,
  to: Target,
  locks: readonly Lock[],
  hazards: Draft["hazards"],
): Draft {
  const where = (one: Target) =>
    [one.schema, one.table, one.name].filter((name): name is string => name !== null).join(".");
  // PostgreSQL takes a trigger's own name, and an object's own schema, and changes nothing.
  const isAsItWas = isSameTarget(from, to) && (from.kind === "trigger" || from === to);
  return catalogChange({
    kind: "rename",
    title: `rename ${from.kind} ${where(from)} to ${where(to)}`,
    sql,
    target: from,
    locks,
    goal: isAsItWas ? { does: "alter", target: from, properties: [] } : { does: "rename", target: from, to },
    hazards: isAsItWas ? [] : hazards,
  });
}

function hazardsOf(from: Target, to: string, context: StatementContext): Omit<Hazard, "allowed">[] {
  if (!context.exists(from) || context.isOwn(from)) return [];
  if (from.schema !== null && from.table === null && context.isNew({ schema: from.schema, name: from.name }))
    return [];
  if (from.schema !== null && from.table !== null && context.isNew({ schema: from.schema, name: from.table }))
    return [];
  const schema = from.schema ?? "";
  const safeForm =
    from.kind === "table"
      ? `ALTER TABLE ${quoteQualified(schema, from.name)} RENAME TO ${quoteIdentifier(to)}; CREATE VIEW ${quoteQualified(schema, from.name)} WITH (security_invoker = true) AS SELECT * FROM ${quoteQualified(schema, to)}; in one transaction by hand, until no client uses the old name.`
      : from.kind === "column"
        ? `ADD COLUMN ${quoteIdentifier(to)}; keep both filled with a trigger; move clients; then drop ${quoteIdentifier(from.name)}.`
        : "Make the new one beside the old one, move clients, then drop the old one.";
  return [
    {
      name: "breaks-clients",
      message: `Clients that use ${from.kind} ${[from.schema, from.table, from.name].filter((one) => one !== null).join(".")} fail from the moment it is renamed.`,
      safeForm,
    },
  ];
}

function renamed(statement: RenameStmt, context: StatementContext): Renaming | null {
  const relation = resolve(statement.relation);
  const sub = statement.subname ?? "";
  const strongest = [lock(relation, "ACCESS EXCLUSIVE")];
  const path =
    statement.object && "List" in statement.object
      ? names(statement.object.List.items)
      : names(statement.object ? [statement.object] : []);
  switch (statement.renameType) {
    case "OBJECT_TABLE":
      return { from: target("table", relation), locks: strongest, used: true };
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      return { from: target("view", relation), locks: strongest, used: true };
    case "OBJECT_SEQUENCE":
      return { from: target("sequence", relation), locks: strongest, used: true };
    case "OBJECT_COLUMN":
      return { from: part("column", relation, sub), locks: strongest, used: true };
    case "OBJECT_TABCONSTRAINT":
      return { from: part("constraint", relation, sub), locks: strongest, used: false };
    case "OBJECT_POLICY":
      return { from: part("policy", relation, sub), locks: strongest, used: false };
    case "OBJECT_TRIGGER":
      return { from: part("trigger", relation, sub), locks: strongest, used: false };
    case "OBJECT_INDEX": {
      const ofKey = context.keyTable(relation);
      if (ofKey) return { from: part("constraint", ofKey, relation.name), locks: [], used: false };
      const table = context.indexTable(relation);
      // Only the index is locked, and weakly: queries that use it go on.
      return { from: part("index", table ?? relation, relation.name), locks: [], used: false };
    }
    case "OBJECT_TYPE":
      return { from: target("type", resolveName(path)), locks: [], used: true };
    case "OBJECT_DOMAIN":
      return { from: target("domain", resolveName(path)), locks: [], used: true };
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE": {
      const from = functionTarget(statement.object, context);
      return from && { from, locks: [], used: true };
    }
    case "OBJECT_STATISTIC_EXT":
      return { from: target("statistics", resolveName(path)), locks: [], used: false };
    case "OBJECT_PUBLICATION":
      return { from: publicationTarget(path.at(-1) ?? ""), locks: [], used: true };
    case "OBJECT_SCHEMA":
      return {
        from: { kind: "schema", schema: null, name: sub, table: null },
        locks: [],
        used: true,
      };
    default:
      return null;
  }
}

/** `ALTER … SET SCHEMA`. */
export function setSchema(statement: AlterObjectSchemaStmt, sql: string, context: StatementContext): Draft[] {
  const relation = resolve(statement.relation);
  const schema = statement.newschema ?? "";
  const path = statement.object && "List" in statement.object ? names(statement.object.List.items) : [];
  const from = ((): Target | null => {
    switch (statement.objectType) {
      case "OBJECT_TABLE":
        return target("table", relation);
      case "OBJECT_VIEW":
      case "OBJECT_MATVIEW":
        return target("view", relation);
      case "OBJECT_SEQUENCE":
        return target("sequence", relation);
      case "OBJECT_TYPE":
        return target("type", resolveName(path));
      case "OBJECT_DOMAIN":
        return target("domain", resolveName(path));
      case "OBJECT_STATISTIC_EXT":
        return target("statistics", resolveName(path));
      case "OBJECT_FUNCTION":
        return functionTarget(statement.object, context);
      default:
        return null;
    }
  })();
  if (from === null) {
    return [
      refused(
        sql,
        "This change of schema is not understood by the planner.",
        "Run it by hand, and leave it out of the migration.",
      ),
    ];
  }
  const locks = statement.relation
    ? [relation, ...context.sequencesOf(relation)].map((one) => lock(one, "ACCESS EXCLUSIVE"))
    : [];
  const kind = from.kind === "table" ? ("move table" as const) : ("rename" as const);
  return [
    {
      ...moved(
        sql,
        from,
        schema === from.schema ? from : { ...from, schema },
        locks,
        from.kind === "statistics" ? [] : hazardsOf(from, from.name, context),
      ),
      kind,
      title: `move ${from.kind} ${from.schema}.${from.name} to schema ${schema}`,
      needs: [{ kind: "schema", schema: null, name: schema, table: null }],
    },
  ];
}

/** `ALTER … OWNER TO`. */
export function changeOwner(statement: AlterOwnerStmt, sql: string): Draft[] {
  const relation = statement.relation ? resolve(statement.relation) : null;
  return [
    catalogChange({
      kind: "table option",
      title: `change the owner of ${relation ? qualifiedLabel(relation) : (statement.objectType ?? "an object").replace("OBJECT_", "").toLowerCase()}`,
      sql,
      target: null,
      locks: relation ? [lock(relation, "ACCESS EXCLUSIVE")] : [],
      goal: { does: "journalled" },
    }),
  ];
}
