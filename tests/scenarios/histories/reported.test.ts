import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { walk } from "./walk.ts";

const name = z.string().min(1);
const historiesSchema = z.array(
  z.strictObject({
    name,
    migrations: z.array(z.array(name)),
    applied: z.int().optional(),
    rows: z.array(name).optional(),
    schemas: z.tuple([name], name).optional(),
  }),
);

/** What outsiders reported, and what public projects' histories held, each as small as it shows the fault. */
const histories = historiesSchema.parse(
  JSON.parse(readFileSync(new URL("../../fixtures/histories.json", import.meta.url), "utf8")),
);

it.each(histories)("$name: there, back and there again", async ({ applied, rows, schemas, ...history }) => {
  const wrong = await walk({
    ...history,
    ...(applied === undefined ? {} : { applied }),
    ...(rows === undefined ? {} : { rows }),
    ...(schemas === undefined ? {} : { schemas }),
  });
  expect(wrong).toEqual([]);
});
