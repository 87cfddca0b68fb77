import { describe, expect, it } from "vitest";
import { baseline, preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { checkDatabase, spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { deploy } from "../../support/deploy.ts";

const everybody = "create policy everybody on goals for select using (true)";
const goals = "public.goals.everybody";

const check = ({ sql }: TestDatabase) => checkDatabase(sql);

describe("what would be wrong after a deployment", async () => {
  const [found, late, strict] = [
    await createDatabase("production"),
    await createDatabase("adopted"),
    await createDatabase("production"),
  ];

  it("is in the way of an adoption, with the statement that leads on", async () => {
    await strict.sql.unsafe(everybody);
    const report = await baseline(spfpProject, strict.url);
    expect(report).toMatchObject({
      outcome: "refused",
      inTheWay: [{ check: "rls.policy-extra", object: goals, sql: [expect.stringContaining("DROP POLICY")] }],
    });
    for (const statement of report.inTheWay[0]?.sql ?? []) await strict.sql.unsafe(statement);
    expect(await baseline(spfpProject, strict.url)).toMatchObject({ outcome: "adopted", inTheWay: [] });
  });

  it("may be accepted by name at the adoption, and is deployed then", async () => {
    await found.sql.unsafe(everybody);
    const adopted = await baseline(spfpProject, found.url, { accept: [goals], executor: "Ana" });
    expect(adopted).toMatchObject({ outcome: "adopted", inTheWay: [] });
    const report = await deploy(found.url);
    expect(report).toMatchObject({ ok: true, error: null });
    expect(report.findings.filter(({ object }) => object === goals)).toMatchObject([
      { severity: "info", remedy: expect.stringContaining("Ana accepted it") },
    ]);
  });

  it("is not made right by an acceptance of something else, nor of what it was", async () => {
    await found.sql`alter policy everybody on goals to anon`;
    await expect(deploy(found.url)).rejects.toMatchObject({ code: "VALIDATION_FORESEEN" });
    await expect(deploy(found.url, { accept: ["public.goals"] })).rejects.toMatchObject({
      code: "VALIDATION_FORESEEN",
    });
  });

  it("keeps a deployment from its first step, until it is put right or accepted", async () => {
    await late.sql.unsafe(everybody);
    await expect(deploy(late.url)).rejects.toMatchObject({
      code: "VALIDATION_FORESEEN",
      remedy: expect.stringContaining(`--accept ${goals}`),
    });
    const look = await preflight(spfpProject, late.url, { mode: "quick", backupId: "b", sample: 50 });
    expect(look.ok).toBe(false);
    const allowed = { mode: "quick", backupId: "b", sample: 50, accept: [goals] } as const;
    expect(await preflight(spfpProject, late.url, allowed)).toMatchObject({ ok: true });
    expect(await deploy(late.url, { accept: [goals], executor: "Rui" })).toMatchObject({ ok: true });
    // On record: nobody has to say it again.
    expect(await deploy(late.url)).toMatchObject({ ok: true });
  });

  it("is told by the checks, with who accepted it", async () => {
    const { ok, areas } = await check(late);
    expect(ok).toBe(true);
    expect(areas.flatMap(({ findings }) => findings)).toMatchObject([
      { object: goals, severity: "info", remedy: expect.stringContaining("Rui accepted it") },
    ]);
  });
});

describe("a policy of another name that says what a missing one is to say", async () => {
  const database = await createDatabase("production");

  it("is to be renamed, and nothing else is said of it", async () => {
    await database.sql`alter policy accounts_select on accounts rename to contas_ver`;
    const report = await baseline(spfpProject, database.url);
    expect(report).toMatchObject({
      outcome: "refused",
      inTheWay: [
        {
          object: "public.accounts.accounts_select",
          sql: ['ALTER POLICY "contas_ver" ON "public"."accounts" RENAME TO "accounts_select";'],
        },
      ],
    });
  });
});

describe("what was so when the project met the database", async () => {
  const inherited = await createDatabase("production");
  await inherited.sql`alter table goals alter column category type text`;
  await inherited.sql`alter table sales_leads disable trigger update_sales_leads_updated_at`;

  it("is told by the checks and not called wrong", async () => {
    await baseline(spfpProject, inherited.url);
    expect(await deploy(inherited.url)).toMatchObject({ ok: true });
    const { ok, areas } = await check(inherited);
    const findings = areas.flatMap((area) => area.findings);
    expect(ok).toBe(true);
    expect(findings.map(({ object, severity }) => [object, severity])).toEqual(
      expect.arrayContaining([
        ["public.goals.category", "info"],
        ["public.sales_leads.update_sales_leads_updated_at", "info"],
      ]),
    );
  });

  it("may be put right", async () => {
    await inherited.sql`alter table goals alter column category type varchar(100)`;
    await inherited.sql`alter table sales_leads enable trigger update_sales_leads_updated_at`;
    const { ok, areas } = await check(inherited);
    expect({ ok, findings: areas.flatMap((area) => area.findings) }).toEqual({ ok: true, findings: [] });
  });

  it("is wrong when it is changed to something else", async () => {
    await inherited.sql`alter table goals alter column category type varchar(40)`;
    expect((await check(inherited)).ok).toBe(false);
  });
});

describe("a person who is asked before a database is adopted", async () => {
  const database = await createDatabase("production");
  const journal = () => database.sql`select to_regclass('drizzle.__drizzle_migrations') is not null as there`;

  it("is shown what was found, and nothing is written where the answer is no", async () => {
    const shown: string[] = [];
    const report = await baseline(spfpProject, database.url, {
      confirm: async ({ outcome, point }) => {
        shown.push(`${outcome} ${point}`);
        return false;
      },
    });
    expect(shown).toEqual(["adoptable 0001_baseline_objects"]);
    expect(report.outcome).toBe("adoptable");
    expect([...(await journal())]).toEqual([{ there: false }]);
  });

  it("does not confirm what was changed meanwhile", async () => {
    const confirm = async (): Promise<boolean> => {
      await database.sql`alter table goals add column mine text`;
      return true;
    };
    await expect(baseline(spfpProject, database.url, { confirm })).rejects.toMatchObject({
      code: "PLAN_OUTDATED",
    });
    expect([...(await journal())]).toEqual([{ there: false }]);
  });

  it("adopts it with a yes", async () => {
    const report = await baseline(spfpProject, database.url, { confirm: async () => true });
    expect(report.outcome).toBe("adopted");
  });
});
