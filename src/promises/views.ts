import type { Sql } from "drizzle-deploy/postgres";
import { quoteQualified } from "drizzle-deploy/sql";
import { getViewConfig } from "drizzle-orm/pg-core";
import { analyticViewDefinitions } from "../views/definitions.ts";
import { measurementOf, runAs, takeTurns } from "./measure.ts";
import type { BenchReport } from "./report.ts";
import type { SizedTenant } from "./screens.ts";

/** Measures the six views of the optimisation, each as its user asks for it. */
export async function measureViews(
  after: Sql,
  tenants: readonly SizedTenant[],
): Promise<BenchReport["views"]> {
  const measured: BenchReport["views"] = [];
  for (const { size, userId } of tenants) {
    const statements = analyticViewDefinitions.map(({ view }) => ({
      view,
      text: `select * from ${quoteQualified("public", getViewConfig(view).name)} where user_id = $1`,
      parameters: [userId],
    }));
    const all = await takeTurns(statements.map((statement) => () => runAs(after, userId, statement)));
    for (const [at, { view }] of statements.entries()) {
      measured.push({
        view: getViewConfig(view).name,
        tenant: size,
        measurement: measurementOf(all[at] ?? []),
      });
    }
  }
  return measured;
}
