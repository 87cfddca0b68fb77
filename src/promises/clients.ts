import { connect, type DatabaseUrl } from "drizzle-deploy/postgres";
import { type Screen, signIn } from "../bench/index.ts";
import type { BenchReport } from "./report.ts";
import { representatives, type SizedTenant } from "./screens.ts";
import { waitsOf } from "./statistics.ts";

/** Clients at once. */
const clients = 4;

/** Turns of before and after, and how long each is, in milliseconds. */
const turns = 3;
const turnLasts = 1_500;

/** Shows a screen again and again, to one tenant after the other, and says how long each took. */
async function show(
  url: DatabaseUrl,
  screen: Screen,
  { tenants, today, before }: { tenants: readonly SizedTenant[]; today: string; before: boolean },
): Promise<number[]> {
  const until = performance.now() + turnLasts;
  const one = async (offset: number): Promise<number[]> => {
    const sql = await connect(url);
    const waits: number[] = [];
    try {
      for (let at = offset; performance.now() < until; at += 1) {
        const tenant = tenants[at % tenants.length];
        if (!tenant) break;
        const begun = performance.now();
        await sql.begin("read only", async (transaction) => {
          await signIn(transaction, tenant.userId);
          for (const query of representatives(screen.queries({ userId: tenant.userId, today, before }))) {
            await transaction.unsafe(query.text, query.parameters);
          }
        });
        waits.push(performance.now() - begun);
      }
      return waits;
    } finally {
      await sql.end();
    }
  };
  return (await Promise.all(Array.from({ length: clients }, (_, offset) => one(offset)))).flat();
}

/** What people wait for a screen, by the clock on the wall, while others look at it too: before and after by turns. */
export async function measureClients(
  urls: { before: DatabaseUrl; after: DatabaseUrl },
  { screens, tenants, today }: { screens: readonly Screen[]; tenants: readonly SizedTenant[]; today: string },
): Promise<BenchReport["clients"]> {
  const measured: BenchReport["clients"] = [];
  for (const screen of screens) {
    const [before, after]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < turns; turn += 1) {
      before.push(...(await show(urls.before, screen, { tenants, today, before: true })));
      after.push(...(await show(urls.after, screen, { tenants, today, before: false })));
    }
    measured.push({
      screen: screen.id,
      title: screen.title,
      clients,
      before: waitsOf(before, 0),
      after: waitsOf(after, 0),
    });
  }
  return measured;
}
