import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createDatabase } from "../../support/database.ts";
import { cli } from "../../support/processes.ts";

/** Runs a command on a database. */
const run = (args: readonly string[], url: string) =>
  cli([...args], {
    cwd: mkdtempSync(join(inject("scratchFolder"), "quiet-")),
    env: { DATABASE_URL: url, NO_COLOR: "1" },
  }).end;

describe("--quiet", () => {
  it("prints nothing where all is well", async (context) => {
    const { url } = await createDatabase("deployed", context);
    for (const command of ["status", "check", "plan", "deploy --mode quick --backup-id x", "cleanup"]) {
      expect(await run([...command.split(" "), "--quiet"], url), command).toMatchObject({
        status: 0,
        out: "",
        err: "",
      });
    }
  });

  it("prints what needs attention, with the exit status as it is without", async (context) => {
    const { url, sql } = await createDatabase("deployed", context);
    await sql`drop index public.idx_goals_user_deadline`;
    for (const command of ["check --only indexes", "status"]) {
      const [whole, quiet] = await Promise.all([
        run(command.split(" "), url),
        run([...command.split(" "), "-q"], url),
      ]);
      expect(quiet.status, command).toBe(whole.status);
      expect(quiet.out, command).toContain("idx_goals_user_deadline");
      expect(quiet.out.length, command).toBeLessThan(whole.out.length);
    }
  });

  it("changes nothing of --json", async (context) => {
    const { url } = await createDatabase("deployed", context);
    const [whole, quiet] = await Promise.all([
      run(["status", "--json"], url),
      run(["status", "--json", "--quiet"], url),
    ]);
    expect(quiet).toEqual(whole);
  });
});
