import type { Sql } from "drizzle-deploy/postgres";
import { DrizzleQueryError, sql as query } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import { z } from "zod";
import { SpfpError } from "../errors.ts";
import { type AuditEntry, type AuditFilter, auditEntries, snapshot } from "../index.ts";

/** The trail as it is read, in one state of the database. */
export interface Trail {
  /** The newest first, read as they are consumed. */
  readonly entries: AsyncIterable<AuditEntry>;
  /** The email addresses of users, by their ids, as far as the connected role may read them. */
  namesOf(ids: Iterable<string>): Promise<ReadonlyMap<string, string>>;
}

const presentSchema = z.tuple([z.object({ present: z.boolean(), users: z.boolean() })]);
const usersSchema = z.array(z.object({ id: z.string(), email: z.string() }));

async function* first(
  entries: AsyncIterable<AuditEntry>,
  count: number,
): AsyncGenerator<AuditEntry, void, undefined> {
  let left = count;
  if (left <= 0) return;
  for await (const entry of entries) {
    yield entry;
    left -= 1;
    if (left <= 0) return;
  }
}

/**
 * Reads the audit trail as the connected role, which has to see every user's rows.
 *
 * @param limit entries at most, the newest; may be infinite
 * @param use what is done with it; the trail ends with it
 * @throws SpfpError NOT_DEPLOYED where there is no trail; PostgreSQL's 42501 where row-level security would hide rows
 */
export async function readAuditTrail(
  sql: Sql,
  filter: AuditFilter,
  limit: number,
  use: (trail: Trail) => Promise<void>,
): Promise<void> {
  const [{ present, users }] = presentSchema.parse([
    ...(await sql`
      select
        pg_catalog.to_regclass('public.automation_permissions_audit') is not null as present,
        exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'auth' and c.relname = 'users' and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            and pg_catalog.has_table_privilege(c.oid, 'SELECT') and not pg_catalog.row_security_active(c.oid)) as users`),
  ]);
  if (!present) {
    throw new SpfpError(
      "NOT_DEPLOYED",
      "the database has no audit trail, the table automation_permissions_audit",
      "Deploy the migrations first.",
    );
  }
  const work = drizzle(sql).transaction(async (tx) => {
    // A role that row-level security holds is refused, and not shown a part as if it were all. As pg_dump does.
    await tx.execute(query`select set_config('row_security', 'off', true)`);
    await use({
      entries: first(auditEntries(tx, filter), limit),
      async namesOf(ids) {
        // Of a role there is no address.
        const wanted = [...new Set(ids)].filter((id) => z.guid().safeParse(id).success);
        if (!users || wanted.length === 0) return new Map();
        const rows = await tx.execute(
          query`select id::text, email from auth.users where email is not null
            and id in (select one::uuid from json_array_elements_text(${JSON.stringify(wanted)}::text::json) one)`,
        );
        return new Map(usersSchema.parse([...rows]).map(({ id, email }) => [id, email]));
      },
    });
  }, snapshot);
  await work.catch((error: unknown) => {
    // What PostgreSQL or the connection said, which the command line knows.
    throw error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
  });
}
