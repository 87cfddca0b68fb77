import { expect, test } from "vitest";
import { planFor } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { screens } from "../../../src/bench/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { rehearsalReportSchema, rehearse } from "../../../src/rehearsal/index.ts";
import { formatRehearsalReport } from "../../../src/report/index.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";

const production = await createDatabase("adopted");

test("a rehearsal goes through everything, and records the very plan that production will get", async () => {
  const titles: string[] = [];
  const report = await rehearse(production.url, { scale: 0.001 }, (title, work) => {
    titles.push(title);
    return work(() => {});
  });
  expect(report.problems).toEqual([]);
  expect(report.ok).toBe(true);
  expect(titles).toEqual(report.phases.map(({ title }) => title));
  expect(titles).toContain("Deploying online");
  const text = formatRehearsalReport(report);
  expect(text.split("\n").at(-1)).toBe(spfpNames.success);

  const { promises } = rehearsalReportSchema.parse(JSON.parse(JSON.stringify(report)));
  expect(promises).toMatchObject({ scale: 0.001, promisedAtScale: 1, tenant: { size: "largest", rank: 1 } });
  expect(new Set(promises.screens.map(({ screen }) => screen))).toEqual(new Set(screens.map(({ id }) => id)));
  const newIndexes = screens
    .map(({ index }) => index)
    .filter((index) => index !== "idx_transactions_user_date_paid");
  for (const { title, query, before, after, verdict } of promises.screens) {
    expect(verdict, title).not.toBeNull();
    expect(before.rows, title).toBe(after.rows);
    expect(
      newIndexes.filter((index) => before.plan.includes(index)),
      title,
    ).toEqual([]);
    expect(text).toMatch(new RegExp(`${title}: ${query} .*${verdict}`));
  }
  expect(text).toContain("Judged at scale 0.001; promised for scale 1.");

  const sql = await connect(production.url);
  const plan = await planFor(sql, spfpProject, []).finally(() => sql.end());
  expect(report.record.planId).toBe(plan.id);
});
