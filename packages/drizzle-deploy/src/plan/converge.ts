import {
  type Catalog,
  type Difference,
  isDescribed,
  isSameBody,
  kindFiles,
  unqualifiedNames,
  type View,
} from "../catalog/index.ts";
import { isReplaceable } from "../kinds/function.ts";
import { defaultGrantees, isKnownPrivilege } from "../kinds/grant.ts";
import { impliesCheck } from "../kinds/implied-check.ts";
import { dressView, isExtendable } from "../kinds/view.ts";
import { type Action, isToRun, nameOf, type Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql/quote.ts";
import { part } from "../statements/draft.ts";
import type { Draft, Goal } from "../statements/index.ts";
import { withWord } from "./dropped-later.ts";
import { printed } from "./edited-catalog.ts";
import {
  constraintOf,
  differences,
  grantsOf,
  has,
  isCalled,
  isFunction,
  relationKind,
  spell,
  tableOf,
  triggerOf,
  typeOf,
} from "./in-catalog.ts";
import { asExchanged, isUnfinished } from "./replaced-index.ts";
import { grantKey, type SimulatedCatalog } from "./simulated-catalog.ts";

/** Properties that a `CREATE` leaves to statements of their own. */
const setElsewhere = [
  "comment",
  "rowSecurity",
  "forceRowSecurity",
  "options",
  "columnOrder",
  "replicaIdentity",
  "storage",
  "compression",
  "statistics",
];

/** How a database has to look before a migration, after it, and after each later one. */
export interface Timeline {
  /** As it is here; null for the first migration. */
  readonly before: Catalog | null;
  /** As the migrations before it leave it elsewhere. */
  readonly original: Catalog | null;
  /** As the applied migrations left it; null where there is none. */
  readonly start: Catalog | null;
  /** This migration's own first; never empty. What is as one of these wants it is left alone. */
  readonly after: readonly [Catalog, ...Catalog[]];
  /** The same with the names that the migration leaves; `after` has those that a statement finds. */
  readonly left: Timeline["after"];
  /** After the last migration. */
  readonly last: Catalog;
}

export interface Decision {
  readonly action: Action;
  readonly reason: string | null;
  /** Where it differs from the draft's; the draft's hazards are then none of its own. */
  readonly sql?: string;
  readonly isHarmless?: boolean;
}

interface ConvergeContext {
  readonly simulated: SimulatedCatalog;
  readonly timeline: Timeline;
  readonly schemas: readonly string[];
  /** Whether an earlier deployment did this step. */
  readonly isDone: boolean;
  /** Whether what it says `IF NOT EXISTS` of is there: see `isThereInTime`. */
  readonly isThere: boolean;
  /** Whether its statement ran here once, and what later ones that ran here made of an object: see `History`. */
  readonly hasRun: boolean;
  readonly fateOf: (target: Target) => Target | null;
  readonly wasMadeLater: (target: Target) => boolean;
  /** Properties of the object that later steps of the migration set. */
  readonly setLater: readonly string[];
  /** Whether other steps of the migration work on the same object. */
  readonly isAlone: boolean;
  /** Types that earlier steps of the migration renamed, which are done: what is of one is so under its new name. */
  readonly renamedTypes: readonly { readonly from: string; readonly to: string }[];
  /** Whether an earlier step of the migration that worked on the same object had nothing left to do. */
  readonly isBegun: boolean;
  /** Whether a later step of the migration drops the object, makes it anew, or sets what this one sets. */
  readonly isRemade: boolean;
  /** Whether a later step of the migration took the object away again, or renamed it, and is done. */
  readonly isGoneAgain: boolean;
  /** Whether a later step of the migration renames the object, or what it is a part of, and is not done. */
  readonly isToBeRenamed: boolean;
  /** Whether a later step of the migration took away what the object is a part of, or renamed it, and is done. */
  readonly isLeftBehind: boolean;
  /** Whether a later step of the migration made the object again, or gave another its name, and is done. */
  readonly isMadeAgain: boolean;
  /** Whether it makes an index for nothing: a later migration of the plan drops it, and nothing names it until then. */
  readonly isDroppedLater: boolean;
  /** Whether the column that it is about has a value in every row, in a table that is small enough to tell. */
  readonly isFilled: boolean;
  /** Whether an earlier step of the plan would have made it, and was passed over for what it needs being gone. */
  readonly isLost: (target: Target) => boolean;
  /** What depends on a view or a function, and would not survive its going. */
  readonly dependents: (target: Target) => readonly string[];
}

const run: Decision = { action: "run", reason: null };
const asWanted: Decision = { action: "skip", reason: "It is as wanted." };
const doneBefore: Decision = { action: "skip", reason: "It was done before." };
const roleThere: Decision = { action: "skip", reason: "The server has that role already." };
const droppedLater: Decision = { action: "skip", reason: "A later migration drops it." };
const leftOver: Decision = {
  action: "rebuild",
  reason: "What is there is the invalid left-over of an interrupted build.",
};
const ofSession: Decision = {
  action: "skip",
  reason: "Transactions and timeouts are the deployment's own: each step has them.",
};
const thereInTime: Decision = {
  action: "skip",
  reason: "It is there by then, and IF NOT EXISTS compares nothing more.",
};
const past: Decision = {
  action: "skip",
  reason: "A later step, which ran here before, took away or renamed what it is about.",
};
/** Whether a step is passed over since what it needs is gone for good. */
export const isPassedOver = (decision: Decision): boolean => decision === past;

/**
 * A decision where everything is as the migrations before left it: nothing is in the way then, and nothing done already,
 * as far as the statements themselves do not say `IF EXISTS`.
 */
export function asWritten(decision: Decision, schemas: readonly string[], { goal }: Draft): Decision {
  const target = "target" in goal ? goal.target : null;
  const managed = target?.kind === "schema" ? target.name : target?.schema;
  // Of what lies outside of the managed schemas, as an extension may, no catalog tells how it was left.
  if (managed === null || (managed !== undefined && !schemas.includes(managed))) return decision;
  if (decision.action === "blocked" || decision === past || decision === doneBefore) return run;
  // What is between it and the statement that drops it may need it.
  if (decision === droppedLater && target?.kind === "view") return run;
  // What is as a later migration wants it may be another by then, and the same type may come with other values. Only what
  // would have every row looked at for nothing is not repeated.
  const isScan = goal.does === "temporary" || (goal.does === "alter" && goal.properties.includes("nullable"));
  return decision === asWanted && !isScan ? run : decision;
}

const notThere: Decision = { action: "skip", reason: "It is not there." };
const blocked = (reason: string): Decision => ({ action: "blocked", reason });

/**
 * Whether a step is to do, as the database is: what is as the migration or a later one wants it is left alone, what
 * holds no data is replaced, and what else is in the way is named.
 */
export function decide(draft: Draft, around: ConvergeContext): Decision {
  if (draft.ifExists && !around.simulated.exists(draft.ifExists)) return notThere;
  if (around.isThere) return thereInTime;
  if (around.isDone && around.isLeftBehind) return doneBefore;
  const decision = ofLaterColumns(draft, around) ?? byGoal(draft, around);
  if (!isToRun(decision)) return decision;
  const missing = draft.needs.find((need) => !around.simulated.exists(need) && !mayBe(need, around));
  if (!missing) return decision.action === "run" && !decision.sql ? asLenient(draft, around) : decision;
  // A later migration took it away, with what was done to it.
  if (around.isDone && !has(around.timeline.last, missing)) return doneBefore;
  if (isPast(missing, around)) return past;
  return blocked(`It needs ${missing.kind} ${nameOf(missing)}, which is not there.`);
}

/**
 * Whether what a step says `IF NOT EXISTS` of is there when it is its turn, so that PostgreSQL passes it over: a step
 * before it makes that, or the migrations before did, in whatever form. What else is there is looked at for what it is.
 */
export function isThereInTime(
  { ifNotExists }: Draft,
  simulated: SimulatedCatalog,
  { before }: Timeline,
): boolean {
  if (!ifNotExists) return false;
  if (!simulated.exists(ifNotExists)) {
    // An index minds every relation of its name, whatever it is, or is of.
    const { kind, schema, name } = ifNotExists;
    return kind === "index" && schema !== null && isStepsOwn({ schema, name }, simulated);
  }
  if (simulated.stateOf(ifNotExists) !== "untouched") return true;
  const { kind, schema, name } = ifNotExists;
  // A step before it makes the table by bringing it back.
  if (kind === "table" && schema !== null && simulated.isBroughtBack({ schema, name })) return true;
  return before !== null && has(before, ifNotExists);
}

/** Whether a step before gives a name to an index. */
function isStepsOwn(index: QualifiedName, simulated: SimulatedCatalog): boolean {
  const table = simulated.indexTable(index);
  return table !== undefined && simulated.stateOf(part("index", table, index.name)) !== "untouched";
}

/** A step that says `IF NOT EXISTS`, after code that may have made what it makes: it then minds nothing. */
function asLenient(
  { ifNotExists, lenient, transactional, sql }: Draft,
  { simulated }: ConvergeContext,
): Decision {
  if (!ifNotExists || !simulated.isOpaque()) return run;
  if (lenient !== undefined) return { ...run, sql: lenient };
  if (!transactional) return run;
  return {
    ...run,
    sql: `DO ${quoteLiteral(
      `BEGIN\n${sql};\nEXCEPTION WHEN duplicate_object OR duplicate_table OR duplicate_column OR duplicate_schema THEN NULL;\nEND`,
    )}`,
  };
}

/** Whether what is not there was taken away by a later step that ran here, or is there under the name that that gave it. */
function isPast(target: Target, { fateOf, simulated, isLost, hasRun, timeline }: ConvergeContext): boolean {
  const fate = fateOf(target);
  if (fate === null || isLost(target)) return true;
  // It ran here once, and nothing is left of what it was about when all is done.
  if (hasRun && !has(timeline.last, target) && !has(timeline.left[0], target)) return true;
  return nameOf(fate) !== nameOf(target) && simulated.exists(fate);
}

/** Whether something that is not seen may be there when it is its turn: only the server knows. */
function mayBe(target: Target, { simulated, timeline: { start, after } }: ConvergeContext): boolean {
  if (simulated.isUnknown(target)) return true;
  // What should have been there before the plan began is not for its code to make.
  return simulated.isOpaque() && has(after[0], target) && !(start !== null && has(start, target));
}

function byGoal(draft: Draft, around: ConvergeContext): Decision {
  const { goal } = draft;
  switch (goal.does) {
    case "create":
      return create(draft, goal, around);
    case "alter":
      return alter(draft, goal, around);
    case "drop":
      return drop(goal, around);
    case "rename":
      return rename(goal, around);
    case "build":
      return build(goal, around);
    case "exchange":
      return around.simulated.exists(goal.by) ? run : asWanted;
    case "temporary":
      return temporary(goal, around);
    case "domain rule":
      return domainRule(goal, around);
    case "in partition":
      return inPartition(goal, around);
    case "grant":
      return grant(goal, around);
    case "set members":
      return setMembers(goal, around);
    case "bring back":
      return { action: "run", reason: "A rollback put it aside." };
    case "role":
      if (around.simulated.hasRole(goal.role) !== goal.isWanted) return run;
      return goal.isWanted ? roleThere : notThere;
    case "session":
      return ofSession;
    case "journalled":
      return around.isDone && !isEmptied(draft, around.simulated) ? doneBefore : run;
  }
}

/** Whether what a statement has filled is made anew by this plan: a rollback took it away, with what was in it. */
export const isEmptied = ({ fills = [] }: Draft, { stateOf }: SimulatedCatalog): boolean =>
  fills.some((target) => stateOf(target) === "made");

type Of<Does extends Goal["does"]> = Extract<Goal, { does: Does }>;

function create(draft: Draft, { target, ignore = [] }: Of<"create">, around: ConvergeContext): Decision {
  const { simulated, timeline, schemas, isDone, setLater, isBegun, isRemade, isGoneAgain } = around;
  // Of a table that was taken away the rows are gone too: that is not for a deployment to put right.
  const isToBeRenamed = around.isToBeRenamed && target.kind !== "table";
  const [after] = timeline.after;
  const isWanted = has(after, target);
  const holder = simulated.exists(target) ? null : simulated.holderOf(target);
  if (holder !== null) return blocked(holder);
  if (!simulated.exists(target) && around.isDroppedLater) return droppedLater;
  if (!simulated.exists(target) && around.hasRun && livesOn(target, around)) return past;
  // It went along with what a later statement that ran here took away, which may be gone for good; nothing rests on it.
  const isOnTop = target.kind === "policy" || target.kind === "trigger";
  if (isOnTop && !isWanted && !simulated.exists(target) && around.hasRun) return past;
  if (!simulated.exists(target))
    return isDone && (isGoneAgain || (!isWanted && !isToBeRenamed)) ? doneBefore : run;
  if (simulated.stateOf(target) !== "untouched") return run;
  // Nothing is known of what lies outside the managed schemas but that it is there.
  const managed = target.kind === "schema" ? target.name : target.schema;
  if (managed !== null && !schemas.includes(managed)) return asWanted;
  const actual = simulated.catalog();
  const namesake = otherRelation(after, actual, target);
  if (namesake !== null) return blocked(namesake);
  const ignored = [
    ...ignore,
    ...setLater,
    ...setElsewhere,
    ...(lacksOnlyLater(target, actual, after, setLater) ? ["labels"] : []),
  ];
  const differ = (expected: Catalog) =>
    differences(expected, actual, target).filter(
      (one) => one.kind !== "different" || !ignored.includes(one.property),
    );
  if (timeline.after.some((expected) => has(expected, target) && differ(expected).length === 0))
    return asWanted;
  if (!isWanted) {
    if (isDone) return doneBefore;
    // It replaces what is there in any case, or what a step before it made.
    if (isBegun || draft.replacement === draft.sql) return run;
    return blocked(`${nameOf(target)} is there already. Rename or drop it first.`);
  }
  // A step further on makes it what the migration leaves.
  if (isDone && isRemade) return doneBefore;
  const found = differ(after);
  if (target.kind === "index") return index(target, found);
  const { before, original } = timeline;
  const isAs = (expected: Catalog | null): boolean =>
    expected !== null && has(expected, target) && differ(expected).length === 0;
  if (isAs(original)) return run;
  // As it was found, and that is not what the migration was written for.
  const isFound = isAs(before);
  const decision = replace(draft, target, found, around);
  return isFound && decision.action === "blocked" && !isMadeInPlace(target) ? run : decision;
}

/** Whether what a step once made is there under the name that a later one gave it. */
function livesOn(target: Target, { fateOf, simulated }: ConvergeContext): boolean {
  return presentAs(target, fateOf(target), simulated) !== null;
}

/** What an object is called now that has got another name since it was made; null where it is not there. */
export function presentAs(target: Target, fate: Target | null, simulated: SimulatedCatalog): Target | null {
  if (fate === null) return null;
  // Its table may have its former name again.
  const found = [fate, { ...fate, schema: target.schema, table: target.table }].find(
    (one) =>
      nameOf(one) !== nameOf(target) && simulated.exists(one) && simulated.stateOf(one) === "untouched",
  );
  return found ?? null;
}

/** Whether `CREATE OR REPLACE` puts it in the place of what is there, if that is alike enough. */
const isMadeInPlace = ({ kind }: Target): boolean => kind === "view" || kind === "function";

/** Tables and views share their names: what to say where the name is taken by the other kind; else null. */
function otherRelation(wanted: Catalog, actual: Catalog, target: Target): string | null {
  const name = target.table ?? target.name;
  const there = relationKind(actual, target.schema, name);
  const kind = relationKind(wanted, target.schema, name);
  // Steps on a table that the migration makes, renames or drops on its way to the view are right to find it.
  const isOnTheWay = target.kind !== "view" && there === "table";
  if (there === null || kind === null || there === kind || isOnTheWay) return null;
  return `${nameOf({ ...target, table: null, name })} is a ${there}, and the migrations make a ${kind} of that name. Rename the ${there}, or drop it if nothing needs it.`;
}

/** Whether an enum that is there lacks no value but those that later steps of the migration add. */
function lacksOnlyLater(
  target: Target,
  actual: Catalog,
  after: Catalog,
  setLater: readonly string[],
): boolean {
  const [present, wanted] = [actual, after].map(({ enums }) => enums.find(isCalled(target))?.labels ?? []);
  if (!present || !wanted) return false;
  const left = wanted.filter((label) => !setLater.includes(`label ${label}`) || present.includes(label));
  return left.length === present.length && left.every((label, at) => label === present[at]);
}

function index(target: Target, found: readonly Difference[]): Decision {
  if (isUnfinished(found)) return leftOver;
  return blocked(
    `${nameOf(target)} is there with another definition: ${spell(found)}. Rename or drop it first.`,
  );
}

/** Makes anew what is there in another form, if that loses nothing. */
function replace(
  { replacement = "", sql }: Draft,
  target: Target,
  found: readonly Difference[],
  around: ConvergeContext,
): Decision {
  const reason = `It is there in another form: ${spell(found)}.`;
  const [after] = around.timeline.after;
  const actual = around.simulated.catalog();
  switch (target.kind) {
    case "view": {
      const wanted = after.views.find(isCalled(target));
      const present = actual.views.find(isCalled(target));
      if (!wanted || !present || wanted.kind === "materialized" || present.kind === "materialized") break;
      if (isExtendable(present, wanted)) return { action: "replace", reason, sql: replacement };
      const dependents = around.dependents(target);
      if (dependents.length > 0) {
        return blocked(`${reason} Its columns change, and ${dependents.join(", ")} depends on it.`);
      }
      const dressed = asDressedByHand(wanted, present, around.timeline, actual);
      return {
        action: "replace",
        reason: `${reason} Its columns change and nothing depends on it, so it is dropped and made in one transaction.`,
        sql: [
          `DROP VIEW ${quoteQualified(wanted.schema, wanted.name)}`,
          sql,
          ...dressView(dressed, granteesOf(wanted, actual)).map((one) => one.replace(/;$/, "")),
          ...(present.owner === actual.server.role
            ? []
            : [
                `ALTER VIEW ${quoteQualified(wanted.schema, wanted.name)} OWNER TO ${quoteIdentifier(present.owner)}`,
              ]),
        ].join(";\n"),
      };
    }
    case "function": {
      const wanted = after.functions.find(isFunction(target));
      const present = actual.functions.find(isFunction(target));
      if (!wanted || !present || replacement === "") break;
      if (isReplaceable(present, wanted)) return { action: "replace", reason, sql: replacement };
      // What calls it was written for what it is: that is not for a deployment to decide.
      return blocked(
        `${reason} Its result or its arguments change, and PostgreSQL can't replace it in place.`,
      );
    }
    case "policy":
      if (replacement !== "") return { action: "replace", reason, sql: replacement };
      break;
    case "trigger": {
      if (replacement === "") break;
      // CREATE OR REPLACE makes no constraint trigger of another one, nor the other way round.
      const [is, was] = [after, actual].map((catalog) =>
        triggerOf(catalog, target)?.definition.startsWith("CREATE CONSTRAINT "),
      );
      const anew = `DROP TRIGGER ${quoteIdentifier(target.name)} ON ${quoteQualified(target.schema ?? "public", target.table ?? "")};\n${sql}`;
      return { action: "replace", reason, sql: is === was ? replacement : anew };
    }
    case "column": {
      // A rollback keeps the column, and lets it be empty.
      const changes = found.map((one) =>
        one.kind === "different" ? columnChange(one, target, after) : null,
      );
      const isStricter = changes.includes("SET NOT NULL");
      if (changes.includes(null) || (isStricter && !around.isFilled)) break;
      // A default that somebody has set by hand is theirs.
      if (!around.hasRun && changes.some((change) => change !== "SET NOT NULL")) break;
      const table = quoteQualified(target.schema ?? "public", target.table ?? "");
      const column = quoteIdentifier(target.name);
      return {
        action: "replace",
        reason: isStricter
          ? `${reason} The table is small, so that all its rows are looked at in a moment.`
          : reason,
        isHarmless: true,
        sql: `ALTER TABLE ${table} ${changes.map((change) => `ALTER COLUMN ${column} ${change}`).join(", ")}`,
      };
    }
    case "constraint": {
      const wanted = constraintOf(after, target);
      const present = constraintOf(actual, target);
      if (replacement !== "" && wanted && present && impliesCheck(present.definition, wanted.definition)) {
        return {
          action: "replace",
          reason: `${reason} Whatever the old rule allows, the new one does, so nothing is lost.`,
          sql: replacement,
        };
      }
      break;
    }
    default:
      if (isDescribed(target.kind) && kindFiles[target.kind].isReplaceable && replacement !== "")
        return { action: "replace", reason, sql: replacement };
      break;
  }
  return blocked(`${nameOf(target)} is there in another form: ${spell(found)}.`);
}

/** What makes a column as it is wanted in one of its properties, where that touches no value; else null. */
function columnChange(
  { property, expected }: Extract<Difference, { kind: "different" }>,
  target: Target,
  wanted: Catalog,
): string | null {
  if (property === "nullable") return expected === "no" ? "SET NOT NULL" : "DROP NOT NULL";
  const column = tableOf(wanted, target)?.columns.find(({ name }) => name === target.name);
  if (property !== "default" || !column || column.generated !== null) return null;
  return column.default === null ? "DROP DEFAULT" : `SET DEFAULT ${column.default}`;
}

/** Whoever may have rights on a new object without being meant to. */
const granteesOf = (wanted: View, actual: Catalog): string[] => [
  ...new Set([...defaultGrantees(actual), ...wanted.grants.map(({ grantee }) => grantee)]),
];

/** A view that is made anew, with what a hand gave the one before and no migration speaks of. */
function asDressedByHand(wanted: View, present: View, { original, after }: Timeline, actual: Catalog): View {
  const isIt = ({ schema, name }: View): boolean => schema === wanted.schema && name === wanted.name;
  const known = [original, ...after].flatMap((catalog) => catalog?.views.find(isIt) ?? []);
  const grantees = new Set(known.flatMap(({ grants }) => grants.map(({ grantee }) => grantee)));
  const triggers = new Set(known.flatMap((view) => view.triggers.map(({ name }) => name)));
  return {
    ...wanted,
    owner: present.owner,
    grants: [
      ...wanted.grants.filter(({ grantee }) => grantee !== wanted.owner),
      ...present.grants.filter(({ grantee }) => grantee !== present.owner && !grantees.has(grantee)),
    ].map((grant) => ({ ...grant, privileges: grant.privileges.filter(isKnownPrivilege(actual)) })),
    triggers: present.triggers.filter(({ name }) => !triggers.has(name)),
  };
}

function alter(
  draft: Draft,
  { target, properties, type, label: value }: Of<"alter">,
  around: ConvergeContext,
): Decision {
  const { simulated, timeline, schemas, isDone, isAlone, isBegun, isRemade } = around;
  const [after] = timeline.after;
  if (!simulated.exists(target)) {
    if (simulated.isUnknown(target)) return run;
    if (isDone) return doneBefore;
    if (mayBe(target, around)) return run;
    if (isPast(target, around) || (around.hasRun && isBegun)) return past;
    return blocked(`It changes ${target.kind} ${nameOf(target)}, which is not there.`);
  }
  if (!simulated.isUntouched(target, properties)) return run;
  if (isLaterOnes(target, around)) return past;
  if (target.schema !== null && !schemas.includes(target.schema)) return isDone ? doneBefore : run;
  const label = properties[0]?.startsWith("label ") ? properties[0].slice("label ".length) : null;
  const actual = simulated.catalog();
  if (label !== null) {
    const labels = actual.enums.find(isCalled(target))?.labels ?? [];
    return labels.includes(label) ? asWanted : run;
  }
  if (value && !isDone) {
    // Whatever other values a rollback has kept.
    const labels = actual.enums.find(isCalled(target))?.labels ?? [];
    if (labels.includes(value.from) !== labels.includes(value.to))
      return labels.includes(value.from) ? run : asWanted;
  }
  const differ = (expected: Catalog, found: Catalog) =>
    differences(expected, found, target).filter(
      (one) => one.kind !== "different" || properties.includes(one.property),
    );
  if (timeline.after.some((expected) => has(expected, target) && differ(expected, actual).length === 0)) {
    const { before } = timeline;
    const isUnchanged = before !== null && has(before, target) && differ(after, before).length === 0;
    // As before and as after: only the journal can tell whether it went there and back already.
    return isUnchanged && !isAlone && !isDone ? run : asWanted;
  }
  if (!has(after, target)) return isDone ? doneBefore : run;
  // Whatever was there before: what is not validated has to be.
  if (properties.includes("validated")) return run;
  const { before, original } = timeline;
  const isAs = (expected: Catalog | null): boolean =>
    expected !== null &&
    has(expected, target) &&
    differ(expected, actual).every(
      (one) => one.kind === "different" && one.property === "type" && isRenamed(one, around),
    );
  const replaced = (): Decision => ({
    action: "replace",
    reason: `It is there in another form: ${spell(differ(after, actual))}.`,
    ...(draft.replacement === undefined ? {} : { sql: draft.replacement }),
  });
  if (isAs(before)) {
    const lost = target.kind === "function" && properties.includes("config") ? lostNames(target, around) : [];
    if (lost.length > 0) {
      return blocked(
        `${nameOf(target)} is there with a body of its own, which would not find ${lost.join(", ")} under the search path that it is to get.`,
      );
    }
    return isAs(original) || draft.replacement === undefined ? run : replaced();
  }
  // A step further on makes it what the migration leaves.
  if (isDone && isRemade) return doneBefore;
  // Made by a step of this very migration in a form of its own.
  if (!before || !has(before, target)) return run;
  const isCollated = properties.includes("collation");
  if (type !== undefined && !isCollated && typeOf(actual, target) === type) return asWanted;
  if (isBegun) return run;
  if (draft.replacement) return replaced();
  return blocked(
    `${nameOf(target)} is not as the migrations before left it: ${spell(differ(after, actual))}.`,
  );
}

function setMembers({ target, members }: Of<"set members">, around: ConvergeContext): Decision {
  const { simulated, timeline, isDone } = around;
  if (!simulated.exists(target)) {
    if (isDone) return doneBefore;
    if (mayBe(target, around)) return run;
    return isPast(target, around)
      ? past
      : blocked(`It changes ${target.kind} ${nameOf(target)}, which is not there.`);
  }
  // What others have added since is theirs.
  if (isDone) return doneBefore;
  if (simulated.stateOf(target) !== "untouched") return run;
  const actual = simulated.catalog();
  const isAs = (expected: Catalog): boolean =>
    members.every(
      (one) =>
        simulated.stateOf(one) === "untouched" &&
        has(expected, one) &&
        has(actual, one) &&
        differences(expected, actual, one).length === 0,
    );
  const count = (actual.objects ?? []).filter((one) => one.of === target.name).length;
  return count === members.length && timeline.after.some(isAs) ? asWanted : run;
}

/** Whether a column is of the wanted type still, and that has got another name. */
const isRenamed = (
  { expected, actual }: Extract<Difference, { kind: "different" }>,
  { renamedTypes }: ConvergeContext,
): boolean =>
  expected !== null && renamedTypes.some(({ from, to }) => withWord(expected, from, to) === actual);

/** What a function that was found with a body of its own names without its schema, and will not find any more. */
function lostNames(target: Target, { simulated, timeline }: ConvergeContext): string[] {
  const [wanted, found] = [timeline.after[0], simulated.catalog()].map(({ functions }) =>
    functions.find(isFunction(target)),
  );
  const [own] = [timeline.original].map((catalog) => catalog?.functions.find(isFunction(target)));
  if (!wanted || !found || (own && isSameBody(found.language, own.body, found.body))) return [];
  const path = wanted.config.find((setting) => setting.startsWith("search_path="));
  if (path === undefined || !["sql", "plpgsql"].includes(found.language)) return [];
  const searched = path.slice("search_path=".length).split(", ");
  const { functions, tables, views } = simulated.catalog();
  const elsewhere = [...functions, ...tables, ...views].filter(({ schema }) => !searched.includes(schema));
  const names = new Set(elsewhere.map(({ name }) => name));
  return [...new Set(unqualifiedNames(found.body).filter((name) => names.has(name)))];
}

function drop({ target }: Of<"drop">, around: ConvergeContext): Decision {
  const { simulated, timeline, isDone, isMadeAgain } = around;
  const [after] = timeline.after;
  if (!simulated.exists(target)) return simulated.isUnknown(target) ? run : notThere;
  if (simulated.stateOf(target) !== "untouched") return run;
  const there = relationKind(simulated.catalog(), target.schema, target.name);
  // A view has taken the table's name since.
  if (isDone && target.kind === "table" && there !== null && there !== "table") return doneBefore;
  if (isDone && isMadeAgain) return doneBefore;
  if (isLaterOnes(target, around)) return past;
  if (!has(after, target)) return run;
  // What was made anew may still have to be validated or built to its end.
  const isLike = (expected: Catalog) =>
    has(expected, target) &&
    differences(expected, simulated.catalog(), target).every(
      (one) => one.kind === "different" && ["validated", "valid", "ready"].includes(one.property),
    );
  if (!isLike(after)) return run;
  const { before } = timeline;
  if (before === null || !isLike(before)) return { action: "skip", reason: "It was made again already." };
  return isDone ? doneBefore : run;
}

/** What is made of columns, and goes with any of them. */
const madeOfColumns: readonly Target["kind"][] = ["index", "constraint", "statistics"];

/**
 * What becomes of an index, say, on a column whose name a later step gave to another one, which a rollback kept: it went
 * with its own column, or is made of that under the name that it got since. Null where that is not so.
 */
function ofLaterColumns({ goal, needs, sql }: Draft, around: ConvergeContext): Decision | null {
  const { simulated, fateOf } = around;
  if (goal.does !== "create" || !madeOfColumns.includes(goal.target.kind) || simulated.exists(goal.target))
    return null;
  const others = needs.filter((need) => need.kind === "column" && isLaterOnes(need, around));
  if (others.length === 0) return null;
  const fates = others.map((need) => ({ need, now: presentAs(need, fateOf(need), simulated) }));
  if (fates.some(({ now }) => now === null)) return past;
  // The names of the object and of its table stand before its columns.
  const at = goal.target.kind === "statistics" ? sql.indexOf(" ON ") : sql.indexOf("(");
  if (at < 0 || /\bREFERENCES\b/i.test(sql)) return past;
  const columns = fates.reduce(
    (text, { need, now }) => (now ? withWord(text, printed(need.name), printed(now.name)) : text),
    sql.slice(at),
  );
  return { action: "run", reason: "Its column has got another name since.", sql: sql.slice(0, at) + columns };
}

/** What a rollback leaves where it is, if rows depend on it. */
const kept: readonly Target["kind"][] = ["column", "type", "domain", "sequence"];

/**
 * Whether a column, say, that a step drops or renames, and once did, is another by now: the one that a later step made and a
 * rollback kept, with its rows.
 */
function isLaterOnes(
  target: Target,
  { hasRun, wasMadeLater, timeline, simulated }: ConvergeContext,
): boolean {
  return (
    kept.includes(target.kind) &&
    hasRun &&
    wasMadeLater(target) &&
    simulated.stateOf(target) === "untouched" &&
    timeline.left.some(
      (expected) =>
        has(expected, target) &&
        // A rollback may have put a default or NOT NULL of the former one back.
        differences(expected, simulated.catalog(), target).every(
          (one) => one.kind === "different" && ["default", "nullable", "comment"].includes(one.property),
        ),
    )
  );
}

function rename({ target, to }: Of<"rename">, around: ConvergeContext): Decision {
  const { simulated, isDone, isMadeAgain } = around;
  const isOld = simulated.exists(target);
  const isNew = simulated.exists(to);
  // Where what it was about is gone for good, or has its new name; else a rollback has given it the former one back.
  const isElsewhere = isNew || around.fateOf(target) === null;
  if (isOld && isElsewhere && isLaterOnes(target, around)) return past;
  if (isOld && !isNew) return isDone && isMadeAgain ? doneBefore : run;
  if (!isOld && !isNew && simulated.isUnknown(target)) return run;
  if (isDone || (isNew && !isOld)) return isDone ? doneBefore : asWanted;
  if (!isOld && isPast(target, around)) return past;
  return blocked(
    isOld
      ? `Both ${nameOf(target)} and ${nameOf(to)} are there.`
      : `Neither ${nameOf(target)} nor ${nameOf(to)} is there.`,
  );
}

/** Whether an index that is to take the place of another has to be built. */
export function decideBuild(
  { goal }: Draft,
  around: Pick<ConvergeContext, "simulated" | "timeline" | "isDone">,
): Decision {
  return goal.does === "build" ? build(goal, around) : run;
}

function build(
  { target, inPlaceOf }: Of<"build">,
  { simulated, timeline, isDone }: Pick<ConvergeContext, "simulated" | "timeline" | "isDone">,
): Decision {
  if (!simulated.exists(target)) {
    const holder = simulated.holderOf(target);
    return holder === null ? run : blocked(holder);
  }
  const there = asExchanged(simulated.catalog(), target, inPlaceOf);
  const found = differences(timeline.after[0], there, inPlaceOf);
  if (found.length === 0) return asWanted;
  if (isUnfinished(found)) return leftOver;
  return isDone ? doneBefore : blocked(`${nameOf(target)} is there with another definition. Drop it first.`);
}

function temporary(
  { target, step, until }: Of<"temporary">,
  { simulated, timeline }: ConvergeContext,
): Decision {
  const present = simulated.exists(target);
  const { nullable } = tableOf(simulated.catalog(), until.target)?.columns.find(
    ({ name }) => name === until.target.name,
  ) ?? { nullable: true };
  const isReached =
    simulated.stateOf(until.target) === "untouched" &&
    ((until.properties.includes("nullable") && !nullable) ||
      timeline.after.some(
        (expected) =>
          has(expected, until.target) &&
          differences(expected, simulated.catalog(), until.target).every(
            (one) => one.kind === "different" && !until.properties.includes(one.property),
          ),
      ));
  if (step === "remove") return present ? run : notThere;
  if (isReached) return asWanted;
  if (step === "make") return present ? asWanted : run;
  const validated =
    simulated.stateOf(target) === "untouched" && constraintOf(simulated.catalog(), target)?.validated;
  return validated ? asWanted : run;
}

function domainRule({ target, name, step }: Of<"domain rule">, around: ConvergeContext): Decision {
  const { simulated, timeline, isDone } = around;
  const ruleIn = (catalog: Catalog) =>
    catalog.domains.find(isCalled(target))?.constraints.find((one) => one.name === name);
  const found = ruleIn(simulated.catalog());
  const isWanted = ruleIn(timeline.after[0]) !== undefined;
  switch (step) {
    case "add":
      if (found) return asWanted;
      return isDone && !isWanted ? doneBefore : run;
    case "validate":
      return found?.validated || (isDone && !found) ? asWanted : run;
    case "drop":
      if (!found) return notThere;
      return isDone && isWanted ? doneBefore : run;
  }
}

function inPartition(
  { target, of, step, isLast, until }: Of<"in partition">,
  { simulated, timeline }: ConvergeContext,
): Decision {
  const catalog = simulated.catalog();
  const table = tableOf(catalog, target);
  const isReached =
    until !== undefined &&
    simulated.stateOf(until.target) === "untouched" &&
    timeline.after.some((expected) =>
      differences(expected, catalog, until.target).every(
        (one) => one.kind === "different" && !until.properties.includes(one.property),
      ),
    );
  if (isReached) return asWanted;
  const isThere = simulated.exists(target);
  if (target.kind === "constraint") {
    // The partitioned table has taken over what its partitions have.
    if (simulated.exists(of)) return asWanted;
    if (step === "make") return isThere ? asWanted : run;
    return simulated.stateOf(target) === "untouched" && constraintOf(catalog, target)?.validated
      ? asWanted
      : run;
  }
  const index = table?.indexes.find(({ name }) => name === target.name);
  const whole = tableOf(catalog, of)?.indexes.find(({ name }) => name === of.name);
  const isAttached =
    simulated.stateOf(target) === "untouched" &&
    index?.attachedTo?.schema === of.schema &&
    index.attachedTo.name === of.name;
  // What is dropped again by a later step, and was.
  const isOfKey = simulated.exists({ ...of, kind: "constraint" });
  if (until === undefined && !isOfKey && !simulated.exists(of)) return notThere;
  switch (step) {
    case "make":
    case "validate":
      return isThere ? asWanted : run;
    case "build":
      if (!isThere || isAttached) return isAttached ? asWanted : run;
      return index && !index.valid ? leftOver : asWanted;
    case "adopt":
      return simulated.stateOf(target) === "untouched" && index?.constraint ? asWanted : run;
    case "attach":
      // Done once more it has PostgreSQL look whether the whole is complete: a partition may have gone meanwhile.
      return isAttached && (whole?.valid !== false || !isLast) ? asWanted : run;
  }
}

function grant(
  { targets, grantees }: Of<"grant">,
  { simulated, timeline, schemas }: ConvergeContext,
): Decision {
  const actual = simulated.catalog();
  const isUntouched = targets.every(
    (target) =>
      target.schema !== null &&
      schemas.includes(target.schema) &&
      simulated.stateOf(target) === "untouched" &&
      grantees.every((grantee) => !simulated.isGrantChanged(grantKey(target, grantee))),
  );
  if (!isUntouched) return run;
  const matches = (expected: Catalog) =>
    targets.every((target) =>
      grantees.every((grantee) => {
        const wanted = grantsOf(expected, target, grantee, actual);
        return wanted !== null && wanted === grantsOf(actual, target, grantee, expected);
      }),
    );
  return timeline.after.some(matches) ? asWanted : run;
}
