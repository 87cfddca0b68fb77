import { z } from "zod";
import {
  aboutKey,
  type Catalog,
  catalogObjects,
  compareCatalogs,
  type Difference,
  describeDifference,
  followsFrom,
  isIncidental,
  isTakenOver,
  type ObjectIdentity,
  objectKey,
  readCatalog,
  withoutObjects,
} from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import type { Finding } from "../findings/finding.ts";
import type { Names } from "../model/names.ts";
import { isLeftOutOf, type Project } from "../model/project.ts";
import { nameOf, type Plan } from "../model/step.ts";
import type { Sql } from "../postgres/index.ts";
import { expectedHere, readOrigin } from "../records/origin.ts";
import { hasRecords, recordTables } from "../records/records.ts";

/**
 * Tells whether the migrations of a plan say something of what differs: they make the object, or set the property. A
 * comment that they do not write is nothing that they say.
 */
export function whatIsSaid(
  project: Project,
  { from, to }: Pick<Plan, "from" | "to">,
): (difference: Difference) => boolean {
  if (to === null) return () => false;
  const head = project.expectedCatalog(to);
  const changes = compareCatalogs(from === null ? withoutObjects(head) : project.expectedCatalog(from), head);
  const made = new Set(changes.flatMap(({ kind, object }) => (kind === "extra" ? object.label : [])));
  const set = new Set(changes.flatMap((one) => (one.kind === "different" ? aboutKey(one) : [])));
  const isMade = (object: ObjectIdentity): boolean =>
    made.has(object.label) || (object.parent !== null && isMade(object.parent));
  return (difference) =>
    set.has(aboutKey(difference)) ||
    (isMade(difference.object) &&
      !(isIncidental(difference) && difference.kind === "different" && difference.expected === null));
}

const recordSchema = z.array(z.object({ object: z.string() }));

/**
 * The objects of which the last validation said that they are wrong: running a deployment once more does not make them
 * right, whatever it finds left to do.
 */
async function foundWrong(sql: Sql, project: Project): Promise<Set<string>> {
  if (!(await hasRecords(sql, project.names))) return new Set();
  const rows = await sql.unsafe(
    `select f ->> 'object' as object
     from (select details, outcome from ${recordTables(project.names).deployments}
       where kind = 'deploy' and project = $1
         and (outcome = 'completed' or details #>> '{error,code}' = 'VALIDATION_FAILED')
       order by started_at desc limit 1) last
     cross join lateral jsonb_array_elements(last.details -> 'findings') f
     where last.outcome = 'failed' and f ->> 'severity' = 'error'`,
    [project.name],
  );
  return new Set(recordSchema.parse([...rows]).map(({ object }) => object));
}

/** What a difference means after a deployment, and what to do. */
function importanceOf(
  difference: Difference,
  excused: boolean,
  { command }: Names,
): Pick<Finding, "severity" | "remedy"> {
  // Nothing can change it afterwards.
  if (difference.kind === "different" && difference.property === "columnOrder") {
    return {
      severity: "info",
      remedy:
        "Nothing, where statements name their columns: these come in the order in which they were added.",
    };
  }
  if (excused) {
    return {
      severity: "info",
      remedy: "Nothing: it was so before the deployment, and no migration touches it.",
    };
  }
  return { severity: "error", remedy: `See what changed it, and plan again: ${command} plan` };
}

function findingOf(difference: Difference, excused: boolean, names: Names): Finding {
  return {
    check: `catalog.${difference.kind}` satisfies CheckId,
    ...describeDifference(difference),
    ...importanceOf(difference, excused, names),
  };
}

/**
 * What the migrations of a plan take away, and is there all the same: the applied ones left it, or a step names it and it
 * was not there before. What else nobody's migrations make is not theirs to judge.
 */
function leftBehind(
  { from, steps }: Pick<Plan, "from" | "steps">,
  {
    project,
    wanted,
    before,
    actual,
    wrong,
  }: {
    readonly project: Project;
    /** What the last validation found wrong. */
    readonly wrong: ReadonlySet<string>;
    /** As the migrations make it, and as they make it here. */
    readonly wanted: readonly [Catalog, Catalog];
    readonly before: Catalog;
    readonly actual: Catalog;
  },
): Difference[] {
  const extras = (expected: Catalog, found: Catalog): Difference[] =>
    compareCatalogs(expected, found).filter(({ kind }) => kind === "extra");
  const [, here] = wanted;
  const known = new Set(extras(here, actual).map(aboutKey));
  const found = extras(wanted[0], actual).filter((difference) => known.has(aboutKey(difference)));
  if (found.length === 0) return [];
  const left = new Set(
    from === null
      ? []
      : catalogObjects(project.expectedCatalog(from)).map(({ identity }) => objectKey(identity)),
  );
  const thereBefore = new Set(extras(wanted[0], before).map(aboutKey));
  const named = new Set(steps.flatMap(({ target }) => (target ? [nameOf(target)] : [])));
  return found.filter(
    (difference) =>
      left.has(objectKey(difference.object)) ||
      wrong.has(difference.object.label) ||
      (!thereBefore.has(aboutKey(difference)) && named.has(difference.object.label)),
  );
}

/**
 * Whether the database is as the last migration of a plan makes it, and all else holds that the project asks for.
 * What was already different before, and is touched by no step, is worth an information only, and so is what the
 * project leaves out here.
 *
 * @param before the catalog before the deployment
 */
export async function validate(
  sql: Sql,
  project: Project,
  plan: Plan,
  before: Catalog,
): Promise<readonly Finding[]> {
  const actual = await readCatalog(sql, { schemas: project.schemas });
  const isLeftOut = isLeftOutOf(project, actual);
  const differences = (tag: string | null, catalog: Catalog): Difference[] =>
    tag === null
      ? []
      : compareCatalogs(project.expectedCatalog(tag), catalog).filter(
          (difference) =>
            difference.kind !== "extra" &&
            !isLeftOut(difference.object) &&
            !isTakenOver(difference, project.expectedCatalog(tag), catalog),
        );
  const oldKeys = new Set(differences(plan.from, before).map(aboutKey));
  const said = whatIsSaid(project, plan);
  const wrong = await foundWrong(sql, project);
  const last = plan.to ?? plan.from;
  const head = last === null ? withoutObjects(actual) : project.expectedCatalog(last);
  const here = last === null ? head : expectedHere(project, await readOrigin(sql, project))(last);
  const extra =
    last === null ? [] : leftBehind(plan, { project, wanted: [head, here], before, actual, wrong });
  const now = [...differences(last, actual), ...extra.filter(({ object }) => !isLeftOut(object))];
  const notAsMet = new Set(compareCatalogs(here, actual).map(aboutKey));
  const inherited = now.filter((difference) => !notAsMet.has(aboutKey(difference)));
  const follows = followsFrom(inherited, head);
  const isExcused = (difference: Difference): boolean => {
    if (inherited.includes(difference) || follows(difference)) return true;
    if (isIncidental(difference)) return !said(difference);
    if (wrong.has(difference.object.label)) return false;
    return oldKeys.has(aboutKey(difference)) && !said(difference);
  };
  const found = now.map((difference) => findingOf(difference, isExcused(difference), project.names));
  // A comment excuses nothing else of its object.
  const comments = new Set(found.filter((_, at) => now[at] !== undefined && isIncidental(now[at])));
  const held = new Set(found.filter(({ severity }) => severity === "error").map(({ object }) => object));
  const excused = new Set([
    ...found
      .filter(
        (one) =>
          one.severity === "info" && !comments.has(one) && !held.has(one.object) && !wrong.has(one.object),
      )
      .map(({ object }) => object),
    ...plan.steps.flatMap(({ action, target }) => (action === "leave out" && target ? nameOf(target) : [])),
  ]);
  const own = (await project.validate(sql, here)).filter(({ object }) => !excused.has(object));
  // Of one object the project's own words are better than the engine's.
  const named = new Set(own.filter(({ severity }) => severity === "error").map(({ object }) => object));
  return [...own, ...found.filter(({ object }) => !named.has(object))];
}
