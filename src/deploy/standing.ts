import {
  type Catalog,
  catalogObjects,
  compareCatalogs,
  type Difference,
  readCatalog,
} from "../catalog/index.ts";
import { SpfpError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import { type Migration, readMigrations } from "../migrations/index.ts";
import type { Queryable } from "./bookkeeping.ts";
import { type Drift, findRemains, measureDrift, type Point } from "./drift.ts";
import { gatherFacts } from "./facts.ts";
import { holdJournal, readJournal } from "./journal-state.ts";
import { makePlan } from "./plan.ts";
import type { Project } from "./project.ts";
import type { Plan, Step, Target } from "./step.ts";

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

const countDifferences = ({ inTheWay, untouched }: Drift): number => inTheWay.length + untouched.length;

/**
 * How much is missing that a migration after the first point makes and a later one takes away again: a database without
 * it had neither of them, or both.
 */
function countUnmade(drift: Drift, first: Point | undefined): number {
  const known = new Set(first ? catalogObjects(first.expected).map(({ identity }) => identity.label) : []);
  return drift.settled.filter(
    ({ kind, object }) => kind === "missing" && object.kind !== "grant" && !known.has(object.label),
  ).length;
}

/**
 * The point that a database differs least from, from `first` on; of several the latest. What a migration took away and
 * is still there counts as well.
 */
function findClosest(
  drifts: readonly Drift[],
  {
    remains,
    first,
    points,
  }: {
    remains: readonly (readonly Difference[])[];
    first: number;
    points: readonly Point[];
  },
): number {
  const counts = drifts.map(
    (drift, at) => countDifferences(drift) + countUnmade(drift, points[first]) + (remains[at]?.length ?? 0),
  );
  const least = Math.min(...counts.slice(first));
  return counts.lastIndexOf(least);
}

/** Past the point that a database is closest to, what it lacks or still has beyond that was not applied to it. */
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

/** @throws SpfpError USAGE for a tag that the project does not have */
function positionOf(project: Project, points: readonly Point[], tag: string): number {
  const found = points.findIndex((point) => point.tag === tag);
  if (found >= 0) return found;
  throw new SpfpError(
    "USAGE",
    `"${tag}" is no migration of ${project.name}`,
    `They are ${points.map((point) => point.tag).join(", ")}.`,
  );
}

/**
 * Where a database that Drizzle has never seen stands in a project's history, and what keeps it from being adopted
 * there. Pure.
 * @throws SpfpError USAGE for a tag that the project does not have
 */
export function findPoint(
  project: Project,
  points: readonly Point[],
  actual: Catalog,
  at?: string,
): { at: number; drift: Drift; undecided: readonly string[] } {
  const drifts = measureDrift(points, actual, project.leaveOut);
  const remains = findRemains(points, actual);
  const first = project.baselineTag === null ? 0 : positionOf(project, points, project.baselineTag);
  const closest = findClosest(drifts, { remains, first, points });
  const chosen = at === undefined ? closest : positionOf(project, points, at);
  const [drift, best] = [drifts[chosen], drifts[closest]];
  if (!drift || !best) throw new RangeError("a project without migrations has no points");
  return {
    at: chosen,
    drift: chosen > closest ? claim(drift, best, remains[chosen] ?? []) : drift,
    undecided: at === undefined ? withoutTrace(points.slice(first, closest + 1)) : [],
  };
}

/** The last points that look alike: whether the migrations after the first of them were applied no catalog can tell. */
function withoutTrace(points: readonly Point[]): string[] {
  let from = points.length - 1;
  for (; from > 0; from -= 1) {
    const [before, after] = [points[from - 1], points[from]];
    if (!before || !after || compareCatalogs(before.expected, after.expected).length > 0) break;
  }
  return from < points.length - 1 ? points.slice(from).map(({ tag }) => tag) : [];
}

/** That only a person can say where the database stands. */
function undecidedFinding(points: readonly string[]): Finding[] {
  const [first, ...others] = points;
  if (first === undefined || others.length === 0) return [];
  return [
    {
      check: "adoption.undecided",
      severity: "error",
      object: others.join(", "),
      expected: "something in the catalog that tells whether it was applied",
      actual: "it changes rows alone, or nothing that stays: the database may have had it or not",
      remedy: `Name the last migration that it had: ${points.map((tag) => `spfp-db baseline --at ${tag}`).join(", or ")}. What comes after that is run.`,
    },
  ];
}

/** Where a database stands in a project's history. */
export interface Standing {
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
  /** The steps of it that cannot run because of what is there, apart from what `drift` says is in the way. */
  readonly blocked: readonly Finding[];
}

const noDrift: Drift = { inTheWay: [], settled: [], untouched: [] };

const labelOf = ({ schema, table, name }: Target): string => [schema, table, name].filter(Boolean).join(".");

const objectOf = ({ target, title }: Step): string => (target === null ? title : labelOf(target));

/** A step that is blocked by what is there, and not by what the statement would do anywhere. */
const isObstructed = ({ action, hazards }: Step): boolean =>
  action === "blocked" && hazards.every(({ allowed }) => allowed);

function obstructions({ steps }: Plan, known: Drift): Finding[] {
  const named = new Set(known.inTheWay.map(({ object }) => object.label));
  // What only lacks what is named already says nothing new.
  const isNamed = (need: Target): boolean => named.has(labelOf(need));
  return steps
    .filter((step) => isObstructed(step) && !named.has(objectOf(step)) && !step.needs.some(isNamed))
    .map((step) => ({
      check: "adoption.blocked",
      severity: "error",
      object: objectOf(step),
      expected: `step ${step.id} can ${step.title}`,
      actual: step.reason,
      remedy: "Put that right first; then run it again.",
    }));
}

/**
 * Where a database stands: by its journal, or where it has none by the point of the history that it is closest to; how
 * it differs from that point; and what a deployment would do from there. Changes nothing.
 *
 * @param at the point to take it to stand at, where it has no journal
 * @throws SpfpError USAGE for a tag that the project does not have; MIGRATION_CHANGED, MIGRATION_MISSING and
 * MIGRATION_OUT_OF_ORDER where journal and folder disagree; FILE_MISSING, FILE_INVALID
 */
export async function findStanding(sql: Queryable, project: Project, at?: string): Promise<Standing> {
  const migrations = readMigrations(project.migrationsFolder);
  const actual = await readCatalog(sql, { schemas: project.schemas });
  const points = readPoints(project, migrations);
  if (at !== undefined) positionOf(project, points, at);
  const journal = await readJournal(sql);
  const planFrom = async (applied: readonly Migration[], drift: Drift) => {
    const pending = migrations.filter((migration) => !applied.includes(migration));
    const plan = await makePlan(project, await gatherFacts(sql, project, { applied, pending }));
    return { actual, applied, pending, drift, plan, blocked: obstructions(plan, drift) };
  };
  if (journal.length > 0) {
    const { applied } = holdJournal(journal, migrations);
    const drift = measureDrift(points, actual, project.leaveOut)[applied.length - 1];
    return { is: "adopted", ...(await planFrom(applied, drift ?? noDrift)) };
  }
  if (hasNothingOf(points, actual)) return { is: "empty", ...(await planFrom([], noDrift)) };
  const { at: point, drift, undecided } = findPoint(project, points, actual, at);
  const found = await planFrom(migrations.slice(0, point + 1), drift);
  return { is: "found", ...found, blocked: [...undecidedFinding(undecided), ...found.blocked] };
}
