import type { Names } from "../model/names.ts";
import { type Hazard, nameOf, type Step, type Target } from "../model/step.ts";
import { formatStepId } from "../model/step-id.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import type { Draft, Goal } from "../statements/index.ts";
import type { Decision, Timeline } from "./converge.ts";
import { estimate, tableSize } from "./estimate.ts";
import { type Facts, smallTable } from "./facts.ts";
import { strongest } from "./group-steps.ts";
import { differences, grantsOf, has } from "./in-catalog.ts";
import { nameBeside } from "./replaced-index.ts";
import type { SimulatedCatalog } from "./simulated-catalog.ts";
import { type ClassifiedStatement, isForOthers, isTemporary, type Span, subjects } from "./spans.ts";
import { isPartOf, takesAway, takesAwayWhole } from "./step-relations.ts";

/*
 * Statements that must not be taken apart, as one step: in one transaction, in the order and the form in which the
 * migration has them, as Drizzle's own migrator would run them.
 */

/** What becomes of a span: a decision of the whole, or `apart` where the database stands somewhere in its middle. */
export function decideSpan(
  statements: readonly ClassifiedStatement[],
  {
    simulated,
    timeline: { before, after },
    schemas,
    isDone,
    isBegun,
  }: {
    simulated: SimulatedCatalog;
    timeline: Timeline;
    schemas: readonly string[];
    /** Whether an earlier deployment did all of it. */
    isDone: boolean;
    /** Whether an earlier deployment did one of its statements by itself. */
    isBegun: boolean;
  },
): Decision | "apart" {
  if (isDone) return { action: "skip", reason: "It was done before." };
  if (isBegun) return "apart";
  const goals = statements.flatMap(({ drafts }) => drafts.map(({ goal }) => goal));
  const targets = goals.flatMap(subjects).filter(({ schema }) => schema !== null && schemas.includes(schema));
  if (targets.some((target) => simulated.stateOf(target) !== "untouched"))
    return { action: "run", reason: null };
  const actual = simulated.catalog();
  const isAs = (expected: Timeline["before"]): boolean =>
    targets.every((target) => isSameIn(target, expected, simulated)) &&
    goals.every(
      (goal) =>
        goal.does !== "grant" ||
        expected === null ||
        goal.targets.every((target) =>
          goal.grantees.every(
            (grantee) =>
              grantsOf(expected, target, grantee, actual) === grantsOf(actual, target, grantee, expected),
          ),
        ),
    );
  if (isAs(before)) return { action: "run", reason: null };
  // Of rows no catalog tells whether they were changed.
  const isHidden = goals.some(({ does }) => does === "journalled");
  if (!isHidden && after.some(isAs)) return { action: "skip", reason: "It is as wanted." };
  return canRun(goals, simulated) ? { action: "run", reason: null } : "apart";
}

const keyOf = ({ kind, schema, table, name }: Target): string => JSON.stringify([kind, schema, table, name]);

/** Whether each object is there, or not there, when it is its turn, one statement after the other. */
function canRun(goals: readonly Goal[], simulated: SimulatedCatalog): boolean {
  const known = new Map<string, boolean>();
  const gone: Target[] = [];
  const exists = (target: Target): boolean =>
    known.get(keyOf(target)) ?? (!gone.some((whole) => isPartOf(target, whole)) && simulated.exists(target));
  for (const goal of goals) {
    switch (goal.does) {
      case "create":
        if (exists(goal.target)) return false;
        for (const one of [goal.target, ...goal.parts]) known.set(keyOf(one), true);
        break;
      case "drop":
        if (!exists(goal.target)) return false;
        known.set(keyOf(goal.target), false);
        gone.push(goal.target);
        break;
      case "rename":
        if (!exists(goal.target) || exists(goal.to)) return false;
        known.set(keyOf(goal.target), false);
        known.set(keyOf(goal.to), true);
        break;
      case "alter":
        if (!exists(goal.target)) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

function isSameIn(target: Target, expected: Timeline["before"], simulated: SimulatedCatalog): boolean {
  const actual = simulated.catalog();
  if (expected === null) return !simulated.exists(target);
  if (has(expected, target) !== has(actual, target)) return false;
  return differences(expected, actual, target).length === 0;
}

/** Work that takes as long as a table is large, and is done while everybody waits. */
function longWork(drafts: readonly Draft[], facts: Facts): Omit<Hazard, "allowed">[] {
  const [first] = drafts.flatMap(({ work, title, target }) => {
    if (work.does === "catalog") return [];
    const size = tableSize(
      { kind: "table", schema: work.table.schema, name: work.table.name, table: null },
      facts,
    );
    return size && size.bytes > smallTable && target?.kind !== "data"
      ? [{ title, table: `${work.table.schema}.${work.table.name}` }]
      : [];
  });
  if (!first) return [];
  return [
    {
      name: "long-lock",
      message: `It has to ${first.title} in one transaction with other changes, and ${first.table} is locked for as long as that takes.`,
      safeForm:
        "Bring the new object under another name in a migration of its own, and take the old one away in a later one.",
    },
  ];
}

/** What a span is planned as. */
export interface PlannedSpan {
  readonly draft: Draft;
  /** What each of its statements does in the transaction, with the statement's number. */
  readonly parts: readonly { readonly number: number; readonly draft: Draft }[];
  readonly estimate: Step["estimate"];
}

/**
 * The step of a statement that looks at every row of a table for what the transaction has made valid for new rows
 * already: it comes after it, by itself. Null where the statement has none, or the transaction takes away or renames the
 * constraint again, or its table.
 */
export function validationAfter(
  { number, drafts }: ClassifiedStatement,
  statements: readonly ClassifiedStatement[],
): Draft | null {
  const [first, second, ...others] = drafts;
  if (!first || !second || others.length > 0) return null;
  if (first.goal.does !== "create" || first.goal.target.kind !== "constraint") return null;
  if (second.kind !== "validate constraint") return null;
  const isGone = statements.some(
    (one) =>
      one.number > number &&
      one.drafts.some(({ goal }) => takesAway(goal, second) || takesAwayWhole(goal, second)),
  );
  return isGone ? null : second;
}

/** A key whose index is built before the transaction, in which it becomes the constraint. */
interface KeyBeside {
  readonly build: Draft;
  readonly add: Draft;
}

/**
 * How a key is added whose index can be built beforehand, beside the one whose place it takes: its columns are there, and
 * nothing before it in the transaction touches them. Null for any other statement.
 */
export function keyBeside(
  { number, drafts }: ClassifiedStatement,
  statements: readonly ClassifiedStatement[],
  names: Names,
): KeyBeside | null {
  const [index, add, ...others] = drafts;
  if (!index || !add || others.length > 0 || index.transactional || index.hazards.length > 0) return null;
  if (index.goal.does !== "create" || index.goal.target.kind !== "index") return null;
  if (add.goal.does !== "create" || add.goal.target.kind !== "constraint") return null;
  const made = index.goal.target;
  const isTouched = statements.some(
    (one) =>
      one.number < number &&
      one.drafts.some(({ goal }) =>
        [...subjects(goal)].some(
          (target) =>
            index.needs.some((need) => nameOf(need) === nameOf(target) && need.kind === target.kind) ||
            (target.kind === "schema" && target.name === made.schema),
        ),
      ),
  );
  if (isTouched) return null;
  const name = nameBeside(made, names);
  const [was, is] = [quoteIdentifier(made.name), quoteIdentifier(name)];
  return {
    build: {
      ...index,
      title: `build the index of the new ${made.name} beside the old one, as ${name}`,
      sql: index.sql.replace(`CONCURRENTLY ${was} ON`, () => `CONCURRENTLY ${is} ON`),
      target: { ...made, name },
      goal: { does: "build", target: { ...made, name }, inPlaceOf: made },
    },
    add: {
      ...add,
      sql: add.sql.replace(`USING INDEX ${was}`, () => `USING INDEX ${is}`),
      needs: add.needs.filter((need) => need.kind !== "index"),
    },
  };
}

/** A statement as the transaction has it. */
function inTransaction(
  statement: ClassifiedStatement,
  statements: readonly ClassifiedStatement[],
  names: Names,
): { sql: string; drafts: readonly Draft[] } {
  const [first] = statement.drafts;
  if (first && validationAfter(statement, statements)) return { sql: first.sql, drafts: [first] };
  const key = keyBeside(statement, statements, names);
  if (key) return { sql: key.add.sql, drafts: [key.add] };
  // A rollback keeps the value.
  const isLabel =
    first?.goal.does === "alter" && first.goal.properties.some((name) => name.startsWith("label "));
  return { sql: isLabel ? first.sql : statement.asWritten, drafts: statement.drafts };
}

/** A statement's steps in the transaction. */
export const partsInTransaction = (
  statement: ClassifiedStatement,
  statements: readonly ClassifiedStatement[],
  names: Names,
): readonly Draft[] => inTransaction(statement, statements, names).drafts;

/** The whole span as one draft: what its parts lock, need and bring about together. */
export function planTogether(
  { reason, temporary }: Span,
  statements: readonly ClassifiedStatement[],
  facts: Facts,
): PlannedSpan {
  const texts = statements.map((statement) => inTransaction(statement, statements, facts.names));
  const parts = texts.flatMap(({ drafts }) => drafts);
  const titles = parts.map(({ title }) => title);
  const more = titles.length > 3 ? `; and ${titles.length - 3} more` : "";
  const made = parts.flatMap(({ goal }) => (goal.does === "create" ? [goal.target, ...goal.parts] : []));
  const estimates = parts.map(({ work }) => estimate(work, facts));
  const isTemp = isTemporary(temporary);
  return {
    parts: statements.flatMap((statement, at) =>
      (texts[at]?.drafts ?? []).map((draft) => ({
        number: statement.number,
        // Nothing is left of it once the transaction is over.
        draft: isForOthers(statement, temporary) ? { ...draft, kind: "transaction" as const } : draft,
      })),
    ),
    estimate: {
      milliseconds: estimates.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      growthBytes: estimates.reduce((sum, { growthBytes }) => sum + growthBytes, 0),
    },
    draft: {
      kind: "transaction",
      title: `${titles.slice(0, 3).join("; ")}${more}`,
      sql: texts.map(({ sql }) => sql).join(";\n"),
      target: parts.find(({ target }) => target !== null && !isTemp(target))?.target ?? null,
      needs: parts
        .flatMap(({ needs }) => needs)
        .filter((need) => !isTemp(need) && !made.some((one) => nameOf(one) === nameOf(need))),
      locks: strongest(parts.flatMap(({ locks }) => locks)).filter((one) => !isTemp(one)),
      transactional: true,
      hazards: [
        ...parts.flatMap(({ hazards, target }) => (target !== null && isTemp(target) ? [] : hazards)),
        ...texts.flatMap(({ drafts }) => longWork(drafts, facts)),
      ],
      safety: `All of it in one transaction, as the migration has it: ${reason}.`,
      goal: { does: "journalled" },
      work: { does: "catalog" },
    },
  };
}

/** The name of the step that runs several statements. */
export const spanId = (tag: string, statements: readonly ClassifiedStatement[]): string =>
  formatStepId({ migration: tag, parts: statements.map(({ number }) => String(number)) });
