import { beforeAll, describe, expect, test } from "vitest";
import { checkDatabase, deploy, type Project } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { createDatabase } from "../../support/database.ts";
import { writtenProject } from "../../support/written-project.ts";

const statements = [
  "create table shop (id integer primary key, name text not null)",
  "create index shop_name on shop (name)",
  "create view names as select name from shop",
];

let project: Project;
beforeAll(async () => {
  project = await writtenProject("shop", [statements, ["alter table shop add column price integer"]]);
});

/** Checks a database in which the migrations are deployed and `changes` were made before or after. */
async function checked(
  changes: { readonly before?: string; readonly after?: string },
  of: Project = project,
) {
  const database = await createDatabase("empty");
  if (changes.before) await database.sql.unsafe(changes.before);
  await deploy(of, database.url, { mode: "quick", backupId: "none" });
  if (changes.after) await database.sql.unsafe(changes.after);
  const sql = await connect(database.url);
  const report = await checkDatabase(sql, of).finally(() => sql.end());
  return {
    ...report,
    found: report.findings.map(({ check, severity, object }) => `${severity} ${check} ${object}`),
  };
}

describe("a check of a database against its migrations", () => {
  test("finds nothing where all is as they make it", async () => {
    const report = await checked({});
    expect(report).toMatchObject({ ok: true, at: "0001_shop", pending: [], found: [] });
  });

  test.each([
    ["what is missing", "drop index shop_name", "error catalog.missing public.shop.shop_name"],
    [
      "what is different",
      "alter table shop alter name drop not null",
      "error catalog.different public.shop.name",
    ],
    [
      "what nobody's migration makes",
      "create index more on shop (id)",
      "warning catalog.extra public.shop.more",
    ],
  ])("finds %s", async (_, after, finding) => {
    const report = await checked({ after });
    expect(report.found).toEqual([finding]);
    expect(report.ok).toBe(!finding.startsWith("error"));
  });

  test("only tells of what was there before the project", async () => {
    const report = await checked({ before: "create table older (id integer)" });
    expect(report).toMatchObject({ ok: true, found: ["info catalog.extra public.older"] });
  });

  test("asks the project's own checks, whose words go before its own", async () => {
    const own: Project = {
      ...project,
      validate: async () => [
        {
          check: "shop.names",
          severity: "error",
          object: "public.shop.name",
          expected: "no NULL",
          actual: "NULL allowed",
          remedy: "Forbid it.",
        },
      ],
    };
    const database = await createDatabase("empty");
    await deploy(project, database.url, { mode: "quick", backupId: "none" });
    await database.sql.unsafe("alter table shop alter name drop not null");
    const sql = await connect(database.url);
    const { ok, findings } = await checkDatabase(sql, own).finally(() => sql.end());
    expect({ ok, checks: findings.map(({ check }) => check) }).toEqual({ ok: false, checks: ["shop.names"] });
  });

  test("holds a database that is behind against where it stands", async () => {
    const behind = await writtenProject("shop", [statements]);
    const database = await createDatabase("empty");
    await deploy(behind, database.url, { mode: "quick", backupId: "none" });
    const sql = await connect(database.url);
    const report = await checkDatabase(sql, project).finally(() => sql.end());
    expect(report).toMatchObject({ ok: true, at: "0000_shop", pending: ["0001_shop"], findings: [] });
  });

  test("finds nothing wrong with a database in which nothing is applied", async () => {
    const database = await createDatabase("empty");
    const sql = await connect(database.url);
    const report = await checkDatabase(sql, project).finally(() => sql.end());
    expect(report).toMatchObject({ ok: true, at: null, findings: [] });
  });
});
