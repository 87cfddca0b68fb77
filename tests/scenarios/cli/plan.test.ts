import { describe, expect, it } from "vitest";
import { planSchema, statusSchema } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase } from "../../support/database.ts";
import { cli } from "../../support/processes.ts";
import { baselineTags, journal } from "../../support/states.ts";

const tags = journal.map(({ tag }) => tag);

const database = await createDatabase("production");
const spfp = (...args: string[]) => cli(args, { env: { DATABASE_URL: database.url, NO_COLOR: "1" } }).end;

describe("spfp-db plan and status", () => {
  it("say of a database that was never adopted what to do", async () => {
    const status = await spfp("status");
    expect(status).toMatchObject({ status: 0, err: "" });
    expect(status.out).toContain("Run: spfp-db baseline");
    const plan = await spfp("plan");
    expect(plan).toMatchObject({ status: 2, out: "" });
    expect(plan.err).toMatch(/^spfp-db: NOT_ADOPTED: .* Run spfp-db baseline first/);
  });

  it("print a plan that can be stored, and where the database stands", async () => {
    expect((await spfp("baseline")).status).toBe(0);
    const json = await spfp("plan", "--json");
    expect(json).toMatchObject({ status: 0, err: "" });
    const plan = planSchema.parse(JSON.parse(json.out));
    expect(plan.steps.length).toBeGreaterThan(100);
    const text = await spfp("plan");
    expect(text).toMatchObject({ status: 0, err: "" });
    expect(text.out).toContain(`plan ${plan.id}`);
    const { pending } = statusSchema.parse(JSON.parse((await spfp("status", "--json")).out));
    expect(pending.map(({ tag }) => tag)).toEqual(tags.slice(baselineTags.length));
  });

  it("end with 1 where something is blocked, and name the way out", async () => {
    await database.sql`create index idx_goals_user_deadline on goals (deadline)`;
    const { status, out } = await spfp("plan");
    expect(status).toBe(1);
    expect(out).toContain("1 step is blocked");
  });
});
