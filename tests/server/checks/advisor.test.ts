import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDatabase } from "../../support/database.ts";

describe("Supabase's advisor has no word on what is deployed:", () => {
  it("auth.users has row security, so that no view can show it", async () => {
    const { sql } = await createDatabase("deployed");
    const rows = z
      .array(z.object({ on: z.boolean() }))
      .parse([...(await sql`select relrowsecurity as on from pg_class where oid = 'auth.users'::regclass`)]);
    expect(rows).toEqual([{ on: true }]);
  });
});
