import { describe, expect, it } from "vitest";
import { readCatalog } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import { connect, type DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { expectedCatalog } from "../../src/expected/index.ts";
import { spfpProject } from "../../src/project.ts";
import { spfp } from "../../src/spfp.ts";
import { createDatabase } from "../support/database.ts";
import { fillAndDeploy } from "../support/filled.ts";

async function validate(url: DatabaseUrl) {
  const sql = await connect(url);
  return spfpProject.validate(sql, expectedCatalog(spfp.headTag)).finally(() => sql.end());
}

const olderInvestments = `alter table investments drop column symbol cascade, drop column account_id cascade,
  add column ticker text, add column institution text, add column rate numeric, add column goal_id uuid`;

describe("SPFP's validation of a deployed database", async () => {
  const [empty, full, older] = [
    await createDatabase("deployed"),
    await createDatabase("production"),
    await createDatabase("deployed"),
  ];

  it("has nothing to say where there are no rows", async () => {
    expect(await validate(empty.url)).toEqual([]);
  });

  it("finds that each screen can follow its index, in a database with rows", async () => {
    await fillAndDeploy(full, { scale: 0.01, today: "2026-02-14" });
    const errors = (await validate(full.url)).filter(({ severity }) => severity !== "info");
    expect(errors).toEqual([]);
  });

  it("is an error where something is missing", async () => {
    await full.sql.unsafe("drop index idx_operational_tasks_kanban");
    expect(await validate(full.url)).toMatchObject([
      { severity: "error", object: "public.operational_tasks.idx_operational_tasks_kanban" },
    ]);
  });

  it("puts up with the older shape of investments, which no migration of ours changes", async () => {
    await older.sql.unsafe(olderInvestments);
    const findings = await validate(older.url);
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(findings.map(({ object }) => object)).toContain("public.investments");
  });

  it("leaves out the index of a column that the older shape does not have, and nothing else", async () => {
    const actual = await readCatalog(older.sql, { schemas: ["public"] });
    const today = expectedCatalog(spfp.headTag);
    const index = (name: string, table: string) =>
      ({ kind: "index", schema: "public", name, table }) as const;
    const left = index("idx_investments_account_id", "investments");
    expect(spfpProject.leaveOut(left, actual)).toContain("account_id");
    expect(spfpProject.leaveOut(left, today)).toBeNull();
    expect(spfpProject.leaveOut(index("idx_accounts_user_type", "accounts"), actual)).toBeNull();
  });
});
