import { catalogQuery, pinnedSettings } from "../catalog/index.ts";
import { dollarQuote, quoteLiteral } from "../sql/quote.ts";
import type { Excerpt } from "./excerpt.ts";

/** An object that may be missing where something that it needs is; labels as in `labelOf`. */
export interface Optional {
  readonly object: string;
  readonly unless: string;
}

/** What a database is held against. */
export interface Expectation {
  /** What has to be so. */
  readonly changed: Excerpt;
  /** What is only worth knowing where it is not so. */
  readonly unchanged: Excerpt | null;
  readonly absent: readonly string[];
  readonly optional: readonly Optional[];
  readonly schemas: readonly string[];
}

/** What the lists of a catalog hold, in a word. */
const kinds: Readonly<Record<string, string>> = {
  tables: "table",
  views: "view",
  functions: "function",
  enums: "type",
  sequences: "sequence",
  objects: "object",
  columns: "column",
  constraints: "constraint",
  indexes: "index",
  policies: "policy",
  triggers: "trigger",
  grants: "grant",
};

/** SQL for a definition without what PostgreSQL prints in more than one way for the same thing. */
function plain(value: string): string {
  // A cast of a whole array, and an array of casts: see catalog/meaning.ts.
  const casts = `regexp_replace(regexp_replace(${value}, '\\(ARRAY\\[(.*?)\\]\\)::[a-z ]+\\[\\]', 'ARRAY[\\1]', 'g'),
      '\\((''[^'']*''::[a-z ]+)\\)::[a-z ]+', '\\1', 'g')`;
  // Up to 15 each column of a view is printed with its table.
  return `case when current_setting('server_version_num')::int < 160000
      then regexp_replace(${casts}, '\\m[a-z_][a-z0-9_]*\\.', '', 'g') else ${casts} end`;
}

/**
 * A query that compares the database with what is expected: columns `severity` (`error`, `note`), `object`, `expected`
 * and `actual`. Settings that change how PostgreSQL prints have to be pinned before: see `pinSettings`.
 */
export function differencesQuery({ changed, unchanged, absent, optional, schemas }: Expectation): string {
  const list = Object.entries(kinds).map((pair) => `(${pair.map((text) => quoteLiteral(text)).join(", ")})`);
  const sides = [
    `('error', ${dollarQuote(JSON.stringify(changed), "expected")}::jsonb)`,
    ...(unchanged ? [`('note', ${dollarQuote(JSON.stringify(unchanged), "expected")}::jsonb)`] : []),
    "('actual', (select catalog::jsonb from found))",
  ];
  return `with recursive found as materialized (
${catalogQuery(schemas)}
), kinds (list, kind) as (values ${list.join(", ")}
), sides (side, document) as (values
  ${sides.join(",\n  ")}
), node (side, object, property, value) as (
  select side, '', '', document from sides
  union all
  select n.side, c.object, c.property, c.value
  from node n
  cross join lateral (
    select n.object, m.key, m.value
    from jsonb_each(case when n.property = '' then n.value else '{}' end) m
    union all
    select n.object || case n.object when '' then '' else ', ' end || case when e.value ? 'requires'
        then e.value ->> 'kind' else k.kind end || ' ' || coalesce(
        case when e.value ? 'requires' then concat_ws('.', e.value ->> 'schema', e.value ->> 'of', e.value ->> 'name') end,
        e.value ->> 'grantee',
        case when e.value ? 'argumentTypes'
          then format('%s.%s(%s)', e.value ->> 'schema', e.value ->> 'name', e.value ->> 'argumentTypes') end,
        case when n.object = '' and e.value ? 'schema' then format('%s.%s', e.value ->> 'schema', e.value ->> 'name') end,
        e.value ->> 'name'), '', e.value
    from kinds k
    cross join lateral jsonb_array_elements(
      case when n.property = k.list and jsonb_typeof(n.value) = 'array' then n.value else '[]' end) e
    where k.list = n.property and jsonb_typeof(e.value) = 'object'
  ) as c (object, property, value)
), object as materialized (
  select side, object, value from node where property = '' and object <> ''
), leaf as materialized (
  select side, object, property, case when property = 'privileges' and current_setting('server_version_num')::int < 170000
      then (value - 'MAINTAIN')::text when property = 'properties' then (value - 'owner')::text else value #>> '{}' end as value
  from node where property <> '' and object <> '' and property not in (select list from kinds)
), missing as materialized (
  select e.side, e.object from object e
  where e.side <> 'actual' and e.value -> 'privileges' is distinct from '[]'
    and not exists (select from object a where a.side = 'actual' and a.object = e.object)
    and not exists (select from json_to_recordset(${dollarQuote(JSON.stringify(optional), "optional")}) as o (object text, "unless" text)
      where o.object = e.object
        and not exists (select from object a where a.side = 'actual' and a.object = o."unless"))
), difference as (
  select side as severity, object, 'to be there' as expected, null as actual from missing m
  where not exists (select from missing p where m.object like replace(replace(p.object, '%', '\\%'), '_', '\\_') || ', %')
  union all
  -- Without row security a policy protects nothing, whoever switched it on.
  select case e.property when 'rowSecurity' then 'error' else e.side end, e.object, e.property || ' ' || coalesce(e.value, 'null'), coalesce(a.value, 'null')
  from leaf e
  join leaf a on a.side = 'actual' and a.object = e.object and a.property = e.property
  where e.side <> 'actual' and e.property <> 'name' and e.value is distinct from a.value
    and ${plain("e.value")} is distinct from ${plain("a.value")}
  union all
  select 'error', a.object, 'not to be there', 'it is'
  from object a
  where a.side = 'actual'
    and a.object in (select json_array_elements_text(${dollarQuote(JSON.stringify(absent), "absent")}))
)
select severity, object, expected, actual from difference`;
}

/** Statements, for a block of PL/pgSQL, that make PostgreSQL print definitions in one way, for this transaction. */
export function pinSettings(schemas: readonly string[]): string {
  return Object.entries(pinnedSettings(schemas))
    .map(([name, value]) => `  perform set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true);`)
    .join("\n");
}
