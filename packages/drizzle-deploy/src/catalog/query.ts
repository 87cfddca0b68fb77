import { quoteLiteral } from "../sql/quote.ts";
import { describedRows } from "./kinds/index.ts";

/** SQL for a JSON list of rows: `[]` rather than null where there are none. */
function list(row: string, order: string, from: string): string {
  return `coalesce((select json_agg(${row} order by ${order}) from ${from}), '[]'::json)`;
}

/** SQL for the grants in an ACL, merged per grantee, since the same privilege can come from several grantors. */
function grants(acl: string): string {
  return list(
    "json_build_object('grantee', g.grantee, 'privileges', g.privileges, 'grantable', g.grantable)",
    "g.grantee",
    `(select case when a.grantee = 0 then 'PUBLIC' else pg_get_userbyid(a.grantee) end as grantee,
        json_agg(distinct a.privilege_type collate "C" order by a.privilege_type collate "C") as privileges,
        coalesce(json_agg(distinct a.privilege_type collate "C" order by a.privilege_type collate "C")
          filter (where a.is_grantable), '[]'::json) as grantable
      from aclexplode(${acl}) a group by 1) g`,
  );
}

// Nearly every column has none, and every column would pay for looking.
const columnGrants = `case when a.attacl is null then '[]'::json else ${grants("a.attacl")} end`;

/**
 * SQL for the name of a collation, null where it is none or the type's own. The type is looked up by its key: joined to
 * the columns of a table, all types would be read for each table.
 */
function collation(actual: string, type: string): string {
  return `case when ${actual} <> 0 then (select co.collname from pg_type ct join pg_collation co on co.oid = ${actual}
    where ct.oid = ${type} and ct.typcollation <> ${actual}) end`;
}

/** SQL for the names of a relation's columns by their numbers, in the order of the numbers. */
function columnNames(relation: string, numbers: string): string {
  return list(
    "ca.attname",
    "u.position",
    `unnest(${numbers}) with ordinality u(number, position)
      join pg_attribute ca on ca.attrelid = ${relation} and ca.attnum = u.number`,
  );
}

const columns = list(
  `json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'nullable', not a.attnotnull,
    'notNull', case when a.attnotnull and current_setting('server_version_num')::int >= 180000 then (
      select json_build_object('name', nk.conname, 'validated', nk.convalidated, 'inherits', not nk.connoinherit)
      from pg_constraint nk
      where nk.conrelid = a.attrelid and nk.contype = 'n' and nk.conkey = array[a.attnum]) end,
    'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
    'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
    'virtual', a.attgenerated = 'v',
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'collation', ${collation("a.attcollation", "a.atttypid")},
    'comment', col_description(a.attrelid, a.attnum),
    'storage', case when a.attstorage <> (select ct.typstorage from pg_type ct where ct.oid = a.atttypid)
      then case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
    'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
    'statistics', nullif(a.attstattarget, -1),
    'options', ${list("o", 'o collate "C"', "unnest(a.attoptions) o")},
    'grants', ${columnGrants})`,
  "a.attnum",
  `pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`,
);

// A foreign key to a partitioned table has one of its own for each partition of that: none that anybody made, or can drop.
// conenforced exists from PostgreSQL 18 on; naming it would fail the whole query before that.
const constraints = list(
  `json_build_object('name', k.conname, 'type', k.contype, 'definition', pg_get_constraintdef(k.oid),
    'columns', ${columnNames("k.conrelid", "k.conkey")},
    'references', case when k.contype = 'f' then json_build_object(
      'schema', rn.nspname, 'table', r.relname, 'columns', ${columnNames("k.confrelid", "k.confkey")}) end,
    'validated', k.convalidated,
    'enforced', coalesce(case when current_setting('server_version_num')::int >= 180000
      then (to_jsonb(k) ->> 'conenforced')::boolean end, true),
    'deferrable', k.condeferrable, 'initiallyDeferred', k.condeferred, 'inherited', k.coninhcount > 0)`,
  "k.conname",
  `pg_constraint k left join pg_class r on r.oid = k.confrelid
    left join pg_namespace rn on rn.oid = r.relnamespace
    where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c', 'x')
      and not exists (select from pg_constraint kp where kp.oid = k.conparentid and kp.conrelid = k.conrelid)`,
);

// indoption holds two bits a key: 1 is DESC, 2 is NULLS FIRST (src/include/catalog/pg_index.h).
const indexKeys = list(
  `json_build_object('expression', pg_get_indexdef(i.indexrelid, u.position::int, false),
    'column', (select ca.attname from pg_attribute ca where ca.attrelid = i.indrelid and ca.attnum = u.number
      and u.number > 0),
    'order', case when i.indoption[u.position - 1] & 1 = 0 then 'asc' else 'desc' end,
    'nulls', case when i.indoption[u.position - 1] & 2 = 0 then 'last' else 'first' end,
    'collation', ${collation("i.indcollation[u.position - 1]", "ka.atttypid")},
    'operatorClass', case when not oc.opcdefault then oc.opcname end)`,
  "u.position",
  `unnest(i.indkey::int2[]) with ordinality u(number, position)
    join pg_attribute ka on ka.attrelid = i.indexrelid and ka.attnum = u.position
    join pg_opclass oc on oc.oid = i.indclass[u.position - 1]
    where u.position <= i.indnkeyatts`,
);

const indexes = list(
  `json_build_object('name', ic.relname, 'definition', pg_get_indexdef(i.indexrelid), 'method', am.amname,
    'unique', i.indisunique, 'nullsNotDistinct', i.indnullsnotdistinct, 'valid', i.indisvalid, 'ready', i.indisready,
    'constraint', (select k.conname from pg_constraint k
      where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') and k.conrelid = i.indrelid),
    'keys', ${indexKeys},
    'include', ${columnNames("i.indrelid", "(i.indkey::int2[])[i.indnkeyatts:]")},
    'predicate', pg_get_expr(i.indpred, i.indrelid),
    'attachedTo', case when ic.relispartition then (
      select json_build_object('schema', pn.nspname, 'name', pi.relname)
      from pg_inherits h join pg_class pi on pi.oid = h.inhparent join pg_namespace pn on pn.oid = pi.relnamespace
      where h.inhrelid = ic.oid) end)`,
  "ic.relname",
  `pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam
    where i.indrelid = c.oid`,
);

const policies = list(
  `json_build_object('name', p.polname, 'permissive', p.polpermissive,
    'command', case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
      when 'd' then 'DELETE' else 'ALL' end,
    'roles', ${list(
      "pr.name",
      "pr.name",
      "(select case when o = 0 then 'public' else pg_get_userbyid(o) end as name from unnest(p.polroles) o) pr",
    )},
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))`,
  "p.polname",
  "pg_policy p where p.polrelid = c.oid",
);

const triggers = list(
  `json_build_object('name', tg.tgname, 'definition', pg_get_triggerdef(tg.oid, false),
    'enabled', case tg.tgenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica'
      when 'A' then 'always' end,
    'function', json_build_object('schema', fn.nspname, 'name', f.proname), 'inherited', tg.tgparentid <> 0)`,
  "tg.tgname",
  `pg_trigger tg join pg_proc f on f.oid = tg.tgfoid join pg_namespace fn on fn.oid = f.pronamespace
    where tg.tgrelid = c.oid and not tg.tgisinternal`,
);

/** SQL for "does not belong to an extension". */
function ownObject(catalog: string, oid: string): string {
  return `not exists (select from pg_depend e
    where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
}

const tablesWhere = (condition: string): string =>
  list(
    `json_build_object('schema', n.nspname, 'name', c.relname,
    'kind', case c.relkind when 'p' then 'partitioned' else 'table' end,
    'owner', pg_get_userbyid(c.relowner), 'comment', obj_description(c.oid, 'pg_class'),
    'persistence', case c.relpersistence when 'u' then 'unlogged' else 'permanent' end,
    'rowSecurity', c.relrowsecurity, 'forceRowSecurity', c.relforcerowsecurity,
    'options', ${list("o", 'o collate "C"', "unnest(c.reloptions) o")},
    'replicaIdentity', case c.relreplident when 'd' then 'default' when 'f' then 'full' when 'n' then 'nothing'
      else 'index ' || coalesce((select ic.relname from pg_index i join pg_class ic on ic.oid = i.indexrelid
        where i.indrelid = c.oid and i.indisreplident), '?') end,
    'partitionKey', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
    'partition', (select (jsonb_build_object('of', jsonb_build_object('schema', pn.nspname, 'name', pc.relname),
        'bound', pg_get_expr(c.relpartbound, c.oid), 'constraint', pg_get_partition_constraintdef(c.oid))
        || case when h.inhdetachpending then '{"detachPending": true}'::jsonb else '{}'::jsonb end)::json
      from pg_inherits h join pg_class pc on pc.oid = h.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
      where c.relispartition and h.inhrelid = c.oid),
    'columns', ${columns}, 'constraints', ${constraints}, 'indexes', ${indexes}, 'policies', ${policies},
    'triggers', ${triggers}, 'grants', ${grants("coalesce(c.relacl, acldefault('r', c.relowner))")})`,
    "n.nspname, c.relname",
    `managed n join pg_class c on c.relnamespace = n.oid
    where c.relkind in ('r', 'p') and ${ownObject("pg_class", "c.oid")}${condition}`,
  );

/** SQL for one of a view's options. */
function viewOption(option: string): string {
  return `(select option_value from pg_options_to_table(c.reloptions) where option_name = '${option}')`;
}

const views = list(
  `json_build_object('schema', n.nspname, 'name', c.relname,
    'kind', case c.relkind when 'm' then 'materialized' else 'view' end,
    'owner', pg_get_userbyid(c.relowner), 'comment', obj_description(c.oid, 'pg_class'),
    'definition', pg_get_viewdef(c.oid, false),
    'securityInvoker', coalesce(${viewOption("security_invoker")}::boolean, false),
    'securityBarrier', coalesce(${viewOption("security_barrier")}::boolean, false),
    'checkOption', ${viewOption("check_option")},
    'columns', ${list(
      `json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'comment', col_description(a.attrelid, a.attnum), 'grants', ${columnGrants})`,
      "a.attnum",
      "pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped",
    )},
    'indexes', ${indexes}, 'triggers', ${triggers},
    'grants', ${grants("coalesce(c.relacl, acldefault('r', c.relowner))")})`,
  "n.nspname, c.relname",
  `managed n join pg_class c on c.relnamespace = n.oid
    where c.relkind in ('v', 'm') and ${ownObject("pg_class", "c.oid")}`,
);

const functions = list(
  `json_build_object('schema', n.nspname, 'name', f.proname,
    'argumentTypes', oidvectortypes(f.proargtypes), 'arguments', pg_get_function_identity_arguments(f.oid), 'fullArguments', pg_get_function_arguments(f.oid),
    'kind', case f.prokind when 'p' then 'procedure' when 'w' then 'window' else 'function' end,
    'returns', pg_get_function_result(f.oid), 'language', l.lanname,
    'volatility', case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    'strict', f.proisstrict, 'leakproof', f.proleakproof,
    'parallel', case f.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end,
    'securityDefiner', f.prosecdef, 'config', coalesce(to_json(f.proconfig), '[]'::json),
    'body', coalesce(pg_get_function_sqlbody(f.oid), f.prosrc),
    'owner', pg_get_userbyid(f.proowner), 'comment', obj_description(f.oid, 'pg_proc'),
    'grants', ${grants("coalesce(f.proacl, acldefault('f', f.proowner))")})`,
  'n.nspname, f.proname, oidvectortypes(f.proargtypes) collate "C"',
  `managed n join pg_proc f on f.pronamespace = n.oid join pg_language l on l.oid = f.prolang
    where f.prokind in ('f', 'p', 'w') and ${ownObject("pg_proc", "f.oid")}
      and not exists (select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'i')`,
);

const enums = list(
  `json_build_object('schema', n.nspname, 'name', t.typname,
    'labels', ${list("e.enumlabel", "e.enumsortorder", "pg_enum e where e.enumtypid = t.oid")},
    'owner', pg_get_userbyid(t.typowner), 'comment', obj_description(t.oid, 'pg_type'))`,
  "n.nspname, t.typname",
  `managed n join pg_type t on t.typnamespace = n.oid where t.typtype = 'e' and ${ownObject("pg_type", "t.oid")}`,
);

const domains = list(
  `json_build_object('schema', n.nspname, 'name', t.typname, 'type', format_type(t.typbasetype, t.typtypmod),
    'nullable', not t.typnotnull, 'default', pg_get_expr(t.typdefaultbin, 0),
    'collation', ${collation("t.typcollation", "t.typbasetype")},
    'constraints', ${list(
      "json_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated)",
      "k.conname",
      "pg_constraint k where k.contypid = t.oid and k.contype = 'c'",
    )},
    'owner', pg_get_userbyid(t.typowner), 'comment', obj_description(t.oid, 'pg_type'))`,
  "n.nspname, t.typname",
  `managed n join pg_type t on t.typnamespace = n.oid where t.typtype = 'd' and ${ownObject("pg_type", "t.oid")}`,
);

// The functions that make values of a range come and go with it.
const structures = list(
  `json_build_object('schema', n.nspname, 'name', t.typname,
    'kind', case t.typtype when 'c' then 'composite' else 'range' end,
    'definition', case t.typtype when 'c' then '(' || (
        select coalesce(string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
          || coalesce(' COLLATE ' || quote_ident(${collation("a.attcollation", "a.atttypid")}), ''), ', ' order by a.attnum), '')
        from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) || ')'
      else 'RANGE (' || (
        select 'SUBTYPE = ' || format_type(r.rngsubtype, null)
          || case when not oc.opcdefault then ', SUBTYPE_OPCLASS = ' || quote_ident(oc.opcname) else '' end
          || coalesce(', COLLATION = ' || quote_ident(${collation("r.rngcollation", "r.rngsubtype")}), '')
          || case when r.rngsubdiff <> 0 then ', SUBTYPE_DIFF = ' || r.rngsubdiff::regproc else '' end
          || case when r.rngcanonical <> 0 then ', CANONICAL = ' || r.rngcanonical::regproc else '' end
          || ', MULTIRANGE_TYPE_NAME = ' || format_type(r.rngmultitypid, null)
        from pg_range r join pg_opclass oc on oc.oid = r.rngsubopc where r.rngtypid = t.oid) || ')' end,
    'owner', pg_get_userbyid(t.typowner), 'comment', obj_description(t.oid, 'pg_type'))`,
  "n.nspname, t.typname",
  `managed n join pg_type t on t.typnamespace = n.oid
    where (t.typtype = 'r' or exists (select from pg_class tc where tc.oid = t.typrelid and tc.relkind = 'c'))
      and ${ownObject("pg_type", "t.oid")}`,
);

// pg_depend: a serial's sequence depends on its column automatically ('a'), an identity's internally ('i').
const sequences = list(
  `json_build_object('schema', n.nspname, 'name', c.relname, 'type', format_type(s.seqtypid, null),
    'start', s.seqstart::text, 'increment', s.seqincrement::text, 'minimum', s.seqmin::text,
    'maximum', s.seqmax::text, 'cache', s.seqcache::text, 'cycle', s.seqcycle,
    'ownedBy', (select json_build_object('schema', tn.nspname, 'table', tc.relname, 'column', a.attname,
        'identity', d.deptype = 'i')
      from pg_depend d join pg_class tc on tc.oid = d.refobjid join pg_namespace tn on tn.oid = tc.relnamespace
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')),
    'owner', pg_get_userbyid(c.relowner), 'grants', ${grants("coalesce(c.relacl, acldefault('s', c.relowner))")})`,
  "n.nspname, c.relname",
  `managed n join pg_class c on c.relnamespace = n.oid join pg_sequence s on s.seqrelid = c.oid
    where c.relkind = 'S' and ${ownObject("pg_class", "c.oid")}`,
);

const schemas = list(
  `json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner),
    'comment', obj_description(n.oid, 'pg_namespace'),
    'grants', ${grants("coalesce(n.nspacl, acldefault('n', n.nspowner))")})`,
  "n.nspname",
  "managed n",
);

const extensions = list(
  "json_build_object('name', x.extname, 'schema', xn.nspname)",
  "x.extname",
  "pg_extension x join pg_namespace xn on xn.oid = x.extnamespace",
);

const defaultPrivileges = list(
  `json_build_object('role', pg_get_userbyid(da.defaclrole), 'schema', n.nspname,
    'objects', case da.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
      when 'T' then 'types' when 'n' then 'schemas' when 'L' then 'large objects' end,
    'grants', ${grants("da.defaclacl")})`,
  "pg_get_userbyid(da.defaclrole), n.nspname nulls first, da.defaclobjtype",
  `pg_default_acl da left join managed n on n.oid = da.defaclnamespace
    where da.defaclnamespace = 0 or n.oid is not null`,
);

const objects = list(
  `json_build_object('kind', o.kind, 'schema', o.schema, 'name', o.name, 'of', o.of, 'properties', o.properties,
    'requires', o.requires)`,
  'o.kind collate "C", o.schema collate "C", o.of collate "C", o.name collate "C"',
  `(${describedRows}) o`,
);

/**
 * The text of the one query that reads a catalog: a row with column `catalog`, JSON as text (so that no parser the
 * caller configured on the connection touches it), and column `unusable`, the schemas that the role may not use.
 *
 * @param onlyTables the only tables to read, by their numbers (`pg_class.oid`); all else is read in any case
 */
export function catalogQuery(names: readonly string[], onlyTables?: readonly number[]): string {
  const isWanted = onlyTables ? ` and c.oid = any ('{${onlyTables.join(",")}}'::oid[])` : "";
  return `with managed as materialized (
  select oid, nspname, nspowner, nspacl from pg_namespace
  where nspname = any (array[${names.map(quoteLiteral).join(", ")}]::name[]))
select json_build_object(
  'server', json_build_object('version', current_setting('server_version_num')::int, 'role', current_user,
    'superuser', (select rolsuper from pg_roles where rolname = current_user)),
  'schemas', ${schemas},
  'extensions', ${extensions},
  'tables', ${tablesWhere(isWanted)},
  'views', ${views},
  'functions', ${functions},
  'enums', ${enums},
  'domains', ${domains},
  'structures', ${structures},
  'sequences', ${sequences},
  'defaultPrivileges', ${defaultPrivileges},
  'objects', ${objects})::text as catalog,
  ${list("n.nspname", "n.nspname", "managed n where not has_schema_privilege(n.oid, 'USAGE')")}::text as unusable`;
}
