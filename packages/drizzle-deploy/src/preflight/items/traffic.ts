import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { CheckId } from "../../findings/check-ids.ts";
import type { Reader } from "../../postgres/index.ts";
import type { PreflightItem } from "../item.ts";

const schema = z.tuple([z.object({ transactions: z.coerce.number(), seconds: z.number() })]);

/** Statistics are cached for a transaction by default: each look has to be a fresh one. */
async function look(sql: Reader) {
  await sql`select pg_catalog.pg_stat_clear_snapshot()`;
  const rows = await sql`
    select xact_commit + xact_rollback as transactions, extract(epoch from clock_timestamp())::float8 as seconds
    from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()`;
  return schema.parse([...rows])[0];
}

/** How busy the database is, against what somebody called little. Sessions report within a second or so. */
export const traffic: PreflightItem = {
  id: "traffic",
  title: "Traffic",
  async run({ sql, lowTraffic, sample }) {
    const before = await look(sql);
    await pause(sample);
    const after = await look(sql);
    const seconds = after.seconds - before.seconds;
    const rate = (after.transactions - before.transactions) / seconds;
    const shown = `${rate.toFixed(1)} transactions per second over ${seconds.toFixed(1)} s`;
    if (lowTraffic === null) {
      return { evidence: `${shown}; give --low-traffic to compare it with`, findings: [] };
    }
    const findings =
      rate > lowTraffic
        ? [
            {
              check: "traffic.rate" satisfies CheckId,
              severity: "warning",
              object: "this database",
              expected: `at most ${lowTraffic} transactions per second`,
              actual: shown,
              remedy:
                "Deploy when there is less to do; it stops nobody for long, but it takes longer beside traffic.",
            } as const,
          ]
        : [];
    return { evidence: shown, findings };
  },
};
