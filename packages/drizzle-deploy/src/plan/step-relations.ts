import { nameOf, type Target } from "../model/step.ts";
import type { Draft } from "../statements/index.ts";

/*
 * What the steps of one migration have to do with each other: one may be about what another makes, changes, renames or
 * takes away.
 */

/** Whether two steps are about the same object. */
export function isSameObjectAs(goal: Draft["goal"], { goal: other }: Draft): boolean {
  return (
    "target" in goal &&
    "target" in other &&
    goal.does !== "temporary" &&
    isSameObject(goal.target, other.target)
  );
}

/** Tables and views share their names, and so do all kinds of types. */
export const namespaceOf = (kind: Target["kind"]): string =>
  kind === "view" ? "table" : kind === "domain" ? "type" : kind;

/** Whether an object is a part of a table or view, or in a schema. */
export function isPartOf(part: Target, { kind, schema, name }: Target): boolean {
  if (kind === "schema") return part.schema === name;
  return (
    (kind === "table" || kind === "view" || kind === "publication") &&
    part.schema === schema &&
    part.table === name
  );
}

/** An index and a constraint of one name are one: the key's. */
const kindOf = ({ kind }: Target): string => (kind === "index" ? "constraint" : kind);

const isSameObject = (one: Target, other: Target): boolean =>
  nameOf(one) === nameOf(other) && kindOf(one) === kindOf(other);

/** Whether a step drops what another is about, or gives it another name. */
export function takesAway(goal: Draft["goal"], { goal: other }: Draft): boolean {
  return (
    (goal.does === "drop" || goal.does === "rename") &&
    "target" in other &&
    isSameObject(goal.target, other.target)
  );
}

/** Whether a step drops or renames what another works on a part of. */
export function takesAwayWhole(goal: Draft["goal"], { target, goal: other }: Draft): boolean {
  if ((goal.does !== "drop" && goal.does !== "rename") || target === null) return false;
  if (["schema", "table", "view", "publication"].includes(goal.target.kind))
    return isPartOf(target, goal.target);
  return other.does === "temporary" && isSameObject(goal.target, other.until.target);
}

/** Whether two steps change the same property of an object. */
export function overlaps(goal: Draft["goal"], draft: Draft): boolean {
  const other = draft.goal;
  return (
    goal.does === "alter" &&
    other.does === "alter" &&
    isSameObjectAs(goal, draft) &&
    goal.properties.some((property) => other.properties.includes(property))
  );
}

/** Whether a step makes what another is about, or gives something its name. */
export function makes(goal: Draft["goal"], { goal: other }: Draft): boolean {
  const made = goal.does === "create" ? goal.target : goal.does === "rename" ? goal.to : null;
  return made !== null && "target" in other && isSameObject(made, other.target);
}
