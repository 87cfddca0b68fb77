import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { createDatabase, only, type Sql, type TestDatabase } from "../../support/database.ts";
import { baselineTags, journal, migrationsFolder, projectFolder } from "../../support/states.ts";

interface Outcome {
  status: number;
  output: string;
}

/** Runs the real command line in a folder. */
function drizzleKit(folder: string, args: string[], databaseUrl = ""): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(projectFolder, "node_modules/drizzle-kit/bin.cjs"), ...args],
      { cwd: folder, env: { ...process.env, DATABASE_URL: databaseUrl } },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ status, output: `${stdout}\n${stderr}` });
      },
    );
  });
}

/** Every file of a folder with its content. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );
}

/** What drizzle-kit reads of the repository, in a folder that it may write to. */
function copyOfProject(): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "drizzle-kit-"));
  for (const part of ["src", "drizzle", "drizzle.config.ts", "package.json", "tsconfig.json"]) {
    cpSync(join(projectFolder, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
  return folder;
}

const journalRowsSchema = z.array(z.object({ hash: z.string(), created_at: z.string() }));

async function journalRows(sql: Sql) {
  return journalRowsSchema.parse([
    ...(await sql`select hash, created_at::text from drizzle.__drizzle_migrations order by id`),
  ]);
}

const hashOf = (tag: string) =>
  createHash("sha256")
    .update(readFileSync(`${migrationsFolder}/${tag}.sql`))
    .digest("hex");
const wholeJournal = journal.map(({ tag, when }) => ({ hash: hashOf(tag), created_at: String(when) }));

async function objects({ sql }: TestDatabase) {
  const { server: _, ...catalog } = await readCatalog(sql, { schemas: ["public", "drizzle"] });
  return catalog;
}

describe("drizzle-kit generate", () => {
  let folder: string;
  beforeAll(() => {
    folder = copyOfProject();
  });

  it("finds nothing to do, then finds a column that the migrations lack", async () => {
    const before = contents(join(folder, "drizzle"));
    const idle = await drizzleKit(folder, ["generate"]);
    expect(idle).toMatchObject({ status: 0, output: expect.stringContaining("No schema changes") });
    expect(contents(join(folder, "drizzle"))).toEqual(before);

    appendFileSync(
      join(folder, "src/schema/index.ts"),
      `import { pgTable, text } from "drizzle-orm/pg-core";\nexport const surprise = pgTable("surprise", { note: text("note") });\n`,
    );
    const busy = await drizzleKit(folder, ["generate", "--name", "surprise"]);
    expect(busy).toMatchObject({ status: 0, output: expect.not.stringContaining("No schema changes") });
    const added = Object.keys(contents(join(folder, "drizzle"))).filter((path) => !(path in before));
    expect(added.filter((path) => path.endsWith("_surprise.sql"))).toHaveLength(1);
  });
});

describe("drizzle-kit check", () => {
  it("passes", async () => {
    expect(await drizzleKit(projectFolder, ["check"])).toMatchObject({
      status: 0,
      output: expect.stringContaining("Everything's fine"),
    });
  });
});

describe("drizzle-kit migrate", async () => {
  const empty = await createDatabase("empty");
  const baseline = await createDatabase("production");
  const deployed = await createDatabase("deployed");

  it("takes an empty database to the end, and then does nothing more", async () => {
    expect(await drizzleKit(projectFolder, ["migrate"], empty.url)).toMatchObject({ status: 0 });
    expect(await journalRows(empty.sql)).toEqual(wholeJournal);
    const first = await objects(empty);
    expect(first).toEqual(await objects(deployed));

    expect(await drizzleKit(projectFolder, ["migrate"], empty.url)).toMatchObject({ status: 0 });
    expect(await journalRows(empty.sql)).toEqual(wholeJournal);
    expect(await objects(empty)).toEqual(first);
  });

  it("takes a database that stands at the baseline to the same end", async () => {
    await baseline.sql`create schema drizzle`;
    await baseline.sql`create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`;
    for (const { hash, created_at } of wholeJournal.slice(0, baselineTags.length)) {
      await baseline.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${created_at})`;
    }
    const user = await baseline.createUser();
    await baseline.sql`insert into operational_tasks (user_id, title) values (${user}, 'kept')`;

    expect(await drizzleKit(projectFolder, ["migrate"], baseline.url)).toMatchObject({ status: 0 });
    expect(await journalRows(baseline.sql)).toEqual(wholeJournal);
    expect(await objects(baseline)).toEqual(await objects(deployed));
    expect(
      only(
        z.object({ title: z.string(), deleted_at: z.null() }),
        await baseline.sql`select title, deleted_at from operational_tasks`,
      ).title,
    ).toBe("kept");
  });
});
