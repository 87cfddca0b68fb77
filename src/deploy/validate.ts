import { type Catalog, compareCatalogs, type Difference, readCatalog } from "../catalog/index.ts";
import type { Finding } from "../finding.ts";
import type { Sql } from "../postgres/index.ts";
import { targetOf } from "./drift.ts";
import type { Project } from "./project.ts";
import type { Plan, Step } from "./step.ts";

const keyOf = (difference: Difference): string =>
  JSON.stringify([
    difference.object.kind,
    difference.object.label,
    difference.kind === "different" && difference.property,
  ]);

/** What a difference means after a deployment, and what to do. */
function judge(difference: Difference, excused: boolean): Pick<Finding, "severity" | "remedy"> {
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
  return { severity: "error", remedy: "See what changed it, and plan again: spfp-db plan" };
}

function findingOf(difference: Difference, excused: boolean): Finding {
  return {
    check: `catalog.${difference.kind}`,
    object: difference.object.label,
    expected: "expected" in difference ? difference.expected : null,
    actual: "actual" in difference ? difference.actual : null,
    ...judge(difference, excused),
  };
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
  const isLeftOut = ({ object }: Difference): boolean => {
    const target = targetOf(object);
    return target !== null && project.leaveOut(target, actual) !== null;
  };
  const differences = (tag: string | null, catalog: Catalog): Difference[] =>
    tag === null
      ? []
      : compareCatalogs(project.expectedCatalog(tag), catalog).filter(
          (difference) => difference.kind !== "extra" && !isLeftOut(difference),
        );
  const old = differences(plan.from, before);
  const oldKeys = new Set(old.map(keyOf));
  const labels = (isWanted: (step: Step) => boolean): string[] =>
    plan.steps
      .filter(isWanted)
      .flatMap(({ target }) =>
        target ? [[target.schema, target.table, target.name].filter((part) => part !== null).join(".")] : [],
      );
  const touched = new Set(labels(({ action }) => action !== "leave out"));
  const isExcused = (difference: Difference): boolean =>
    oldKeys.has(keyOf(difference)) && !touched.has(difference.object.label);
  const found = differences(plan.to ?? plan.from, actual).map((difference) =>
    findingOf(difference, isExcused(difference)),
  );
  const excused = new Set([
    ...found.filter(({ severity }) => severity === "info").map(({ object }) => object),
    ...labels(({ action }) => action === "leave out"),
  ]);
  const own = (await project.validate(sql)).filter(({ object }) => !excused.has(object));
  // Of one object the project's own words are better than the engine's.
  const named = new Set(own.filter(({ severity }) => severity === "error").map(({ object }) => object));
  return [...own, ...found.filter(({ object }) => !named.has(object))];
}
