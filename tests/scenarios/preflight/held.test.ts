import { describe, expect, it } from "vitest";
import { preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";

// Reading the catalog waits ten seconds for the table before it gives up.
describe("a table that somebody holds as a whole", () => {
  it("blocks what cannot be looked at, and who holds it is named", async () => {
    const one = await createDatabase("adopted");
    await one.sql.begin(async (transaction) => {
      await transaction`set local application_name = 'repair'`;
      await transaction`lock table categories in access exclusive mode`;
      await transaction`select pg_sleep(1.1)`;
      const report = await preflight(spfpProject, one.url, { mode: "quick", backupId: "b1", sample: 100 });
      expect(report.items.filter(({ verdict }) => verdict === "block")).toMatchObject([
        { id: "state", findings: [{ check: "state.locked" }] },
        { id: "duplicates", findings: [{ check: "duplicates.unknown" }] },
        { id: "crossings", findings: [{ check: "crossings.unknown" }] },
        { id: "activity", findings: [{ check: "activity.lock" }] },
      ]);
      expect(JSON.stringify(report.items.flatMap(({ findings }) => findings))).toContain("repair");
    });
  });
});
