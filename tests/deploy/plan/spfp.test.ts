import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  gatherFacts,
  isStillValid,
  makePlan,
  planSchema,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { writeJournal } from "../../../packages/drizzle-deploy/src/records/journal.ts";
import { expectedTags } from "../../../src/expected/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { baselineMigrations } from "../../../src/states.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { projectFolder, type State, statementsOf } from "../../support/states.ts";
import { drift, isToRun, outline, recordMigrations, runStep, withDone } from "./run.ts";

const halfRun = readFileSync(`${projectFolder}/tests/fixtures/half-run.sql`, "utf8");

async function within(state: State, run: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await createDatabase(state);
  try {
    await run(database);
  } finally {
    await database.drop();
  }
}

/** Production, adopted, and what else is said of it. */
async function adopted({ sql }: TestDatabase, ...more: string[]): Promise<void> {
  for (const statement of more) await sql.unsafe(statement).simple();
  await writeJournal(sql, baselineMigrations());
}

describe("SPFP's own migrations", () => {
  it("are planned from production with nothing blocked, and end where the migrations do", async () => {
    await within("production", async (database) => {
      await adopted(database);
      const plan = await makePlan(spfpProject, await gatherFacts(database.sql, spfpProject));
      expect(planSchema.parse(plan)).toEqual(plan);
      expect(outline(plan.steps.filter(({ action }) => action !== "run"))).toEqual([
        "0003_functions_and_triggers/10 skip: drop function public.cleanup_old_automation_logs() (It is not there.)",
        "0004_row_level_security/88 skip: drop constraint fk_audit_permissions on public.automation_permissions_audit (It is not there.)",
      ]);
      for (const step of plan.steps.filter(isToRun)) await runStep(database.sql, step);
      expect(await drift(database.sql, spfpProject, spfp.headTag)).toEqual([]);

      await recordMigrations(database.sql, plan);
      const after = await makePlan(spfpProject, await gatherFacts(database.sql, spfpProject));
      expect(after).toMatchObject({ from: spfp.headTag, to: spfp.headTag, migrations: [], steps: [] });
    });
  });

  it("lock no table that others use for as long as it is large, and hold nothing but weak locks longer", async () => {
    await within("production", async (database) => {
      await adopted(database);
      const plan = await makePlan(spfpProject, await gatherFacts(database.sql, spfpProject));
      for (const { locks, id } of plan.steps) {
        for (const { duration, stopsReads, stopsWrites } of locks) {
          if (duration === "long")
            expect({ id, stopsReads, stopsWrites }).toEqual({ id, stopsReads: false, stopsWrites: false });
        }
      }
    });
  });

  it.each([
    ["production", []],
    ["a database on which the old script half ran", [halfRun]],
  ])(
    "are planned from every point between %s and the end, with nothing blocked and nothing done twice",
    async (_, before) => {
      await within("production", async (database) => {
        const { sql } = database;
        await adopted(database, ...before);
        const first = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
        const done = [];
        const ids = new Set(first.steps.map(({ id }) => id));
        for (const step of first.steps) {
          if (isToRun(step)) await runStep(sql, step);
          done.push(step);
          // Of many steps of one kind in a row, every eighth.
          if (step.kind === first.steps[done.length]?.kind && done.length % 8 > 0) continue;
          const facts = await gatherFacts(sql, spfpProject);
          // Killed before it could be written down, and after.
          const unrecorded = await makePlan(spfpProject, facts);
          const recorded = await makePlan(spfpProject, withDone(facts, first, done.filter(isToRun)));
          const doneIds = new Set(done.map(({ id }) => id));
          for (const plan of [unrecorded, recorded]) {
            expect(outline(plan.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
          }
          expect(recorded.steps.map(({ id }) => id).filter((id) => !ids.has(id))).toEqual([]);
          expect(outline(recorded.steps.filter((one) => doneIds.has(one.id) && isToRun(one)))).toEqual([]);
          expect(
            outline(
              unrecorded.steps.filter((one) => doneIds.has(one.id) && isToRun(one) && one.kind !== "opaque"),
            ),
          ).toEqual([]);
          // What is still to do is what was to do.
          for (const one of recorded.steps.filter(isToRun)) {
            const planned = first.steps.find(({ id }) => id === one.id);
            expect({ sql: one.sql, action: one.action }).toEqual({
              sql: planned?.sql,
              action: planned?.action,
            });
          }
        }
        expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
      });
    },
  );

  it("go on where drizzle-kit stopped between two migrations", async () => {
    await within("production", async (database) => {
      await adopted(database);
      for (const statement of statementsOf("0002_optimization")) await database.sql.unsafe(statement);
      const facts = await gatherFacts(database.sql, spfpProject);
      const [next] = facts.state.pending;
      await recordMigrations(database.sql, { migrations: next ? [next] : [] });
      const plan = await makePlan(spfpProject, await gatherFacts(database.sql, spfpProject));
      expect(plan.from).toBe("0002_optimization");
      expect(new Set(plan.steps.map(({ migration }) => migration))).toEqual(
        new Set(expectedTags.slice(expectedTags.indexOf("0002_optimization") + 1)),
      );
      for (const step of plan.steps.filter(isToRun)) await runStep(database.sql, step);
      expect(await drift(database.sql, spfpProject, spfp.headTag)).toEqual([]);
    });
  });

  it("are planned on an empty database from the first", async () => {
    await within("empty", async ({ sql }) => {
      const plan = await makePlan(spfpProject, await gatherFacts(sql, spfpProject));
      expect(plan.from).toBeNull();
      expect(outline(plan.steps.filter(({ action }) => action === "blocked"))).toEqual([]);
      for (const step of plan.steps.filter(isToRun)) await runStep(sql, step);
      expect(await drift(sql, spfpProject, spfp.headTag)).toEqual([]);
    });
  });

  it("have a plan that is valid until something that it touches changes, and the same id whenever it is made", async () => {
    await within("production", async (database) => {
      const { sql } = database;
      await adopted(database);
      const facts = await gatherFacts(sql, spfpProject);
      const plan = await makePlan(spfpProject, facts);
      expect((await makePlan(spfpProject, facts)).id).toBe(plan.id);
      await sql`create table public.not_ours (id int)`;
      expect(isStillValid(plan, await gatherFacts(sql, spfpProject))).toBe(true);
      await sql`alter table public.goals alter column name drop not null`;
      expect(isStillValid(plan, await gatherFacts(sql, spfpProject))).toBe(false);
    });
  });
});
