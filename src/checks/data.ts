import type { Catalog, Table } from "drizzle-deploy/catalog";
import type { Finding } from "drizzle-deploy/findings";
import type { Sql } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import { takeThemBack } from "../crossings/crossing-findings.ts";
import { auditTable, type CatalogEvidence } from "./area.ts";
import type { SpfpCheckId } from "./check-ids.ts";
import { orRefusal } from "./refusal.ts";

const rowsSchema = z.array(
  z.object({ check: z.string(), object: z.string(), count: z.coerce.number().int(), example: z.string() }),
);
/** One for each statement of the batch. */
const answersSchema = z.tuple([z.unknown(), rowsSchema, z.unknown()]);

/** A query that returns `count` and `example` for rows that should not be there. */
interface Question {
  readonly check: SpfpCheckId;
  readonly object: string;
  /** Whose references it is about. */
  readonly table?: string;
  readonly severity: Finding["severity"];
  readonly expected: string;
  readonly remedy: string;
  readonly query: string;
}

/** Whether a table has columns, each of the type that is expected: only then can a question be asked of them. */
type Has = (table: string, ...columns: string[]) => boolean;

function duplicates(has: Has): Question[] {
  const questions: Question[] = [];
  const remedy =
    "Look at what a merge would do: spfp-db fix duplicates. Then do it: spfp-db fix duplicates --apply";
  if (has("categories", "user_id", "name", "deleted_at")) {
    questions.push({
      check: "data.duplicate-category" satisfies SpfpCheckId,
      object: "public.categories",
      severity: "error",
      expected: "one live category of a name per user, whatever its case",
      remedy,
      query: `select count(*) as count, min(user_id::text) as example from (
        select user_id, lower(name) as name from public.categories where deleted_at is null
        group by 1, 2 having count(*) > 1) groups`,
    });
  }
  if (has("custom_templates", "user_id", "type", "is_default")) {
    questions.push({
      check: "data.duplicate-default-template" satisfies SpfpCheckId,
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

/** How much of a table is looked at: all of its rows up to `whole`, of a larger one `sample`, picked at random again each time. */
interface Limits {
  readonly whole: number;
  readonly sample: number;
}

const limits: Limits = { whole: 100_000, sample: 20_000 };

/** The share of a large table's rows that is looked at, in percent; of the others there is none. */
type Samples = ReadonlyMap<string, number>;

const sizesSchema = z.array(z.object({ name: z.string(), rows: z.coerce.number() }));

/** By the statistics: a table that was never analysed is small, or was filled a moment ago. */
async function samplesFor(sql: Pick<Sql, "unsafe">, { whole, sample }: Limits): Promise<Samples> {
  const tables = sizesSchema.parse([
    ...(await sql.unsafe(
      `select c.relname as name, c.reltuples as rows from pg_catalog.pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.reltuples > ${whole} order by 1`,
    )),
  ]);
  return new Map(tables.map(({ name, rows }) => [name, Math.max(0.1, (100 * sample) / rows)]));
}

function sampleFindings(samples: Samples): Finding[] {
  return [...samples].map(([table, percent]) => ({
    check: "data.sampled" satisfies SpfpCheckId,
    severity: "info",
    object: `public.${table}`,
    expected: "each row's references looked at",
    actual: `one row of ${Math.round(100 / percent)} looked at, picked at random`,
    remedy:
      "Nothing: PostgreSQL looks at each reference when it is written, and a restore without triggers leaves many wrong ones.",
  }));
}

/** Foreign keys are checked when a row is written, unless triggers were off: a restore can do that. */
function orphans(expected: Catalog, has: Has, samples: Samples): Question[] {
  const managed = new Set(expected.schemas.map(({ name }) => name));
  return expected.tables.flatMap((table) =>
    table.constraints.flatMap(({ columns, references }): Question[] => {
      const [column] = columns;
      const [target] = references?.columns ?? [];
      if (!references || columns.length !== 1 || !column || !target) return [];
      if (!has(table.name, "id", column)) return [];
      if (managed.has(references.schema) && !has(references.table, target)) return [];
      const parent = quoteQualified(references.schema, references.table);
      return [
        {
          check: "data.orphan" satisfies SpfpCheckId,
          object: `${table.schema}.${table.name}.${column}`,
          table: table.name,
          severity: "error",
          expected: `a row of ${references.schema}.${references.table} for each`,
          remedy:
            "Rows came in while foreign keys were not enforced: restore the missing parents, or remove the rows.",
          query: `select count(*) as count, min(child.id::text) as example
            from ${quoteQualified(table.schema, table.name)} child${sampled(samples.get(table.name))}
            where child.${quoteIdentifier(column)} is not null and not exists (
              select from ${parent} parent where parent.${quoteIdentifier(target)} = child.${quoteIdentifier(column)})`,
        },
      ];
    }),
  );
}

/** Triggers refuse a reference to another user's row when it is written: these came before, or while they were off. */
function crossings(expected: Catalog, has: Has, samples: Samples): Question[] {
  return expected.tables.flatMap((table) =>
    table.constraints.flatMap(({ columns, references }): Question[] => {
      const [column] = columns;
      if (references?.schema !== "public" || columns.length !== 1 || !column) return [];
      if (!has(table.name, "id", "user_id", column) || !has(references.table, "id", "user_id")) return [];
      const parent = quoteQualified(references.schema, references.table);
      return [
        {
          check: "data.crossing" satisfies SpfpCheckId,
          object: `${table.schema}.${table.name}.${column}`,
          table: table.name,
          severity: "error",
          expected: `${references.table} of the same user`,
          remedy: takeThemBack,
          query: `select count(*) as count, min(child.id::text) as example
            from ${quoteQualified(table.schema, table.name)} child${sampled(samples.get(table.name))}
            join ${parent} parent on parent.id = child.${quoteIdentifier(column)}
            where parent.user_id <> child.user_id`,
        },
      ];
    }),
  );
}

const sampled = (percent: number | undefined): string =>
  percent === undefined ? "" : ` tablesample system (${percent})`;

/** Settings whose changes the trail tells in types of its own, or not at all. */
const otherwiseRecorded = [
  "user_id",
  "enabled",
  "allowed_domains",
  "blocked_domains",
  "created_at",
  "updated_at",
]
  .map(quoteLiteral)
  .join(", ");

/**
 * Replays each user's trail. From `created` on the trigger wrote all of it, so that it must end in the permissions as
 * they are, and every permission must be in it; what came before may be an application's own record, or start in the
 * middle: what it says last is worth a warning where it does not hold.
 */
function auditTrail(has: Has): Question[] {
  if (!has(auditTable, "user_id", "changed_at", "change_type", "previous_value", "new_value")) return [];
  if (!has("automation_permissions", "user_id", "enabled", "allowed_domains", "blocked_domains")) return [];
  const disagreements = `with trail as (
      select a.*, max(changed_at) filter (where change_type = 'created') over (partition by user_id) as since
      from public.${auditTable} a
    ), latest as materialized (
      select distinct on (user_id, about, item) user_id, about, item, change_type, new_value,
        since is not null as complete
      from trail cross join lateral (select
        case when change_type in ('enabled', 'disabled') then 'enabled'
          when change_type like 'whitelist%' then 'whitelist' when change_type like 'blacklist%' then 'blacklist'
          when change_type in ('created', 'deleted') then 'row'
          when change_type = 'setting_changed' then 'setting' end as about,
        case when change_type like '%list_%' then coalesce(new_value, previous_value)
          when change_type = 'setting_changed' then split_part(new_value, '=', 1) end as item) kind
      where about is not null and (since is null or changed_at >= since)
      order by user_id, about, item, changed_at desc
    ), disagreement as (
      select r.user_id, r.complete from latest r
      left join public.automation_permissions p on p.user_id = r.user_id
      where case
        when r.about = 'row' then (r.change_type = 'created') <> (p.user_id is not null)
        when p.user_id is null then false
        when r.about = 'enabled' then (r.change_type = 'enabled') <> coalesce(p.enabled, false)
        when r.about = 'whitelist'
          then (r.change_type = 'whitelist_added') <> (r.item = any (coalesce(p.allowed_domains, '{}')))
        when r.about = 'blacklist'
          then (r.change_type = 'blacklist_added') <> (r.item = any (coalesce(p.blocked_domains, '{}')))
        else to_jsonb(p) ? r.item and r.new_value <> r.item || '=' || coalesce(to_jsonb(p) ->> r.item, 'null') end
      union all
      select p.user_id, true from public.automation_permissions p
      join latest origin on origin.user_id = p.user_id and origin.change_type = 'created'
      where p.enabled and not exists (select from latest r where r.user_id = p.user_id and r.about = 'enabled')
        or exists (
          select from (select 'whitelist' as about, unnest(p.allowed_domains) as item
            union all select 'blacklist', unnest(p.blocked_domains)) domain
          where item is not null and not exists (select from latest r
            where r.user_id = p.user_id and r.about = domain.about and r.item = domain.item))
        or exists (
          select from jsonb_each_text(origin.new_value::jsonb) setting
          where key not in (${otherwiseRecorded}) and to_jsonb(p) ? key
            and value is distinct from to_jsonb(p) ->> key
            and not exists (select from latest r
              where r.user_id = p.user_id and r.about = 'setting' and r.item = key))
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

/** With row security off a row that the role may not see is an error; on, it would only be absent. */
function batch(questions: readonly Question[]): string {
  const answers = questions.map(
    ({ check, object, query }) =>
      `select ${quoteLiteral(check)} as check, ${quoteLiteral(object)} as object, count, example
       from (${query}) answer where count > 0`,
  );
  return [
    `select pg_catalog.set_config('spfp_check.row_security', pg_catalog.current_setting('row_security'), true),
      pg_catalog.set_config('row_security', 'off', true)`,
    answers.join("\nunion all\n"),
    `select pg_catalog.set_config('row_security', pg_catalog.current_setting('spfp_check.row_security'), true)`,
  ].join(";\n");
}

/**
 * No duplicates among live rows, no orphans, no references to rows of other users, and a trail that agrees with the permissions. Of a large table the
 * references of some rows are looked at, which a finding says.
 */
export async function checkData(
  sql: Pick<Sql, "unsafe">,
  { expected, actual }: Pick<CatalogEvidence, "expected" | "actual">,
  howMuch: Limits = limits,
): Promise<{ examined: number; findings: Finding[] }> {
  const find = (catalog: Catalog, name: string): Table | undefined =>
    catalog.tables.find((table) => table.schema === "public" && table.name === name);
  const has: Has = (table, ...columns) =>
    columns.every((name) => {
      const type = (catalog: Catalog) => find(catalog, table)?.columns.find((one) => one.name === name)?.type;
      return type(actual) !== undefined && type(actual) === type(expected);
    });
  const samples = await samplesFor(sql, howMuch);
  const questions = [
    ...duplicates(has),
    ...orphans(expected, has, samples),
    ...crossings(expected, has, samples),
    ...auditTrail(has),
  ];
  if (questions.length === 0) return { examined: 0, findings: [] };
  const answer = await sql.unsafe(batch(questions)).simple().catch(orRefusal);
  if ("refusal" in answer) {
    return {
      examined: 0,
      findings: [
        {
          check: "data.not-read" satisfies SpfpCheckId,
          severity: "error",
          object: "public",
          expected: "every row of every managed table, and of auth.users",
          actual: answer.refusal,
          remedy: "Connect as the owner of the tables, or leave it out: --only names the other areas.",
        },
      ],
    };
  }
  const [, rows] = answersSchema.parse(answer);
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
  const used = new Map([...samples].filter(([name]) => questions.some(({ table }) => table === name)));
  return { examined: questions.length, findings: [...findings, ...sampleFindings(used)] };
}
