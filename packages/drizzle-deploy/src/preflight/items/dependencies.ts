import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.array(z.object({ at: z.int() }));

// By catalog only: `to_regclass` asks for rights on the schema, and what may not be used may still be there.
const query = `
  select at::int as at
  from json_to_recordset($1::text::json) as r (at int, kind text, name text)
  where not case kind
    when 'role' then exists (select from pg_catalog.pg_roles where rolname = r.name)
    when 'schema' then exists (select from pg_catalog.pg_namespace where nspname = r.name)
    when 'table' then exists (
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = r.name and c.relkind in ('r', 'p'))
    else exists (
      select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname || '.' || p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' = r.name)
  end
  order by at`;

/** What the migrations build upon and do not make themselves. */
export const dependencies: PreflightItem = {
  id: "dependencies",
  title: "What the migrations build upon",
  async run({ sql, requires }) {
    const asked = requires.map(({ kind, name }, at) => ({ at, kind, name }));
    const rows = await sql.unsafe(query, [JSON.stringify(asked)]);
    const missing = new Set(schema.parse([...rows]).map(({ at }) => at));
    return {
      evidence: `${requires.length - missing.size} of ${requires.length} there`,
      findings: requires
        .filter((_requirement, at) => missing.has(at))
        .map(({ kind, name, remedy }) => ({
          check: `dependencies.${kind}` satisfies CheckId,
          severity: "error",
          object: name,
          expected: `${kind} ${name}`,
          actual: null,
          remedy,
        })),
    };
  },
};
