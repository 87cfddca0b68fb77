import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../sql/quote.ts";
import type { DescribedObject } from "../catalog.ts";
import { columnsNeeded, type KindFile } from "./kind.ts";

/** What a publication publishes, as it is called in a catalog: a table, or every table of a schema. */
export const memberName = (schema: string, table: string | null): string =>
  table === null ? `schema ${schema}` : `table ${schema}.${table}`;

const nameOn = ({ requires: [on], name }: DescribedObject): string =>
  on ? memberName(on.schema, on.table) : name;

/** A member in the words of `CREATE PUBLICATION` and `ALTER PUBLICATION … ADD`. */
function memberWords({ requires: [on], properties }: DescribedObject): string {
  if (!on) return "";
  if (on.table === null) return `TABLES IN SCHEMA ${quoteIdentifier(on.schema)}`;
  const columns = properties["columns"] ? ` (${properties["columns"]})` : "";
  const where = properties["where"] ? ` WHERE (${properties["where"]})` : "";
  return `TABLE ${quoteQualified(on.schema, on.table)}${columns}${where}`;
}

/** A member in the words of `ALTER PUBLICATION … DROP`. */
const dropWords = (one: DescribedObject): string => memberWords({ ...one, properties: {} });

const isYes = (one: DescribedObject, property: string): boolean => one.properties[property] === "yes";

const settings = (one: DescribedObject): string =>
  [
    `publish = ${quoteLiteral(one.properties["publish"] ?? "")}`,
    `publish_via_partition_root = ${isYes(one, "viaRoot")}`,
    // Since PostgreSQL 18.
    ...(one.properties["generatedColumns"]
      ? [`publish_generated_columns = ${one.properties["generatedColumns"]}`]
      : []),
  ].join(", ");

const setComment = (one: DescribedObject): string => {
  const text = one.properties["comment"] ?? null;
  return `COMMENT ON PUBLICATION ${quoteIdentifier(one.name)} IS ${text === null ? "NULL" : quoteLiteral(text)};`;
};

const options = ["publish", "viaRoot", "generatedColumns"];

/** A publication for logical replication. PostgreSQL 17 manual, 51.40 "pg_publication", "CREATE PUBLICATION". */
export const publication: KindFile = {
  of: null,
  query: `select null::text as schema, null::text as of, p.pubname::text as name,
    json_build_object('allTables', case when p.puballtables then 'yes' else 'no' end,
      'publish', concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
        case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
      'viaRoot', case when p.pubviaroot then 'yes' else 'no' end,
      'generatedColumns', case to_jsonb(p) ->> 'pubgencols' when 's' then 'stored' end,
      'owner', pg_get_userbyid(p.pubowner), 'comment', obj_description(p.oid, 'pg_publication')) as properties,
    '[]'::json as requires
  from pg_publication p
  where not exists (select from pg_depend e
    where e.classid = 'pg_publication'::regclass and e.objid = p.oid and e.deptype = 'e')`,
  expressions: [],
  isReplaceable: false,
  create(one, parts) {
    const what = isYes(one, "allTables")
      ? " FOR ALL TABLES"
      : parts.length > 0
        ? ` FOR ${parts.map(memberWords).join(", ")}`
        : "";
    return [
      `CREATE PUBLICATION ${quoteIdentifier(one.name)}${what} WITH (${settings(one)});`,
      ...(one.properties["comment"] ? [setComment(one)] : []),
    ];
  },
  change(from, to) {
    if (from.properties["allTables"] !== to.properties["allTables"]) return null;
    return [
      ...(options.some((option) => from.properties[option] !== to.properties[option])
        ? [`ALTER PUBLICATION ${quoteIdentifier(to.name)} SET (${settings(to)});`]
        : []),
      ...(from.properties["comment"] === to.properties["comment"] ? [] : [setComment(to)]),
    ];
  },
  drop: (one) => `DROP PUBLICATION ${quoteIdentifier(one.name)};`,
};

/** A table, or the tables of a schema, that a publication names. PostgreSQL 17 manual, 51.42 "pg_publication_rel". */
export const publicationMember: KindFile = {
  of: "publication",
  query: `select null::text as schema, p.pubname::text as of, 'table ' || n.nspname || '.' || c.relname as name,
    json_build_object(
      'columns', (select string_agg(quote_ident(a.attname), ', ' order by u.position)
        from unnest(r.prattrs::int2[]) with ordinality u(number, position)
        join pg_attribute a on a.attrelid = r.prrelid and a.attnum = u.number),
      'where', pg_get_expr(r.prqual, r.prrelid)) as properties,
    json_build_array(json_build_object('schema', n.nspname, 'table', c.relname,
      'columns', ${columnsNeeded("pg_publication_rel", "r.oid", "r.prrelid")})) as requires
  from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
  join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
  union all
  select null, p.pubname::text, 'schema ' || n.nspname, '{}'::json,
    json_build_array(json_build_object('schema', n.nspname, 'table', null, 'columns', '[]'::json))
  from pg_publication_namespace r join pg_publication p on p.oid = r.pnpubid
  join pg_namespace n on n.oid = r.pnnspid`,
  expressions: ["columns", "where"],
  isReplaceable: false,
  nameOn,
  create: (one) => [`ALTER PUBLICATION ${quoteIdentifier(one.of ?? "")} ADD ${memberWords(one)};`],
  change: () => null,
  drop: (one) => `ALTER PUBLICATION ${quoteIdentifier(one.of ?? "")} DROP ${dropWords(one)};`,
};
