import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { readMigrationFiles as readNamedFiles } from "drizzle-orm-1/migrator";
import { describe, expect, inject, it } from "vitest";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { findMigration } from "../../../packages/drizzle-deploy/src/migrations/names.ts";

/** Writes files of a folder, by their paths. */
function write(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "read-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const journal = (...tags: string[]): string =>
  JSON.stringify({
    version: "7",
    dialect: "postgresql",
    entries: tags.map((tag, idx) => ({ idx, version: "7", when: 1000 - idx, tag, breakpoints: true })),
  });

/** The code that a folder is refused with, and whether that is told in one line. */
function refusalOf(folder: string): unknown {
  try {
    readMigrations(folder);
  } catch (error) {
    if (error instanceof DeployError) return [error.code, /[\n\r]/.test(error.message + error.remedy)];
    throw error;
  }
  return "none";
}

describe("a folder without migrations", () => {
  it.each([
    ["that is not there", null],
    ["that is empty", {}],
    ["with other files only", { "README.md": "" }],
  ] as const)("%s is told how to make the first one", (_which, files) => {
    const folder = files === null ? join(inject("scratchFolder"), "gone") : write(files);
    expect(() => readMigrations(folder)).toThrow(
      expect.objectContaining({
        code: "FILE_MISSING",
        remedy: expect.stringContaining("drizzle-kit generate"),
      }),
    );
  });

  it("that has lost its journal is to be restored", () => {
    expect(() => readMigrations(write({ "0000_a.sql": "SELECT 1" }))).toThrow(
      expect.objectContaining({ code: "FILE_MISSING", remedy: expect.stringContaining("version control") }),
    );
  });
});

describe("a folder of migrations", () => {
  it.each([
    ["of one", { "20260101000000_a/migration.sql": "SELECT 1" }],
    [
      "of several, in the order of their names",
      {
        "20260102000000_b/migration.sql": "SELECT 2;\n--> statement-breakpoint\nSELECT 3;",
        "20260101000000_Z/migration.sql": "",
        "20260101000000_a/migration.sql": "SELECT 1\r\n",
        "20260101000000_ä/migration.sql": "SELECT 'ä'",
        "20260101000000/migration.sql": "--> statement-breakpoint",
        "20260101000000_a b.c/migration.sql": "SELECT 1;--> statement-breakpoint",
      },
    ],
    [
      "with what is none",
      {
        "20260101000000_a/migration.sql": "SELECT 1",
        "20260101000000_a/snapshot.json": "{}",
        "20260102000000_empty/snapshot.json": "{}",
        "20260103000000_file": "",
        "0000_old.sql": "SELECT 1",
        "meta/0000_snapshot.json": "{}",
        "deep/20260104000000_b/migration.sql": "SELECT 1",
        "migration.sql": "SELECT 1",
      },
    ],
    [
      "with times of no calendar",
      { "20261399256199_a/migration.sql": "", "00000000000000_b/migration.sql": "" },
    ],
  ])("of Drizzle 1.0 is read as Drizzle reads it: %s", (_, files) => {
    const folder = write(files);
    const wanted = readNamedFiles({ migrationsFolder: folder });
    expect(
      readMigrations(folder).map(({ tag, name, when, hash, statements }) => ({
        tag,
        name,
        when,
        hash,
        statements,
      })),
    ).toEqual(
      wanted.map(({ name, folderMillis, hash, sql }) => ({
        tag: name,
        name,
        when: folderMillis,
        hash,
        statements: sql,
      })),
    );
  });

  it("of Drizzle 0.45 is read as Drizzle reads it, and beside it folders of others", () => {
    const folder = write({
      "meta/_journal.json": journal("0000_a", "0001_b c"),
      "0000_a.sql": "SELECT 1;\n--> statement-breakpoint\nSELECT 2",
      "0001_b c.sql": "",
      "seeds/migration.sql": "SELECT 1",
    });
    const wanted = readMigrationFiles({ migrationsFolder: folder });
    expect(readMigrations(folder).map(({ when, hash, statements }) => [when, hash, statements])).toEqual(
      wanted.map(({ folderMillis, hash, sql }) => [folderMillis, hash, sql]),
    );
  });

  it.each<[string, Record<string, string>, string]>([
    ["nothing in it", {}, "FILE_MISSING"],
    ["files of 0.45 and no journal", { "0000_a.sql": "" }, "FILE_MISSING"],
    [
      "a journal and folders of 1.0",
      { "meta/_journal.json": journal(), "20260101000000_a/migration.sql": "" },
      "FILE_INVALID",
    ],
    [
      "a name without a time",
      { "a/migration.sql": "", "20260101000000_a/migration.sql": "" },
      "FILE_INVALID",
    ],
    ["a name with a date alone", { "20260101_a/migration.sql": "" }, "FILE_INVALID"],
    ["a name that breaks a line", { "20260101000000_a\nb/migration.sql": "" }, "FILE_INVALID"],
    ["a folder in the place of a file", { "20260101000000_a/migration.sql/x": "" }, "FILE_MISSING"],
  ])("is refused with %s, in a line", (_, files, code) => {
    expect(refusalOf(write(files))).toEqual([code, false]);
  });
});

describe("the tag that a migration had before drizzle-kit up", () => {
  const file = (name: string) => ({ tag: name, name, when: 1, hash: "", statements: [] });
  const files = [
    "20260101000000_init",
    "20260102000000_more",
    "20260103000000_more",
    "20260104000000_a_b",
  ].map(file);

  it.each([
    ["20260102000000_more", "20260102000000_more"],
    ["0000_init", "20260101000000_init"],
    ["0002_more", "20260103000000_more"],
    ["0003_a_b", "20260104000000_a_b"],
    ["1767225600_init", "20260101000000_init"],
    ["0009_more", undefined],
    ["0000_other", undefined],
  ])("%s is of %s", (tag, found) => {
    expect(findMigration(files, tag)?.tag).toBe(found);
  });
});
