import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { requireRehearsal } from "../../../packages/drizzle-deploy/src/approvals/rehearsal-record.ts";
import {
  type Answers,
  deployGuided,
  type GuidedEvent,
  type GuidedOptions,
  readLastLog,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

const folder = mkdtempSync(join(inject("scratchFolder"), "guided-"));
const adopted = () => createDatabase("adopted");

function lead(
  database: TestDatabase,
  options: Pick<GuidedOptions, "mode" | "answers"> & Partial<GuidedOptions>,
) {
  const events: GuidedEvent["type"][] = [];
  const result = deployGuided(spfpProject, database.url, {
    folder,
    deployment: {},
    preflight: { sample: 0 },
    tell: ({ type }) => events.push(type),
    ...options,
  });
  return { events, result };
}

const applied = async ({ sql }: TestDatabase): Promise<number> =>
  (await sql`select from drizzle.__drizzle_migrations`).count;

const enterprise: Answers = {
  executor: "ana",
  approver: "Bruno Lima",
  ticket: "CHG-1",
  backup: "postgresql://postgres:hunter2@db.example.com/backups",
  window: "Sunday 03:00",
  notice: "all teams, see https://bot:hunter2@example.com",
  goAhead: true,
  signedOffBy: "ana",
  watch: 0.2,
  secondSignOffBy: "Clara Reis",
};

test("without a terminal a missing answer is an error before the database is looked at", async () => {
  const database = await adopted();
  const { events, result } = lead(database, { mode: "guided", answers: { executor: "ana" } });
  await expect(result).rejects.toMatchObject({ code: "ANSWER_MISSING" });
  expect(events).toEqual([]);
});

test("where the preflight blocks nothing is asked and nothing runs", async () => {
  const database = await adopted();
  const user = await database.createUser();
  await database.sql`insert into public.categories (user_id, name)
    values (${user}, 'Food'), (${user}, 'food')`;
  const { events, result } = lead(database, { mode: "quick", answers: { executor: "ana", backup: "b" } });
  expect(await result).toMatchObject({ ok: false, deployment: null, log: null });
  expect(events).toEqual(["preflight"]);
  expect(await applied(database)).toBe(2);
});

test("whoever says no is left with a database as it was", async () => {
  const database = await adopted();
  const { events, result } = lead(database, {
    mode: "guided",
    answers: { executor: "ana", backup: "b", window: "w", notice: "n" },
    ask: async () => undefined,
  });
  expect(await result).toMatchObject({ ok: false, deployment: { outcome: "stopped" }, log: null });
  expect(events).toEqual(["preflight", "plan", "deployed"]);
  expect(await applied(database)).toBe(2);
});

test("what fails on the way is on record with its error, is no rehearsal, and nobody signs it off", async () => {
  const database = await adopted();
  const user = await database.createUser();
  const elsewhere = join(folder, "failed");
  const { result } = lead(database, {
    mode: "guided",
    answers: { ...enterprise, executor: "ana" },
    folder: elsewhere,
    // After the preflight, and before the index that refuses it.
    observer: async ({ type }) => {
      if (type !== "planned") return;
      await database.sql`insert into public.categories (user_id, name)
        values (${user}, 'Food'), (${user}, 'food')`;
    },
  });
  const { ok, log, deployment } = await result;
  expect(ok).toBe(false);
  expect(log).toMatchObject({
    outcome: "failed",
    window: "Sunday 03:00",
    error: { code: "DATA_REFUSED" },
    signOffs: [],
    watch: null,
  });
  expect(log?.steps.filter(({ status }) => status === "failed")).toMatchObject([
    { title: expect.stringContaining("unique_user_category_name"), attempts: 1 },
  ]);
  expect(() => requireRehearsal({ id: deployment?.plan.id ?? "" }, spfpNames, { folder: elsewhere })).toThrow(
    expect.objectContaining({ code: "REHEARSAL_MISSING" }),
  );
});

describe("quick, then enterprise elsewhere", () => {
  let rehearsed: string;
  beforeAll(async () => {
    const database = await adopted();
    const { result } = lead(database, { mode: "quick", answers: { executor: "ana", backup: "2026-02-14" } });
    const leading = await result;
    expect(leading).toMatchObject({
      ok: true,
      log: {
        outcome: "completed",
        mode: "quick",
        executor: "ana",
        backup: "2026-02-14",
        signOffs: [],
        watch: null,
      },
    });
    rehearsed = leading.deployment?.plan.id ?? "";
  });

  test("what ran to its end counts as a rehearsal of the same plan", () => {
    expect(requireRehearsal({ id: rehearsed }, spfpNames, { folder })).toMatchObject({
      planId: rehearsed,
      project: "spfp",
    });
  });

  test("a rehearsal counts for seven days, for its own plan, and as it was written", () => {
    const file = join(folder, "rehearsals", `${rehearsed}.json`);
    const late = new Date(Date.now() + 7.1 * 86_400_000);
    expect(() => requireRehearsal({ id: rehearsed }, spfpNames, { folder }, late)).toThrow(/7 days old/);
    expect(() => requireRehearsal({ id: rehearsed.replace(/^./, "z") }, spfpNames, { file })).toThrow(
      /another plan/,
    );
    const changed = join(folder, "changed.json");
    writeFileSync(changed, readFileSync(file, "utf8").replace('"rows": ', '"rows": 9'));
    expect(() => requireRehearsal({ id: rehearsed }, spfpNames, { file: changed })).toThrow(
      expect.objectContaining({ code: "REHEARSAL_MISSING", message: expect.stringContaining("was changed") }),
    );
  });

  test("enterprise mode runs nothing without the rehearsal", async () => {
    const database = await adopted();
    const { result } = lead(database, {
      mode: "enterprise",
      answers: enterprise,
      folder: join(folder, "elsewhere"),
    });
    await expect(result).rejects.toMatchObject({ code: "REHEARSAL_MISSING" });
    expect(await applied(database)).toBe(2);
  });

  test("enterprise mode, with every answer: the plan of another database is this one's, and all is on record", async () => {
    const database = await adopted();
    const { events, result } = lead(database, { mode: "enterprise", answers: enterprise });
    const { ok, log, deployment } = await result;
    expect(deployment?.plan.id).toBe(rehearsed);
    expect(ok).toBe(true);
    expect(events.filter((type, at) => type !== events[at - 1])).toEqual([
      "preflight",
      "plan",
      "deployed",
      "watching",
      "watched",
    ]);
    expect(log).toMatchObject({
      outcome: "completed",
      mode: "enterprise",
      approver: "Bruno Lima",
      ticket: "CHG-1",
      window: "Sunday 03:00",
      notice: "all teams, see https://bot@example.com",
      watch: { ok: true, wantedSeconds: 0.2 },
      signOffs: [
        { by: "ana", after: "validation" },
        { by: "Clara Reis", after: "watch" },
      ],
    });
    expect(log?.rehearsal).not.toBeNull();
    expect(log?.watch?.indexes.length).toBeGreaterThan(20);
    const recorded = await database.sql`select to_json(d)::text as record from spfp_db.deployments d`;
    expect(JSON.stringify([log, deployment, [...recorded]])).not.toContain("hunter2");
    expect(await readLastLog(database.sql, spfpNames)).toEqual(log);

    // Once more there is nothing to do, so nobody is asked for anything.
    const again = lead(database, {
      mode: "enterprise",
      answers: { executor: "ana" },
      folder: join(folder, "elsewhere"),
      ask: async ({ name }) => {
        throw new Error(`asked for ${name}`);
      },
    });
    expect(await again.result).toMatchObject({ ok: true, log: { outcome: "completed", signOffs: [] } });
  });

  test("who will not sign leaves a deployment that is done and not signed off", async () => {
    const database = await adopted();
    const { signedOffBy: _, ...answers } = enterprise;
    const { result } = lead(database, { mode: "guided", answers, ask: async () => undefined });
    expect(await result).toMatchObject({ ok: false, log: { outcome: "completed", signOffs: [] } });
  });
});
