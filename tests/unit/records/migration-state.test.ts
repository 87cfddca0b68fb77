import { describe, expect, it } from "vitest";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { readMigrations } from "../../../packages/drizzle-deploy/src/migrations/index.ts";
import { holdJournal } from "../../../packages/drizzle-deploy/src/records/migration-state.ts";
import { spfp } from "../../../src/spfp.ts";

const migrations = readMigrations(spfp.migrationsFolder);
const [first, second, third] = migrations;
if (!first || !second || !third) throw new Error("three migrations are expected at least");

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DeployError) return error.code;
    throw error;
  }
  return "none";
};

describe("a journal", () => {
  it.each([
    ["of the first migrations is taken as it is", [first, second], "none"],
    ["that names a migration twice is taken as it is", [first, first], "none"],
    ["of a file that was changed is refused", [{ ...first, hash: "0".repeat(64) }], "MIGRATION_CHANGED"],
    [
      "of a file that is not there is refused",
      [first, { hash: "0".repeat(64), when: 1 }],
      "MIGRATION_MISSING",
    ],
    ["that lacks one before the last is refused", [first, third], "MIGRATION_OUT_OF_ORDER"],
  ])("%s", (_, journal, code) => {
    expect(codeOf(() => holdJournal(journal, migrations))).toBe(code);
  });

  const file = (tag: string, when: number, hash = tag) => ({ tag, when, hash, statements: [] });
  const row = (when: number, hash: string) => ({ when, hash });

  it.each([
    ["times are equal", [row(1, "a"), row(1, "b")], [file("a", 1), file("b", 1), file("c", 2)], ["c"]],
    ["times go back", [row(5, "b"), row(3, "c")], [file("b", 5), file("c", 3), file("d", 6)], ["d"]],
    ["times were changed since", [row(5, "a"), row(6, "b")], [file("a", 1), file("b", 2)], []],
    ["times were exchanged", [row(1, "b"), row(2, "a")], [file("a", 1), file("b", 2)], []],
    [
      "files are alike, and one was not applied",
      [row(1, "same")],
      [file("a", 1, "same"), file("b", 2, "same")],
      ["b"],
    ],
    [
      "files are alike, and the time of the applied one was changed",
      [row(3, "same")],
      [file("a", 1, "same"), file("b", 4, "same")],
      ["b"],
    ],
  ])("is held against the files by their hashes where %s", (_, journal, files, pending) => {
    expect(holdJournal(journal, files).pending.map(({ tag }) => tag)).toEqual(pending);
  });

  it.each([
    ["is as old as the newest", [row(5, "a")], [file("a", 5), file("b", 5)]],
    ["is older than one whose time was changed", [row(9, "a")], [file("a", 1), file("b", 5)]],
    ["stands before one that was applied", [row(1, "b")], [file("a", 2), file("b", 1)]],
  ])("is refused where a pending migration %s", (_, journal, files) => {
    expect(codeOf(() => holdJournal(journal, files))).toBe("MIGRATION_OUT_OF_ORDER");
  });

  it("tells what is applied and what is pending, in order", () => {
    const { applied, pending } = holdJournal([second, first], migrations);
    expect(applied).toEqual([first, second]);
    expect(pending).toEqual(migrations.slice(2));
  });
});

describe("a journal of Drizzle 1.0", () => {
  const file = (name: string, hash = name) => ({ tag: name, name, when: 1, hash, statements: [] });
  const row = (name: string | null, hash: string) => ({ when: 1, hash, name });
  const [a, b, c] = [file("a"), file("b"), file("c")];

  it("tells what is applied in the order in which it was, and what is pending by its name", () => {
    const state = holdJournal([row("a", "a"), row("c", "c")], [a, b, c]);
    expect(state).toEqual({ applied: [a, c], pending: [b] });
    expect(holdJournal([row("c", "c"), row("a", "a")], [a, b, c]).applied).toEqual([c, a]);
    expect(holdJournal([], [a, b, c]).pending).toEqual([a, b, c]);
  });

  it("tells files of one text apart", () => {
    const alike = [file("a", "same"), file("b", "same")];
    expect(holdJournal([row("b", "same")], alike).pending).toEqual(alike.slice(0, 1));
  });

  it.each([
    ["has a name that is not in the folder", [row("x", "x")], "MIGRATION_MISSING"],
    ["has a renamed migration", [row("x", "b")], "MIGRATION_MISSING"],
    ["has a migration whose file was changed", [row("a", "other")], "MIGRATION_CHANGED"],
    ["has a row that Drizzle 0.45 wrote", [row("a", "a"), row(null, "b")], "MIGRATION_UNNAMED"],
    ["has a row without a name that is of no file", [row(null, "x")], "MIGRATION_MISSING"],
    ["names what it has without a name too", [row(null, "a"), row("a", "a")], "none"],
  ])("that %s: what becomes of it", (_, journal, code) => {
    expect(codeOf(() => holdJournal(journal, [a, b, c]))).toBe(code);
  });
});
