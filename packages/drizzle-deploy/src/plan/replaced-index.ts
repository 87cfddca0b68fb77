import { createHash } from "node:crypto";
import type { Catalog, Difference, Index } from "../catalog/index.ts";
import type { Names } from "../model/names.ts";
import { isSameTarget, type Target } from "../model/step.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { constraintName } from "../statements/constraint-name.ts";
import { catalogChange, lock, momentary, part } from "../statements/draft.ts";
import { classify, type Draft, type StatementContext } from "../statements/index.ts";
import type { ParsedStatement } from "../statements/parse.ts";
import { resolve } from "../statements/resolve.ts";
import { mentions } from "./dropped-later.ts";
import { has, tableOf } from "./in-catalog.ts";
import type { SimulatedCatalog } from "./simulated-catalog.ts";

/*
 * A migration that changes an index drops it and makes it anew under its name. Statement by statement there would be none
 * while it is built: queries would be slow, and what is unique would not be. So the new one is built beside the old one,
 * under a name of its own, and takes its place and its name in one short transaction.
 */

/** An index that is dropped and made anew, as it is planned. */
export interface ReplacedIndex {
  /** The number of the statement that makes it. */
  readonly number: number;
  /** Whether an interrupted deployment has left a build of the new one. */
  readonly isBegun: boolean;
  /** In place of that statement's: the build, and the exchange. */
  readonly drafts: readonly [build: Draft, exchange: Draft];
}

const isOfIndexes = ({ node }: ParsedStatement): boolean =>
  "IndexStmt" in node || ("DropStmt" in node && node.DropStmt.removeType === "OBJECT_INDEX");

/**
 * The statement that makes an index anew which an earlier one drops: nothing but indexes is made or dropped between the
 * two, since what else is there may count on the old one being gone, or the new one on what it brings; and nothing
 * works on the new one later in the migration, so that it stays as it is made.
 *
 * @param later the statements of the migration after the one that drops it
 */
function madeAnew(index: Target, later: readonly ParsedStatement[]): ParsedStatement | undefined {
  const at = later.findIndex(({ node }) => mentions(node, index.name));
  const found = later[at];
  if (!found || !("IndexStmt" in found.node) || found.node.IndexStmt.idxname !== index.name) return undefined;
  if (!later.slice(0, at).every(isOfIndexes)) return undefined;
  return later.slice(at + 1).some(({ node }) => mentions(node, index.name)) ? undefined : found;
}

/** What the indexes are called that are built beside those whose place they are to take. */
const besidePrefix = ({ recordSchema }: Names): string => `${recordSchema}_next_`;

/** What an index is called while it is built: a name that fits, and that no other index of the schema gets. */
export function nameBeside({ schema, table, name }: Target, names: Names): string {
  const digest = createHash("sha256").update(JSON.stringify([schema, table, name]));
  return `${besidePrefix(names)}${digest.digest("hex").slice(0, 16)}`;
}

/**
 * Whether an index was built to take the place of another, and none of the statements makes that: somebody else applied
 * the migration since.
 */
export function isLeftBeside(name: string, names: Names, statements: readonly ParsedStatement[]): boolean {
  if (!name.startsWith(besidePrefix(names))) return false;
  return !statements.some(({ node }) => indexesOf(node).some((made) => nameBeside(made, names) === name));
}

/** The indexes that a statement makes: its own, or those of the keys that it adds. */
function indexesOf(node: ParsedStatement["node"]): Target[] {
  if ("IndexStmt" in node) {
    const { relation, idxname } = node.IndexStmt;
    return idxname === undefined ? [] : [part("index", resolve(relation), idxname)];
  }
  if (!("AlterTableStmt" in node)) return [];
  const { relation, cmds = [] } = node.AlterTableStmt;
  return cmds.flatMap((one) => {
    const def = "AlterTableCmd" in one ? one.AlterTableCmd.def : undefined;
    if (!def || !("Constraint" in def)) return [];
    const name = constraintName(def.Constraint, resolve(relation), null);
    return name === null ? [] : [part("index", resolve(relation), name)];
  });
}

const nameInDefinition = /^(CREATE (?:UNIQUE )?INDEX )(?:"(?:[^"]|"")*"|\S+)(?= ON )/;

/** The catalog as it would be if the index that was built beside another had taken its place. */
export function asExchanged(catalog: Catalog, built: Target, index: Target): Catalog {
  const dressed = (one: Index): Index => ({
    ...one,
    name: index.name,
    definition: one.definition.replace(
      nameInDefinition,
      (_match, words: string) => words + quoteIdentifier(index.name),
    ),
  });
  return {
    ...catalog,
    tables: catalog.tables.map((table) =>
      table.schema === index.schema && table.name === index.table
        ? {
            ...table,
            indexes: table.indexes
              .filter(({ name }) => name !== index.name)
              .map((one) => (one.name === built.name ? dressed(one) : one)),
          }
        : table,
    ),
  };
}

/** What differs of an index but that it has not been built to its end. */
export const isUnfinished = (found: readonly Difference[]): boolean =>
  found.every((one) => one.kind === "different" && ["valid", "ready"].includes(one.property));

/**
 * The statement that makes an index anew which a step drops, where the new one can be built beside the old one; an index of
 * a table that this plan makes needs no care, and that of a constraint cannot be dropped.
 */
function buildBeside(
  { goal, transactional, hazards }: Draft,
  { later, context, after }: Pick<Replacement, "later" | "context" | "after">,
): ParsedStatement | undefined {
  if (goal.does !== "drop" || goal.target.kind !== "index" || transactional || hazards.length > 0) return;
  const index = goal.target;
  if (index.schema === null || index.table === null || !has(after, index)) return;
  const statement = madeAnew(index, later);
  if (!statement) return;
  const [made, ...others] = classify(statement, context);
  if (!made || others.length > 0 || made.transactional || made.hazards.length > 0) return;
  if (made.goal.does !== "create" || !isSameTarget(made.goal.target, index)) return;
  return statement;
}

/** The numbers of the statements that drop an index which another builds anew beside it, and of those others. */
export function replacedBeside(
  statements: readonly (ParsedStatement & { readonly drafts: readonly Draft[] })[],
  { context, after }: Pick<Replacement, "context" | "after">,
): ReadonlySet<number> {
  return new Set(
    statements.flatMap(({ number, drafts }, at) =>
      drafts.flatMap((draft) => {
        if (draft.goal.does !== "drop" || draft.goal.target.kind !== "index") return [];
        const second = buildBeside(draft, { later: statements.slice(at + 1), context, after });
        return second ? [number, second.number] : [];
      }),
    ),
  );
}

interface Replacement {
  /** The statements of the migration after this one. */
  readonly later: readonly ParsedStatement[];
  readonly context: StatementContext;
  readonly simulated: SimulatedCatalog;
  /** As the migration leaves it. */
  readonly after: Catalog;
}

/** Whether a step drops an index that is there and that a later statement of its migration makes anew: then how it is replaced. */
export function replacedIndex(
  draft: Draft,
  { later, context, simulated, after }: Replacement,
): ReplacedIndex | undefined {
  const statement = buildBeside(draft, { later, context, after });
  const { goal } = draft;
  if (!statement || !("IndexStmt" in statement.node) || goal.does !== "drop") return;
  const index = goal.target;
  const { schema, table, name } = index;
  if (schema === null || table === null) return;
  const built = part("index", { schema, name: table }, nameBeside(index, context.names));
  const isBegun = simulated.exists(built);
  const found = tableOf(simulated.catalog(), index)?.indexes.find((one) => one.name === name);
  if (!isBegun && (!found || !simulated.exists(index))) return;
  if (found && found.constraint !== null) return;
  const { node, sql } = statement;
  const [build] = classify({ node: { IndexStmt: { ...node.IndexStmt, idxname: built.name } }, sql }, context);
  if (build?.goal.does !== "create") return;
  return {
    number: statement.number,
    isBegun,
    drafts: [
      {
        ...build,
        title: `build the new ${name} on ${schema}.${table} beside the old one, as ${built.name}`,
        goal: { does: "build", target: built, inPlaceOf: index },
        safety: `${build.safety} The old index goes on serving meanwhile.`,
      },
      catalogChange({
        kind: "rename",
        title: `put the new ${name} on ${schema}.${table} in the place of the old one`,
        sql: `DROP INDEX IF EXISTS ${quoteQualified(schema, name)};\nALTER INDEX ${quoteQualified(schema, built.name)} RENAME TO ${quoteIdentifier(name)}`,
        target: index,
        goal: { does: "exchange", target: index, by: built },
        locks: [lock({ schema, name: table }, "ACCESS EXCLUSIVE")],
        safety: `${momentary} In one transaction: nobody ever sees the table without the index.`,
      }),
    ],
  };
}
