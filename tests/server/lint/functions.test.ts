import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { steadyFunctions } from "../../../packages/drizzle-deploy/src/lint/context.ts";
import { createDatabase } from "../../support/database.ts";

const { sql } = await createDatabase("empty");
afterAll(() => sql.end());

it("every function that lint takes for steady is PostgreSQL's own, and none of its forms is volatile", async () => {
  const rows = z.array(z.object({ name: z.string(), volatile: z.boolean() })).parse([
    ...(await sql`select proname::text as name, bool_or(provolatile = 'v') as volatile from pg_proc
      where pronamespace = 'pg_catalog'::regnamespace and proname = any(${[...steadyFunctions]}) group by proname`),
  ]);
  expect(rows.filter((one) => one.volatile)).toEqual([]);
  expect(rows.map(({ name }) => name).sort()).toEqual([...steadyFunctions].sort());
});
