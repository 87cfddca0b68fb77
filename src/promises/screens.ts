import type { Sql } from "drizzle-deploy/postgres";
import { quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import {
  findTenant,
  type Run,
  type Screen,
  type ScreenQuery,
  type Statement,
  signIn,
  type Tenant,
} from "../bench/index.ts";
import { SpfpError } from "../errors.ts";
import { measurementOf, runAs, runAsOwner, runs, sumOf, takeTurns } from "./measure.ts";
import type { ScreenResult, TenantSize } from "./report.ts";
import { judge } from "./verdict.ts";

/** The same data, as production's catalog has it and as the migrations leave it. */
export interface Sides {
  readonly before: Sql;
  readonly after: Sql;
}

export type SizedTenant = Tenant & { readonly size: TenantSize };

/**
 * The tenant that the promises were made for.
 * @throws TypeError where there is none, as generated data never is
 */
export async function findLargestTenant(sql: Sql): Promise<SizedTenant> {
  const tenant = await findTenant(sql, "largest");
  if (!tenant) throw new TypeError("the generated data has no tenant");
  return { ...tenant, size: "largest" };
}

/** The first query of each group: the others differ from it in a value only. */
export function representatives(queries: readonly ScreenQuery[]): ScreenQuery[] {
  return queries.filter(({ group }, at) => queries.findIndex((one) => one.group === group) === at);
}

const rowsSchema = z.array(
  z.looseObject({
    id: z.string().nullish(),
    day: z.coerce.string().nullish(),
    leads: z.coerce.number().optional(),
    overdue: z.coerce.number().optional(),
    posts: z.coerce.number().optional(),
  }),
);
type Rows = z.infer<typeof rowsSchema>;

const answer = (sql: Sql, userId: string, query: Statement): Promise<Rows> =>
  sql.begin("read only", async (transaction) => {
    await signIn(transaction, userId);
    return rowsSchema.parse([...(await transaction.unsafe(query.text, query.parameters))]);
  });

/** How many rows stand behind the numbers of an answer; a day's number is in each of its rows. */
function countedIn(rows: Rows): number {
  const days = new Map(rows.map((row, at) => [row.day ?? at, row.leads ?? row.overdue ?? row.posts ?? 0]));
  return [...days.values()].reduce((sum, one) => sum + one, 0);
}

/**
 * The least that any index could leave to do: the same rows by their primary key, and as many of the user's rows
 * counted from the narrowest index that leads to them. As the owner: a policy would have the planner look for the user
 * instead of the keys.
 */
function floorsOf(query: ScreenQuery, rows: Rows, userId: string): Statement[] {
  const table = quoteQualified("public", query.table);
  const ids = rows.flatMap(({ id }) => (id ? [id] : []));
  const counted = countedIn(rows);
  return [
    ...(query.kind === "listing"
      ? [
          {
            text: `select * from ${table} where id = any ($1::text::uuid[])`,
            parameters: [`{${ids.join(",")}}`],
          },
        ]
      : []),
    ...(query.kind === "figure" || counted > 0
      ? [
          {
            text: `select count(*) from (select from ${table} where user_id = $1 limit ${counted}) counted`,
            parameters: [userId],
          },
        ]
      : []),
  ];
}

/** The ids, or the numbers, of an answer: what has to be the same before and after. */
const shown = (rows: Rows): string =>
  JSON.stringify(rows.map(({ id, leads, overdue, posts }) => [id, leads, overdue, posts]).toSorted());

/**
 * Measures one query of a screen for a tenant: before, after and its floor by turns.
 * @throws SpfpError SCREEN_CHANGED where it answers otherwise after than before: then no time of it means anything
 */
async function measureScreen(
  { before, after }: Sides,
  { screen, group, tenant, today }: { screen: Screen; group: string; tenant: SizedTenant; today: string },
): Promise<ScreenResult> {
  const { userId } = tenant;
  const pick = (isBefore: boolean): ScreenQuery => {
    const found = screen.queries({ userId, today, before: isBefore }).find((one) => one.group === group);
    if (!found) throw new TypeError(`screen ${screen.id} has no query ${group}`);
    return found;
  };
  const [old, query] = [pick(true), pick(false)];
  const rows = await answer(after, userId, query);
  if (shown(await answer(before, userId, old)) !== shown(rows)) {
    throw new SpfpError(
      "SCREEN_CHANGED",
      `${screen.title}, ${group}: shows the ${tenant.size} tenant other rows after the deployment than before it.`,
      "Compare the screen's query with what the migrations change in its table; a deployment keeps what a screen shows.",
    );
  }
  const floors = floorsOf(query, rows, userId);
  const floor = async (): Promise<Run> => {
    const parts: Run[] = [];
    for (const one of floors) parts.push(await runAsOwner(after, one));
    return sumOf(parts);
  };
  const [first = [], second = [], third = []] = await takeTurns(
    [() => runAs(before, userId, old), () => runAs(after, userId, query), floor],
    runs,
  );
  const measured = {
    before: measurementOf(first),
    after: measurementOf(second),
    floor: measurementOf(third),
  };
  const times = {
    before: measured.before.milliseconds.median,
    after: measured.after.milliseconds.median,
    floor: measured.floor.milliseconds.median,
  };
  return {
    screen: screen.id,
    title: screen.title,
    query: group,
    tenant: tenant.size,
    promised: screen.promised,
    ...measured,
    ratio: times.before / times.after,
    toFloor: times.after / times.floor,
    verdict: tenant.size === "largest" ? judge(times, screen.promised) : null,
  };
}

/**
 * Measures the screens for each of the tenants, of the queries that differ in a value only the first.
 * @throws SpfpError SCREEN_CHANGED where one shows other rows after than before
 */
export async function measureScreens(
  sides: Sides,
  { screens, tenants, today }: { screens: readonly Screen[]; tenants: readonly SizedTenant[]; today: string },
  say: (what: string) => void,
): Promise<ScreenResult[]> {
  const results: ScreenResult[] = [];
  for (const tenant of tenants) {
    for (const screen of screens) {
      for (const { group } of representatives(screen.queries({ userId: tenant.userId, today }))) {
        say(`${tenant.size} tenant, ${screen.title}: ${group}`);
        results.push(await measureScreen(sides, { screen, group, tenant, today }));
      }
    }
  }
  return results;
}
