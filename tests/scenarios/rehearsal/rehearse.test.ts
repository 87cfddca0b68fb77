import { expect, test } from "vitest";
import { planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { rehearse } from "../../../src/rehearsal/index.ts";
import { formatRehearsalReport } from "../../../src/report/index.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";

const scratch = await createDatabase("empty");
const production = await createDatabase("adopted");

test("a rehearsal goes through everything, and records the very plan that production will get", async () => {
  const titles: string[] = [];
  const report = await rehearse(scratch.url, { scale: 0.001 }, (title, work) => {
    titles.push(title);
    return work(() => {});
  });
  expect(report.problems).toEqual([]);
  expect(report.ok).toBe(true);
  expect(titles).toEqual(report.phases.map(({ title }) => title));
  expect(titles).toContain("Deploying online");
  expect(formatRehearsalReport(report).split("\n").at(-1)).toBe(spfpNames.success);

  const sql = await connect(production.url);
  const plan = await planFor(sql, spfpProject, []).finally(() => sql.end());
  expect(report.record.planId).toBe(plan.id);
});
