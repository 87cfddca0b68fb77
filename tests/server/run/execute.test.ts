import { describe, expect, it } from "vitest";
import { compareCatalogs, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import type { Plan } from "../../../packages/drizzle-deploy/src/model/step.ts";
import { doneSteps } from "../../../packages/drizzle-deploy/src/records/records.ts";
import { expectedCatalog } from "../../../src/expected/index.ts";
import { spfp, spfpNames } from "../../../src/spfp.ts";
import { baselineMigrations } from "../../../src/states.ts";
import { recordBaseline } from "../../support/adopted.ts";
import { createDatabase } from "../../support/database.ts";
import { execute } from "../../support/execute.ts";
import { planOf } from "../../support/plan-by-hand.ts";

describe("executing a plan", () => {
  it("does a step again that somebody has undone by hand", async () => {
    const { url, sql } = await createDatabase("empty");
    const plan = planOf({ one: [{ sql: "create table public.made (id int)" }] });
    expect(await execute(url, plan)).toMatchObject({ outcome: "completed", error: null });
    await sql`drop table made`;
    expect(await execute(url, plan)).toMatchObject({ outcome: "completed", error: null });
    expect(await sql`select from made`).toEqual([]);
    const records = await sql`select status from spfp_db.steps order by started_at`;
    expect(records.map(({ status }) => status)).toEqual(["undone", "done"]);
  });

  it("ends at the catalog that Drizzle's migrator ends at", async () => {
    const database = await createDatabase("production");
    const migrations = readMigrations(spfp.migrationsFolder);
    const baseline = baselineMigrations();
    await recordBaseline(database.sql);
    const pending = migrations.slice(baseline.length);
    const plan = planOf(
      Object.fromEntries(
        pending.map(({ tag, statements }) => [
          tag,
          statements.map((sql) => {
            const match = /CREATE (UNIQUE )?INDEX "(\w+)" ON "(\w+)"/.exec(sql);
            const [whole, , name, table] = match ?? [];
            if (!whole || !name || !table || table === "automation_permissions_audit") return { sql };
            return {
              sql: sql.replace(/INDEX/, "INDEX CONCURRENTLY"),
              kind: "create index" as const,
              transactional: false,
              target: { kind: "index" as const, schema: "public", name, table },
            };
          }),
        ]),
      ),
    );
    const hashed: Plan = { ...plan, migrations: pending.map(({ tag, hash, when }) => ({ tag, hash, when })) };

    const execution = await execute(database.url, hashed);

    expect(execution).toMatchObject({ outcome: "completed", error: null });
    const differences = compareCatalogs(
      expectedCatalog(spfp.headTag),
      await readCatalog(database.sql, { schemas: spfp.schemas }),
    );
    expect(differences).toEqual([]);
    const journal = await database.sql`select hash, created_at from drizzle.__drizzle_migrations order by id`;
    expect(journal.map((row) => [row["hash"], Number(row["created_at"])])).toEqual(
      migrations.map(({ hash, when }) => [hash, when]),
    );
    expect(await doneSteps(database.sql, spfpNames)).toHaveLength(plan.steps.length);
  });
});
