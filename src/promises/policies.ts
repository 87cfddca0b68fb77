import type { Sql, Transaction } from "drizzle-deploy/postgres";
import { quoteIdentifier, quoteQualified } from "drizzle-deploy/sql";
import { measure, type Screen, type ScreenQuery, signIn } from "../bench/index.ts";
import { runs } from "./measure.ts";
import type { BenchReport } from "./report.ts";
import { representatives, type SizedTenant } from "./screens.ts";
import { spreadOf } from "./statistics.ts";

async function medianOf(transaction: Transaction, query: ScreenQuery): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const { milliseconds } = await measure(transaction, query);
    if (run > 0) times.push(milliseconds);
  }
  return spreadOf(times).median;
}

/**
 * Measures each screen's queries under a policy, in a transaction that is rolled back: `auth.uid()` once for the
 * statement, as the migrations have it, or once for each row, as production had it.
 */
async function underPolicies(
  sql: Sql,
  { queries, userId, perRow }: { queries: readonly ScreenQuery[]; userId: string; perRow: boolean },
): Promise<number[]> {
  const undo = new Error("nothing of it is to stay");
  const medians: number[] = [];
  await sql
    .begin(async (transaction) => {
      for (const table of perRow ? new Set(queries.map((query) => query.table)) : []) {
        await transaction.unsafe(
          `alter policy ${quoteIdentifier(`${table}_select`)} on ${quoteQualified("public", table)} using (auth.uid() = user_id)`,
        );
      }
      await signIn(transaction, userId);
      for (const query of queries) medians.push(await medianOf(transaction, query));
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return medians;
}

/** What the form of the policies and the name of the user in the query are worth, to the tenant, for each screen. */
export async function measurePolicies(
  after: Sql,
  { screens, tenant, today }: { screens: readonly Screen[]; tenant: SizedTenant; today: string },
): Promise<BenchReport["policies"]> {
  const { userId } = tenant;
  const queriesOf = (unnamed: boolean) =>
    screens.flatMap((screen) =>
      representatives(screen.queries({ userId, today, unnamed })).map((query) => ({ screen, query })),
    );
  const [named, unnamed] = [queriesOf(false), queriesOf(true)];
  const measured = (queries: readonly { query: ScreenQuery }[], perRow: boolean) =>
    underPolicies(after, { queries: queries.map(({ query }) => query), userId, perRow });
  const onceNamed = await measured(named, false);
  const onceAlone = await measured(unnamed, false);
  const perRowNamed = await measured(named, true);
  const perRowAlone = await measured(unnamed, true);
  return named.map(({ screen, query }, at) => ({
    screen: screen.id,
    title: screen.title,
    query: query.group,
    onceNamed: onceNamed[at] ?? 0,
    onceAlone: onceAlone[at] ?? 0,
    perRowNamed: perRowNamed[at] ?? 0,
    perRowAlone: perRowAlone[at] ?? 0,
  }));
}
