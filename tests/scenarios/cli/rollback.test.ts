import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { rollbackPreviewSchema, rollbackReportSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { cli } from "../../support/processes.ts";

const database = await createDatabase("production");
const on = ({ url }: TestDatabase, ...args: string[]) =>
  cli(args, { env: { DATABASE_URL: url, NO_COLOR: "1" } }).end;
const spfp = (...args: string[]) => on(database, ...args);

describe("spfp-db rollback in a pipeline", () => {
  it("is refused in one line where there is nothing to roll back", async () => {
    const { status, err } = await spfp("rollback", "--approved-by", "Ana", "--yes");
    expect(status).toBe(2);
    expect(err).toMatch(/^spfp-db: NOTHING_TO_ROLL_BACK: .*\n$/);
  });

  it.each([
    [["--yes"], "APPROVAL_MISSING"],
    [["--approved-by", " ", "--yes"], "APPROVAL_MISSING"],
    [["--approved-by", "Ana"], "ANSWER_MISSING"],
    [["--scope", "everything"], "USAGE"],
  ])("asks for nothing, and says what is missing: %j", async (args, code) => {
    const { status, err } = await spfp("rollback", ...args);
    expect(status).toBe(2);
    expect(err).toMatch(new RegExp(`^spfp-db: ${code}: .*\\n$`));
  });

  it("shows what it would do, then does it, as JSON too", async () => {
    const deployed = await createDatabase("deployed-online");
    const shown = await on(deployed, "rollback", "--dry-run");
    expect(shown).toMatchObject({ status: 0, err: "" });
    expect(shown.out).toContain("drop index public.idx_accounts_user_type");
    const dry = await on(deployed, "rollback", "--dry-run", "--json");
    const preview = rollbackPreviewSchema.parse(JSON.parse(dry.out));
    const done = await on(deployed, "rollback", "--approved-by", "Ana", "--yes", "--json");
    expect(done.status).toBe(0);
    const report = rollbackReportSchema.parse(JSON.parse(done.out));
    expect(report).toMatchObject({ ok: true, approver: "Ana", plan: { id: preview.plan.id } });
    expect(`${shown.out}${done.out}`).not.toContain(new URL(deployed.url).password);
  });
});

describe("spfp-db export", () => {
  const folder = mkdtempSync(join(inject("scratchFolder"), "export-"));

  it("writes to a file, or into a folder under the right name, and over nothing", async () => {
    const file = join(folder, "script.sql");
    expect(await spfp("export", "--for", "editor", "--out", file)).toMatchObject({ status: 0, err: "" });
    expect(readFileSync(file, "utf8")).toContain("BEGIN;");
    const again = await spfp("export", "--for", "editor", "--out", file);
    expect(again.status).toBe(2);
    expect(again.err).toMatch(/^spfp-db: FILE_EXISTS: /);
    expect(await spfp("export", "--for", "supabase", "--out", folder)).toMatchObject({ status: 0 });
    expect(readdirSync(folder).sort()).toEqual([expect.stringMatching(/^\d{14}_spfp\.sql$/), "script.sql"]);
  });

  it("writes to standard output otherwise, and wants to know what for", async () => {
    const { status, out } = await spfp("export", "--for", "validate");
    expect(status).toBe(0);
    expect(out).toContain("READS ONLY");
    expect((await spfp("export")).err).toMatch(/^spfp-db: USAGE: /);
  });
});
