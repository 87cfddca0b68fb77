import type { CreateTrigStmt } from "libpg-query";
import type { Table, Trigger } from "../catalog/index.ts";
import { type QualifiedName, qualifiedLabel } from "../sql/names.ts";
import { parseStatements } from "../sql/parser.ts";
import { names } from "../sql/tree.ts";
import type { StatementContext } from "./draft.ts";

/*
 * What happens when rows of a table are written: the triggers that fire, the rows of other tables that go along, and the
 * rules that look at several rows at once.
 */

/** What writing rows of a table does beside that. */
export interface Effects {
  /** Why it is not the same done in several parts, as the end of a sentence; null where it is. */
  readonly reason: string | null;
  /** The other tables whose rows it changes. */
  readonly changes: readonly QualifiedName[];
}

type Event = "insert" | "update" | "delete";

/** As the parser has them (src/include/catalog/pg_trigger.h). */
const bits: Readonly<Record<Event, number>> = { insert: 4, delete: 8, update: 16 };

const isSame = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/** Whether two tables are one, or one is a part of the other: a partition, or what inherits from it. */
export const isFamily = (one: QualifiedName, other: QualifiedName, context: StatementContext): boolean =>
  isSame(one, other) || context.relatives(one).some((relative) => isSame(relative, other));

/** A table with all that belongs to it, as it is and as the migration leaves it. */
function allOf(table: QualifiedName, context: StatementContext): Table[] {
  return [table, ...context.relatives(table)].flatMap((one) =>
    [context.table(one), context.tableAfter(one)].filter((found) => found !== undefined),
  );
}

/** The first reason of several. */
const firstOf = (...reasons: readonly (() => string | null)[]): string | null => {
  for (const reason of reasons) {
    const found = reason();
    if (found !== null) return found;
  }
  return null;
};

/** What tells the time, as the commonest of triggers does. */
const clock =
  /^(now\(\)|current_timestamp|(clock|statement|transaction)_timestamp\(\)|timezone\('utc'(::text)?, *now\(\)\)|now\(\) at time zone 'utc')$/i;

/** As the parser has them (src/include/catalog/pg_trigger.h): before the row is written. */
const before = 2;

/**
 * The columns in which a trigger notes the time of a row's change, where it does nothing else; null where it may do
 * anything.
 */
function notedBy(
  { function: name }: Trigger,
  { timing, row }: CreateTrigStmt,
  context: StatementContext,
): readonly string[] | null {
  if (timing !== before || row !== true) return null;
  const routines = context.routines(name);
  const noted: string[] = [];
  for (const { language, body } of routines) {
    const text = body.replaceAll(/--[^\n]*/g, "");
    const [last, ...others] = (/^\s*begin\s(.*)\bend\s*;?\s*$/is.exec(text)?.[1] ?? "")
      .split(";")
      .map((one) => one.trim())
      .filter((one) => one !== "")
      .toReversed();
    if (language !== "plpgsql" || last === undefined || !/^return\s+new$/i.test(last)) return null;
    for (const one of others) {
      const [, column, value] = /^new\.(\w+)\s*:?=\s*(.+)$/is.exec(one) ?? [];
      if (column === undefined || value === undefined || !clock.test(value)) return null;
      noted.push(column.toLowerCase());
    }
  }
  return routines.length === 0 ? null : noted;
}

interface Fired {
  readonly reason: string | null;
  /** The columns in which the time is noted. */
  readonly noted: readonly string[];
}

/**
 * The triggers that writing rows fires, of which all that is not seen through may do anything.
 *
 * @param set the columns that an `UPDATE` sets, with those that are computed from them
 */
function fired(
  table: QualifiedName,
  event: Event,
  context: StatementContext,
  set: readonly string[] | null = null,
): Fired {
  const noted: string[] = [];
  for (const { schema, name, triggers } of allOf(table, context)) {
    for (const one of triggers) {
      if (one.enabled === "disabled" || one.enabled === "replica") continue;
      const [made] = parseStatements(one.definition);
      if (!made || !("CreateTrigStmt" in made.node))
        return { reason: `nothing is known of the trigger ${one.name}`, noted };
      const { events = 0, columns } = made.node.CreateTrigStmt;
      if ((events & bits[event]) === 0) continue;
      const only = names(columns);
      if (set !== null && only.length > 0 && !only.some((column) => set.includes(column))) continue;
      const own = notedBy(one, made.node.CreateTrigStmt, context);
      if (own === null)
        return { reason: `the trigger ${one.name} of ${schema}.${name} fires, and may do anything`, noted };
      noted.push(...own);
    }
  }
  return { reason: null, noted };
}

function ruled(table: QualifiedName, context: StatementContext): string | null {
  return context.isRuled(table) ? `${qualifiedLabel(table)} has rules, which rewrite the statement` : null;
}

/** That policies hold for the session's role, so that they decide what is seen. */
export function secured(table: Table, context: StatementContext): string | null {
  return table.rowSecurity && (table.forceRowSecurity || !context.isOwner(table))
    ? `policies decide which rows of ${qualifiedLabel(table)} it sees`
    : null;
}

/** Tables of which nothing is known but that they inherit. */
function unknownParts(table: QualifiedName, context: StatementContext): string | null {
  const unknown = context.relatives(table).find((one) => context.table(one) === undefined);
  return unknown ? `nothing is known of ${qualifiedLabel(unknown)}, which belongs to it` : null;
}

function deferred(table: QualifiedName, context: StatementContext): string | null {
  const found = [table, ...context.referencing(table)].flatMap((one) =>
    allOf(one, context).flatMap((whole) =>
      whole.constraints.filter(
        ({ deferrable, references }) =>
          deferrable && (isSame(whole, table) || (references !== null && references.table === table.name)),
      ),
    ),
  )[0];
  return found
    ? `the constraint ${found.name} is deferrable: it may look at what the whole statement leaves`
    : null;
}

/** Effects of inserting rows. */
export function effectsOfInsert(table: Table, context: StatementContext): Effects {
  const reason = firstOf(
    () => unknownParts(table, context),
    () => ruled(table, context),
    () => secured(table, context),
    () => deferred(table, context),
    () => fired(table, "insert", context).reason,
    () => {
      const own = allOf(table, context)
        .flatMap(({ constraints }) => constraints)
        .find(
          ({ references }) =>
            references !== null &&
            isFamily({ schema: references.schema, name: references.table }, table, context),
        );
      return own ? `${own.name} refers to rows of the same table, which may come later` : null;
    },
  );
  return { reason, changes: [] };
}

/** Whether an expression names a column, whatever else it may be that has the name. */
const isNamedIn = (expression: string | null, column: string): boolean =>
  expression !== null &&
  new RegExp(`(?<![\\w$])${column.replaceAll(/[^\w]/g, "\\$&")}(?![\\w$])`).test(expression);

/** Effects of setting columns of rows. */
export function effectsOfUpdate(table: Table, set: readonly string[], context: StatementContext): Effects {
  const changed = [
    ...set,
    // Each may be computed from one that is set.
    ...table.columns.filter(({ generated }) => generated !== null).map(({ name }) => name),
  ];
  const firedBy = fired(table, "update", context, changed);
  const changing = [...changed, ...firedBy.noted];
  const reason = firstOf(
    () => unknownParts(table, context),
    () => ruled(table, context),
    () => secured(table, context),
    () => deferred(table, context),
    () => firedBy.reason,
    () => {
      const rule = allOf(table, context)
        .flatMap(({ indexes, constraints }) =>
          indexes.filter(
            ({ unique, constraint }) =>
              unique || constraints.some(({ name, type }) => type === "x" && name === constraint),
          ),
        )
        .find(({ keys, predicate }) =>
          changing.some(
            (column) =>
              keys.some(
                (key) => key.column === column || (key.column === null && isNamedIn(key.expression, column)),
              ) || isNamedIn(predicate, column),
          ),
        );
      return rule
        ? `it changes what ${rule.name} keeps unique: whether rows collide depends on their order`
        : null;
    },
  );
  return { reason, changes: [] };
}

/** What a foreign key does with the rows that refer to one that goes. */
type Action = "CASCADE" | "SET NULL" | "SET DEFAULT" | "NO ACTION";

const actionOf = (definition: string): Action => {
  const found = /\bON DELETE (CASCADE|SET NULL|SET DEFAULT|RESTRICT|NO ACTION)/.exec(definition)?.[1];
  return found === "CASCADE" || found === "SET NULL" || found === "SET DEFAULT" ? found : "NO ACTION";
};

interface Reference {
  readonly from: Table;
  readonly to: QualifiedName;
  readonly name: string;
  readonly action: Action;
}

/** The foreign keys that point at a table, or at a part of it. */
function referencesTo(table: QualifiedName, context: StatementContext): Reference[] {
  const found = [table, ...context.relatives(table)].flatMap((to) =>
    context
      .referencing(to)
      .flatMap((one) =>
        [...new Set(allOf(one, context))].flatMap((from) =>
          from.constraints.flatMap(({ name, definition, references }) =>
            references !== null && isSame({ schema: references.schema, name: references.table }, to)
              ? [{ from, to, name, action: actionOf(definition) }]
              : [],
          ),
        ),
      ),
  );
  return [
    ...new Map(found.map((one) => [`${qualifiedLabel(one.from)} ${one.name} ${one.action}`, one])).values(),
  ];
}

/** Effects of deleting rows, with what goes along with them. */
export function effectsOfDelete(table: Table, context: StatementContext): Effects {
  const changes: QualifiedName[] = [];
  const emptied: QualifiedName[] = [table];
  const standing: Reference[] = [];
  let reason = firstOf(
    () => unknownParts(table, context),
    () => ruled(table, context),
    () => secured(table, context),
    () => fired(table, "delete", context).reason,
  );
  for (const gone of emptied) {
    if (reason !== null) break;
    const outside = context.referencedFromOutside(gone);
    if (outside)
      reason = `nothing is known of ${qualifiedLabel(outside)}, which refers to ${qualifiedLabel(gone)}`;
    reason ??= deferred(gone, context);
    for (const reference of referencesTo(gone, context)) {
      const { from, name, action } = reference;
      const isOwn = isFamily(from, table, context);
      if (action === "NO ACTION") standing.push(reference);
      else if (isOwn && !(action === "CASCADE" && isFamily(gone, table, context)))
        reason ??= `${name} changes rows of ${qualifiedLabel(table)} when others go`;
      else {
        reason ??= fired(from, action === "CASCADE" ? "delete" : "update", context).reason;
        reason ??= firstOf(
          () => unknownParts(from, context),
          () => ruled(from, context),
        );
        if (!changes.some((one) => isSame(one, from))) changes.push(from);
        if (action === "CASCADE" && !emptied.some((one) => isSame(one, from))) emptied.push(from);
      }
    }
  }
  const late = standing.find(({ from }) => [table, ...changes].some((one) => isFamily(one, from, context)));
  if (late)
    reason ??= `${late.name} refers from rows that it deletes to others that it deletes, in whatever order they go`;
  return { reason, changes };
}
