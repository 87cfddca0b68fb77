import { connect, type DatabaseUrl, type Sql } from "drizzle-deploy/postgres";
import { quoteQualified } from "drizzle-deploy/sql";
import { z } from "zod";
import { expectedCatalog } from "../expected/index.ts";
import { spfp } from "../spfp.ts";
import { type Waits, waitsOf } from "./statistics.ts";

/** A request of a client: when it was due, by the process's clock, and how long it took, in milliseconds. */
interface Request {
  readonly at: number;
  readonly milliseconds: number;
}

/** What clients met while something was going on. */
export interface Met {
  readonly closed: Waits;
  readonly open: Waits;
  /** Seconds since the beginning, and the longest wait of what was due in that quarter of a second. */
  readonly waits: [number, number][];
}

/** Clients at work on a database. */
export interface Traffic {
  /** Forgets what was until now: connecting, and the first look at everything, take their time with nobody to blame. */
  begin(): void;
  /** Ends it, and says how it was. */
  stop(): Promise<Met>;
}

/** Between two requests of a client that waits for its answers. */
const thinkingTime = 50;
/** Between two requests that come at their time. */
const interval = 20;
/** As many of those may be under way at once as an application's pools would allow. */
const pool = 10;
const rowsKnown = 200;
const bucket = 250;

const idsSchema = z.array(z.object({ id: z.string(), user: z.string() }));

/** Production's tables that a migration works on: they, and no others, wait for its locks. */
function affectedTables(): string[] {
  const [was, is] = [expectedCatalog(spfp.baselineTag), expectedCatalog(spfp.headTag)];
  return was.tables
    .filter((table) => {
      const now = is.tables.find(({ name }) => name === table.name);
      return JSON.stringify(now) !== JSON.stringify(table);
    })
    .map(({ name }) => name);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * A reader and a writer for each affected table, who wait for their answers, and requests that come at their time
 * whether or not those before them were answered: clients that wait hide how many others would have come meanwhile.
 */
export async function startTraffic(url: DatabaseUrl): Promise<Traffic> {
  const first = await connect(url);
  const targets: { table: string; rows: { id: string; user: string }[] }[] = [];
  for (const table of affectedTables()) {
    const rows = idsSchema.parse([
      ...(await first.unsafe(
        `select id::text as id, user_id::text as user from ${quoteQualified("public", table)} limit ${rowsKnown}`,
      )),
    ]);
    if (rows.length > 0) targets.push({ table, rows });
  }
  await first.end();
  const start = performance.now();
  let begun = start;
  let over = false;
  let [closed, open]: [Request[], Request[]] = [[], []];
  const failed = { closed: 0, open: 0 };

  async function request(sql: Sql, turn: number, target: (typeof targets)[number], writes: boolean) {
    const row = target.rows[turn % target.rows.length];
    if (!row) return;
    const table = quoteQualified("public", target.table);
    if (writes) await sql.unsafe(`update ${table} set user_id = user_id where id = $1`, [row.id]);
    else await sql.unsafe(`select * from ${table} where user_id = $1 limit 50`, [row.user]);
  }

  async function client(target: (typeof targets)[number], writes: boolean): Promise<void> {
    const sql = await connect(url);
    for (let turn = 0; !over; turn += 1) {
      const asked = performance.now();
      await request(sql, turn, target, writes).catch(() => {
        failed.closed += 1;
      });
      closed.push({ at: asked, milliseconds: performance.now() - asked });
      await pause(thinkingTime);
    }
    await sql.end();
  }

  async function comers(): Promise<void> {
    const idle = await Promise.all(Array.from({ length: pool }, () => connect(url)));
    const waiting: ((sql: Sql) => void)[] = [];
    const underWay: Promise<void>[] = [];
    const take = async (): Promise<Sql> =>
      idle.pop() ?? (await new Promise<Sql>((resolve) => waiting.push(resolve)));
    const giveBack = (sql: Sql) => {
      const next = waiting.shift();
      if (next) next(sql);
      else idle.push(sql);
    };
    for (let turn = 0; !over; turn += 1) {
      const due = start + turn * interval;
      await pause(Math.max(0, due - performance.now()));
      const target = targets[turn % targets.length];
      if (!target) break;
      underWay.push(
        take().then(async (sql) => {
          await request(sql, turn, target, turn % 2 === 0).catch(() => {
            failed.open += 1;
          });
          open.push({ at: due, milliseconds: performance.now() - due });
          giveBack(sql);
        }),
      );
    }
    await Promise.all(underWay);
    await Promise.all(idle.map((sql) => sql.end()));
  }

  const all = [...targets.flatMap((target) => [client(target, false), client(target, true)]), comers()];
  return {
    begin: () => {
      begun = performance.now();
      [closed, open] = [[], []];
      failed.closed = 0;
      failed.open = 0;
    },
    stop: async () => {
      over = true;
      await Promise.all(all);
      const counted = (requests: readonly Request[]) => requests.filter(({ at }) => at >= begun);
      [closed, open] = [counted(closed), counted(open)];
      const longest = new Map<number, number>();
      for (const { at, milliseconds } of [...closed, ...open]) {
        const which = Math.floor((at - begun) / bucket);
        longest.set(which, Math.max(longest.get(which) ?? 0, milliseconds));
      }
      const waits = [...longest]
        .sort(([a], [b]) => a - b)
        .map(([which, milliseconds]): [number, number] => [(which * bucket) / 1_000, milliseconds]);
      const of = (requests: readonly Request[]) => requests.map(({ milliseconds }) => milliseconds);
      return { closed: waitsOf(of(closed), failed.closed), open: waitsOf(of(open), failed.open), waits };
    },
  };
}
