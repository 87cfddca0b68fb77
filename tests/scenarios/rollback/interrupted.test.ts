import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, inject, it } from "vitest";
import { z } from "zod";
import {
  type Catalog,
  compareCatalogs,
  readCatalog,
} from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { deploy } from "../../../packages/drizzle-deploy/src/deploy/deploy.ts";
import { rollback } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

const { schemas } = spfpProject;
const catalogOf = ({ sql }: TestDatabase): Promise<Catalog> => readCatalog(sql, { schemas });

/** A deployed database, and what it was before. */
async function make(): Promise<{ database: TestDatabase; before: Catalog; after: Catalog }> {
  const before = await catalogOf(await createDatabase("adopted"));
  const database = await createDatabase("deployed-online");
  return { database, before, after: await catalogOf(database) };
}

async function deployAll({ url }: TestDatabase): Promise<void> {
  const report = await deploy(spfpProject, url, { mode: "quick", backupId: "none" });
  expect(report.error).toBeNull();
}

const differencesFrom = (before: Catalog, now: Catalog) =>
  compareCatalogs(before, now, { owners: true }).filter(
    ({ kind, object }) => !(kind === "extra" && object.kind === "column"),
  );

/** Ends every session of a rollback, as a server that goes down would. */
async function cut({ sql }: TestDatabase): Promise<void> {
  await sql`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where application_name like 'spfp-db rollback%' and datname = current_database()`;
}

const doneSchema = z.array(z.object({ step: z.string(), times: z.number() }));

it("continues wherever its connection was cut, and does nothing twice", async () => {
  const { database, before } = await make();
  let runs = 0;
  for (let wasCut = true; wasCut; runs += 1) {
    wasCut = false;
    let left = 9 + (runs % 4);
    const at = runs % 2 === 0 ? "before" : "after";
    const run = rollback(spfpProject, database.url, { scope: "all", approvedBy: "Ana" }, async (event) => {
      if (event.type !== "statement" || event.at !== at || left-- > 0) return;
      wasCut = true;
      await cut(database);
    });
    const report = await run.catch((error: unknown) => error);
    if (wasCut) expect(report).toMatchObject({ error: { code: "CONNECTION_LOST" } });
    else expect(report).toMatchObject({ ok: true });
  }
  expect(runs).toBeGreaterThan(5);
  expect(differencesFrom(before, await catalogOf(database))).toEqual([]);
  const rows = await database.sql`
      select s.step_id as step, count(*)::int as times from spfp_db.steps s
      join spfp_db.deployments d on d.id = s.deployment_id
      where d.kind = 'rollback' and s.status = 'done' group by 1 having count(*) > 1`;
  expect(doneSchema.parse([...rows])).toEqual([]);
});

it("leads forward again from the middle as well", async () => {
  const { database, after } = await make();
  const stop = new AbortController();
  let left = 60;
  const report = await rollback(
    spfpProject,
    database.url,
    { scope: "all", approvedBy: "Ana", stopSignal: stop.signal },
    (event) => {
      if (event.type === "step done" && left-- === 0) stop.abort();
    },
  );
  expect(report).toMatchObject({ ok: false, outcome: "stopped", error: null });
  await deployAll(database);
  expect(compareCatalogs(after, await catalogOf(database), { owners: true })).toEqual([]);
});

it("is a whole command for a pipeline, and survives being killed", async () => {
  const { database, before } = await make();
  const run = () =>
    spawn(
      process.execPath,
      [inject("compiled").cli, "rollback", "--scope", "all", "--approved-by", "Ana", "--yes"],
      {
        env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  const killed = run();
  let output = "";
  killed.stdout.on("data", (chunk) => {
    output += chunk;
    if (/✓ restore view/.test(output)) killed.kill("SIGKILL");
  });
  const [, signal] = await once(killed, "close");
  expect(signal).toBe("SIGKILL");

  const again = run();
  let text = "";
  again.stdout.on("data", (chunk) => {
    text += chunk;
  });
  again.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const [status] = await once(again, "close");
  expect(text).toContain("Rolled back:");
  expect(status).toBe(0);
  expect(differencesFrom(before, await catalogOf(database))).toEqual([]);
});
