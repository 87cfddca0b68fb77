import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { z } from "zod";
import { fixDuplicates } from "../duplicates/index.ts";
import type { BenchReport } from "./report.ts";
import { waitsOf } from "./statistics.ts";

/** Between two statements of the writer, in milliseconds. */
const thinkingTime = 10;

const idsSchema = z.array(z.object({ id: z.string() }));

/** Merges a database's duplicates while the tenant with most rows goes on writing, and says how long they waited. */
export async function measureMerge(url: DatabaseUrl, userId: string): Promise<BenchReport["merge"]> {
  const sql = await connect(url);
  const ids = idsSchema.parse([
    ...(await sql`select id::text as id from public.transactions where user_id = ${userId} order by id limit 2000`),
  ]);
  let over = false;
  let failed = 0;
  const waits: number[] = [];
  const writer = (async () => {
    for (let turn = 0; !over; turn += 1) {
      const one = ids[turn % ids.length];
      if (!one) break;
      const begun = performance.now();
      await sql`update public.transactions set paid = paid where id = ${one.id}`.catch(() => {
        failed += 1;
      });
      waits.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, thinkingTime));
    }
  })();
  const begun = performance.now();
  try {
    const report = await fixDuplicates(url, { apply: true });
    const seconds = (performance.now() - begun) / 1_000;
    return {
      seconds,
      rows: report.changed.reduce((sum, { rows }) => sum + rows, 0),
      writer: waitsOf(waits, failed),
    };
  } finally {
    over = true;
    await writer;
    await sql.end();
  }
}
