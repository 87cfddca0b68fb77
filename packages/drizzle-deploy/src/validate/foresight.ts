import {
  aboutKey,
  compareCatalogs,
  type Difference,
  describeDifference,
  followsFrom,
  isIncidental,
  isTakenOver,
  type ObjectIdentity,
  partOfWhole,
  propertyKey,
  withoutObjects,
} from "../catalog/index.ts";
import { type Finding, withSql } from "../findings/finding.ts";
import { wayOut } from "../kinds/way-out.ts";
import { isLeftOutOf, type Project } from "../model/project.ts";
import type { AdoptionRefusal } from "../model/refusals.ts";
import { isSameTarget, type Target, targetOf } from "../model/step.ts";
import type { PlannedStep } from "../plan/group-steps.ts";
import type { DetailedPlan } from "../plan/plan.ts";
import { expectedHere } from "../records/origin.ts";
import type { Goal } from "../statements/index.ts";
import { whatIsSaid } from "./validate.ts";

/** An object and everything that it is part of. */
const lineOf = (object: ObjectIdentity): ObjectIdentity[] => [
  object,
  ...(object.parent ? lineOf(object.parent) : []),
];

const isSame = (object: ObjectIdentity, target: Target): boolean => {
  const own = targetOf(object);
  return own !== null && isSameTarget(own, target);
};

/** Whether an object is what a target names, or part of it. */
const isWithin = (object: ObjectIdentity, target: Target): boolean =>
  lineOf(object).some((one) => isSame(one, target));

/** What making an object leaves as it is where the object is there already. */
const leftAlone = ["comment", "rowSecurity", "forceRowSecurity", "options"];

/** Whether a step brings about what a difference is about; of code, see `settledBy`. */
function settles(
  goal: Goal,
  { kind, target }: Pick<PlannedStep["step"], "kind" | "target">,
  difference: Difference,
): boolean {
  const { object } = difference;
  switch (goal.does) {
    case "create":
      if (difference.kind === "different" && leftAlone.includes(difference.property)) return false;
      return [goal.target, ...goal.parts].some((target) => isWithin(object, target));
    case "alter": {
      const own = targetOf(object);
      if (difference.kind !== "different" || own === null || !isSameTarget(own, goal.target)) return false;
      return (
        goal.properties.includes(difference.property) ||
        (difference.property === "labels" && goal.properties.some((name) => name.startsWith("label ")))
      );
    }
    case "drop":
    case "set members":
    case "bring back":
    case "build":
    case "exchange":
    case "domain rule":
      return isWithin(object, goal.target);
    case "in partition":
      // The index of a key is its constraint's. The last part makes the whole valid.
      return (
        (goal.isLast && isWithin(object, goal.of)) ||
        isWithin(object, goal.target) ||
        isWithin(object, { ...goal.target, kind: "constraint" })
      );
    case "rename":
      return isWithin(object, goal.to) || isWithin(object, goal.target);
    case "grant":
      return (
        object.kind === "grant" &&
        goal.grantees.includes(object.name) &&
        goal.targets.some((target) => isWithin(object, target))
      );
    case "journalled":
      // What no catalog shows as a whole changes its own object at most: the identity of a column.
      return kind === "grant"
        ? object.kind === "grant"
        : target !== null && difference.kind === "different" && isSame(object, target);
    case "temporary":
    case "role":
    case "session":
      return false;
  }
}

/** What of a partitioned table, or of one that others inherit from, is theirs too. */
const handedDown: readonly Target["kind"][] = ["column", "constraint", "trigger"];

/** What a step does to the partitions of the table that it works on, and to what inherits from it. */
function ofPartitions(goal: Goal, facts: DetailedPlan["facts"]): Goal[] {
  if (!("target" in goal)) return [];
  const { target } = goal;
  const isAttached =
    goal.does === "alter" && target.kind === "table" && goal.properties.includes("partition");
  const owner = target.table ?? target.name;
  // A partition gets what the whole has, and keeps it when it goes.
  if (isAttached) return [{ does: "drop", target }, ...ofTheirs(target, facts)];
  if (target.table === null || !handedDown.includes(target.kind)) return [];
  return facts.inheritance
    .filter(({ parent }) => parent.schema === target.schema && parent.name === owner)
    .flatMap(({ child }) => {
      const own = { ...goal, target: { ...target, schema: child.schema, table: child.name } };
      return [own, ...ofPartitions(own, facts)];
    });
}

/** The partitions of a table, as what is changed with it. */
function ofTheirs({ schema, name }: Target, facts: DetailedPlan["facts"]): Goal[] {
  return facts.inheritance
    .filter(({ parent }) => parent.schema === schema && parent.name === name)
    .flatMap(({ child }) => {
      const target: Target = { kind: "table", schema: child.schema, name: child.name, table: null };
      return [{ does: "drop" as const, target }, ...ofTheirs(target, facts)];
    });
}

/**
 * Tells whether the steps that are to run take a difference away. Code that no planner can see into is taken to do what
 * its migration makes of the catalog, and nothing else.
 */
export function settledBy(
  project: Project,
  { facts, plan, planned }: DetailedPlan,
): (difference: Difference) => boolean {
  const goals = planned.flatMap(({ step, goals: own }) =>
    own.flatMap((goal) => [goal, ...ofPartitions(goal, facts)]).map((goal) => ({ goal, step })),
  );
  const tags = [plan.from, ...plan.migrations.map(({ tag }) => tag)];
  const withCode = new Set(
    planned.flatMap(({ goals: own, step }) =>
      ["opaque", "transaction"].includes(step.kind) && own.length > 0 ? step.migration : [],
    ),
  );
  const byCode = new Set(
    [...withCode].flatMap((tag) => {
      const after = project.expectedCatalog(tag);
      const previous = tags[tags.indexOf(tag) - 1] ?? null;
      const before = previous === null ? withoutObjects(after) : project.expectedCatalog(previous);
      return compareCatalogs(before, after).map(aboutKey);
    }),
  );
  // What it makes or takes away as a whole, it makes or takes away with all its parts.
  const isByCode = (difference: Difference): boolean =>
    byCode.has(aboutKey(difference)) ||
    lineOf(difference.object).some((one) => byCode.has(propertyKey(one, null)));
  return (difference) =>
    goals.some(({ goal, step }) => settles(goal, step, difference)) || isByCode(difference);
}

/** After these, texts that nobody touches read differently: what will be there only the server can tell. */
const isTransforming = (goal: Goal): boolean =>
  goal.does === "rename" ||
  goal.does === "bring back" ||
  // A label of an enum that has another name.
  (goal.does === "alter" && goal.properties.includes("labels"));

/**
 * What would be wrong once every step is done: a validation that can be seen to fail is better known before the first
 * step. Pure.
 */
export function foreseenFindings(project: Project, { facts, plan, planned }: DetailedPlan): Finding[] {
  const actual = facts.catalog;
  const isSettled = settledBy(project, { facts, plan, planned });
  const own = project.foresee?.({ actual, isSettled, to: plan.to }) ?? [];
  const last = plan.to;
  if (last === null || planned.some(({ goals }) => goals.some(isTransforming))) return [...own];
  const wanted = project.expectedCatalog(last);
  const all = compareCatalogs(wanted, actual);
  const asMet = compareCatalogs(expectedHere(project, facts.origin)(last), actual);
  const notAsMet = new Set(asMet.map(aboutKey));
  const follows = followsFrom(all, wanted);
  const isSaid = whatIsSaid(project, plan);
  const isLeftOut = isLeftOutOf(project, actual);
  // What is as the migrations before left it comes to what the pending ones make of it: a text may read otherwise
  // since another object has gone.
  const foundAtFirst =
    plan.from === null ? [] : compareCatalogs(project.expectedCatalog(plan.from), actual).map(aboutKey);
  const wrongAtFirst = new Set(foundAtFirst);
  const isAsLeft = (difference: Difference): boolean =>
    plan.from !== null &&
    !wrongAtFirst.has(aboutKey(difference)) &&
    !lineOf(difference.object).some((one) => wrongAtFirst.has(propertyKey(one, null)));
  const isToBeTakenOver = (difference: Difference): boolean => {
    const whole = partOfWhole(difference, wanted)?.attachedTo;
    const { parent } = difference.object;
    return planned.some(({ goals }) =>
      goals.some(
        (goal) =>
          goal.does === "in partition" &&
          goal.of.schema === whole?.schema &&
          goal.of.name === whole?.name &&
          goal.target.schema === parent?.schema &&
          goal.target.table === parent?.name,
      ),
    );
  };
  const stuck = all.filter(
    (difference) =>
      difference.kind !== "extra" &&
      // What is missing as a whole a step makes, if only along with something else: the sequence of a serial column.
      !(difference.kind === "missing" && difference.object.parent === null) &&
      difference.object.kind !== "sequence" &&
      !isIncidental(difference) &&
      !(difference.kind === "different" && difference.property === "columnOrder") &&
      isSaid(difference) &&
      notAsMet.has(aboutKey(difference)) &&
      !isAsLeft(difference) &&
      !isLeftOut(difference.object) &&
      !isTakenOver(difference, wanted, actual) &&
      !isToBeTakenOver(difference) &&
      !isSettled(difference) &&
      !follows(difference),
  );
  const named = new Set(own.map(({ object }) => object));
  return [
    ...own,
    ...stuck
      .filter(({ object }) => !named.has(object.label))
      .map((difference): Finding => {
        const sql = wayOut(difference, { wanted, actual });
        const how = sql.length > 0 ? "run the statement" : "bring it to what is expected";
        return withSql(
          {
            check: "adoption.would-stay" satisfies AdoptionRefusal,
            severity: "error",
            ...describeDifference(difference),
            remedy: `No pending step changes it, and the validation would refuse it: ${how}, then run this again.`,
          },
          sql,
        );
      }),
  ];
}
