import { describe, expect, it } from "vitest";
import { makePlan } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { productionFacts } from "../../support/recorded-facts.ts";

describe("the plan of SPFP's migrations for production", () => {
  it("lock no table that others use for as long as it is large, and hold nothing but weak locks longer", async () => {
    const plan = await makePlan(spfpProject, productionFacts());
    for (const { locks, id } of plan.steps) {
      for (const { duration, stopsReads, stopsWrites } of locks) {
        if (duration === "long")
          expect({ id, stopsReads, stopsWrites }).toEqual({ id, stopsReads: false, stopsWrites: false });
      }
    }
  });
});
