import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it, onTestFinished } from "vitest";
import { z } from "zod";
import {
  ensureRecords,
  migrate,
  previewRollback,
  readLastLog,
  rollback,
  status,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpNames } from "../../../src/spfp.ts";
import { createDatabase } from "../../support/database.ts";
import { projectIn } from "../../support/project.ts";
import { projectFolder } from "../../support/states.ts";

const folder = join(projectFolder, "tests/fixtures/migrations/blog");
const rowsSchema = z.strictObject({ deployments: z.array(z.unknown()), steps: z.array(z.unknown()) });

/** A database that version 0.1 deployed the blog to: its records are those that it wrote, as it wrote them. */
async function deployedByFormer() {
  const database = await createDatabase("empty");
  onTestFinished(() => database.drop());
  const { sql } = database;
  await migrate(sql, folder);
  await ensureRecords(sql, spfpNames);
  const records = rowsSchema.parse(
    JSON.parse(readFileSync(join(projectFolder, "tests/fixtures/records-0.1.json"), "utf8")),
  );
  for (const table of ["deployments", "steps"] as const) {
    await sql.unsafe(
      `insert into spfp_db.${table} select * from json_populate_recordset(null::spfp_db.${table}, $1::text::json)`,
      [JSON.stringify(records[table])],
    );
  }
  return { ...database, blog: await projectIn(folder, ["blog"], "blog") };
}

// Drizzle's migrator cannot run this folder on an older one: it uses a value of an enumeration that it has just added.
const isRunByDrizzle = inject("testServer").version >= 17;

it.runIf(isRunByDrizzle)(
  "what version 0.1 deployed is known: its state, its log, and what a rollback would do",
  async () => {
    const { sql, url, blog } = await deployedByFormer();
    expect(await status(sql, blog)).toMatchObject({
      state: "current",
      deployments: [{ outcome: "completed" }],
    });
    const log = await readLastLog(sql, spfpNames);
    expect(log?.plan).not.toBeNull();
    expect(log?.steps.length).toBeGreaterThan(10);
    const { plan } = await previewRollback(blog, url, "all");
    expect(plan.steps.map(({ title }) => title)).toContain("move table blog.authors to spfp_db_archive");
  },
);

it.runIf(isRunByDrizzle)("what version 0.1 deployed is rolled back by its records", async () => {
  const { sql, url, blog } = await deployedByFormer();
  const report = await rollback(blog, url, { scope: "indexes", approvedBy: "Ana" });
  expect(report).toMatchObject({ ok: true, error: null });
  expect(await status(sql, blog)).toMatchObject({ state: "empty", pending: [{}, {}, {}] });
});
