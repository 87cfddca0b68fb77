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

  it("tells what is applied and what is pending, in order", () => {
    const { applied, pending } = holdJournal([second, first], migrations);
    expect(applied).toEqual([first, second]);
    expect(pending).toEqual(migrations.slice(2));
  });
});
