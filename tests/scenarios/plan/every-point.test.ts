import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gatherFacts, makePlan } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { adoptedWith } from "../../support/adopted.ts";
import { projectFolder } from "../../support/states.ts";
import { drift, isToRun, outline, runStep, withDone } from "../../support/steps.ts";

const halfRun = readFileSync(`${projectFolder}/tests/fixtures/half-run.sql`, "utf8");

describe("SPFP's own migrations", () => {
  it.each([
    ["production", []],
    ["a database on which the old script half ran", [halfRun]],
  ])(
    "are planned from every point between %s and the end, with nothing blocked and nothing done twice",
    async (_, before) => {
      const { sql } = await adoptedWith(...before);
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
        // A statement that ran as two steps is one when there is nothing left of it to do.
        const others = recorded.steps.filter(({ id, action }) => action !== "skip" && !ids.has(id));
        expect(outline(others)).toEqual([]);
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
    },
  );
});
