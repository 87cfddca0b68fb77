import { lockModes } from "../model/lock-modes.ts";
import { isSameTarget, type Lock, type Step } from "../model/step.ts";
import { formatStepId, parseStepId } from "../model/step-id.ts";
import type { Draft, Goal } from "../statements/index.ts";

/** A step with what it was made of. */
export interface PlannedStep {
  readonly step: Step;
  readonly draft: Draft;
  /** What it brings about; of several drafts taken together, all of it. */
  readonly goals: readonly Goal[];
  /** Whether it is there only because of what a table lacks: it comes and goes between two plans. */
  readonly isRepair: boolean;
  /** Whether it is of several drafts taken together. */
  readonly isGroup: boolean;
  /** Whether it ends with row-level security being switched on. */
  readonly enables: boolean;
}

/** Left apart: what is refused has to be read alone, and what is left out stays so. */
const apart = ["blocked", "leave out"];

/**
 * Takes together what must not be seen half done: a new table and its row-level security, that and its first policies, a new function and who may
 * execute it, a revoke and the grant after it, a drop and what is made in its place. Which ones does not depend on
 * what is to do, so that a plan made again later has the same steps.
 */
export function groupSteps(planned: readonly PlannedStep[]): PlannedStep[] {
  const result: PlannedStep[] = [];
  for (const one of planned) {
    const at = result.findLastIndex(({ isRepair }) => !isRepair);
    const last = result[at];
    if (last && !one.isRepair && belongTogether(last, one)) result[at] = together(last, one);
    else result.push(one);
  }
  return result;
}

function belongTogether(one: PlannedStep, other: PlannedStep): boolean {
  if (apart.includes(one.step.action) || apart.includes(other.step.action)) return false;
  if (!one.step.transactional || !other.step.transactional) return false;
  const { goal: first } = one.draft;
  const { goal: second } = other.draft;
  if (first.does === "drop") return second.does === "create" && isSameTarget(first.target, second.target);
  if (other.step.kind === "row security" && other.step.target) {
    return (
      one.step.kind === "create table" &&
      one.step.target !== null &&
      isSameTarget(one.step.target, other.step.target)
    );
  }
  if (other.step.kind === "create policy" && second.does === "create") {
    // Without its first policies nobody would see a row.
    return (
      one.step.target !== null &&
      (one.step.kind === "row security" || one.enables) &&
      one.step.target.schema === second.target.schema &&
      one.step.target.name === second.target.table
    );
  }
  if (second.does !== "grant") return false;
  if (first.does === "grant") return true;
  return (
    first.does === "create" &&
    second.targets.length === 1 &&
    second.targets.every((target) => isSameTarget(target, first.target))
  );
}

function together(one: PlannedStep, other: PlannedStep): PlannedStep {
  const [a, b] = [one.step, other.step];
  const toDo = [a, b].filter(({ action }) => action !== "skip");
  const shown = toDo.length > 0 ? toDo : [a, b];
  const reasons = [...new Set(shown.flatMap(({ reason }) => reason ?? []))];
  const action = toDo.find((step) => step.action !== "run")?.action ?? toDo[0]?.action ?? "skip";
  const main = one.draft.goal.does === "drop" ? other : one;
  return {
    // What follows is held against what was made last.
    draft: main.draft,
    goals: [...one.goals, ...other.goals],
    isRepair: false,
    isGroup: true,
    enables: other.step.kind === "row security" || (one.enables && other.step.kind === "create policy"),
    step: {
      ...main.step,
      id: joined(a.id, b.id),
      title: `${a.title}; ${b.title}`,
      sql: shown.map(({ sql }) => sql).join(";\n"),
      needs: [...a.needs, ...b.needs.filter((need) => !a.target || !isSameTarget(need, a.target))],
      locks: strongest([...a.locks, ...b.locks]),
      action,
      reason: reasons.length > 0 ? reasons.join(" ") : null,
      hazards: [...a.hazards, ...b.hazards],
      safety: main.isGroup
        ? main.step.safety
        : `${main.step.safety} All of it in one transaction, so that nobody sees it half done.`,
      estimate: {
        milliseconds: a.estimate.milliseconds + b.estimate.milliseconds,
        growthBytes: a.estimate.growthBytes + b.estimate.growthBytes,
      },
    },
  };
}

/** The name of two steps of one migration that run as one. */
function joined(one: string, other: string): string {
  const { migration, parts } = parseStepId(one);
  return formatStepId({ migration, parts: [...parts, ...parseStepId(other).parts] });
}

/** The strongest lock on each relation. */
export function strongest(locks: readonly Lock[]): Lock[] {
  const found = new Map<string, Lock>();
  for (const lock of locks) {
    const key = JSON.stringify([lock.schema, lock.name]);
    const other = found.get(key);
    if (!other || lockModes.indexOf(lock.mode) > lockModes.indexOf(other.mode)) found.set(key, lock);
  }
  return [...found.values()];
}
