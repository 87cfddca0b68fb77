import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { baseline, planFor, preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { createDatabase } from "../../support/database.ts";
import { copyOfMigrations, deploy, journalOf, publicCatalog } from "../../support/deploy.ts";

const adopted = () => createDatabase("adopted");

type Copy = ReturnType<typeof copyOfMigrations>;

describe("a migrations folder that was tampered with", () => {
  it.each([
    [
      "an applied file changed by one character",
      ({ folder }: Copy) => appendFileSync(join(folder, "0001_baseline_objects.sql"), "\n"),
      "MIGRATION_CHANGED",
      "0001_baseline_objects",
    ],
    [
      "an applied migration taken out of the journal",
      ({ editJournal }: Copy) => editJournal((entries) => entries.filter(({ idx }) => idx !== 1)),
      "MIGRATION_MISSING",
      "not in the folder",
    ],
    [
      "a pending migration put before an applied one",
      ({ editJournal }: Copy) =>
        editJournal((entries) =>
          [
            ...entries.filter(({ tag }) => tag !== "0002_optimization"),
            { ...entries[0], idx: 0, when: (entries[0]?.when ?? 0) + 1, tag: "0002_optimization" },
          ].sort((first, second) => first.when - second.when),
        ),
      "MIGRATION_OUT_OF_ORDER",
      "0002_optimization",
    ],
    [
      "a file deleted",
      ({ folder }: Copy) => rmSync(join(folder, "0003_functions_and_triggers.sql")),
      "FILE_MISSING",
      "0003_functions_and_triggers",
    ],
    [
      "the journal deleted",
      ({ folder }: Copy) => rmSync(join(folder, "meta", "_journal.json")),
      "FILE_MISSING",
      "_journal.json",
    ],
    [
      "a journal that does not go forward in time",
      ({ editJournal }: Copy) => editJournal((entries) => entries.map((entry) => ({ ...entry, when: 1 }))),
      "MIGRATION_OUT_OF_ORDER",
      "0002_optimization",
    ],
  ] as const)("%s: every command stops before anything runs", async (_title, tamper, code, named) => {
    const database = await adopted();
    const copy = copyOfMigrations();
    tamper(copy);
    const { project } = copy;
    const before = [await publicCatalog(database), await journalOf(database)];
    const expected = { code, message: expect.stringContaining(named) };
    await expect(deploy(database.url, {}, { project })).rejects.toMatchObject(expected);
    await expect(baseline(project, database.url)).rejects.toMatchObject(expected);
    const sql = await connect(database.url);
    await expect(planFor(sql, project, []).finally(() => sql.end())).rejects.toMatchObject(expected);
    expect([await publicCatalog(database), await journalOf(database)]).toEqual(before);

    const looking = preflight(project, database.url, { mode: "quick", backupId: "b", sample: 50 });
    if (!code.startsWith("MIGRATION_")) return expect(looking).rejects.toMatchObject(expected);
    const state = (await looking).items.find(({ id }) => id === "state");
    expect(state).toMatchObject({ verdict: "block", findings: [{ check: "state.journal" }] });
    expect(state?.findings[0]?.actual).toContain(code);
  });

  it("a pending file may still change, since nothing has run of it", async () => {
    const database = await adopted();
    const { project, folder } = copyOfMigrations();
    appendFileSync(join(folder, "0005_views.sql"), "\n-- A remark.\n");
    expect(await deploy(database.url, {}, { project })).toMatchObject({ ok: true });
    // It is SPFP's own folder now that has another file than the one that was applied.
    await expect(deploy(database.url)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
  });
});
