import type { Sql } from "drizzle-deploy/postgres";
import { areas, runChecks } from "../checks/index.ts";
import { expectedCatalog } from "../expected/index.ts";
import { spfp } from "../spfp.ts";
import type { BenchReport } from "./report.ts";
import { spreadOf } from "./statistics.ts";

/** Times that each is looked at: some take seconds. */
const times = 5;

/** How long `spfp-db check` looks at each area, and at all of them. */
export async function measureChecks(after: Sql): Promise<BenchReport["check"]> {
  const wanted = expectedCatalog(spfp.headTag);
  const measured: BenchReport["check"] = [];
  for (const only of [undefined, ...areas.map((area) => [area])]) {
    const milliseconds: number[] = [];
    for (let time = 0; time <= times; time += 1) {
      const begun = performance.now();
      await runChecks(after, wanted, { schemas: spfp.schemas, ...(only ? { only } : {}) });
      if (time > 0) milliseconds.push(performance.now() - begun);
    }
    measured.push({ area: only?.[0] ?? "all", milliseconds: spreadOf(milliseconds) });
  }
  return measured;
}
