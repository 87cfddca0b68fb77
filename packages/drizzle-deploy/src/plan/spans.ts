import type { Catalog } from "../catalog/index.ts";
import { isSameTarget, nameOf, type Target } from "../model/step.ts";
import { walk } from "../sql/tree.ts";
import type { Draft, Goal } from "../statements/index.ts";
import type { ParsedStatement } from "../statements/parse.ts";
import { hasWord } from "./dropped-later.ts";
import { has } from "./in-catalog.ts";
import { isPartOf, overlaps } from "./step-relations.ts";

/*
 * What belongs together commits together. A migration says in which order; its statements may be taken apart only where
 * no moment between is worse than the one before: never between a switch and its switch back, nor between the going of
 * an object and its coming again, with all that went along with it.
 */

/** Statements of a migration that run in one transaction, by their numbers. */
export interface Span {
  readonly first: number;
  readonly last: number;
  /** Why, as the end of a sentence. */
  readonly reason: string;
  /** Names of temporary tables. */
  readonly temporary: readonly string[];
}

/** A statement with the steps that it would take alone. */
export interface ClassifiedStatement extends ParsedStatement {
  readonly drafts: readonly Draft[];
}

/** Whether a property of an object stops nobody, whatever it is meanwhile. */
const isQuiet = ({ kind }: Target, property: string): boolean =>
  ["comment", "owner"].includes(property) || (kind === "table" && property === "options");

/** Kinds of object whose properties are switched, and switched back. */
const switched: readonly Target["kind"][] = [
  "table",
  "column",
  "trigger",
  "constraint",
  "domain",
  "policy",
  "view",
  "function",
];

/** Relations of all kinds share their names, and so do types. */
const family = ({ kind }: Target): string => {
  switch (kind) {
    case "view":
    case "table":
    case "sequence":
      return "relation";
    case "domain":
      return "type";
    case "index":
      return "constraint";
    default:
      return kind;
  }
};

const isSameName = (one: Target, other: Target): boolean =>
  family(one) === family(other) && nameOf(one) === nameOf(other);

/** What a step drops, or gives another name. */
function takenAway(goal: Goal): Target | null {
  return goal.does === "drop" || goal.does === "rename" ? goal.target : null;
}

/** What a step makes, or gives a name. */
function brought(goal: Goal): Target[] {
  if (goal.does === "create") return [goal.target, ...goal.parts];
  return goal.does === "rename" ? [goal.to] : [];
}

/** Everything that a step is about. */
export function subjects(goal: Goal): Target[] {
  switch (goal.does) {
    case "create":
      return [goal.target, ...goal.parts];
    case "rename":
      return [goal.target, goal.to];
    case "grant":
      return [...goal.targets];
    case "temporary":
      return [goal.until.target];
    case "in partition":
      return [goal.target, goal.of];
    case "build":
    case "exchange":
    case "domain rule":
    case "alter":
    case "drop":
    case "bring back":
      return [goal.target];
    case "set members":
      return [goal.target, ...goal.members];
    case "role":
    case "session":
    case "journalled":
      return [];
  }
}

const goalsOf = ({ drafts }: ClassifiedStatement): Goal[] => drafts.map(({ goal }) => goal);

/** Whether a later statement sets again what an earlier one has set. */
function isSwitchedBack(one: ClassifiedStatement, other: ClassifiedStatement): Target | null {
  for (const draft of one.drafts) {
    const { goal } = draft;
    if (goal.does !== "alter" || !switched.includes(goal.target.kind)) continue;
    if (goal.properties.every((property) => isQuiet(goal.target, property))) continue;
    if (other.drafts.some((later) => overlaps(later.goal, draft))) return goal.target;
  }
  return null;
}

const commandsOf = ({ node }: ParsedStatement) =>
  "AlterTableStmt" in node
    ? (node.AlterTableStmt.cmds ?? []).flatMap((one) =>
        "AlterTableCmd" in one ? (one.AlterTableCmd.subtype ?? []) : [],
      )
    : [];

/** Whether a later statement lets triggers fire again that an earlier one has stopped: one, the user's or all. */
function isFiringAgain(one: ClassifiedStatement, other: ClassifiedStatement): Target | null {
  if (!commandsOf(one).some((command) => command.startsWith("AT_DisableTrig"))) return null;
  if (!commandsOf(other).some((command) => /^AT_Enable.*Trig/.test(command))) return null;
  const tables = other.drafts.flatMap(({ needs }) => needs.filter(({ kind }) => kind === "table"));
  return (
    one.drafts
      .flatMap(({ needs }) => needs)
      .find((need) => need.kind === "table" && tables.some((table) => isSameTarget(need, table))) ?? null
  );
}

/** What an earlier statement revokes and a later one grants again, with something else between. */
function isGrantedAgain(one: ClassifiedStatement, other: ClassifiedStatement): Target | null {
  if (!("GrantStmt" in one.node) || one.node.GrantStmt.is_grant === true) return null;
  if (!("GrantStmt" in other.node) || other.node.GrantStmt.is_grant !== true) return null;
  for (const goal of goalsOf(one)) {
    if (goal.does !== "grant") continue;
    for (const again of goalsOf(other)) {
      if (again.does !== "grant" || !again.grantees.some((name) => goal.grantees.includes(name))) continue;
      const found = goal.targets.find((target) => again.targets.some((same) => isSameTarget(same, target)));
      if (found) return found;
    }
  }
  return null;
}

/** What an earlier statement takes away and a later one brings, under the same name. */
function isBroughtBack(one: ClassifiedStatement, other: ClassifiedStatement): Target | null {
  for (const goal of goalsOf(one)) {
    const gone = takenAway(goal);
    if (gone === null) continue;
    const again = goalsOf(other)
      .flatMap(brought)
      .find((made) => isSameName(made, gone));
    if (again) return gone;
  }
  return null;
}

const isReplacing = ({ node }: ParsedStatement): boolean =>
  ("ViewStmt" in node && node.ViewStmt.replace === true) ||
  ("CreateFunctionStmt" in node && node.CreateFunctionStmt.replace === true) ||
  ("CreateTrigStmt" in node && node.CreateTrigStmt.replace === true) ||
  ("IndexStmt" in node && node.IndexStmt.if_not_exists === true) ||
  ("CreateStmt" in node && node.CreateStmt.if_not_exists === true);

/** Whether a statement drops more than it names: the parts of what it drops, or with CASCADE whatever depends on it. */
function mayTakeAlong(one: ClassifiedStatement, part: Target): boolean {
  return one.drafts.some(({ goal, sql }) => {
    if (goal.does !== "drop") return false;
    if (/\bCASCADE\b/i.test(sql)) return true;
    if (isPartOf(part, goal.target)) return true;
    const isOfSameTable = goal.target.schema === part.schema && goal.target.table === part.table;
    return isOfSameTable && part.table !== null && ["column", "constraint"].includes(goal.target.kind);
  });
}

/** The name of what lives no longer than its session: a temporary table, view or sequence. */
function temporaryName({ node }: ParsedStatement): string | null {
  const relation =
    "CreateStmt" in node
      ? node.CreateStmt.relation
      : "CreateTableAsStmt" in node
        ? node.CreateTableAsStmt.into?.rel
        : "SelectStmt" in node
          ? node.SelectStmt.intoClause?.rel
          : "ViewStmt" in node
            ? node.ViewStmt.view
            : "CreateSeqStmt" in node
              ? node.CreateSeqStmt.sequence
              : undefined;
  return relation?.relpersistence === "t" || relation?.schemaname === "pg_temp"
    ? (relation.relname ?? null)
    : null;
}

/** Whether a tree names something, in whatever case: a relation, or the text of a body that may. */
function isNamedIn(tree: unknown, name: string): boolean {
  const wanted = name.toLowerCase();
  let found = false;
  walk(tree, (object) => {
    found ||= Object.values(object).some(
      (value) => typeof value === "string" && hasWord(value.toLowerCase(), wanted),
    );
  });
  return found;
}

/** Whether an object is the session's own, by the names of those that are. */
export const isTemporary =
  (names: readonly string[]) =>
  ({ schema, name }: { schema: string | null; name: string }): boolean =>
    names.includes(name) && (schema === "public" || schema === "pg_temp");

/** Whether a statement does nothing but for the others of its transaction: it locks, sets, or has to do with a temporary table. */
export function isForOthers(statement: ClassifiedStatement, temporary: readonly string[]): boolean {
  const isTemp = isTemporary(temporary);
  return (
    lastsToTheEnd(statement) ||
    temporaryName(statement) !== null ||
    statement.drafts.some(({ target }) => target !== null && isTemp(target))
  );
}

/** Whether what a statement does lasts to the end of the transaction, and is meant for what comes after it. */
const lastsToTheEnd = ({ node }: ParsedStatement): boolean => "LockStmt" in node || "VariableSetStmt" in node;

const isTransactionControl = ({ node }: ParsedStatement): boolean => "TransactionStmt" in node;

/** The statements between those that begin or end transactions: the author has said that these come apart. */
function segments(statements: readonly ClassifiedStatement[]): ClassifiedStatement[][] {
  const result: ClassifiedStatement[][] = [[]];
  for (const statement of statements) {
    if (isTransactionControl(statement)) result.push([]);
    else result.at(-1)?.push(statement);
  }
  return result.filter((segment) => segment.length > 0);
}

interface Found {
  readonly first: number;
  readonly last: number;
  readonly reasons: readonly string[];
  /** What is gone in between. */
  readonly gone: readonly Target[];
  readonly temporary: readonly string[];
}

/**
 * The statements of a migration that must not be taken apart.
 *
 * @param before what the migrations before it make, wherever they run; null for the first
 * @param isHandled whether something of its own replaces an object without it ever being gone: an index that is built
 * beside the one whose place it takes
 */
export function spansOf(
  statements: readonly ClassifiedStatement[],
  before: Catalog | null,
  isHandled: (statement: ClassifiedStatement) => boolean,
): Span[] {
  return segments(statements).flatMap((segment) => spansWithin(segment, before, isHandled));
}

/** Tells which statements are about an object of the same name as a statement: few of the many that a migration may have. */
function byName(
  statements: readonly ClassifiedStatement[],
): (statement: ClassifiedStatement) => readonly number[] {
  const namesOf = ({ drafts }: ClassifiedStatement): Set<string> =>
    new Set(drafts.flatMap(({ goal, needs }) => [...subjects(goal), ...needs].map(nameOf)));
  const places = new Map<string, number[]>();
  for (const [at, statement] of statements.entries()) {
    for (const name of namesOf(statement)) {
      const known = places.get(name);
      if (known) known.push(at);
      else places.set(name, [at]);
    }
  }
  return (statement) => {
    const found = [...namesOf(statement)].flatMap((name) => places.get(name) ?? []);
    return [...new Set(found)].sort((one, other) => one - other);
  };
}

function spansWithin(
  statements: readonly ClassifiedStatement[],
  before: Catalog | null,
  isHandled: (statement: ClassifiedStatement) => boolean,
): Span[] {
  const found: Found[] = [];
  const note = (
    first: number,
    last: number,
    reason: string,
    { gone = [], temporary = [] }: Partial<Pick<Found, "gone" | "temporary">> = {},
  ): void => void found.push({ first, last, reasons: [reason], gone, temporary });
  const end = statements.length - 1;
  const concerned = byName(statements);
  const explicitlyGone: Target[] = [];
  for (const [at, statement] of statements.entries()) {
    const name = temporaryName(statement);
    if (name !== null) {
      const last = statements.findLastIndex(({ node }) => isNamedIn(node, name));
      note(at, last, `${name} is gone when its session is`, { temporary: [name] });
    }
    if (lastsToTheEnd(statement) && at < end && !goalsOf(statement).every(({ does }) => does === "session")) {
      note(at, end, "it lasts as long as its transaction");
    }
    if (isHandled(statement)) continue;
    for (const further of concerned(statement)) {
      const later = statements[further];
      if (!later || further <= at || isHandled(later)) continue;
      const back = isSwitchedBack(statement, later) ?? isFiringAgain(statement, later);
      if (back) note(at, further, `${nameOf(back)} is not as it was meanwhile`);
      const revoked = isGrantedAgain(statement, later);
      if (revoked && isMissed(revoked, before) && !areGrants(statements.slice(at + 1, further))) {
        note(at, further, `privileges on ${nameOf(revoked)} are missing meanwhile`);
      }
      const gone = isBroughtBack(statement, later);
      if (gone && isMissed(gone, before)) {
        note(at, further, `${nameOf(gone)} is not there meanwhile`, { gone: [gone] });
      }
    }
    if (!isReplacing(statement)) {
      for (const goal of goalsOf(statement)) {
        if (goal.does !== "create") continue;
        const part = goal.target;
        const wasThere = before !== null && has(before, part);
        if (!wasThere || explicitlyGone.some((one) => isSameName(one, part))) continue;
        const by = statements.findIndex((one, index) => index < at && mayTakeAlong(one, part));
        if (by >= 0) note(by, at, `${nameOf(part)} goes along with it`, { gone: [part] });
      }
    }
    explicitlyGone.push(...goalsOf(statement).flatMap((goal) => takenAway(goal) ?? []));
  }
  return whole(found, statements)
    .filter((span) => !isOrdinary(span, statements))
    .map(({ first, last, reasons, temporary }) => ({
      temporary,
      first: statements[first]?.number ?? 0,
      last: statements[last]?.number ?? 0,
      reason: [...new Set(reasons)].slice(0, 3).join("; "),
    }));
}

/** Whether somebody misses an object that is gone for a while: not one that the migration itself has made, nor a plain index. */
function isMissed(target: Target, before: Catalog | null): boolean {
  if (before === null || !has(before, target)) return false;
  if (target.kind !== "index") return true;
  const index = before.tables
    .find(({ schema, name }) => schema === target.schema && name === target.table)
    ?.indexes.find(({ name }) => name === target.name);
  return index?.unique === true;
}

/** Those that overlap as one. */
function merged(found: readonly Found[]): Found[] {
  const result: Found[] = [];
  for (const one of found.toSorted((a, b) => a.first - b.first)) {
    const last = result.at(-1);
    if (!last || one.first > last.last) {
      result.push(one);
      continue;
    }
    result[result.length - 1] = {
      first: last.first,
      last: Math.max(last.last, one.last),
      reasons: [...last.reasons, ...one.reasons],
      gone: [...last.gone, ...one.gone],
      temporary: [...last.temporary, ...one.temporary],
    };
  }
  return result;
}

/** Those that overlap as one, with what follows and belongs to each: until nothing is left to add. */
function whole(found: readonly Found[], statements: readonly ClassifiedStatement[]): Found[] {
  const spans = merged(found);
  const next = merged(spans.map((span) => extended(span, statements)));
  const isWider = next.length < spans.length || next.some(({ last }, at) => last !== spans[at]?.last);
  return isWider ? whole(next, statements) : spans;
}

/** With what follows and belongs to what has come again: its parts, grants, comments and rows. */
function extended(span: Found, statements: readonly ClassifiedStatement[]): Found {
  const isOf = (target: Target): boolean =>
    span.gone.some(
      (gone) =>
        isSameName(gone, target) ||
        isPartOf(target, gone) ||
        // The rows of a column, or of a table.
        (target.kind === "data" &&
          target.schema === gone.schema &&
          target.name === (gone.kind === "column" ? gone.table : gone.name)),
    );
  const last = statements.findLastIndex(
    ({ drafts }, at) =>
      at > span.last &&
      drafts.some((draft) => [...subjects(draft.goal), ...(draft.target ? [draft.target] : [])].some(isOf)),
  );
  return last > span.last ? { ...span, last } : span;
}

const areGrants = (statements: readonly ClassifiedStatement[]): boolean =>
  statements.every((statement) => goalsOf(statement).every(({ does }) => does === "grant"));

/** What steps are grouped for anyway: one thing dropped and made again, and who may use it. */
function isOrdinary({ first, last, gone }: Found, statements: readonly ClassifiedStatement[]): boolean {
  const [one, other, ...more] = statements.slice(first, last + 1);
  if (!one || !other || gone.length === 0) return false;
  const [dropped, ...others] = one.drafts;
  const [made] = other.drafts;
  if (!dropped || !made || others.length > 0) return false;
  if (dropped.goal.does !== "drop" || made.goal.does !== "create") return false;
  if (!isSameTarget(dropped.goal.target, made.goal.target)) return false;
  if (["table", "column"].includes(made.goal.target.kind)) return false;
  return dropped.transactional && other.drafts.every((draft) => draft.transactional) && areGrants(more);
}
