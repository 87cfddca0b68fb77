import type { Sql } from "drizzle-deploy/postgres";
import { getViewConfig } from "drizzle-orm/pg-core";
import { statementOf, writtenDown } from "../bench/index.ts";
import { figures } from "../screens/views.ts";
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
    const statements = Object.values(figures).map(({ view, query }) => ({
      view,
      ...statementOf(query(writtenDown, userId)),
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
