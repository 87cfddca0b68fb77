import { expect, test } from "vitest";
import { z } from "zod";
import {
  type Sample,
  summariseWatch,
  takeSample,
  watch,
  watchFindings,
} from "../../../packages/drizzle-deploy/src/run/watch.ts";
import { createDatabase, only } from "../../support/database.ts";

const database = await createDatabase("deployed");

const sample = (change: Partial<Sample> = {}): Sample => ({
  counters: { commits: 100, rollbacks: 0, deadlocks: 0, conflicts: 0 },
  lockWaits: [],
  waits: [],
  indexes: [{ schema: "public", name: "idx_a", table: "a", valid: true, scans: 5, rows: 10 }],
  ...change,
});

const later = (counters: Partial<Sample["counters"]>): Sample =>
  sample({
    counters: { commits: 200, rollbacks: 0, deadlocks: 0, conflicts: 0, ...counters },
    indexes: [{ schema: "public", name: "idx_a", table: "a", valid: true, scans: 9, rows: 10 }],
  });

const rules = (...samples: Sample[]) =>
  watchFindings(samples).map(({ check, severity }) => `${severity} ${check}`);

test("a database at work, its new index read: nothing to say", () => {
  expect(rules(sample(), later({ rollbacks: 2 }))).toEqual([]);
});

test("an index that nothing read is worth knowing, and no more", () => {
  expect(rules(sample(), sample())).toEqual(["info watch.indexes"]);
});

test("an invalid index, a deadlock, many failed transactions: each is an error", () => {
  const invalid = sample({
    indexes: [{ schema: "public", name: "idx_a", table: "a", valid: false, scans: 5, rows: 10 }],
  });
  expect(rules(sample(), invalid)).toEqual(["error watch.indexes"]);
  expect(rules(sample(), later({ deadlocks: 1 }))).toEqual(["error watch.errors"]);
  expect(rules(sample(), later({ rollbacks: 50 }))).toEqual(["error watch.errors"]);
});

test("a wait for a lock that somebody notices is an error, once a table, with the longest", () => {
  const wait = (seconds: number) => ({
    pid: 1,
    application: "app",
    relation: "public.a",
    seconds,
    blockers: [2],
  });
  const seen = [
    sample({ lockWaits: [wait(1)] }),
    later({}),
    { ...later({}), lockWaits: [wait(6)] },
    { ...later({}), lockWaits: [wait(9)] },
  ];
  const findings = watchFindings(seen);
  expect(findings).toMatchObject([{ check: "watch.locks", object: "public.a" }]);
  expect(findings[0]?.actual).toContain("9.0 s for pid 2");
  const times = { startedAt: "2026-02-14T03:00:00.000Z", wantedSeconds: 1, seconds: 1 };
  expect(summariseWatch(seen, times)).toMatchObject({
    ok: false,
    commits: 100,
    longestLockWait: { seconds: 9, relation: "public.a", application: "app" },
    indexes: [{ index: "public.idx_a", scans: 4, valid: true }],
  });
});

test("a look names who waits for whom, on what", async () => {
  const { sql } = database;
  await sql.begin(async (holder) => {
    await holder`lock table public.accounts in access exclusive mode`;
    const { pid } = only(z.object({ pid: z.int() }), await holder`select pg_backend_pid() as pid`);
    const waiting = sql`select count(*) from public.accounts`.execute();
    await expect
      .poll(async () => (await takeSample(sql, [])).lockWaits, { timeout: 20_000 })
      .toMatchObject([{ relation: "public.accounts", blockers: [pid] }]);
    void waiting.catch(() => undefined);
  });
});

test("a watch looks until its time is over, and counts the scans of the indexes it was given", async () => {
  const { sql } = database;
  const left: number[] = [];
  const report = await watch(sql, {
    seconds: 0.3,
    interval: 0.1,
    indexes: [{ schema: "public", name: "idx_sales_leads_analysis" }],
    onSample: (_, seconds) => left.push(seconds),
  });
  expect(report.samples).toBe(left.length);
  expect(report.samples).toBeGreaterThan(1);
  expect(left.at(-1)).toBe(0);
  expect(report.indexes).toMatchObject([{ index: "public.idx_sales_leads_analysis", valid: true }]);
});

test("a watch that is stopped reports what it saw, and does not count", async () => {
  const stop = new AbortController();
  const report = await watch(database.sql, {
    seconds: 3600,
    indexes: [],
    stopSignal: stop.signal,
    onSample: () => stop.abort(),
  });
  expect(report).toMatchObject({
    wantedSeconds: 3600,
    samples: 1,
    ok: false,
    findings: [{ check: "watch.time", severity: "error" }],
  });
});
