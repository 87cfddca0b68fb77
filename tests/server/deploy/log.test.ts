import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { addDetails, withoutSecrets } from "../../../packages/drizzle-deploy/src/deploy/log.ts";
import { planSchema, readLastLog, readLog } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import {
  beginDeployment,
  beginStep,
  type DeploymentRecord,
  ensureRecords,
  finishDeployment,
} from "../../../packages/drizzle-deploy/src/records/records.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";

const step = {
  migration: "0001_b",
  kind: "create index",
  title: "create index idx_x on public.y",
  sql: "CREATE INDEX CONCURRENTLY idx_x ON public.y (id)",
  target: { kind: "index", schema: "public", name: "idx_x", table: "y" },
  needs: [],
  locks: [],
  transactional: false,
  hazards: [],
  safety: "CONCURRENTLY",
  size: null,
  estimate: { milliseconds: 20, growthBytes: 0 },
};

const plan = planSchema.parse({
  version: 1,
  id: "a".repeat(64),
  state: "b".repeat(64),
  project: "shop",
  createdAt: "2026-02-14T03:00:00.000Z",
  from: "0000_a",
  to: "0001_b",
  migrations: [{ tag: "0001_b", hash: "c".repeat(64), when: 1 }],
  steps: [
    { ...step, id: "0001_b/1", action: "run", reason: null },
    { ...step, id: "0001_b/2", action: "skip", reason: "It is as wanted." },
  ],
  notes: [],
});

const database = await createDatabase("production");

test.each([
  ["postgresql://postgres:s3cret@db.example.com/x", "postgresql://postgres@db.example.com/x"],
  ["see postgres://a:p%40ss@h and postgres://b:q@h.", "see postgres://a@h and postgres://b@h."],
  ["postgres://a:p@ss@host/db", "postgres://a@host/db"],
  ["host=h password=s3cret user=a", "host=h password=… user=a"],
  ["postgres://h/db?password=s3cret&x=1", "postgres://h/db?password=…&x=1"],
  ["backup of 2026-02-14 03:00, user@example.com", "backup of 2026-02-14 03:00, user@example.com"],
])("%s", (text, clean) => {
  expect(withoutSecrets(text)).toBe(clean);
});

test("a database on which nothing ever ran has no log", async () => {
  expect(await readLastLog(database.sql, spfpNames)).toBeUndefined();
  expect(await readLog(database.sql, spfpNames, "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60")).toBeUndefined();
});

describe("what the database remembers", () => {
  const record = (kind: "deploy" | "rollback"): DeploymentRecord => ({
    id: randomUUID(),
    kind,
    project: "shop",
    executor: "ana",
    approver: "Bruno",
    backup: "postgresql://postgres:hunter2@db.example.com/backups",
    plan,
  });

  test("a deployment that was killed has a log too: its steps as far as they are known", async () => {
    const other = await createDatabase("empty");
    const sql = await connect(other.url);
    try {
      const killed = record("deploy");
      await ensureRecords(sql, spfpNames);
      await beginDeployment(sql, spfpNames, killed);
      const [first] = plan.steps;
      if (!first) throw new Error("the plan has a step");
      await beginStep(sql, spfpNames, {
        deploymentId: killed.id,
        step: first,
        migrationHash: "c".repeat(64),
        attempts: 1,
      });
      expect(await readLog(sql, spfpNames, killed.id)).toMatchObject({
        kind: "deploy",
        outcome: null,
        finishedAt: null,
        backup: "postgresql://postgres@db.example.com/backups",
        plan: { id: plan.id, to: "0001_b" },
        steps: [
          { id: "0001_b/1", status: "running", attempts: 1, expectedMilliseconds: 20, milliseconds: null },
          { id: "0001_b/2", status: "not run", action: "skip", reason: "It is as wanted." },
        ],
      });

      const failed = record("rollback");
      await beginDeployment(sql, spfpNames, failed);
      await finishDeployment(sql, spfpNames, failed.id, "failed", {
        scope: "all",
        error: {
          code: "CONNECTION_LOST",
          message: "lost postgresql://postgres:hunter2@db.example.com/x",
          remedy: "Run it again.",
          step: null,
        },
        other: "not of the log",
      });
      await addDetails(sql, spfpNames, failed.id, { notice: "by password=hunter2" });
      const log = await readLog(sql, spfpNames, failed.id);
      expect(log).toMatchObject({
        kind: "rollback",
        outcome: "failed",
        scope: "all",
        notice: "by password=…",
        error: { code: "CONNECTION_LOST", message: "lost postgresql://postgres@db.example.com/x" },
      });
      expect(JSON.stringify(log)).not.toContain("hunter2");
      // The one before was interrupted, as the next one found; the last one is the newest.
      expect(await readLog(sql, spfpNames, killed.id)).toMatchObject({ outcome: "interrupted" });
      expect(await readLastLog(sql, spfpNames)).toEqual(log);
    } finally {
      await sql.end();
    }
  });
});
