import { describe, expect, it } from "vitest";
import { z } from "zod";
import { baselineReportSchema, preflightReportSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { fixDuplicates, fixReportSchema } from "../../../src/duplicates/index.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { cli } from "../../support/processes.ts";

const user = "00000000-0000-4000-8000-000000000001";

/** `spfp-db` with these arguments, on a database. */
function spfp({ url }: TestDatabase, ...args: string[]) {
  return cli([...args], { env: { DATABASE_URL: url, NO_COLOR: "1" } }).end;
}

function json<T>(schema: z.ZodType<T>, text: string): T {
  return schema.parse(JSON.parse(text));
}

describe("a live database, by the commands alone", async () => {
  const database = await createDatabase("production");
  await database.sql`insert into auth.users (id) values (${user})`;
  await database.sql`insert into categories (user_id, name) values (${user}, 'Lazer'), (${user}, 'LAZER')`;

  it("is adopted once", async () => {
    const done = await spfp(database, "baseline");
    expect(done).toMatchObject({ status: 0, err: "" });
    expect(done.out).toContain("Adopted at 0001_baseline_objects: 2 migrations recorded, none run.");
    const again = await spfp(database, "baseline", "--json");
    expect(again.status).toBe(0);
    expect(json(baselineReportSchema, again.out).outcome).toBe("already adopted");
  });

  it("is not ready while it has duplicates: exit status 1, and what to do", async () => {
    const { status, out } = await spfp(database, "preflight", "--backup-id", "b1", "--low-traffic", "1000");
    expect(status).toBe(1);
    expect(out).toContain("Not ready to deploy: 1 item blocks.");
    expect(out).toContain("spfp-db fix duplicates --apply");
  });

  it("has them shown, merged, and brought back", async () => {
    const shown = await spfp(database, "fix", "duplicates");
    expect(shown).toMatchObject({ status: 0, err: "" });
    expect(shown.out).toContain("Nothing was changed");
    const merged = await spfp(database, "fix", "duplicates", "--apply", "--json");
    const { id, outcome } = json(fixReportSchema, merged.out);
    expect(outcome).toBe("merged");
    const undone = await spfp(database, "fix", "duplicates", "--undo", z.string().parse(id));
    expect(undone).toMatchObject({ status: 0, err: "" });
    expect(undone.out).toContain("Undone: categories 1 row restored.");
    expect(await fixDuplicates(database.url, { apply: true })).toMatchObject({ outcome: "merged" });
  });

  it("is ready then", async () => {
    const { status, out } = await spfp(
      database,
      "preflight",
      "--backup-id",
      "b1",
      "--mode",
      "quick",
      "--json",
    );
    expect(status).toBe(0);
    expect(json(preflightReportSchema, out)).toMatchObject({ ok: true, mode: "quick" });
  });

  it("refuses what is in the way with exit status 1, and wrong usage with 2", async () => {
    const other = await createDatabase("production");
    await other.sql`create index idx_sales_leads_analysis on sales_leads (id)`;
    const refused = await spfp(other, "baseline");
    expect(refused.status).toBe(1);
    expect(refused.out).toContain("Not adopted at 0001_baseline_objects: 1 difference stands in the way.");
    for (const [args, said] of [
      [["baseline", "--at", "0009_dreams"], "USAGE"],
      [["preflight", "--low-traffic", "some"], "USAGE"],
      [["fix", "duplicates", "--undo", "yesterday"], "USAGE"],
      [["fix", "duplicates", "--undo", user], "FIX_UNKNOWN"],
      [["fix", "duplicates", "--apply", "--dry-run"], "USAGE"],
    ] as const) {
      const { status, err } = await spfp(database, ...args);
      expect([args, status]).toEqual([args, 2]);
      expect(err).toContain(said);
    }
  }, 120_000);
});
