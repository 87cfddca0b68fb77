import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { baseline, preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { spfp } from "../../../src/spfp.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import {
  copyOfMigrations,
  deploy,
  differencesBetween,
  journalOf,
  migrateWithDrizzle,
  projectUpTo,
} from "../../support/deploy.ts";
import type { State } from "../../support/states.ts";

async function database(state: State): Promise<TestDatabase> {
  const made = await createDatabase(state);
  return made;
}

describe("equal ends", async () => {
  const byDrizzle = await createDatabase("production");
  await baseline(spfpProject, byDrizzle.url);
  await migrateWithDrizzle(byDrizzle.url);

  async function expectEqualEnd(one: TestDatabase): Promise<void> {
    expect(await differencesBetween(byDrizzle, one)).toEqual([]);
    expect(await journalOf(one)).toEqual(await journalOf(byDrizzle));
    const looked = await preflight(spfpProject, one.url, { mode: "quick", backupId: "b", sample: 50 });
    expect(looked.ok).toBe(true);
    expect(looked.items.find(({ id }) => id === "state")?.evidence).toContain("nothing pending");
  }

  it("from production, Drizzle's migrator and a deployment reach the same catalog and journal", async () => {
    const one = await database("production");
    await baseline(spfpProject, one.url);
    expect(await deploy(one.url)).toMatchObject({ ok: true });
    await expectEqualEnd(one);
  });

  it("from nothing, they do too", async () => {
    const [one, other] = [await database("empty"), await database("empty")];
    expect(await deploy(one.url)).toMatchObject({ ok: true });
    await migrateWithDrizzle(other.url);
    expect(await differencesBetween(other, one)).toEqual([]);
    expect(await journalOf(one)).toEqual(await journalOf(other));
  });

  it.each(["0002_optimization", "0003_functions_and_triggers", "0004_row_level_security"])(
    "Drizzle carries on where a deployment stopped after %s, and a deployment where Drizzle did",
    async (tag) => {
      const [one, other] = [await database("production"), await database("production")];
      await baseline(spfpProject, one.url);
      await baseline(spfpProject, other.url);
      const half = projectUpTo(tag);
      expect(await deploy(one.url, {}, { project: half })).toMatchObject({ ok: true });
      await migrateWithDrizzle(one.url);
      await migrateWithDrizzle(other.url, half.migrationsFolder);
      expect(await deploy(other.url)).toMatchObject({ ok: true });
      await expectEqualEnd(one);
      await expectEqualEnd(other);
    },
  );

  it("has nothing left to do the second time, by either", async () => {
    const one = await database("production");
    await baseline(spfpProject, one.url);
    await deploy(one.url);
    const again = await deploy(one.url);
    expect(again).toMatchObject({ ok: true, plan: { steps: [] } });
    await migrateWithDrizzle(one.url);
    await expectEqualEnd(one);
  });
});

describe("adoption", () => {
  it("comes before a deployment of a live database", async () => {
    const one = await database("production");
    await expect(deploy(one.url)).rejects.toMatchObject({ code: "NOT_ADOPTED" });
  });

  it("of a database made by hand at head leaves nothing to deploy", async () => {
    const one = await database("deployed");
    await one.sql`drop schema drizzle cascade`;
    expect(await baseline(spfpProject, one.url)).toMatchObject({ point: spfp.headTag, pending: [] });
    expect(await deploy(one.url)).toMatchObject({ ok: true, plan: { steps: [] } });
  });

  it("of two at once is done once: the other finds it done, or is told who is at it", async () => {
    const one = await database("production");
    const both = [baseline(spfpProject, one.url), baseline(spfpProject, one.url)];
    const outcomes = await Promise.all(
      both.map((each) =>
        each.then(
          ({ outcome }) => outcome,
          (error: unknown) => (error instanceof DeployError ? error.code : error),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "adopted")).toHaveLength(1);
    expect(["already adopted", "DEPLOYMENT_RUNNING"]).toContain(
      outcomes.find((outcome) => outcome !== "adopted"),
    );
    expect(await journalOf(one)).toHaveLength(2);
  });

  it("is refused where the journal is of another folder's migrations", async () => {
    const { project, folder, editJournal } = copyOfMigrations();
    editJournal((entries) => {
      for (const { tag } of entries) appendFileSync(join(folder, `${tag}.sql`), "\n-- of another project\n");
      return entries.map((entry) => ({ ...entry, when: entry.when + 1 }));
    });
    const one = await database("production");
    await baseline(project, one.url);
    await expect(baseline(spfpProject, one.url)).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
  });
});
