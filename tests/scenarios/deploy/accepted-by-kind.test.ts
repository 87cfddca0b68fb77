import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { deploy, deployGuided } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { writtenProject } from "../../support/written-project.ts";

const table = "create table t (id integer primary key, a integer, b integer, c integer)";
const quick = { mode: "quick", backupId: "none" } as const;

/** A database that has the first migration, by a deployment, and two more to come that lose rows and break clients. */
async function losing() {
  const project = await writtenProject("losing", [[table, "insert into t values (1, 1, 1, 1)"]]);
  const later = await writtenProject("losing", [
    [table, "insert into t values (1, 1, 1, 1)"],
    ["alter table t drop column a", "alter table t drop column b"],
    ["alter table t rename column c to d"],
  ]);
  const database = await createDatabase("empty");
  expect(await deploy(project, database.url, quick)).toMatchObject({ ok: true });
  return { ...database, project: later };
}

it("hazards are counted by kind, accepted by kind, and kept on record", async () => {
  const { project, url, sql } = await losing();
  await expect(deploy(project, url, quick)).rejects.toMatchObject({
    code: "PLAN_BLOCKED",
    remedy: expect.stringContaining(
      "Blocked by kind of hazard: 2 data-loss, 1 breaks-clients. A kind is accepted as a whole, on record: --allow data-loss --allow breaks-clients.",
    ),
  });
  const allow = ["0001_losing:data-loss", "breaks-clients"];
  await expect(deploy(project, url, { ...quick, allow: allow.slice(0, 1) })).rejects.toMatchObject({
    code: "PLAN_BLOCKED",
    message: expect.stringContaining("0002_losing/1"),
  });
  expect(await deploy(project, url, { ...quick, allow })).toMatchObject({ ok: true });
  const rows = await sql`select details -> 'allowed' as allowed from spfp_db.deployments order by started_at`;
  expect(rows.map(({ allowed }) => allowed)).toEqual([
    [],
    [
      { hazard: "data-loss", steps: ["0001_losing/1", "0001_losing/2"] },
      { hazard: "breaks-clients", steps: ["0002_losing/1"] },
    ],
  ]);
});

it("what is accepted does not block a deployment that is led either", async () => {
  const { project, url } = await losing();
  const lead = (allow: string[]) =>
    deployGuided(project, url, {
      mode: "quick",
      answers: { executor: "ana", backup: "none" },
      folder: mkdtempSync(join(inject("scratchFolder"), "accepted-")),
      preflight: { sample: 0 },
      deployment: { allow },
      tell: () => {},
    });
  expect(await lead(["data-loss"])).toMatchObject({ ok: false, deployment: null });
  expect(await lead(["data-loss", "breaks-clients"])).toMatchObject({ ok: true });
});

it("a block that takes too long is told for how long it may, and may be given longer", async () => {
  const project = await writtenProject("block", [
    [table],
    ["do $$ begin insert into t values (1); perform pg_sleep(1); end $$"],
  ]);
  const { url, sql } = await createDatabase("empty");
  const report = await deploy(project, url, { ...quick, blockTimeout: 100 });
  expect(report).toMatchObject({
    ok: false,
    error: {
      code: "BLOCK_TIMEOUT",
      message: expect.stringContaining("was ended after 0.1 s"),
      remedy: expect.stringContaining("--block-timeout SECONDS"),
    },
  });
  expect(await sql`select from t`).toHaveLength(0);
  expect(await deploy(project, url, { ...quick, blockTimeout: 0 })).toMatchObject({ ok: true });
  expect(await sql`select from t`).toHaveLength(1);
});
