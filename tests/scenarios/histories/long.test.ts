import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { createDatabase } from "../../support/database.ts";
import { fillTables } from "../../support/fill-tables.ts";
import { manyMigrations } from "../../support/large-folders.ts";
import { applyWithDrizzle, walkFolder, writeMigrations } from "./walk.ts";

/*
 * Any folder of migrations, as Drizzle applies it and as the engine does: from nothing, from its middle and from its last
 * migration but one, with rows; adopted, deployed, taken back, deployed again. For a folder of your own:
 * `HISTORY_FOLDER=/path/to/drizzle HISTORY_SCHEMAS=public,app npm run histories`.
 */
const { HISTORY_FOLDER, HISTORY_SCHEMAS } = z
  .object({
    HISTORY_FOLDER: z.string().min(1).optional(),
    HISTORY_SCHEMAS: z.string().min(1).default("public"),
  })
  .parse(process.env);

const listed = (text: string): [string, ...string[]] => {
  const [first = "public", ...others] = text.split(",").map((name) => name.trim());
  return [first, ...others];
};

const journalSchema = z.looseObject({ entries: z.array(z.looseObject({ tag: z.string() })) });

/** The first migrations of a folder, in a folder of their own. */
function firstOf(folder: string, tags: readonly string[]): string {
  const copy = mkdtempSync(join(inject("scratchFolder"), "first-"));
  const path = join(folder, "meta", "_journal.json");
  const isListed = existsSync(path);
  for (const tag of tags) {
    const name = isListed ? `${tag}.sql` : tag;
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(folder, name), join(copy, name), { recursive: true });
  }
  if (isListed) {
    const journal = journalSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    const entries = journal.entries.filter(({ tag }) => tags.includes(tag));
    mkdirSync(join(copy, "meta"));
    writeFileSync(join(copy, "meta", "_journal.json"), JSON.stringify({ ...journal, entries }));
  }
  return copy;
}

const folders: readonly { name: string; folder: () => string; schemas: readonly [string, ...string[]] }[] =
  HISTORY_FOLDER === undefined
    ? [
        {
          name: "26 migrations of two entities",
          folder: () => writeMigrations(manyMigrations(2)),
          schemas: ["public", "app", "audit"],
        },
        {
          name: "146 migrations of twelve entities",
          folder: () => writeMigrations(manyMigrations(12), "1.0"),
          schemas: ["public", "app", "audit"],
        },
      ]
    : [{ name: basename(HISTORY_FOLDER), folder: () => HISTORY_FOLDER, schemas: listed(HISTORY_SCHEMAS) }];

describe.each(folders)("$name", ({ folder: made, schemas }) => {
  it.each(["nothing", "its middle", "its last but one"] as const)("from %s", async (from) => {
    const folder = made();
    const tags = readMigrations(folder).map(({ tag }) => tag);
    const applied =
      from === "nothing" ? 0 : from === "its middle" ? Math.floor(tags.length / 2) : tags.length - 1;
    const generation = existsSync(join(folder, "meta", "_journal.json")) ? "0.45" : "1.0";
    const start = firstOf(folder, tags.slice(0, applied));
    const model = await createDatabase("empty");
    if (applied > 0) expect(await applyWithDrizzle(model.url, start, generation)).toBeNull();
    const rows = applied > 0 ? await fillTables(model.sql, schemas) : [];
    await model.drop();
    if (applied > 0) expect(rows.length).toBeGreaterThan(0);
    expect(await walkFolder({ folder, start, tags, applied, rows, schemas, generation })).toEqual([]);
  });
});
