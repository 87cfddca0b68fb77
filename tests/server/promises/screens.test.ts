import { expect, it } from "vitest";
import { screens, type Tenant } from "../../../src/bench/index.ts";
import { measureScreens } from "../../../src/promises/index.ts";
import { operationalTasks } from "../../../src/schema/index.ts";
import { createDatabase } from "../../support/database.ts";
import { insertRow } from "../../support/rows.ts";

it("a screen that shows other rows after than before is refused, and no time of it told", async () => {
  const [before, after] = [await createDatabase("deployed"), await createDatabase("deployed")];
  const userId = await after.createUser();
  const tenant = { userId, rank: 1, of: 1, rows: 1, size: "largest" } as const satisfies Tenant & {
    size: string;
  };
  const measure = () =>
    measureScreens(
      { before: before.sql, after: after.sql },
      { screens: screens.filter(({ id }) => id === "kanban"), tenants: [tenant], today: "2026-02-14" },
      () => {},
    );
  expect(await measure()).toHaveLength(1);
  await insertRow(after.sql, operationalTasks, userId, { status: "todo" });
  await expect(measure()).rejects.toMatchObject({
    code: "SCREEN_CHANGED",
    message: expect.stringContaining("Kanban board, column"),
  });
});
