import { quoteLiteral, quoteQualified } from "../../sql/quote.ts";
import type { DescribedObject } from "../catalog.ts";
import { columnsNeeded, type KindFile } from "./kind.ts";

const nameOf = ({ schema, name }: DescribedObject): string => quoteQualified(schema ?? "public", name);

const setTarget = (one: DescribedObject): string =>
  `ALTER STATISTICS ${nameOf(one)} SET STATISTICS ${one.properties["target"] ?? "-1"};`;

const setComment = (one: DescribedObject): string => {
  const text = one.properties["comment"] ?? null;
  return `COMMENT ON STATISTICS ${nameOf(one)} IS ${text === null ? "NULL" : quoteLiteral(text)};`;
};

/** Extended statistics of a table. PostgreSQL 17 manual, 51.53 "pg_statistic_ext", "CREATE STATISTICS". */
export const statistics: KindFile = {
  of: null,
  // The kind 'e' comes with every expression. Up to PostgreSQL 16 no target is -1.
  query: `select n.nspname::text as schema, null::text as of, s.stxname::text as name,
    json_build_object('columns', pg_get_statisticsobjdef_columns(s.oid),
      'kinds', (select string_agg(case k.kind when 'd' then 'ndistinct' when 'f' then 'dependencies' else 'mcv' end, ', '
        order by k.kind) from unnest(s.stxkind::text[]) k(kind) where k.kind <> 'e'),
      'target', nullif(s.stxstattarget, -1)::text,
      'owner', pg_get_userbyid(s.stxowner), 'comment', obj_description(s.oid, 'pg_statistic_ext')) as properties,
    json_build_array(json_build_object('schema', tn.nspname, 'table', t.relname,
      'columns', ${columnsNeeded("pg_statistic_ext", "s.oid", "s.stxrelid")})) as requires
  from managed n join pg_statistic_ext s on s.stxnamespace = n.oid
  join pg_class t on t.oid = s.stxrelid join pg_namespace tn on tn.oid = t.relnamespace
  where not exists (select from pg_depend e
    where e.classid = 'pg_statistic_ext'::regclass and e.objid = s.oid and e.deptype = 'e')`,
  expressions: ["columns"],
  isReplaceable: true,
  create(one) {
    const { columns, kinds, target, comment } = one.properties;
    const [table] = one.requires;
    if (!table?.table || !columns) return [];
    const wanted = kinds ? ` (${kinds})` : "";
    return [
      `CREATE STATISTICS ${nameOf(one)}${wanted} ON ${columns} FROM ${quoteQualified(table.schema, table.table)};`,
      ...(target ? [setTarget(one)] : []),
      ...(comment ? [setComment(one)] : []),
    ];
  },
  change(from, to) {
    const isAnother =
      from.properties["kinds"] !== to.properties["kinds"] ||
      from.properties["columns"] !== to.properties["columns"] ||
      JSON.stringify(from.requires) !== JSON.stringify(to.requires);
    if (isAnother) return null;
    return [
      ...(from.properties["target"] === to.properties["target"] ? [] : [setTarget(to)]),
      ...(from.properties["comment"] === to.properties["comment"] ? [] : [setComment(to)]),
    ];
  },
  drop: (one) => `DROP STATISTICS ${nameOf(one)};`,
};
