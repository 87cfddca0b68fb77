import {
  aboutKey,
  type Catalog,
  compareCatalogs,
  type Difference,
  type ObjectKind,
  objectKinds,
  readCatalog,
  withoutObjects,
} from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { type Finding, withSql } from "../findings/finding.ts";
import { functionNamed, functionSignature } from "../kinds/function.ts";
import { roleName } from "../kinds/grant.ts";
import { findTwin } from "../kinds/twin.ts";
import { putAside, wayOut } from "../kinds/way-out.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { AdoptionRefusal } from "../model/refusals.ts";
import { nameOf, type Plan, type Step, type Target } from "../model/step.ts";
import { type Facts, gatherFacts } from "../plan/facts.ts";
import { differences, has } from "../plan/in-catalog.ts";
import { type DetailedPlan, foreignOwner, otherChildren, passedOnBy, planInDetail } from "../plan/plan.ts";
import type { Queryable } from "../postgres/index.ts";
import { type Accepted, applyAcceptance } from "../records/acceptance.ts";
import { holdJournal, readJournal, wasAdoptedAsUnbegun } from "../records/migration-state.ts";
import { inOrder } from "../records/order.ts";
import { expectedHere } from "../records/origin.ts";
import { quoteIdentifier, quoteQualified } from "../sql/quote.ts";
import { foreseenFindings } from "../validate/foresight.ts";
import { obstacleFindings, replacedFindings } from "./baseline-report.ts";
import { type Drift, findLeftovers, measureDrift, type Point } from "./drift.ts";
import { type Evidence, gatherTraces } from "./evidence.ts";

/** The points of a project's history, in order. */
export function readPoints(project: Project, migrations: readonly Migration[]): Point[] {
  return migrations.map(({ tag }) => ({ tag, expected: project.expectedCatalog(tag) }));
}

/** Whether no table and no view that any migration makes is there. */
export function hasNothingOf(points: readonly Point[], actual: Catalog): boolean {
  const names = ({ tables, views }: Catalog): string[] =>
    [...tables, ...views].map(({ schema, name }) => JSON.stringify([schema, name]));
  const ours = new Set(points.flatMap(({ expected }) => names(expected)));
  return !names(actual).some((name) => ours.has(name));
}

const noDrift: Drift = { inTheWay: [], replaced: [], settled: [], untouched: [] };

/** Past the point that a database is proven to stand at, what it lacks or still has beyond that was not applied to it. */
function claim(drift: Drift, closest: Drift, remains: readonly Difference[]): Drift {
  const known = new Set([...closest.inTheWay, ...closest.untouched].map(({ object }) => object.label));
  const isKnown = ({ object }: Drift["untouched"][number]): boolean => known.has(object.label);
  return {
    ...drift,
    inTheWay: [
      ...drift.inTheWay,
      ...drift.untouched.filter((difference) => !isKnown(difference)),
      ...remains,
    ],
    untouched: drift.untouched.filter(isKnown),
  };
}

/** @throws DeployError USAGE for a tag that the project does not have */
function positionOf(project: Project, points: readonly Point[], tag: string): number {
  const found = points.findIndex((point) => point.tag === tag);
  if (found >= 0) return found;
  throw new DeployError(
    "USAGE",
    `"${tag}" is not a migration of ${project.name}`,
    `They are ${points.map((point) => point.tag).join(", ")}.`,
  );
}

/** Where a database stands by what it shows of each migration, and of which migrations nothing tells. */
function readTraces(
  evidence: readonly Evidence[],
  first: number,
): { readonly at: number; readonly untold: readonly string[] } {
  const stop = evidence.findIndex(({ trace }) => trace === "partly" || trace === "unseen");
  const reached = stop < 0 ? evidence : evidence.slice(0, stop);
  const last = reached.findLastIndex(({ trace }) => trace === "seen");
  const after = reached.slice(last + 1);
  return {
    at: first + 1 + last,
    untold: after.some(({ trace }) => trace === "traceless") ? after.map(({ tag }) => tag) : [],
  };
}

/**
 * Where a database that Drizzle has never seen stands in a project's history, and what keeps it from being adopted
 * there. A migration counts as applied only where all of it is seen, and where everything before it is. Pure.
 * @throws DeployError USAGE for a tag that the project does not have
 */
export function findPoint(
  project: Project,
  points: readonly Point[],
  actual: Catalog,
  at?: string,
): { at: number; drift: Drift; evidence: readonly Evidence[]; undecided: readonly string[] } {
  const drifts = driftsOf(project, points, actual);
  const first = project.baselineTag === null ? -1 : positionOf(project, points, project.baselineTag);
  const evidence = gatherTraces(points, actual, first);
  const proven = readTraces(evidence, first);
  const chosen = at === undefined ? proven.at : positionOf(project, points, at);
  const [drift, best] = [drifts[chosen + 1] ?? noDrift, drifts[proven.at + 1] ?? noDrift];
  const before = points[proven.at]?.tag;
  return {
    at: chosen,
    drift: chosen > proven.at ? claim(drift, best, findLeftovers(points, actual)[chosen] ?? []) : drift,
    evidence,
    undecided:
      at === undefined && before !== undefined && proven.untold.length > 0 ? [before, ...proven.untold] : [],
  };
}

/** How a database differs from what it is before the first migration, and after each. */
const driftsOf = (project: Project, points: readonly Point[], actual: Catalog): Drift[] =>
  measureDrift([{ tag: "", expected: withoutObjects(actual) }, ...points], actual, project.leaveOut);

/** That only a person can say where the database stands. */
function undecidedFinding({ command }: Names, points: readonly string[]): Finding[] {
  const [first, ...others] = points;
  if (first === undefined || others.length === 0) return [];
  return [
    {
      check: "adoption.undecided" satisfies AdoptionRefusal,
      severity: "error",
      object: others.join(", "),
      expected: "something in the catalog that tells whether it was applied",
      actual: "it changes rows alone, or nothing that stays: the database may have had it or not",
      remedy: `Name the last migration that it had: ${points.map((tag) => `${command} baseline --at ${tag}`).join(", or ")}. What comes after that is run.`,
    },
  ];
}

/** Where a database stands in a project's history. */
export interface Assessment {
  /** `adopted`: it has a journal. `found`: it has none, and the catalog says where it stands. */
  readonly is: "adopted" | "found" | "empty";
  readonly actual: Catalog;
  /** By the journal, or by the catalog where there is none. */
  readonly applied: readonly Migration[];
  readonly pending: readonly Migration[];
  /** How it differs from what the applied migrations make. */
  readonly drift: Drift;
  /** What a deployment would do from here. */
  readonly plan: Plan;
  /** What keeps the steps of it from running, or would be wrong after them. */
  readonly inTheWay: readonly Finding[];
  /** What a deployment writes again: the new form, and the one that is there. */
  readonly replaced: readonly Finding[];
  /** What of that was accepted by name. */
  readonly accepted: readonly Accepted[];
  /** By which it was found to stand there; empty where the journal says it. */
  readonly evidence: readonly Evidence[];
  /** The points between which only a person can tell. */
  readonly choices: readonly string[];
}

const objectOf = ({ target, title }: Step): string => (target === null ? title : nameOf(target));

/** A step that is blocked by what is there, and not by what the statement would do anywhere. */
const isObstructed = ({ action, hazards }: Step): boolean =>
  action === "blocked" && hazards.every(({ allowed }) => allowed);

/** The steps that what is there keeps from running, in a finding's words. */
function obstructedFindings(
  steps: readonly Step[],
  named: ReadonlySet<string>,
  wayOutOf: (step: Step) => string[],
): Finding[] {
  // What only lacks what is named already says nothing new.
  const isNamed = (need: Target): boolean => named.has(nameOf(need));
  return steps
    .filter((step) => !named.has(objectOf(step)) && !step.needs.some(isNamed))
    .map((step) =>
      withSql(
        {
          check: "adoption.blocked" satisfies AdoptionRefusal,
          severity: "error",
          object: objectOf(step),
          expected: `step ${step.id} can ${step.title}`,
          actual: step.reason,
          remedy: "Put that right first; then run it again.",
        },
        wayOutOf(step),
      ),
    );
}

/** What makes an object the session's role's own to change. */
function becomeOwner({ kind, schema, name, table }: Target, owner: string, facts: Facts): string {
  const { role, version } = facts.catalog.server;
  if (!facts.superusers.includes(owner)) {
    // A membership may be there already, and not be inherited; before 16 that was the member's own attribute.
    const option = version >= 160000 ? " WITH INHERIT TRUE" : "";
    return `GRANT ${quoteIdentifier(owner)} TO ${quoteIdentifier(role)}${option};`;
  }
  // Nobody is made a superuser for a deployment.
  const routine = functionNamed(facts.catalog, { schema: schema ?? "public", name });
  const object =
    kind === "function" && routine
      ? `ROUTINE ${functionSignature(routine)}`
      : `TABLE ${quoteQualified(schema ?? "public", table ?? name)}`;
  return `ALTER ${object} OWNER TO ${quoteIdentifier(role)};`;
}

/** What others own and the session's role may not change: each table, view or function once. */
function ownerFindings(steps: readonly Step[], facts: Facts): Finding[] {
  const { role } = facts.catalog.server;
  const owned = new Map<string, { target: Target; owner: string }>();
  for (const { target } of steps) {
    const owner = target && foreignOwner(target, facts);
    if (!target || !owner) continue;
    const root = { ...target, name: target.table ?? target.name, table: null };
    owned.set(nameOf(root), { target, owner });
  }
  return [...owned].map(([object, { target, owner }]) => ({
    check: "adoption.owner" satisfies AdoptionRefusal,
    severity: "error",
    object,
    expected: `owned by ${role}, or by a role that it is a member of`,
    actual: `owned by ${owner}`,
    remedy: `Connect as ${owner}. Or, if ${role} is meant to change what ${owner} owns, let an administrator run:`,
    sql: [becomeOwner(target, owner, facts)],
  }));
}

/** What would bring the objects of a step to what it was written for. */
function wayOutOfStep(project: Project, { plan, planned, facts }: DetailedPlan, step: Step): string[] {
  const draft = planned.find((one) => one.step === step)?.draft;
  const passed = draft ? passedOnBy(draft, facts) : [];
  if (passed.length > 0) {
    return passed.flatMap(({ schema, name, grantor, grantee, privileges }) => [
      `REVOKE GRANT OPTION FOR ALL PRIVILEGES ON ${quoteQualified(schema, name)} FROM ${quoteIdentifier(grantor)} CASCADE;`,
      `GRANT ${privileges.join(", ")} ON ${quoteQualified(schema, name)} TO ${roleName(grantee)};`,
    ]);
  }
  const children = draft ? otherChildren(draft, project.expectedCatalog(step.migration), facts) : [];
  const column = draft?.target?.name;
  if (children.length > 0 && column !== undefined) {
    return children.map(
      (child) =>
        `ALTER TABLE ${quoteQualified(child.schema, child.name)} RENAME COLUMN ${quoteIdentifier(column)} TO ${quoteIdentifier(`${column}_before`)};`,
    );
  }
  const tags = [...(plan.from === null ? [] : [plan.from]), ...plan.migrations.map(({ tag }) => tag)];
  const before = tags[tags.indexOf(step.migration) - 1];
  const goal = draft?.goal;
  const from = goal?.does === "create" ? step.migration : before;
  if (from === undefined) return [];
  const wanted = project.expectedCatalog(from);
  const { target } = step;
  const isMade = goal?.does === "create" && target !== null;
  const isMissing = (one: Target): boolean => isMade && one === target && !has(facts.catalog, one);
  // What the step itself is to make only has to find its name free.
  if (isMade && differences(wanted, facts.catalog, target).some(({ kind }) => kind === "missing")) {
    const aside = target.table === null || target.kind === "index" ? putAside(target, facts.catalog) : [];
    if (aside.length > 0) return aside;
  }
  const targets = [...(target && !isMissing(target) ? [target] : []), ...step.needs];
  return targets
    .flatMap((one) => differences(wanted, facts.catalog, one))
    .filter(({ kind }) => kind !== "extra")
    .flatMap((difference) => wayOut(difference, { wanted, actual: facts.catalog }));
}

/** What others are made of comes first, so that what to do can be done in the order in which it is said. */
const inOrderOfNeed: readonly ObjectKind[] = [
  "schema",
  "extension",
  "type",
  "domain",
  "sequence",
  "table",
  "column",
];

function byNeed({ object: one }: Difference, { object: other }: Difference): number {
  const place = ({ kind }: { readonly kind: ObjectKind }): number => {
    const at = inOrderOfNeed.indexOf(kind);
    if (kind === "view") return objectKinds.length;
    return at < 0 ? inOrderOfNeed.length : at;
  };
  return place(one) - place(other);
}

interface Obstacles {
  readonly drift: Drift;
  readonly planned: DetailedPlan;
  /** The last migration that counts as applied. */
  readonly at: string | undefined;
  /** What would be wrong after the last step. */
  readonly foreseen: readonly Finding[];
}

/** What is in the way of a plan: what it would stumble over, step by step, and what would be wrong after it. */
function findObstacles(project: Project, { drift, planned, at, foreseen }: Obstacles): Finding[] {
  const { plan, facts } = planned;
  const isForeign = ({ target }: Step): boolean => target !== null && foreignOwner(target, facts) !== null;
  const stopped = plan.steps.filter(isObstructed);
  const obstructed = stopped.filter((step) => !isForeign(step));
  const held = new Set(obstructed.flatMap((step) => [objectOf(step), ...step.needs.map(nameOf)]));
  const inTheWay = [
    ...drift.inTheWay,
    ...[...drift.replaced, ...drift.settled, ...drift.untouched].filter(
      ({ kind, object }) => kind === "missing" && held.has(object.label),
    ),
  ];
  const wanted = at === undefined ? facts.catalog : project.expectedCatalog(at);
  const named = new Set(inTheWay.map(({ object }) => object.label));
  const findings = [
    ...ownerFindings(stopped, facts),
    ...obstacleFindings(inTheWay.toSorted(byNeed), { wanted, actual: facts.catalog }),
    ...obstructedFindings(obstructed, named, (step) => wayOutOfStep(project, planned, step)),
  ];
  // What does the same under another name is given its name back, and is then no stranger.
  const twins = inTheWay.flatMap(({ object }) => {
    const twin = findTwin(object, wanted, facts.catalog);
    return twin === undefined ? [] : [[object.schema, object.parent?.name, twin].join(".")];
  });
  const known = new Set([...twins, ...findings.map(({ object }) => object)]);
  return [...findings, ...foreseen.filter(({ object }) => !known.has(object))];
}

/** Rows that pending migrations change, though the database shows some of their work already. */
function halfDoneFindings(project: Project, plan: Plan, evidence: readonly Evidence[]): Finding[] {
  const isShown = ({ trace }: Evidence): boolean => trace === "seen" || trace === "partly";
  const lastShown = evidence.findLastIndex(isShown);
  const firstUnseen = evidence.findIndex(({ trace }) => trace === "unseen");
  // Of what nothing tells, the migrations around it do.
  const begun = new Set(
    evidence
      .filter(
        (one, place) =>
          isShown(one) ||
          place < lastShown ||
          (one.trace === "unclear" && (firstUnseen < 0 || place < firstUnseen)),
      )
      .map(({ tag }) => tag),
  );
  const undone = project.undo ?? {};
  return plan.steps
    .filter(
      ({ kind, action, migration, id }) =>
        (kind === "change data" || kind === "opaque") &&
        action !== "skip" &&
        action !== "leave out" &&
        begun.has(migration) &&
        undone[id] === undefined,
    )
    .map(({ id, title, migration }) => ({
      check: "adoption.undecided" satisfies AdoptionRefusal,
      severity: "error",
      object: `step ${id}: ${title}`,
      expected: "something in the catalog that tells whether it was done",
      actual: `some of ${migration} is there, and rows keep no trace of it: running it again may change them twice`,
      remedy: `Bring the rest of ${migration} to what it makes, and name it: ${project.names.command} baseline --at ${migration}. Or name the migration before it, if the step may run again.`,
    }));
}

export interface AssessmentOptions {
  /** The point to take the database to stand at, where it has no journal. */
  readonly at?: string | undefined;
  /** Objects that may be wrong after the deployment as they are now, and who says so. */
  readonly accept?: readonly string[] | undefined;
  readonly by?: string | undefined;
  /** Whose hazards the deployment is to accept. */
  readonly allow?: readonly string[] | undefined;
}

/**
 * Where a database stands: by its journal, or where it has none by what it shows of each migration; how it differs from
 * that point; and what a deployment would do from there. Changes nothing.
 *
 * @throws DeployError USAGE for a tag that the project does not have; MIGRATION_CHANGED, MIGRATION_MISSING,
 * MIGRATION_OUT_OF_ORDER and MIGRATION_UNNAMED where journal and folder disagree; FILE_MISSING, FILE_INVALID
 */
export async function assessDatabase(
  sql: Queryable,
  project: Project,
  { at, accept, by = "nobody", allow = [] }: AssessmentOptions = {},
): Promise<Assessment> {
  const migrations = readMigrations(project.migrationsFolder);
  const actual = await readCatalog(sql, { schemas: project.schemas });
  const points = readPoints(project, migrations);
  if (at !== undefined) positionOf(project, points, at);
  const { rows: journal } = await readJournal(sql, project);
  const planFrom = async (applied: readonly Migration[], found: Drift) => {
    const pending = migrations.filter((migration) => !applied.includes(migration));
    const here = inOrder(project, { applied, pending });
    const facts = await gatherFacts(sql, project, { applied, pending });
    const planned = await planInDetail(project, facts, { allow });
    const point = applied.at(-1)?.tag;
    const drift = point === undefined ? found : withoutInherited(found, here, facts, point);
    const last = pending.at(-1) ?? applied.at(-1);
    const wanted = last ? here.expectedCatalog(last.tag) : withoutObjects(actual);
    const { findings, accepted } = await applyAcceptance(sql, project, foreseenFindings(here, planned), {
      names: accept,
      by,
      sides: async () => ({ wanted, actual }),
    });
    const foreseen = findings.filter(({ severity }) => severity === "error");
    return {
      actual,
      applied,
      pending,
      drift,
      plan: planned.plan,
      accepted,
      inTheWay: findObstacles(here, { drift, planned, at: point, foreseen }),
      replaced: replacedFindings(drift.replaced, wanted),
    };
  };
  const isBare = hasNothingOf(points, actual);
  if (journal.length > 0 || (!isBare && (await wasAdoptedAsUnbegun(sql, project)))) {
    const state = holdJournal(journal, migrations, journalTableOf(project));
    const { applied } = state;
    const inTurn = readPoints(inOrder(project, state), [...applied, ...state.pending]);
    const drift = driftsOf(project, inTurn, actual)[applied.length];
    return { is: "adopted", evidence: [], choices: [], ...(await planFrom(applied, drift ?? noDrift)) };
  }
  if (isBare) return { is: "empty", evidence: [], choices: [], ...(await planFrom([], noDrift)) };
  const { at: point, drift, evidence, undecided } = findPoint(project, points, actual, at);
  const found = await planFrom(migrations.slice(0, point + 1), drift);
  const untold = [
    ...undecidedFinding(project.names, undecided),
    ...(at === undefined ? halfDoneFindings(project, found.plan, evidence) : []),
  ];
  return { is: "found", ...found, evidence, choices: undecided, inTheWay: [...untold, ...found.inTheWay] };
}

/** What differs still as it did when the project met the database is known, and no news. */
function withoutInherited(drift: Drift, project: Project, { origin, catalog }: Facts, point: string): Drift {
  // Met just now: everything is news.
  if (origin === null || origin.catalog === catalog) return drift;
  const asMet = new Set(compareCatalogs(expectedHere(project, origin)(point), catalog).map(aboutKey));
  const isNews = (difference: Difference): boolean => asMet.has(aboutKey(difference));
  return { ...drift, untouched: drift.untouched.filter(isNews) };
}
