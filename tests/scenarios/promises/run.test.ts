import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  connect,
  type DatabaseUrl,
  type Sql,
  siblingUrl,
} from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { screenIds } from "../../../src/bench/index.ts";
import { type BenchReport, runBench } from "../../../src/promises/index.ts";
import { formatBenchReport, writeBenchPage } from "../../../src/report/index.ts";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { dataFolder } from "../../support/memory.ts";

// A server of its own: on the run's, others make and drop databases meanwhile.
let server: EmbeddedServer;
let database: { url: DatabaseUrl; sql: Sql };
const options = { scale: 0.002, seed: 7, version: "0.0.0-test" } as const;

async function databases(): Promise<string[]> {
  const rows = await database.sql`select datname as name from pg_database order by 1`;
  return z
    .array(z.object({ name: z.string() }))
    .parse([...rows])
    .map(({ name }) => name);
}

let report: BenchReport;
let left: string[];
beforeAll(async () => {
  server = await startServer({ temporary: dataFolder(), durable: false });
  const url = server.url("postgres");
  database = { url, sql: await connect(url) };
  const there = await databases();
  report = await runBench(database.url, {
    ...options,
    parts: ["screens", "views", "policies", "writes", "storage", "check", "merge"],
  });
  left = (await databases()).filter((name) => !there.includes(name));
});

afterAll(async () => {
  await database.sql.end();
  await server.stop();
});

describe("a benchmark", () => {
  it("measures each screen before, after and at its floor, for three tenants", () => {
    expect(new Set(report.screens.map(({ screen }) => screen))).toEqual(new Set(screenIds));
    for (const tenant of ["largest", "99th percentile", "median"] as const) {
      expect(report.screens.filter((one) => one.tenant === tenant)).toHaveLength(8);
    }
    for (const { before, after, floor, ratio } of report.screens) {
      expect(before.milliseconds.runs).toBe(15);
      expect(after.rows).toBe(before.rows);
      expect(floor.milliseconds.median).toBeGreaterThan(0);
      expect(ratio).toBeCloseTo(before.milliseconds.median / after.milliseconds.median);
    }
  });

  it("judges the largest tenant's, and no other's", () => {
    for (const { tenant, verdict } of report.screens) {
      expect(verdict === null).toBe(tenant !== "largest");
    }
  });

  it("measures the six views, four forms of policies, writes, indexes and the checks", () => {
    expect(new Set(report.views.map(({ view }) => view)).size).toBe(6);
    expect(report.policies).toHaveLength(8);
    expect(report.policies.every((one) => one.perRowAlone > 0 && one.onceNamed > 0)).toBe(true);
    expect(report.writes.every(({ after }) => after.median > 0)).toBe(true);
    expect(report.storage.map(({ index }) => index)).toContain("idx_operational_tasks_kanban");
    expect(report.storage.map(({ index }) => index)).not.toContain("idx_operational_tasks_status");
    expect(report.check[0]).toMatchObject({ area: "all" });
    expect(report.merge).toMatchObject({ writer: { failed: 0 } });
    expect(report).toMatchObject({ clients: [], deployments: [], growth: [] });
  });

  it("keeps its data for the next run, and nothing else", async () => {
    expect(left).toEqual(report.data.kept);
    expect(left).toHaveLength(1);
    const again = await runBench(database.url, { ...options, parts: ["storage"], screens: ["kanban"] });
    expect(again.data).toEqual(report.data);
    expect((await databases()).filter((name) => name.startsWith("spfp_scratch_"))).toEqual([]);
    await database.sql.unsafe(`drop database ${left[0]}`);
  });

  it("leaves nothing behind where it is stopped", async () => {
    const before = await databases();
    const drops: (() => Promise<void>)[] = [];
    const stopped = new Error("stopped");
    const run = runBench(
      database.url,
      {
        ...options,
        seed: 8,
        parts: ["storage"],
        onScratch: (drop) => {
          drops.push(drop);
          return () => {};
        },
      },
      async (title, work) => {
        const outcome = await work(() => {});
        if (title === "Before and after") throw stopped;
        return outcome;
      },
    );
    await expect(run).rejects.toBe(stopped);
    expect(drops).toHaveLength(1);
    const after = (await databases()).filter((name) => !before.includes(name));
    expect(after.every((name) => name.startsWith("spfp_bench_"))).toBe(true);
    for (const name of after) await database.sql.unsafe(`drop database ${name}`);
  });

  it("is told at a terminal, and as a page that needs nothing from elsewhere", async () => {
    const text = formatBenchReport(report);
    expect(text).toContain("Kanban board: column");
    expect(text).toContain(report.data.kept[0]);
    const two = formatBenchReport({ ...report, data: { ...report.data, kept: ["one", "another"] } });
    expect(two).toContain("kept for the next run as databases one, another; everything else");
    const page = await writeBenchPage(report);
    expect(page).toContain("<svg");
    expect(page).not.toMatch(/<script|<link|https?:\/\/(?!www\.w3\.org)/);
  });

  it("refuses a server on which it may not make databases with what to do", async () => {
    await expect(
      runBench(siblingUrl(database.url, "spfp_there_is_none"), { ...options, parts: [] }),
    ).rejects.toMatchObject({ code: "DATABASE_MISSING" });
  });
});
