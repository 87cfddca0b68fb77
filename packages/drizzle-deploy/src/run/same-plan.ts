import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import type { Names } from "../model/names.ts";
import type { Plan, Step } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "../records/records.ts";

/** Whether a deployment of this very plan was begun here and did not get to its end. */
async function wasBegun(sql: Queryable, names: Names, plan: Plan): Promise<boolean> {
  if (!(await hasRecords(sql, names))) return false;
  const rows = await sql.unsafe(
    `select exists (select from ${recordTables(names).deployments}
       where plan ->> 'id' = $1 and outcome is distinct from 'completed') as begun`,
    [plan.id],
  );
  return z.tuple([z.object({ begun: z.boolean() })]).parse([...rows])[0].begun;
}

/** What of a step makes it this step and no other. */
const substance = ({ id, sql, action }: Step): string => JSON.stringify([id, sql, action]);

/** Whether `fresh` is what remains of `wanted` after some of its steps were done. */
function isRemainder(wanted: Plan, fresh: Plan): boolean {
  const steps = new Map(wanted.steps.map((step) => [step.id, step]));
  return (
    wanted.to === fresh.to &&
    fresh.migrations.every(({ hash }) => wanted.migrations.some((other) => other.hash === hash)) &&
    fresh.steps.every((step) => {
      if (step.action === "skip") return true;
      const planned = steps.get(step.id);
      if (!planned) return false;
      // An interrupted build has left something to clear away, and is else the same.
      const same = step.action === "rebuild" ? { ...step, action: planned.action } : step;
      return substance(same) === substance(planned);
    })
  );
}

/**
 * That a plan which was reviewed is the one to run now: made for the database as it is, or begun here and interrupted,
 * with nothing changed since but by its own steps.
 * @throws DeployError PLAN_OUTDATED
 */
export async function requireSamePlan(
  sql: Queryable,
  names: Names,
  wanted: Plan,
  fresh: Plan,
): Promise<void> {
  if (wanted.id === fresh.id && wanted.state === fresh.state) return;
  if (isRemainder(wanted, fresh) && (await wasBegun(sql, names, wanted))) return;
  const changed = fresh.steps.find((step) => {
    const planned = wanted.steps.find(({ id }) => id === step.id);
    return planned ? substance(planned) !== substance(step) : step.action !== "skip";
  });
  const first = changed ? `: first at ${changed.title} (step ${changed.id}), now to ${changed.action}` : "";
  throw new DeployError(
    "PLAN_OUTDATED",
    `the plan made at ${wanted.createdAt} is not what this database needs now${first}. Nothing was changed.`,
    `Plan again with ${names.command} plan --json, review it, and deploy that.`,
  );
}
