import { describe, expect, inject, it } from "vitest";
import { gatherFacts } from "../../../packages/drizzle-deploy/src/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase } from "../../support/database.ts";
import { fileOf, productionFacts, statementFacts, toRecord } from "../../support/recorded-facts.ts";
import { schemas, setting } from "../../support/statement-cases.ts";

const print = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** What is recorded is of the server that we bring: names of roles and what PostgreSQL has itself are another's own. */
const isOurs = !inject("testServer").outlivesRun && inject("testServer").version === 17;

describe.runIf(isOurs)("the recorded facts that planners are tested with", () => {
  it("are those of an adopted production", async () => {
    const { sql } = await createDatabase("adopted");
    const facts = await gatherFacts(sql, spfpProject);
    const { record, functions } = toRecord(facts, "production");
    await expect(print(record)).toMatchFileSnapshot(fileOf("production"));
    await expect(print(functions)).toMatchFileSnapshot(fileOf("functions"));
    const { state, journal, done, catalog, archive, names, origin } = productionFacts();
    expect(facts).toMatchObject({ state, journal, done, catalog, archive, names, origin });
  });

  it("are those of the setting of the statements", async () => {
    const { sql } = await createDatabase("empty");
    await sql.unsafe(setting).simple();
    const facts = await gatherFacts(sql, { ...spfpProject, schemas }, { applied: [], pending: [] });
    const { record, functions } = toRecord(facts, "statements");
    await expect(print(record)).toMatchFileSnapshot(fileOf("statements"));
    await expect(print(functions)).toMatchFileSnapshot(fileOf("functions"));
    const { state, journal, done, catalog, archive, names, origin } = statementFacts();
    expect(facts).toMatchObject({ state, journal, done, catalog, archive, names, origin });
  });
});
