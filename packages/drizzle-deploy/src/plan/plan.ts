import { createHash } from "node:crypto";
import { type Catalog, compareCatalogs, isDescribed, isIncidental } from "../catalog/index.ts";
import type { Migration } from "../migrations/index.ts";
import { type Allowance, isAllowed, parseAllowances, requireKnown } from "../model/allowance.ts";
import type { Project } from "../model/project.ts";
import {
  batchesSchema,
  isSameTarget,
  isToRun,
  nameOf,
  type Plan,
  type Step,
  type Target,
} from "../model/step.ts";
import { formatStepId, includesStep, parseStepId } from "../model/step-id.ts";
import type { Sql } from "../postgres/index.ts";
import { inOrder } from "../records/order.ts";
import { expectedHere } from "../records/origin.ts";
import type { QualifiedName } from "../sql/names.ts";
import { classify, classifyRepairs, type Draft, type StatementContext } from "../statements/index.ts";
import { type ParsedStatement, parseMigration } from "../statements/parse.ts";
import { archivedAs, bringBack, madeRoom, namedBack, type Remains } from "./bring-back.ts";
import {
  asWritten,
  type Decision,
  decide,
  decideBuild,
  isEmptied,
  isPassedOver,
  isThereInTime,
  type Timeline,
} from "./converge.ts";
import { isDroppedLater, isUnusedUntilDropped } from "./dropped-later.ts";
import { namedBefore, printed } from "./edited-catalog.ts";
import { estimate, tableSize } from "./estimate.ts";
import { type Facts, gatherFacts, smallTable } from "./facts.ts";
import { groupSteps, type PlannedStep } from "./group-steps.ts";
import { createHistory, type PendingGoal, type Place } from "./history.ts";
import { dropInvalidIndexes } from "./invalid-indexes.ts";
import { notesOf } from "./notes.ts";
import { type ReplacedIndex, replacedBeside, replacedIndex } from "./replaced-index.ts";
import { contextOf, simulateCatalog } from "./simulated-catalog.ts";
import { type ClassifiedStatement, isForOthers, type Span, spansOf, subjects } from "./spans.ts";
import { isPartOf, isSameObjectAs, makes, overlaps, takesAway, takesAwayWhole } from "./step-relations.ts";
import {
  decideSpan,
  keyBeside,
  partsInTransaction,
  planTogether,
  spanId,
  validationAfter,
} from "./transaction.ts";

/** What a plan may take for granted. */
export interface PlanOptions {
  /** Steps, migrations and kinds of hazard that are accepted, in the words of `parseAllowances`. */
  readonly allow?: readonly string[];
}

interface PlanningContext extends Remains {
  readonly project: Project;
  /** What the database looks like after each migration, as it is here. */
  readonly expected: Project["expectedCatalog"];
  readonly allow: readonly Allowance[];
  /** Whether what the pending migrations are about is as the migrations before left it: they run as they are written. */
  readonly isAsLeft: boolean;
  /** What steps that were passed over would have made. */
  readonly lost: Target[];
}

/**
 * Plans what brings a database to the last migration of a project, online: each statement in the form that stops
 * nobody, held against what is there already. Pure: the same facts make the same plan.
 *
 * @throws DeployError FILE_MISSING, FILE_INVALID for a migration that does not parse, USAGE for an allowed step that
 * there is none of
 * @example
 * const plan = await makePlan(project, await gatherFacts(sql, project), { allow: ["0007_drop_legacy/2"] });
 */
export async function makePlan(project: Project, facts: Facts, options: PlanOptions = {}): Promise<Plan> {
  return (await planInDetail(project, facts, options)).plan;
}

/** A plan with what it was made from, and what each of its steps was made of. */
export interface DetailedPlan {
  readonly facts: Facts;
  readonly plan: Plan;
  readonly planned: readonly PlannedStep[];
}

/** As `makePlan`, with what the plan was made of. */
export async function planInDetail(
  whole: Project,
  facts: Facts,
  { allow = [] }: PlanOptions = {},
): Promise<DetailedPlan> {
  const project = inOrder(whole, facts.state);
  const { applied, pending } = facts.state;
  const expected = expectedHere(project, facts.origin);
  const allowances = parseAllowances(
    allow,
    [...applied, ...pending].map(({ tag }) => tag),
  );
  const simulated = simulateCatalog(facts, project.schemas);
  const parsed = pending.map(parseMigration);
  const goals = (): PendingGoal[] =>
    pending.flatMap((migration, at) => {
      const previous = pending[at - 1] ?? applied.at(-1);
      const known = contextOf(simulated, facts, {
        schemas: project.schemas,
        before: previous ? expected(previous.tag) : null,
        after: expected(migration.tag),
      });
      const statements = parsed[at] ?? [];
      const classified = classifyAll(statements, withOwnIndexes(statements, known));
      return preview(migration, classified).map((one) => ({
        ...one,
        migration,
      }));
    });
  const planning: PlanningContext = {
    project,
    expected,
    facts,
    allow: allowances,
    simulated,
    history: createHistory(facts, goals),
    brought: new Set(),
    isAsLeft: isAsLeft(project, facts, goals),
    lost: [],
  };
  const planned: PlannedStep[] = [];
  for (const [at, migration] of pending.entries()) {
    const previous = pending[at - 1] ?? applied.at(-1);
    const after: Timeline["after"] = [
      expected(migration.tag),
      ...pending.slice(at + 1).map(({ tag }) => expected(tag)),
      // What was found may have been brought to what the migrations say.
      ...pending.slice(at).map(({ tag }) => project.expectedCatalog(tag)),
    ];
    const timeline: Timeline = {
      start: expectedAt(project.expectedCatalog, applied.at(-1)),
      before: previous ? expected(previous.tag) : null,
      original: previous ? project.expectedCatalog(previous.tag) : null,
      after,
      left: after,
      last: expected(pending.at(-1)?.tag ?? migration.tag),
    };
    const statements = parsed[at] ?? [];
    const first = at === 0 ? dropInvalidIndexes(facts.catalog, facts.names, parsed.flat()) : [];
    const later = parsed.slice(at + 1);
    planned.push(...planMigration(migration, [...first, ...statements], { timeline, later }, planning));
  }
  const steps = planned.map(({ step }) => step);
  requireKnown(
    allowances,
    {
      pending: pending.map(({ tag }) => tag),
      applied: applied.map(({ tag }) => tag),
      steps: steps.map(({ id }) => id),
    },
    facts.names,
  );
  const plan: Plan = {
    version: 1,
    // What is replaced by the same statement that would have made it is the same step.
    id: hash(steps.map(({ id, sql, action }) => [id, sql, action === "replace" ? "run" : action])),
    state: stateOf(steps, pending, facts),
    project: project.name,
    createdAt: new Date().toISOString(),
    from: applied.at(-1)?.tag ?? null,
    to: (pending.at(-1) ?? applied.at(-1))?.tag ?? null,
    migrations: pending.map(({ statements: _, ...migration }) => migration),
    steps,
    notes: notesOf(planned, facts, {
      now: expectedAt(expected, applied.at(-1)),
      after: expectedAt(expected, pending.at(-1)),
    }),
  };
  return { facts, plan, planned };
}

/**
 * Whether no deployment has begun the pending migrations, and everything that they are about is as the applied ones left
 * it: then PostgreSQL makes of it what the scratch server made of it.
 */
function isAsLeft(
  project: Project,
  { state, done, catalog, archive }: Facts,
  goals: () => readonly PendingGoal[],
): boolean {
  const last = state.applied.at(-1);
  if (!last || state.pending.length === 0) return false;
  // What a rollback put aside comes back with all its parts.
  if (archive.tables.length > 0) return false;
  if (done.some(({ migration }) => state.pending.some(({ hash: ofFile }) => ofFile === migration)))
    return false;
  const found = compareCatalogs(project.expectedCatalog(last.tag), catalog).filter(
    (difference) => !isIncidental(difference),
  );
  // To see what all the statements are about takes its time.
  if (found.length === 0) return true;
  const plain = (name: string): string => name.replace(/\(.*$/s, "");
  const touched = new Set(
    goals().flatMap(({ goal, needs }) =>
      [...subjects(goal), ...needs].flatMap(({ name, table }) => [
        plain(name),
        ...(table === null ? [] : [table]),
      ]),
    ),
  );
  return !found.some(({ object: { name, parent } }) =>
    [name, ...(parent ? [parent.name] : [])].some((one) => touched.has(plain(one))),
  );
}

/** Reads the facts and plans from them. */
export async function planFor(sql: Sql, project: Project, allow: readonly string[]): Promise<Plan> {
  return makePlan(project, await gatherFacts(sql, project), { allow });
}

/** Whether nothing that matters to a plan has changed since it was made. */
export function isStillValid(plan: Plan, facts: Facts): boolean {
  return plan.state === stateOf(plan.steps, plan.migrations, facts);
}

function expectedAt(expected: Project["expectedCatalog"], migration: Migration | undefined): Catalog | null {
  return migration ? expected(migration.tag) : null;
}

const hash = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** The journal, what was done of the pending migrations, and every catalog object that the steps touch. */
function stateOf(steps: readonly Step[], pending: readonly { hash: string }[], facts: Facts): string {
  const touched = new Set<string>();
  for (const { target, needs, locks } of steps) {
    for (const one of [...(target ? [target] : []), ...needs]) {
      touched.add(JSON.stringify([one.schema, one.table ?? one.name.split("(")[0]]));
    }
    for (const { schema, name } of locks) touched.add(JSON.stringify([schema, name]));
  }
  const within = <T extends { name: string; schema?: string }>(list: readonly T[]): T[] =>
    list.filter(({ schema = null, name }) => touched.has(JSON.stringify([schema, name])));
  const { catalog, archive, journal, done } = facts;
  return hash([
    journal,
    done
      .filter(({ migration }) => pending.some((one) => one.hash === migration))
      .map(({ migration, step }) => [migration, step])
      .sort(),
    within(catalog.tables),
    within(catalog.views),
    within(catalog.functions),
    within(catalog.enums),
    within(catalog.domains),
    ...(catalog.structures && within(catalog.structures).length > 0 ? [within(catalog.structures)] : []),
    within(catalog.sequences),
    ...namedObjects(catalog, touched),
    within(catalog.schemas.map(({ name, owner }) => ({ name, owner }))),
    within(catalog.extensions.map(({ name }) => ({ name }))),
    archive.tables.filter(({ name }) =>
      [...touched].some((one) => one.endsWith(`,${JSON.stringify(name)}]`)),
    ),
  ]);
}

/** The objects of kinds with files of their own that steps name, by what they are a part of; none where there are none. */
function namedObjects({ objects = [] }: Catalog, touched: ReadonlySet<string>): (readonly unknown[])[] {
  const found = objects.filter(({ schema, of, name }) => touched.has(JSON.stringify([schema, of ?? name])));
  return found.length > 0 ? [found] : [];
}

function planMigration(
  migration: Migration,
  statements: readonly ParsedStatement[],
  {
    timeline: whole,
    later: migrationsAfter,
  }: { timeline: Timeline; later: readonly (readonly ParsedStatement[])[] },
  planning: PlanningContext,
): PlannedStep[] {
  const { facts, simulated, project, history } = planning;
  const known = contextOf(simulated, facts, {
    schemas: project.schemas,
    before: whole.before,
    after: whole.after[0],
    last: whole.last,
  });
  const context = withOwnIndexes(statements, known);
  const classified = classifyAll(statements, context);
  const ahead = preview(migration, classified);
  const planned: PlannedStep[] = [];
  const settled: Draft["goal"][] = [];
  const replacing = new Map<number, readonly Draft[]>();
  const own = classified.filter(({ number }) => number > 0);
  const beside = replacedBeside(own, { context, after: whole.after[0] });
  const spans = spansOf(own, whole.original, ({ number }) => beside.has(number));
  let together: Span | undefined;
  const timelineAt = timelinesOf(whole, ahead);
  for (const statement of classified) {
    const span = spans.find(({ first }) => first === statement.number);
    const isInside = together !== undefined && statement.number <= together.last;
    if (!isInside) planned.push(...planRoom(statement, span, classified, { migration, planning }));
    const steps =
      span && planSpan(span, classified, { context, migration, timeline: timelineAt(span.last), planning });
    if (steps) {
      planned.push(...steps);
      together = span;
      if (steps.at(-1)?.step.action === "skip") {
        settled.push(...goalsWithin(span, classified));
      }
    }
    const number = formatStepId({ migration: migration.tag, parts: [String(statement.number)] });
    const isTogether = together !== undefined && statement.number <= together.last;
    const timeline = timelineAt(statement.number);
    const inPlace = replacing.get(statement.number);
    const statementsAfter = statements.filter((one) => one.number > statement.number);
    const drafts = isTogether
      ? validationOf(statement, number, together, classified)
      : inPlace
        ? numbered(number, inPlace)
        : draftsOf(statement, number, { context, migration, timeline, planning });
    const place: Place = { migration, number: statement.number };
    // Asked of all steps before the first is taken as run: a column comes with its constraints, or without.
    const isThere = drafts.map(({ draft }) => isThereInTime(draft, simulated, timeline));
    for (const [at, { id, draft, isRepair }] of drafts.entries()) {
      const replaced = replacedIndex(draft, {
        later: statementsAfter,
        context,
        simulated,
        after: timeline.after[0],
      });
      const isExchanged = replaced && isDone(facts, migration, idOfExchange(migration, replaced));
      const later = ahead.filter((one) => one.number > statement.number);
      const laterDone = later.filter((one) => isDone(facts, migration, one.id));
      const held = decide(draft, {
        simulated,
        timeline,
        schemas: project.schemas,
        isDone: isExchanged || isDone(facts, migration, id),
        isThere: isThere[at] ?? false,
        hasRun: history.hasRun(place),
        fateOf: (target) => history.fateOf(target, place),
        wasMadeLater: (target) => history.wasMadeLater(target, place),
        setLater: later.flatMap(({ goal }) =>
          isSameObjectAs(goal, draft) && goal.does === "alter" ? goal.properties : [],
        ),
        renamedTypes: settled.flatMap((goal) =>
          goal.does === "rename" && goal.target.kind === "type"
            ? [{ from: printed(goal.target.name), to: printed(goal.to.name) }]
            : [],
        ),
        isBegun: settled.some((goal) => isSameObjectAs(goal, draft)),
        isRemade: later.some(
          ({ goal }) => takesAway(goal, draft) || makes(goal, draft) || overlaps(goal, draft),
        ),
        isGoneAgain: laterDone.some(({ goal }) => takesAway(goal, draft)),
        isToBeRenamed: later.some(
          ({ id: other, goal }) =>
            goal.does === "rename" &&
            (takesAway(goal, draft) || takesAwayWhole(goal, draft)) &&
            !isDone(facts, migration, other),
        ),
        isLeftBehind: laterDone.some(({ goal }) => takesAwayWhole(goal, draft)),
        isMadeAgain: laterDone.some(({ goal }) => makes(goal, draft)),
        isDroppedLater:
          isDroppedLater(draft, statement, [statementsAfter, ...migrationsAfter]) ||
          (isViewGoneAgain(draft, place, planning) &&
            isUnusedUntilDropped(draft, [statementsAfter, ...migrationsAfter])),
        isAlone: !ahead.some((one) => one.number !== statement.number && isSameObjectAs(one.goal, draft)),
        isFilled:
          (tableSize(draft.target, facts)?.bytes ?? 0) <= smallTable &&
          draft.target !== null &&
          !facts.nulls.includes(nameOf(draft.target)),
        dependents: (target) => dependentsOf(target, planning),
        isLost: (target) => planning.lost.some((one) => isSameTarget(one, target) || isPartOf(target, one)),
      });
      if (isPassedOver(held) && draft.goal.does === "create")
        planning.lost.push(draft.goal.target, ...draft.goal.parts);
      const decided = planning.isAsLeft && !isRepair ? asWritten(held, project.schemas, draft) : held;
      if (replaced && (replaced.isBegun || isToRun(decided))) {
        replacing.set(replaced.number, replaced.drafts);
        const step = stepOf(draft, untilReplaced(replaced), { id, migration, planning });
        planned.push({ step, draft, goals: [], isRepair, isGroup: false, enables: false });
        continue;
      }
      const decision = withChildren(
        withGrantors(withOwner(decided, draft, facts), draft, facts),
        draft,
        timeline.after[0],
        facts,
      );
      if (decision.action === "skip") settled.push(draft.goal);
      const step = stepOf(draft, decision, { id, migration, planning });
      // Also where a hazard or an owner blocks it: what comes after is not to be blamed for that.
      const changes = isToRun(decided) && step.action !== "leave out";
      if (changes) simulated.apply(draft, timeline.after[0]);
      if (!isRepair || step.action !== "skip") {
        const goals = changes ? [draft.goal] : [];
        planned.push({ step, draft, goals, isRepair, isGroup: false, enables: step.kind === "row security" });
      }
    }
  }
  return groupSteps(planned);
}

/** What each statement is held against: a later one of the migration may give its objects other names. */
function timelinesOf(
  whole: Timeline,
  ahead: readonly { readonly number: number; readonly goal: Draft["goal"] }[],
): (number: number) => Timeline {
  const known = new Map<number, Timeline>();
  return (number) => {
    const renames = ahead.filter((one) => one.number > number && one.goal.does === "rename");
    if (renames.length === 0) return whole;
    const found = known.get(renames.length);
    if (found) return found;
    const goals = renames.map(({ goal }) => goal);
    const [own, ...later] = whole.after;
    const timeline: Timeline = {
      ...whole,
      after: [namedBefore(own, goals), ...later.map((one) => namedBefore(one, goals))],
    };
    known.set(renames.length, timeline);
    return timeline;
  };
}

/** The name of the step that puts the new index in the place of the old one: the second of its statement. */
const idOfExchange = ({ tag }: Migration, { number }: ReplacedIndex): string =>
  formatStepId({ migration: tag, parts: [`${number}.2`] });

const untilReplaced = ({ number }: ReplacedIndex): Decision => ({
  action: "skip",
  reason: `It serves until statement ${number} has put the new one in its place.`,
});

/** Who owns what a target is, or is part of, where the session's role may not act for them; else null. */
export function foreignOwner({ kind, schema, name, table }: Target, facts: Facts): string | null {
  const {
    tables,
    views,
    functions,
    sequences,
    enums,
    domains,
    structures = [],
    objects = [],
  } = facts.catalog;
  const wanted = table ?? name;
  if (isDescribed(kind)) {
    const whole = objects.find((one) => one.schema === schema && one.of === null && one.name === wanted);
    const owner = whole?.properties["owner"] ?? null;
    return owner !== null && !facts.memberOf.includes(owner) ? owner : null;
  }
  const isIt = (one: QualifiedName): boolean => one.schema === schema && one.name === wanted;
  const found =
    kind === "function"
      ? functions.find((one) => one.schema === schema && `${one.name}(${one.argumentTypes})` === name)
      : [...tables, ...views, ...sequences, ...enums, ...domains, ...structures].find(isIt);
  return found && !facts.memberOf.includes(found.owner) ? found.owner : null;
}

/** What was passed on by those whom a statement takes privileges from: PostgreSQL then takes away nothing. */
export function passedOnBy({ kind, goal, sql }: Draft, { passedOn }: Facts): Facts["passedOn"] {
  if (kind !== "grant" || goal.does !== "grant") return [];
  if (!/^\s*REVOKE\b/i.test(sql) || /\bCASCADE\b/i.test(sql)) return [];
  return passedOn.filter(
    ({ schema, name, grantor }) =>
      goal.grantees.includes(grantor) &&
      goal.targets.some((one) => one.schema === schema && one.name === name && one.table === null),
  );
}

function withGrantors(decision: Decision, draft: Draft, facts: Facts): Decision {
  if (!isToRun(decision)) return decision;
  const [first] = passedOnBy(draft, facts);
  if (!first) return decision;
  const { schema, name, grantor, grantee } = first;
  return {
    action: "blocked",
    reason: `${grantor} passed privileges on ${schema}.${name} on to ${grantee}, and nothing is taken from ${grantor} as long as that depends on it.`,
  };
}

/** The tables that inherit from the one that gets a column, and have one of its name and of another type. */
export function otherChildren(
  { goal }: Draft,
  after: Catalog,
  { inheritance, catalog }: Facts,
): readonly QualifiedName[] {
  if (goal.does !== "create" || goal.target.kind !== "column") return [];
  const { schema, table, name } = goal.target;
  const typeIn = (tables: Catalog["tables"], of: { schema: string | null; name: string | null }) =>
    tables
      .find((one) => one.schema === of.schema && one.name === of.name)
      ?.columns.find((column) => column.name === name)?.type;
  const wanted = typeIn(after.tables, { schema, name: table });
  return inheritance
    .filter(({ parent }) => parent.schema === schema && parent.name === table)
    .map(({ child }) => child)
    .filter((child) => {
      const type = typeIn(catalog.tables, child);
      return type !== undefined && wanted !== undefined && type !== wanted;
    });
}

function withChildren(decision: Decision, draft: Draft, after: Catalog, facts: Facts): Decision {
  if (!isToRun(decision)) return decision;
  const [first] = otherChildren(draft, after, facts);
  if (!first) return decision;
  return {
    action: "blocked",
    reason: `${first.schema}.${first.name} inherits from the table, and has a column of that name and another type.`,
  };
}

/** Only its owner may change what is there. PostgreSQL 17 manual, 5.8 "Privileges". */
function withOwner(decision: Decision, { target, kind }: Draft, facts: Facts): Decision {
  if (!isToRun(decision) || target === null || target.kind === "data" || kind === "opaque") return decision;
  const owner = foreignOwner(target, facts);
  if (owner === null) return decision;
  const { role } = facts.catalog.server;
  return {
    action: "blocked",
    reason: `${nameOf(target)} is, or belongs to, what ${owner} owns, and ${role} may not act for ${owner}.`,
  };
}

/** What would not survive the dropping of a view or a function, as the steps so far leave it. */
function dependentsOf({ kind, schema, name }: Target, { facts, simulated }: PlanningContext): string[] {
  const labels = facts.dependents
    .filter(({ on }) => on.kind === kind && on.schema === schema && on.name === name)
    .filter(
      (by) =>
        simulated.stateOf({ kind: by.kind, schema: by.schema, name: by.name, table: by.table }) !== "gone",
    )
    .map((by) => [by.schema, by.table, by.name].filter((part) => part !== null).join("."));
  const isRuled = kind === "view" && facts.ruled.some((view) => view.schema === schema && view.name === name);
  return [...new Set(labels), ...(isRuled ? ["a rule, or a column's default, of its own"] : [])];
}

/** Statements with the steps that each would take by itself. */
const classifyAll = (
  statements: readonly ParsedStatement[],
  context: StatementContext,
): ClassifiedStatement[] =>
  statements.map((statement) => ({ ...statement, drafts: classify(statement, context) }));

/** What each statement is about, before anything is planned: a step may leave something to a later one. */
function preview(
  { tag }: Migration,
  statements: readonly ClassifiedStatement[],
): { number: number; id: string; goal: Draft["goal"]; needs: Draft["needs"] }[] {
  return statements.flatMap(({ number, drafts }) =>
    numbered(`${tag}/${number}`, drafts).map(({ id, draft }) => ({
      number,
      id,
      goal: draft.goal,
      needs: draft.needs,
    })),
  );
}

/**
 * Whether a statement of a span makes what a rollback has kept, so that it is there already: a column, a type, or a part
 * of a table that comes back.
 */
function isKept({ drafts }: ClassifiedStatement, { isAsLeft: isClean, simulated }: PlanningContext): boolean {
  const isThere = ({ goal }: Draft): boolean => {
    if (goal.does === "alter") return goal.properties.join() === "validated";
    if (goal.does !== "create") return false;
    const { kind, schema, table } = goal.target;
    const isWithTable = schema !== null && table !== null && simulated.isBroughtBack({ schema, name: table });
    return (
      (["column", "type", "domain", "sequence"].includes(kind) || isWithTable) &&
      simulated.exists(goal.target) &&
      simulated.stateOf(goal.target) === "untouched"
    );
  };
  return !isClean && drafts.some(({ goal }) => goal.does === "create") && drafts.every(isThere);
}

/** Steps before a statement, or a span of them, that free the names which they give from what a rollback has kept. */
function planRoom(
  statement: ClassifiedStatement,
  span: Span | undefined,
  all: readonly ClassifiedStatement[],
  { migration, planning }: { migration: Migration; planning: PlanningContext },
): PlannedStep[] {
  const together = span
    ? all.filter(({ number }) => number >= span.first && number <= span.last)
    : [statement];
  return together.flatMap(({ number, drafts }) => {
    const [draft] = drafts;
    const own = formatStepId({ migration: migration.tag, parts: [String(number)] });
    if (draft?.goal.does !== "create" || isDone(planning.facts, migration, own)) return [];
    const room = madeRoom(draft.goal.target, { migration, number }, planning);
    if (!room) return [];
    const id = formatStepId({ migration: migration.tag, parts: [`${number}.0`] });
    const made: Draft = { ...draft, ...room };
    const step = stepOf(made, { action: "run", reason: "A rollback kept it." }, { id, migration, planning });
    return [{ step, draft: made, goals: [], isRepair: true, isGroup: false, enables: false }];
  });
}

/** A statement of a span as it is run on what a rollback has kept: a column's numbers, a type under another name. */
function overWhatIsKept(
  statement: ClassifiedStatement,
  migration: Migration,
  planning: PlanningContext,
): ClassifiedStatement {
  const { isAsLeft: isClean, simulated } = planning;
  const [draft, ...others] = statement.drafts;
  if (isClean || !draft || others.length > 0) return statement;
  if (draft.goal.does === "create") {
    const back = namedBack(draft.goal.target, { migration, number: statement.number }, planning);
    return back ? { ...statement, asWritten: back.sql, drafts: [{ ...draft, ...back }] } : statement;
  }
  if (draft.goal.does !== "alter") return statement;
  const { target, properties } = draft.goal;
  const isKeptNumber = properties.join() === "identity" && simulated.isUntouched(target, properties);
  return isKeptNumber && draft.replacement !== undefined
    ? { ...statement, asWritten: draft.replacement }
    : statement;
}

/** Whether a statement of a span takes away what this plan has passed over, since it is taken away again. */
const isNotThere = ({ drafts }: ClassifiedStatement, { simulated }: PlanningContext): boolean =>
  drafts.length > 0 &&
  drafts.every(
    ({ goal }) =>
      goal.does === "drop" &&
      !simulated.exists(goal.target) &&
      !simulated.isUnknown(goal.target) &&
      !simulated.isOpaque(),
  );

/** The statements of a span as one step; null where they are to be planned one by one. */
function planSpan(
  span: Span,
  classified: readonly ClassifiedStatement[],
  {
    context,
    migration,
    timeline,
    planning,
  }: { context: StatementContext; migration: Migration; timeline: Timeline; planning: PlanningContext },
): PlannedStep[] | null {
  const { facts, simulated, project } = planning;
  const statements = classified.filter(
    ({ number, drafts }) =>
      number >= span.first && number <= span.last && !drafts.every(({ goal }) => goal.does === "session"),
  );
  const targets = statements.flatMap(({ drafts }) => drafts.flatMap(({ target }) => target ?? []));
  if (targets.some((target) => project.leaveOut(target, simulated.catalog()) !== null)) return null;
  const id = spanId(migration.tag, statements);
  let decided = decideSpan(statements, {
    simulated,
    timeline,
    schemas: project.schemas,
    isDone: isDone(facts, migration, id),
    isBegun: [...facts.done, ...(facts.batches ?? [])].some(
      ({ migration: ofFile, step }) =>
        ofFile === migration.hash &&
        parseStepId(step).parts.some((part) =>
          statements.some(
            (statement) =>
              !isHidden(statement) &&
              (part === String(statement.number) ||
                (part.startsWith(`${statement.number}.`) && part !== idBeside(statement.number))),
          ),
        ),
    ),
  });
  if (decided === "apart") return null;
  const changes = isToRun(decided);
  // In a table that this plan makes the key is added with its index.
  const found = statements.map((one) => ({ ...one, drafts: classify(one, context) }));
  const builds = planBuilds(changes ? found : statements, changes, { migration, timeline, planning });
  // Each as what the one before it leaves: rows that go into a table of this very transaction are no hazard.
  const asTheyCome = statements.flatMap((statement) => {
    const now = overWhatIsKept({ ...statement, drafts: classify(statement, context) }, migration, planning);
    const own = formatStepId({ migration: migration.tag, parts: [String(statement.number)] });
    // What no catalog shows stays when the rest is rolled back, unless what it has filled is gone.
    const stays =
      isHidden(now) &&
      facts.done.some(({ migration: ofFile, step }) => ofFile === migration.hash && step === own) &&
      !now.drafts.some((one) => isEmptied(one, simulated));
    if (changes && (stays || isKept(now, planning) || isNotThere(now, planning))) return [];
    if (changes) {
      for (const one of partsInTransaction(now, statements, project.names))
        if (!isThereInTime(one, simulated, timeline)) simulated.apply(one, timeline.after[0]);
    }
    return [now];
  });
  if (asTheyCome.every((statement) => isForOthers(statement, span.temporary))) {
    decided = { action: "skip", reason: "Nothing would stay of it." };
  }
  const toRun = isToRun(decided) ? asTheyCome : statements;
  const { draft, parts, estimate: expected } = planTogether(span, toRun, facts);
  const refusal = parts
    .map(({ draft: one }) => withGrantors(withOwner(decided, one, facts), one, facts))
    .find(({ action }) => action === "blocked");
  const step = {
    ...stepOf(draft, refusal ?? decided, { id, migration, planning }),
    parts: parts.map(({ number, draft: { kind, title, target, sql } }) => ({
      id: formatStepId({ migration: migration.tag, parts: [String(number)] }),
      kind,
      title,
      sql,
      target,
    })),
  };
  const whole = { draft, isRepair: false, isGroup: true, enables: false };
  if (!isToRun(decided)) return [...builds, { ...whole, step, goals: [] }];
  const goals = parts.map(({ draft: { goal } }) => goal);
  return [...builds, { ...whole, step: { ...step, estimate: expected }, goals }];
}

const goalsWithin = ({ first, last }: Span, statements: readonly ClassifiedStatement[]): Draft["goal"][] =>
  statements
    .filter(({ number }) => number >= first && number <= last)
    .flatMap(({ drafts }) => drafts.map(({ goal }) => goal));

/** Whether no catalog shows what a statement does. */
const isHidden = ({ drafts }: ClassifiedStatement): boolean =>
  drafts.every(({ goal }) => goal.does === "journalled");

/** The part of a statement that builds the index of its key. */
const idBeside = (number: number): string => `${number}.1`;

/** The indexes that are built before a transaction in which they become those of keys. */
function planBuilds(
  statements: readonly ClassifiedStatement[],
  isChanging: boolean,
  { migration, timeline, planning }: { migration: Migration; timeline: Timeline; planning: PlanningContext },
): PlannedStep[] {
  const { project, facts, simulated } = planning;
  return statements.flatMap((statement) => {
    const draft = keyBeside(statement, statements, project.names)?.build;
    if (!draft) return [];
    const id = formatStepId({ migration: migration.tag, parts: [idBeside(statement.number)] });
    const decision: Decision = isChanging
      ? withOwner(
          decideBuild(draft, { simulated, timeline, isDone: isDone(facts, migration, id) }),
          draft,
          facts,
        )
      : { action: "skip", reason: "It has become what it was built for." };
    const step = stepOf(draft, decision, { id, migration, planning });
    if (isToRun(decision)) simulated.apply(draft, timeline.after[0]);
    const goals = isToRun(decision) ? [draft.goal] : [];
    return [{ step, draft, goals, isRepair: false, isGroup: false, enables: false }];
  });
}

/** Of a statement that runs together with others what comes after them by itself. */
function validationOf(
  statement: ClassifiedStatement,
  number: string,
  span: Span | undefined,
  all: readonly ClassifiedStatement[],
): Numbered[] {
  const together = all.filter((one) => span && one.number >= span.first && one.number <= span.last);
  const draft = validationAfter(statement, together);
  return draft ? [{ id: `${number}.2`, draft, isRepair: false }] : [];
}

/** Whether it makes a view that it made here before, and that a later statement, which ran too, took away. */
function isViewGoneAgain({ goal }: Draft, place: Place, { history }: PlanningContext): boolean {
  return (
    goal.does === "create" &&
    goal.target.kind === "view" &&
    history.hasRun(place) &&
    history.fateOf(goal.target, place) === null
  );
}

type IndexTables = Pick<StatementContext, "indexTable" | "keyTable">;

/** As the context, with the indexes and keys that the migration makes and no catalog has. */
function withOwnIndexes(statements: readonly ParsedStatement[], known: StatementContext): StatementContext {
  let made: IndexTables | undefined;
  // Few migrations ask for one.
  const own = (): IndexTables => {
    made ??= indexesMade(statements, known);
    return made;
  };
  return withIndexes(known, own);
}

/** The context with indexes and keys besides those that it knows, which come first. */
const withIndexes = (known: StatementContext, more: () => IndexTables): StatementContext => ({
  ...known,
  indexTable: (index) => known.indexTable(index) ?? more().indexTable(index),
  keyTable: (index) =>
    known.keyTable(index) ?? (known.indexTable(index) ? undefined : more().keyTable(index)),
});

/** The tables of the indexes and keys that a migration makes and takes away again, or renames: no catalog has them. */
function indexesMade(statements: readonly ParsedStatement[], context: StatementContext): IndexTables {
  const tables = { index: new Map<string, QualifiedName>(), constraint: new Map<string, QualifiedName>() };
  const find = (kind: "index" | "constraint", { schema, name }: QualifiedName) =>
    tables[kind].get(JSON.stringify([schema, name]));
  const found: IndexTables = {
    indexTable: (index) => find("index", index),
    // Only the index of a key goes by the name of a constraint.
    keyTable: (index) => (find("index", index) ? undefined : find("constraint", index)),
  };
  const meanwhile = withIndexes(context, () => found);
  for (const statement of statements) {
    for (const { goal } of classify(statement, meanwhile)) {
      const made =
        goal.does === "create" ? [goal.target, ...goal.parts] : goal.does === "rename" ? [goal.to] : [];
      for (const { kind, schema, name, table } of made) {
        if ((kind !== "index" && kind !== "constraint") || schema === null || table === null) continue;
        tables[kind].set(JSON.stringify([schema, name]), { schema, name: table });
      }
    }
  }
  return found;
}

/** The steps of a statement with their ids. */
function numbered(number: string, drafts: readonly Draft[]): Numbered[] {
  return drafts.map((draft, at) => ({
    id: drafts.length > 1 ? `${number}.${at + 1}` : number,
    draft,
    isRepair: false,
  }));
}

const isDone = ({ done }: Facts, { hash: ofFile }: Migration, id: string): boolean =>
  done.some(
    ({ migration, step }) => migration === ofFile && includesStep(parseStepId(step), parseStepId(id)),
  );

type Numbered = Pick<PlannedStep, "draft" | "isRepair"> & { readonly id: string };

/**
 * A statement's steps with their ids. A table that is there already gets what it lacks of the statement's columns and
 * constraints; one that a rollback put aside comes back.
 */
function draftsOf(
  statement: ParsedStatement,
  number: string,
  {
    context,
    migration,
    timeline,
    planning,
  }: { context: StatementContext; migration: Migration; timeline: Timeline; planning: PlanningContext },
): Numbered[] {
  const { facts, simulated } = planning;
  const drafts = classify(statement, context);
  // What makes room for a partition comes before the table itself.
  const first = drafts.find(({ goal }) => goal.does === "create" && goal.target.kind === "table");
  const goal = first?.goal;
  if (first && goal?.does === "create" && goal.target.kind === "table" && goal.target.schema !== null) {
    const own = numbered(number, drafts).find(({ draft }) => draft === first)?.id ?? number;
    const table = { schema: goal.target.schema, name: goal.target.name };
    if (simulated.exists(goal.target) && simulated.stateOf(goal.target) === "untouched") {
      const size = facts.relations.find((one) => one.schema === table.schema && one.name === table.name);
      const isTransient = !timeline.after[0].tables.some(
        ({ schema, name }) => schema === table.schema && name === table.name,
      );
      // A later statement drops or renames it: what it lacks of this one may be on its way there.
      if (isTransient && isDone(facts, migration, own)) {
        simulated.adoptNew(table);
        return numbered(number, drafts);
      }
      if (simulated.isBroughtBack(table) && isThereInTime(first, simulated, timeline))
        return numbered(number, drafts);
      // Made by a deployment that was interrupted: still as good as empty, unless it has been used since.
      if (isDone(facts, migration, own) && (size?.bytes ?? 0) <= smallTable) simulated.adoptNew(table);
      return [...numbered(number, drafts), ...repairsOf(statement, number, context)];
    }
    const archived = archivedAs(goal, { migration, number: statement.number }, planning);
    if (archived) {
      simulated.restore(archived.name, archived.as, archived);
      planning.brought.add(archived.name);
      const draft = bringBack(facts.names, first, archived);
      const isItself = archived.as.schema === table.schema && archived.as.name === table.name;
      return [
        { id: number, draft, isRepair: false },
        ...(isItself ? repairsOf(statement, number, context) : []),
      ];
    }
  }
  const [begin, ...others] = drafts;
  if (begin?.goal.does === "create") {
    const back = namedBack(begin.goal.target, { migration, number: statement.number }, planning);
    if (back) return numbered(number, [{ ...begin, ...back }, ...others]);
  }
  return numbered(number, drafts);
}

function repairsOf(statement: ParsedStatement, number: string, context: StatementContext): Numbered[] {
  return classifyRepairs(statement, context).flatMap((drafts, part) =>
    // Numbered by the part of the table, so that the others keep their ids when one is done.
    drafts.map((draft, at) => ({ id: `${number}.${part + 1}.${at + 1}`, draft, isRepair: true })),
  );
}

function stepOf(
  draft: Draft,
  decision: Decision,
  { id, migration, planning }: { id: string; migration: Migration; planning: PlanningContext },
): Step {
  const { project, facts, simulated, allow } = planning;
  const left = draft.target && project.leaveOut(draft.target, simulated.catalog());
  const {
    action,
    reason,
    sql = draft.sql,
    isHarmless = false,
  }: Decision = left && decision.action !== "skip" ? { action: "leave out", reason: left } : decision;
  const changes = isToRun({ action });
  const begun = facts.batches?.some((one) => one.migration === migration.hash && one.step === id) ?? false;
  const inBatches =
    changes && (begun || draft.hazards.some(({ name }) => name === "long-lock")) && draft.batches;
  const found = begun && !inBatches ? [...draft.hazards, stuck(draft)] : (inBatches || draft).hazards;
  const hazards =
    changes && !isHarmless
      ? found.map((hazard) => ({
          ...hazard,
          allowed: isAllowed(allow, { id, migration: migration.tag }, hazard.name),
        }))
      : [];
  const refused = hazards.filter(({ allowed }) => !allowed);
  return {
    id,
    migration: migration.tag,
    kind: draft.kind,
    title: draft.title,
    sql,
    target: draft.target,
    needs: [...draft.needs],
    locks: [...draft.locks],
    transactional: draft.transactional,
    action: refused.length > 0 ? "blocked" : action,
    reason: refused.length > 0 ? refused.map(({ message }) => message).join(" ") : reason,
    hazards,
    safety: (inBatches || draft).safety,
    size: tableSize(inBatches ? { kind: "table", ...inBatches.table, table: null } : draft.target, facts),
    estimate: changes ? estimate(draft.work, facts) : { milliseconds: 0, growthBytes: 0 },
    ...(inBatches ? { batches: batchesSchema.strip().parse(inBatches) } : {}),
  };
}

/** That a statement was begun in batches, and cannot be shown any more to come to the same if it is continued so. */
const stuck = ({ unbatched }: Draft): Draft["hazards"][number] => ({
  name: "unsupported",
  message: `It was begun in batches, and cannot be continued, since ${unbatched ?? "it is part of a transaction"}; run as a whole it would change rows once more.`,
  safeForm: "Take away what came into its way since, and deploy again: it is continued where it was.",
});
