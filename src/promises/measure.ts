import type { Sql } from "drizzle-deploy/postgres";
import { measure, type Run, type Statement, signIn } from "../bench/index.ts";
import type { Measurement } from "./report.ts";
import { spreadOf } from "./statistics.ts";

/** Runs of a statement after the first, which reads from disk and is not counted. */
export const runs = 15;

/** Runs a statement once as a signed-in user, read-only. */
export function runAs(sql: Sql, userId: string, statement: Statement): Promise<Run> {
  return sql.begin("read only", async (transaction) => {
    await signIn(transaction, userId);
    return measure(transaction, statement);
  });
}

/** Runs a statement once as who owns the tables, whom no policy holds back: for what is only to be compared with. */
export function runAsOwner(sql: Sql, statement: Statement): Promise<Run> {
  return sql.begin("read only", (transaction) => measure(transaction, statement));
}

/**
 * Runs each of the works once, and then in turns, so that whatever the machine does meanwhile happens to all of them.
 * @returns the runs of each, in the order of the works, without the first
 */
export async function takeTurns<Result>(
  works: readonly (() => Promise<Result>)[],
  times: number = runs,
): Promise<Result[][]> {
  const results: Result[][] = works.map(() => []);
  for (let turn = 0; turn <= times; turn += 1) {
    for (const [which, work] of works.entries()) {
      const result = await work();
      if (turn > 0) results[which]?.push(result);
    }
  }
  return results;
}

/** Sums up the runs of a statement; the plan is that of the last. */
export function measurementOf(all: readonly Run[]): Measurement {
  const median = (figure: (run: Run) => number): number => spreadOf(all.map(figure)).median;
  return {
    milliseconds: spreadOf(all.map(({ milliseconds }) => milliseconds)),
    planningMilliseconds: median(({ planningMilliseconds }) => planningMilliseconds),
    pages: median(({ pages }) => pages),
    rows: median(({ rows }) => rows),
    rowsRead: median(({ rowsRead }) => rowsRead),
    walBytes: median(({ walBytes }) => walBytes),
    plan: all.at(-1)?.plan ?? "",
  };
}

/** Adds up runs of statements that only together do what is measured. */
export function sumOf(all: readonly Run[]): Run {
  const sum = (figure: (run: Run) => number): number => all.reduce((total, run) => total + figure(run), 0);
  return {
    milliseconds: sum(({ milliseconds }) => milliseconds),
    planningMilliseconds: sum(({ planningMilliseconds }) => planningMilliseconds),
    pages: sum(({ pages }) => pages),
    rows: sum(({ rows }) => rows),
    rowsRead: sum(({ rowsRead }) => rowsRead),
    walBytes: sum(({ walBytes }) => walBytes),
    indexesUsed: [...new Set(all.flatMap(({ indexesUsed }) => indexesUsed))],
    plan: all.map(({ plan }) => plan).join("; "),
  };
}
