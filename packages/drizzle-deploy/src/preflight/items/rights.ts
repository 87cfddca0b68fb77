import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { Finding } from "../../findings/finding.ts";
import { qualifiedNameSchema } from "../../sql/names.ts";
import { quoteIdentifier, quoteQualified } from "../../sql/quote.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.tuple([
  z.object({
    role: z.string(),
    database: z.string(),
    mayCreateSchemas: z.boolean(),
    missingSchemas: z.array(z.string()),
    foreign: z.array(
      z.object({
        object: z.string(),
        owner: z.string(),
        isRelation: z.boolean(),
        isSuperusers: z.boolean(),
      }),
    ),
    unreferable: z.array(qualifiedNameSchema),
    closed: z.array(z.string()),
  }),
]);

// Only catalogs are asked: a name that does not exist, or may not be looked at, is no error here.
const query = `
  with intent as (select $1::text::json as value),
  relations as (
    select n.nspname, c.relname, c.relowner
    from intent, json_to_recordset(value -> 'relations') as r (schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = r.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = r.name
  ),
  functions as (
    select f.name, p.proowner
    from intent, json_array_elements_text(value -> 'functions') as f (name)
    join pg_catalog.pg_proc p on p.oid = pg_catalog.to_regprocedure(f.name)
  ),
  referenced as (
    select n.nspname, c.relname, c.oid, n.oid as namespace
    from intent, json_to_recordset(value -> 'references') as r (schema text, name text)
    join pg_catalog.pg_namespace n on n.nspname = r.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = r.name
  ),
  needed as (select name from intent, json_array_elements_text(value -> 'createsIn') as s (name))
  select current_user::text as role, pg_catalog.current_database()::text as database,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as "mayCreateSchemas",
    (select coalesce(json_agg(name order by name), '[]') from needed
      where name not in (select nspname from pg_catalog.pg_namespace)) as "missingSchemas",
    (select coalesce(json_agg(json_build_object('object', object, 'owner', owner, 'isRelation', "isRelation",
      'isSuperusers', (select rolsuper from pg_catalog.pg_roles where rolname = owner)) order by object), '[]') from (
      select distinct nspname || '.' || relname as object, pg_catalog.pg_get_userbyid(relowner)::text as owner, true as "isRelation"
      from relations where not pg_catalog.pg_has_role(relowner, 'USAGE')
      union
      select name, pg_catalog.pg_get_userbyid(proowner)::text, false from functions
      where not pg_catalog.pg_has_role(proowner, 'USAGE')
    ) others) as "foreign",
    (select coalesce(json_agg(json_build_object('schema', nspname, 'name', relname) order by nspname, relname), '[]')
      from referenced where not (pg_catalog.has_table_privilege(oid, 'REFERENCES')
        and pg_catalog.has_schema_privilege(namespace, 'USAGE'))) as unreferable,
    (select coalesce(json_agg(name order by name), '[]') from needed
      join pg_catalog.pg_namespace n on n.nspname = needed.name
      where not pg_catalog.has_schema_privilege(n.oid, 'CREATE')) as closed`;

/** What the role has to be allowed for the plan: own what is changed, create where something new goes. */
export const rights: PreflightItem = {
  id: "rights",
  title: "Rights of the role",
  async run({ sql, intent }) {
    const rows = await sql.unsafe(query, [JSON.stringify(intent)]);
    const [found] = schema.parse([...rows]);
    const { role } = found;
    const others = found.foreign.filter(({ isRelation }) => isRelation).length;
    const finding = (details: Omit<Finding, "severity">): Finding => ({ severity: "error", ...details });
    return {
      evidence: `${role} owns what the plan changes: ${intent.relations.length - others} of ${intent.relations.length} relations; creates in ${intent.createsIn.join(", ") || "no schema"}`,
      findings: [
        ...found.foreign.map(({ object, owner, isRelation, isSuperusers }) =>
          finding({
            check: "rights.owner" satisfies CheckId,
            object,
            expected: `owned by ${role}, or by a role that it is a member of`,
            actual: `owned by ${owner}`,
            // Nobody is made a superuser for a deployment.
            remedy: isSuperusers
              ? `Connect as ${owner}, or let it give ${object} to ${role}: ALTER ${isRelation ? "TABLE" : "ROUTINE"} … OWNER TO ${quoteIdentifier(role)};`
              : `Connect as ${owner}, or let an administrator run: GRANT ${quoteIdentifier(owner)} TO ${quoteIdentifier(role)};`,
          }),
        ),
        ...found.unreferable.map(({ schema: namespace, name }) =>
          finding({
            check: "rights.references" satisfies CheckId,
            object: `${namespace}.${name}`,
            expected: `${role} may point a foreign key at it`,
            actual: "it may not",
            remedy: `GRANT USAGE ON SCHEMA ${quoteIdentifier(namespace)} TO ${quoteIdentifier(role)}; GRANT REFERENCES ON ${quoteQualified(namespace, name)} TO ${quoteIdentifier(role)};`,
          }),
        ),
        ...found.closed.map((name) =>
          finding({
            check: "rights.create" satisfies CheckId,
            object: `schema ${name}`,
            expected: `${role} may create in it`,
            actual: "it may not",
            remedy: `GRANT CREATE ON SCHEMA ${quoteIdentifier(name)} TO ${quoteIdentifier(role)};`,
          }),
        ),
        ...(found.mayCreateSchemas ? [] : found.missingSchemas).map((name) =>
          finding({
            check: "rights.create-schema" satisfies CheckId,
            object: `schema ${name}`,
            expected: `${role} may create it`,
            actual: "it may not create schemas",
            remedy: `GRANT CREATE ON DATABASE ${quoteIdentifier(found.database)} TO ${quoteIdentifier(role)};`,
          }),
        ),
      ],
    };
  },
};
