import { expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy, rollback, status } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { applyWithDrizzle, writeMigrations } from "../histories/walk.ts";

const migrations = [
  ["CREATE TABLE t (id int primary key)"],
  ["CREATE INDEX t_id ON t (id DESC)"],
  ["ALTER TABLE t ADD COLUMN a int"],
];

it.each(["0.45", "1.0"] as const)(
  "is refused as a whole where Drizzle %s has applied a migration since",
  async (generation) => {
    const database = await createDatabase("empty");
    const first = writeMigrations(migrations.slice(0, 2), generation);
    const project = await projectIn(first, ["public"], "shop");
    const deployed = await deploy(project, database.url, { mode: "quick", backupId: "none" });
    expect(deployed.ok).toBe(true);
    const whole = writeMigrations(migrations, generation);
    expect(await applyWithDrizzle(database.url, whole, generation)).toBeNull();
    const later = await projectIn(whole, ["public"], "shop");
    const before = await readCatalog(database.sql, { schemas: ["public"] });
    for (const scope of ["all", "indexes"] as const)
      await expect(rollback(later, database.url, { scope, approvedBy: "Ana" })).rejects.toMatchObject({
        code: "PLAN_BLOCKED",
        message: expect.stringMatching(/m2 came after it, by Drizzle's migrator or by hand/),
      });
    expect(compareCatalogs(before, await readCatalog(database.sql, { schemas: ["public"] }))).toEqual([]);
    expect((await status(database.sql, later)).pending).toEqual([]);
  },
);
