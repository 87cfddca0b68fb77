import { z } from "zod";
import type { Catalog, Table } from "../catalog/index.ts";
import type { Finding } from "../finding.ts";
import type { Sql } from "../postgres/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../sql.ts";
import { auditTable } from "./area.ts";

const rowsSchema = z.array(
  z.object({ check: z.string(), object: z.string(), count: z.coerce.number().int(), example: z.string() }),
);

/** A query that returns `count` and `example` for rows that should not be there. */
interface Question {
  readonly check: string;
  readonly object: string;
  readonly severity: Finding["severity"];
  readonly expected: string;
  readonly remedy: string;
  readonly query: string;
}

function has(table: Table | undefined, ...columns: string[]): boolean {
  return columns.every((name) => table?.columns.some((column) => column.name === name));
}

function duplicates(find: (name: string) => Table | undefined): Question[] {
  const questions: Question[] = [];
  const remedy = "Merge them: spfp-db rehearse shows how, on a copy; each group keeps one.";
  if (has(find("categories"), "user_id", "name", "deleted_at")) {
    questions.push({
      check: "data.duplicate-category",
      object: "public.categories",
      severity: "error",
      expected: "one live category of a name per user, whatever its case",
      remedy,
      query: `select count(*) as count, min(user_id::text) as example from (
        select user_id, lower(name) as name from public.categories where deleted_at is null
        group by 1, 2 having count(*) > 1) groups`,
    });
  }
  if (has(find("custom_templates"), "user_id", "type", "is_default")) {
    questions.push({
      check: "data.duplicate-default-template",
      object: "public.custom_templates",
      severity: "error",
      expected: "one default template of a type per user",
      remedy,
      query: `select count(*) as count, min(user_id::text) as example from (
        select user_id, type from public.custom_templates where is_default
        group by 1, 2 having count(*) > 1) groups`,
    });
  }
  return questions;
}

/** Foreign keys are checked when a row is written, unless triggers were off: a restore can do that. */
function orphans(expected: Catalog, find: (name: string) => Table | undefined): Question[] {
  return expected.tables.flatMap((table) =>
    table.constraints.flatMap(({ columns, references }): Question[] => {
      const [column] = columns;
      const [target] = references?.columns ?? [];
      if (!references || columns.length !== 1 || !column || !target || !has(find(table.name), column))
        return [];
      const parent = quoteQualified(references.schema, references.table);
      return [
        {
          check: "data.orphan",
          object: `${table.schema}.${table.name}.${column}`,
          severity: "error",
          expected: `a row of ${references.schema}.${references.table} for each`,
          remedy:
            "Rows came in while foreign keys were not enforced: restore the missing parents, or remove the rows.",
          query: `select count(*) as count, min(child.id::text) as example
            from ${quoteQualified(table.schema, table.name)} child
            where child.${quoteIdentifier(column)} is not null and not exists (
              select from ${parent} parent where parent.${quoteIdentifier(target)} = child.${quoteIdentifier(column)})`,
        },
      ];
    }),
  );
}

/**
 * Replays each user's trail. From `created` on the trigger wrote all of it; what came before may be an application's
 * own record, or start in the middle, and is only worth a warning.
 */
function auditTrail(find: (name: string) => Table | undefined): Question[] {
  const trail = find(auditTable);
  const permissions = find("automation_permissions");
  if (!has(trail, "user_id", "changed_at", "change_type", "previous_value", "new_value")) return [];
  if (!has(permissions, "user_id", "enabled", "allowed_domains", "blocked_domains")) return [];
  const disagreements = `with trail as (
      select a.*, max(changed_at) filter (where change_type = 'created') over (partition by user_id) as since
      from public.${auditTable} a
    ), replayed as (
      select distinct on (user_id, about, domain) user_id, about, domain, change_type, since is not null as complete
      from trail cross join lateral (select
        case when change_type in ('enabled', 'disabled') then 'enabled'
          when change_type like 'whitelist%' then 'whitelist' when change_type like 'blacklist%' then 'blacklist'
          when change_type in ('created', 'deleted') then 'row' end as about,
        case when change_type like '%list_%' then coalesce(new_value, previous_value) end as domain) kind
      where about is not null and (since is null or changed_at >= since)
      order by user_id, about, domain, changed_at desc
    ), disagreement as (
      select r.user_id, r.complete from replayed r
      left join public.automation_permissions p on p.user_id = r.user_id
      where case r.about
        when 'row' then (r.change_type = 'created') <> (p.user_id is not null)
        when 'enabled' then p.user_id is not null and (r.change_type = 'enabled') <> coalesce(p.enabled, false)
        when 'whitelist' then p.user_id is not null
          and (r.change_type = 'whitelist_added') <> (r.domain = any (coalesce(p.allowed_domains, '{}')))
        else p.user_id is not null
          and (r.change_type = 'blacklist_added') <> (r.domain = any (coalesce(p.blocked_domains, '{}'))) end
    )`;
  const question = (complete: boolean): Question => ({
    check: complete ? "data.audit-trail" : "data.audit-trail-before",
    object: `public.${auditTable}`,
    severity: complete ? "error" : "warning",
    expected: "a trail that ends in the permissions as they are",
    remedy: complete
      ? "Permissions were changed while the trigger was off: see which, and why; the trail itself is never corrected."
      : "These records are older than the trigger, and nothing held them to the permissions: nothing to do.",
    query: `${disagreements} select count(distinct user_id) as count, min(user_id::text) as example
      from disagreement where complete = ${complete}`,
  });
  return [question(true), question(false)];
}

/** No duplicates among live rows, no orphans, and a trail that agrees with the permissions. One round trip. */
export async function checkData(
  sql: Sql,
  { expected, actual }: { expected: Catalog; actual: Catalog },
): Promise<{ examined: number; findings: Finding[] }> {
  const find = (name: string): Table | undefined =>
    actual.tables.find((table) => table.schema === "public" && table.name === name);
  const questions = [...duplicates(find), ...orphans(expected, find), ...auditTrail(find)];
  if (questions.length === 0) return { examined: 0, findings: [] };
  const rows = rowsSchema.parse([
    ...(await sql.unsafe(
      questions
        .map(
          ({ check, object, query }) =>
            `select ${quoteLiteral(check)} as check, ${quoteLiteral(object)} as object, count, example
             from (${query}) answer where count > 0`,
        )
        .join("\nunion all\n"),
    )),
  ]);
  const findings = rows.flatMap((row): Finding[] => {
    const asked = questions.find(({ check, object }) => check === row.check && object === row.object);
    if (!asked) return [];
    const { check, severity, object, expected: wanted, remedy } = asked;
    return [
      {
        check,
        severity,
        object,
        expected: wanted,
        actual: `${row.count} (for example ${row.example})`,
        remedy,
      },
    ];
  });
  return { examined: questions.length, findings };
}
