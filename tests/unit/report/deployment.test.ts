import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type DeploymentLog, deploymentLogSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import {
  formatBytes,
  formatDeploymentLog,
  writeDeploymentLog,
} from "../../../packages/drizzle-deploy/src/report/index.ts";

const folder = mkdtempSync(join(tmpdir(), "spfp-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log: DeploymentLog = deploymentLogSchema.parse({
  version: 1,
  id: "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60",
  kind: "deploy",
  project: "spfp",
  database: "postgres",
  server: "17.10",
  mode: "enterprise",
  executor: "ana",
  approver: "Bruno | Lima",
  ticket: "CHG-1",
  backup: "2026-02-14",
  plan: { id: "4f".repeat(32), from: "0001_a", to: "0002_b", notes: ["a view of yours\nreads it"] },
  startedAt: "2026-02-14T03:00:00.000Z",
  finishedAt: "2026-02-14T03:01:05.000Z",
  outcome: "completed",
  steps: [
    {
      id: "0002_b/1",
      title: "create index idx_x on public.y",
      action: "run",
      reason: null,
      status: "done",
      attempts: 2,
      expectedMilliseconds: 900,
      milliseconds: 1200,
      error: null,
    },
    ...[2, 3].map((at) => ({
      id: `0002_b/${at}`,
      title: "create index idx_z on public.y",
      action: "skip",
      reason: "it is as wanted",
      status: "not run",
      attempts: 0,
      expectedMilliseconds: 0,
      milliseconds: null,
      error: null,
    })),
  ],
  window: "Sunday 03:00",
  notice: null,
  rehearsal: { at: "2026-02-12T10:00:00.000Z", digest: "abc" },
  error: null,
  findings: [],
  sizes: {
    before: [
      { schema: "public", name: "y", tableBytes: 8192, indexBytes: 0, rows: 10 },
      { schema: "public", name: "same", tableBytes: 8192, indexBytes: 0, rows: 10 },
    ],
    after: [
      { schema: "public", name: "y", tableBytes: 8192, indexBytes: 16384, rows: 10 },
      { schema: "public", name: "same", tableBytes: 8192, indexBytes: 0, rows: 10 },
    ],
  },
  watch: {
    startedAt: "2026-02-14T03:01:05.000Z",
    wantedSeconds: 60,
    seconds: 60,
    samples: 13,
    ok: true,
    commits: 900,
    rollbacks: 1,
    deadlocks: 0,
    longestLockWait: null,
    waits: [{ event: "IO/DataFileRead", times: 3 }],
    indexes: [{ index: "public.idx_x", scans: 40, valid: true }],
    findings: [],
  },
  signOffs: [
    { by: "ana", at: "2026-02-14T03:01:30.000Z", after: "validation" },
    { by: "Clara", at: "2026-02-14T03:03:00.000Z", after: "watch" },
  ],
});

const markdown = formatDeploymentLog(log);

test("says who, when, on what ground, and how it ended", () => {
  for (const line of [
    "# Deployment of spfp, 2026-02-14",
    "| Outcome | completed |",
    "| When | 2026-02-14 03:00:00 UTC to 2026-02-14 03:01:05 UTC (1 min 5 s) |",
    "| Mode | enterprise |",
    "| Approved by | Bruno \\| Lima |",
    "| Backup | 2026-02-14 |",
    "| Rehearsed | 2026-02-12 10:00:00 UTC, record abc |",
    "| 0002_b/1 | create index idx_x on public.y | done | 2 | 900 ms | 1.2 s |",
    "- 2 steps: skip: it is as wanted",
    "Everything that has to hold does.",
    "| public.y | 10 | 8.0 kB + 0 bytes | 8.0 kB + 16.0 kB | +16.0 kB |",
    "- a view of yours reads it",
    "| public.idx_x | 40 |",
    "| Clara | 2026-02-14 03:03:00 UTC | watch |",
  ]) {
    expect(markdown.split("\n")).toContain(line);
  }
});

test("leaves out what nobody said and what did not change", () => {
  expect(markdown).not.toContain("Notice");
  expect(markdown).not.toContain("public.same");
});

test("a failure is told with its code and what to do", () => {
  const failed = formatDeploymentLog({
    ...log,
    outcome: "failed",
    error: { code: "LOCK_TIMEOUT", message: "it waited", remedy: "Wait." },
  });
  expect(failed).toContain("**LOCK_TIMEOUT**: it waited Wait.");
  expect(failed).not.toContain("Everything holds");
});

test("is written as Markdown and JSON, which reads back as it was, once however often", () => {
  const files = writeDeploymentLog(log, join(folder, "log"));
  expect(writeDeploymentLog(log, join(folder, "log"))).toEqual(files);
  expect(readdirSync(join(folder, "log")).sort()).toEqual([
    "20260214T0300-deploy-5f0c2a1e.json",
    "20260214T0300-deploy-5f0c2a1e.md",
  ]);
  expect(readFileSync(files.markdown, "utf8")).toBe(markdown);
  expect(deploymentLogSchema.parse(JSON.parse(readFileSync(files.json, "utf8")))).toEqual(log);
});

test.each([
  [0, "0 bytes"],
  [1023, "1023 bytes"],
  [1024, "1.0 kB"],
  [150 * 1024, "150 kB"],
  [5.5 * 1024 ** 3, "5.5 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("tells what a rollback kept by kind, so that what it should not have left stands out", () => {
  const difference = (object: string, why: "kept" | "others" | "left") => ({
    object,
    why,
    expected: "SELECT",
    actual: null,
  });
  const text = formatDeploymentLog({
    ...log,
    kind: "rollback",
    differences: [
      ...Array.from({ length: 30 }, (_, at) => difference(`grant public.t${at} to anon`, "kept")),
      difference("policy public.y.own", "kept"),
      // One object of which two properties differ.
      difference("policy public.y.own", "kept"),
      difference("default privilege tables of a | b", "kept"),
      difference("index public.y.left", "left"),
      difference("view public.theirs", "others"),
    ],
  });
  expect(text).toContain("| index public.y.left | should not be | SELECT | nothing |");
  expect(text).toContain("| view public.theirs | changed by others | SELECT | nothing |");
  const kept = text.split("\n").filter((line) => /^- .*(polic|grant|privilege)/.test(line));
  expect(kept).toEqual([
    "- 1 policy: public.y.own",
    expect.stringMatching(/^- 30 grants: public\.t0 to anon, .*public\.t11 to anon, and 18 more$/),
    "- 1 default privilege: tables of a \\| b",
  ]);
});

test("the log of a merge or an adoption says what it came to, and claims no check", () => {
  const result = (facts: Partial<DeploymentLog>): string =>
    formatDeploymentLog({ ...log, plan: null, steps: [], findings: [], error: null, ...facts }).split(
      "## Result\n\n",
    )[1] ?? "";
  const changed = [{ table: "categories", rows: 5001 }];
  expect(result({ kind: "fix", outcome: "completed", changed, undoneBy: "u" })).toContain(
    "Changed: categories 5,001 rows; none deleted. Undone by u.",
  );
  expect(result({ kind: "fix", outcome: "completed", changed, undoes: "m" })).toContain(
    "Restored: categories 5,001 rows, as before fix m.",
  );
  expect(result({ kind: "fix", outcome: "failed", reason: "no rights" })).toContain("no rights");
  expect(result({ kind: "baseline", outcome: "completed", recorded: ["0000_a"] })).toContain(
    "Recorded as applied, none run: 0000_a.",
  );
});
