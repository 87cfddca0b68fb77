import type { Queryable } from "drizzle-deploy/postgres";
import { z } from "zod";

/** Whether a user has a login, a row of `auth.users`; `unknown` where the connected role may not see that. */
export type Login = "there" | "gone" | "unknown";

const rightsSchema = z.tuple([z.object({ read: z.boolean(), erase: z.boolean() })]);

/** What the connected role may do with logins. */
export async function readLoginRights(sql: Queryable): Promise<{ read: boolean; erase: boolean }> {
  return rightsSchema.parse([
    ...(await sql.unsafe(
      `select coalesce(bool_or(visible and pg_catalog.has_table_privilege(oid, 'SELECT')), false) as read,
         coalesce(bool_or(visible and pg_catalog.has_table_privilege(oid, 'SELECT')
           and pg_catalog.has_table_privilege(oid, 'DELETE')), false) as erase
       from (
         select c.oid, pg_catalog.has_schema_privilege(n.oid, 'USAGE') and not pg_catalog.row_security_active(c.oid) as visible
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'auth' and c.relname = 'users'
       ) users`,
    )),
  ])[0];
}

/** Whether there is a login of that id. */
export async function readLogin(sql: Queryable, userId: string): Promise<Login> {
  const { read } = await readLoginRights(sql);
  if (!read) return "unknown";
  const rows = await sql.unsafe(`select from auth.users where id = $1::uuid`, [userId]);
  return rows.length > 0 ? "there" : "gone";
}
