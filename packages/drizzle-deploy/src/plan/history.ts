import type { Migration } from "../migrations/index.ts";
import type { Target } from "../model/step.ts";
import { parseStepId } from "../model/step-id.ts";
import type { Goal } from "../statements/index.ts";
import type { Facts } from "./facts.ts";
import { isPartOf, namespaceOf } from "./step-relations.ts";

/** What a statement of the pending migrations is about, in one of its steps. */
export interface PendingGoal {
  readonly migration: Migration;
  readonly number: number;
  readonly goal: Goal;
  readonly needs: readonly Target[];
}

/** A place in the pending migrations. */
export interface Place {
  readonly migration: Migration;
  readonly number: number;
}

/**
 * What became of objects here once, as the records of deployments have it: also of those that a rollback has taken back
 * since. What a rollback keeps, and what it could not bring back, is as the last of the steps that ran left it.
 */
export interface History {
  /** Whether a statement ran here once, or a part of it did. */
  readonly hasRun: (place: Place) => boolean;
  /**
   * Under which name an object is that is there at some place in the migrations, by those of the later statements that
   * ran here: its own name where none of them renames it, null where one takes it away.
   */
  readonly fateOf: (target: Target, from: Place) => Target | null;
  /** Under which name an object that is there now was made, or was there at some place in the migrations. */
  readonly formerOf: (now: Target, from: Place) => Target;
  /** Whether a later statement that ran here gave something the name of an object, by making or renaming it. */
  readonly wasMadeLater: (target: Target, from: Place) => boolean;
}

function isSame(one: Target, other: Target): boolean {
  if (
    namespaceOf(one.kind) !== namespaceOf(other.kind) ||
    one.schema !== other.schema ||
    one.name !== other.name
  )
    return false;
  // Indexes have their names for themselves in a schema, whatever table they are of.
  return one.kind === "index" || one.table === other.table;
}

/** What a later statement makes of an object: the same, another name, or nothing. */
function following(target: Target, goal: Goal): Target | null {
  if (goal.does === "drop")
    return isSame(goal.target, target) || isPartOf(target, goal.target) ? null : target;
  if (goal.does !== "rename") return target;
  if (isSame(goal.target, target)) return goal.to;
  if (!isPartOf(target, goal.target)) return target;
  const { kind, schema, name } = goal.to;
  return kind === "schema" ? { ...target, schema: name } : { ...target, schema, table: name };
}

/** What was called as an object is now, before a statement: the same, or another name. */
function preceding(now: Target, goal: Goal): Target {
  if (goal.does !== "rename") return now;
  if (isSame(goal.to, now)) return goal.target;
  if (!isPartOf(now, goal.to)) return now;
  const { kind, schema, name } = goal.target;
  return kind === "schema" ? { ...now, schema: name } : { ...now, schema, table: name };
}

/** @param goals of all pending migrations, in their order; asked for only where something is not as it might be */
export function createHistory(
  { done, undone, state: { pending } }: Facts,
  goals: () => readonly PendingGoal[],
): History {
  const order = new Map(pending.map(({ tag }, at) => [tag, at]));
  const rank = ({ migration }: Place): number => order.get(migration.tag) ?? -1;
  const numbers = new Map<string, Set<number>>();
  for (const { migration, step } of [...done, ...undone]) {
    const known = numbers.get(migration) ?? new Set<number>();
    for (const part of parseStepId(step).parts) known.add(Number.parseInt(part, 10));
    numbers.set(migration, known);
  }
  const hasRun = ({ migration, number }: Place): boolean => numbers.get(migration.hash)?.has(number) ?? false;
  let ran: readonly PendingGoal[] | undefined;
  const after = (from: Place): readonly PendingGoal[] => {
    if (numbers.size === 0) return [];
    ran ??= goals().filter(hasRun);
    return ran.filter(
      (one) => rank(one) > rank(from) || (rank(one) === rank(from) && one.number > from.number),
    );
  };
  const follow = (target: Target, from: Place): Target | null =>
    after(from).reduce<Target | null>((now, { goal }) => now && following(now, goal), target);
  /** Whether a key, a check, an index or statistics went with a column that it was made of. */
  const wentAlong = (target: Target): boolean => {
    if (!["constraint", "index", "statistics"].includes(target.kind)) return false;
    const maker = ran?.findLast(({ goal }) => goal.does === "create" && isSame(goal.target, target));
    return maker?.needs.some((need) => need.kind === "column" && follow(need, maker) === null) ?? false;
  };
  return {
    hasRun,
    fateOf(target, from) {
      const fate = follow(target, from);
      return fate !== null && wentAlong(target) ? null : fate;
    },
    formerOf(now, from) {
      let former = now;
      for (const { goal } of after(from).toReversed()) {
        if (goal.does === "create" && isSame(goal.target, former)) break;
        former = preceding(former, goal);
      }
      return former;
    },
    wasMadeLater: (target, from) =>
      after(from).some(({ goal }) => {
        const made = goal.does === "create" ? goal.target : goal.does === "rename" ? goal.to : null;
        return made !== null && isSame(made, target);
      }),
  };
}
