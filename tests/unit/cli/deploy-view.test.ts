import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import {
  createDeploymentView,
  drawDeployment,
} from "../../../packages/drizzle-deploy/src/cli/deploy-view.ts";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import type { Holder } from "../../../packages/drizzle-deploy/src/index.ts";
import { planOf } from "../../support/plan-by-hand.ts";

const plan = planOf({
  "0001_first": [
    { sql: "a", title: "add column a" },
    { sql: "b", title: "create index b", action: "skip" },
  ],
  "0002_second": Array.from({ length: 40 }, (_, at) => ({ sql: `${at}`, title: `create policy ${at + 1}` })),
});
function stepAt(at: number) {
  const step = plan.steps[at];
  if (!step) throw new Error(`the plan has no step ${at}`);
  return step;
}

const first = stepAt(0);

const holder: Holder = {
  pid: 7,
  application: "psql",
  user: "ana",
  state: "active",
  backend: "client backend",
  query: null,
  seconds: 5,
};

function drawn(
  view: ReturnType<typeof createDeploymentView>,
  frame: Partial<Parameters<typeof drawDeployment>[1]> = {},
) {
  const lines = drawDeployment(view, { now: 5_000, stopping: false, columns: 80, rows: 24, ...frame });
  return lines.map((line) => stripVTControlCharacters(line));
}

function begun() {
  const view = createDeploymentView();
  view.take({ type: "phase started", phase: "connect" }, 0);
  view.take({ type: "phase done", phase: "connect", milliseconds: 20 }, 20);
  view.take({ type: "planned", plan }, 100);
  view.take({ type: "phase started", phase: "execute" }, 1_000);
  view.take({ type: "step started", step: first }, 1_000);
  return view;
}

describe("the picture of a deployment", () => {
  it("begins with everything waiting", () => {
    expect(drawn(createDeploymentView())).toEqual(["· Connect", "· Plan", "· Execute", "· Validate"]);
  });

  it("shows what is done, what runs and for how long, and what comes next", () => {
    const lines = drawn(begun());
    expect(lines[0]).toBe("✓ Connect 20 ms");
    expect(lines[2]).toMatch(/^\S Execute {2}0 of 42 4\.0 s$/);
    expect(lines[3]).toMatch(/^ {2}\S 0001_first {2}0 of 2 steps$/);
    expect(lines[4]).toMatch(/^ {6}\S add column a 4\.0 s$/);
    expect(lines.slice(5)).toEqual(["      · create index b", "  · 0002_second  40 steps", "· Validate"]);
  });

  it("shows how far an index build is", () => {
    const view = begun();
    view.take(
      {
        type: "step progress",
        step: first,
        progress: { phase: "building index: scanning table", share: 0.437 },
      },
      2_000,
    );
    expect(drawn(view)[4]).toContain("building index: scanning table 43 %");
  });

  it("names whom a step waits for, until it waits no more", () => {
    const view = begun();
    view.take({ type: "step waiting", step: first, holders: [holder], waited: 300 }, 2_000);
    expect(drawn(view)[5]).toBe("          waits for pid 7 (psql, user ana), active for 5 s");
    view.take({ type: "step retried", step: first, attempt: 1, holders: [], pause: 100 }, 2_100);
    expect(drawn(view)[5]).toBe("          gave way to another session");
    view.take({ type: "statement", at: "before", step: first, sql: first.sql }, 2_200);
    expect(drawn(view)[5]).toBe("      · create index b");
  });

  it("draws a migration that is over together in one line", () => {
    const view = begun();
    view.take({ type: "step done", step: first, attempts: 1, milliseconds: 12 }, 2_000);
    view.take({ type: "step skipped", step: stepAt(1) }, 2_000);
    view.take({ type: "step started", step: stepAt(2) }, 2_000);
    expect(drawn(view)[3]).toBe("  ✓ 0001_first  2 of 2 steps");
  });

  it.each([6, 10, 24])(
    "is never higher than a terminal of %i rows, and keeps what runs or failed",
    (rows) => {
      const view = begun();
      for (const step of plan.steps.slice(0, 20)) {
        view.take({ type: "step done", step, attempts: 1, milliseconds: 12 }, 2_000);
      }
      const running = plan.steps[20];
      if (!running) throw new Error("no step");
      view.take({ type: "step started", step: running }, 2_000);
      const lines = drawn(view, { rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(lines.join("\n")).toContain(running.title);
      view.take(
        { type: "step failed", step: running, error: new DeployError("LOCK_TIMEOUT", "m", "r") },
        3_000,
      );
      expect(drawn(view, { rows }).join("\n")).toContain(`✗ ${running.title}  LOCK_TIMEOUT`);
    },
  );

  it("is never wider than the terminal", () => {
    const view = begun();
    view.take({ type: "step waiting", step: first, holders: [holder, holder, holder], waited: 1 }, 2_000);
    for (const line of drawn(view, { columns: 30, stopping: true })) {
      expect(line.length).toBeLessThan(30);
    }
  });

  it("says that it stops after the current step", () => {
    expect(drawn(begun(), { stopping: true, columns: 120 })[2]).toContain(
      "stops after the current step; Ctrl-C again leaves at once",
    );
  });
});
