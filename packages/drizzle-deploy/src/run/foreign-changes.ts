import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import type { Names } from "../model/names.ts";
import { type Plan, partsOf, type Step, type Target } from "../model/step.ts";
import type { Queryable } from "../postgres/index.ts";
import { continues } from "./step-error.ts";

/** What a step puts in another's place without PostgreSQL objecting. */
const replaced: readonly Target["kind"][] = ["view", "function", "policy", "trigger"];

/** Overloads of a function count as one: its arguments are left out. */
const labelOf = ({ kind, schema, table, name }: Target): string =>
  [kind, schema, table, kind === "function" ? name.replace(/\(.*$/s, "") : name].join(" ");

/*
 * The version of the row of the catalog that makes the object what it is: grants, comments and statistics are kept in
 * other rows. PostgreSQL 17 manual, 5.6 "System Columns": xmin.
 */
const query = `
select w.label, case w.kind
  when 'view' then (select string_agg(concat_ws(':', r.oid, r.xmin, c.reloptions), ',' order by r.oid)
    from pg_catalog.pg_class c join pg_catalog.pg_rewrite r on r.ev_class = c.oid
    where c.relnamespace = n.oid and c.relname = w.name)
  when 'function' then (select string_agg(concat_ws(':', p.oid, p.xmin), ',' order by p.oid)
    from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = split_part(w.name, '(', 1))
  when 'policy' then (select concat_ws(':', p.oid, p.xmin)
    from pg_catalog.pg_class c join pg_catalog.pg_policy p on p.polrelid = c.oid
    where c.relnamespace = n.oid and c.relname = w."table" and p.polname = w.name)
  else (select concat_ws(':', t.oid, t.xmin)
    from pg_catalog.pg_class c join pg_catalog.pg_trigger t on t.tgrelid = c.oid
    where c.relnamespace = n.oid and c.relname = w."table" and t.tgname = w.name)
  end as version
from json_to_recordset($1::text::json) as w (label text, kind text, schema text, "table" text, name text)
left join pg_catalog.pg_namespace n on n.nspname = w.schema`;

const versionsSchema = z.array(z.object({ label: z.string(), version: z.string().nullable() }));

async function readVersions(sql: Queryable, targets: readonly Target[]): Promise<Map<string, string | null>> {
  const wanted = targets.map((target) => ({ ...target, label: labelOf(target) }));
  const rows = versionsSchema.parse([...(await sql.unsafe(query, [JSON.stringify(wanted)]))]);
  return new Map(rows.map(({ label, version }) => [label, version]));
}

/**
 * Remembers what the steps of a plan will put something else in place of. Between planning and a step may lie the hours
 * of an index build, and what somebody put there meanwhile must not be lost.
 *
 * @returns what throws DeployError PLAN_OUTDATED before a step whose object is not as it was, but for what the plan's own
 * steps did to it
 */
export async function detectForeignChanges(
  sql: Queryable,
  { command }: Names,
  plan: Plan,
): Promise<(transaction: Queryable, step: Step) => Promise<void>> {
  const targets = plan.steps.flatMap(({ target }) =>
    target && replaced.includes(target.kind) ? [target] : [],
  );
  const before = await readVersions(sql, targets);
  return async (transaction, step) => {
    const { target } = step;
    if (!target || !replaced.includes(target.kind)) return;
    const label = labelOf(target);
    const earlier = plan.steps.slice(0, plan.steps.indexOf(step)).flatMap(partsOf);
    if (earlier.some((other) => other.target && labelOf(other.target) === label)) return;
    // What a rename or code gave this name was not known by it.
    const isOurs = earlier.some(({ kind }) =>
      ["rename", "move table", "opaque", "transaction"].includes(kind),
    );
    if (isOurs && before.get(label) === null) return;
    // It went along with what it was a part of.
    const isGone = earlier.some(
      ({ kind, target: whole }) =>
        (kind.startsWith("drop ") || kind === "rename" || kind === "move table") &&
        whole !== null &&
        (whole.kind === "schema"
          ? whole.name === target.schema
          : whole.schema === target.schema && whole.name === target.table),
    );
    if (isGone) return;
    const now = (await readVersions(transaction, [target])).get(label);
    const isTakenAlong = earlier.some(
      ({ kind, sql: statement }) => kind.startsWith("drop ") && /\bCASCADE\b/i.test(statement),
    );
    if (now === null && isTakenAlong) return;
    if (now === before.get(label)) return;
    throw new DeployError(
      "PLAN_OUTDATED",
      `${target.kind} ${target.name} was changed by somebody while this deployment ran, and ${step.title} (step ${step.id}) would undo that`,
      `See what it is now with ${command} plan. ${continues}`,
    );
  };
}
