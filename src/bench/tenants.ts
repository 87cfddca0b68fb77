import type { Sql } from "drizzle-deploy/postgres";
import { z } from "zod";

/** A user, and how large they are among the others. */
export interface Tenant {
  userId: string;
  /** 1 is the largest. */
  rank: number;
  /** How many users have rows at all. */
  of: number;
  /** Tasks, leads, posts and transactions together, deleted ones included. */
  rows: number;
}

const tenantSchema = z.object({
  userId: z.guid(),
  rank: z.number().int(),
  of: z.number().int(),
  rows: z.number().int(),
});

/**
 * The tenant of the given size: the largest, the median, or by rank from 1. Users of equal size are in the order of
 * their ids. Reads the four large tables whole.
 * @returns undefined when there are fewer tenants than that
 */
export async function findTenant(
  sql: Sql,
  size: "largest" | "median" | { rank: number },
): Promise<Tenant | undefined> {
  const wanted =
    typeof size === "object" ? sql`${size.rank}` : size === "largest" ? sql`1` : sql`(t.of + 1) / 2`;
  const [row] = await sql`
    select t."userId", t.rank, t.of, t.rows
    from (
      select user_id as "userId", sum(rows)::int as rows, count(*) over ()::int as of,
        row_number() over (order by sum(rows) desc, user_id)::int as rank
      from (
        select user_id, count(*) as rows from public.operational_tasks group by user_id
        union all select user_id, count(*) from public.sales_leads group by user_id
        union all select user_id, count(*) from public.marketing_posts group by user_id
        union all select user_id, count(*) from public.transactions group by user_id
      ) counted
      group by user_id
    ) t
    where t.rank = ${wanted}`;
  return row === undefined ? undefined : tenantSchema.parse(row);
}
