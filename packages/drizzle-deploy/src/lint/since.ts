import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { promisify } from "node:util";
import { DeployError } from "../findings/errors.ts";
import { readMigrations } from "../migrations/index.ts";
import { fileOf } from "../migrations/names.ts";

const run = promisify(execFile);

/** What git prints; null where it says no. */
async function git(folder: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run("git", ["-C", folder, ...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new DeployError(
        "USAGE",
        "git is not installed, or not in PATH",
        "Install it, or leave --since out.",
        {
          cause: error,
        },
      );
    }
    return null;
  }
}

/** The folder of the working copy that a folder is in; null where it is in none, or there is no git. */
export async function workingCopyOf(folder: string): Promise<string | null> {
  const found = await git(folder, ["rev-parse", "--show-toplevel"]).catch(() => null);
  return found === null ? null : realpathSync(found.trim());
}

const names = (text: string | null): string[] => (text ?? "").split("\0").filter((name) => name !== "");

/**
 * The tags of the migrations that a branch adds or changes, committed or not: what is not as it was where the branch left
 * a revision.
 *
 * @param folder the migrations folder, in a working copy of git
 * @param revision as git reads it: `main`, `origin/main`, `v1.2`, a hash
 * @throws DeployError USAGE where the folder is in no working copy, or there is no such revision; as `readMigrations`
 */
export async function migrationsSince(folder: string, revision: string): Promise<string[]> {
  const migrations = readMigrations(folder);
  if ((await workingCopyOf(folder)) === null) {
    throw new DeployError(
      "USAGE",
      `${folder} is in no git repository, so that nothing was added since a revision`,
      "Run it in the repository, or leave --since out.",
    );
  }
  const commit = revision.startsWith("-")
    ? null
    : await git(folder, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`]);
  if (commit === null) {
    throw new DeployError(
      "USAGE",
      `git knows no revision ${JSON.stringify(revision)} here`,
      "Name a branch, a tag or a commit. In a pipeline fetch it first: actions/checkout with fetch-depth: 0, and origin/main.",
    );
  }
  // Where the histories have nothing in common, as in a shallow clone, it is held against the revision itself.
  const base = ((await git(folder, ["merge-base", commit.trim(), "HEAD"])) ?? commit).trim();
  const [changed, fresh] = await Promise.all([
    git(folder, ["diff", "--name-only", "--no-renames", "--relative", "-z", base, "--", "."]),
    git(folder, ["ls-files", "--others", "--exclude-standard", "-z", "--", "."]),
  ]);
  const touched = new Set([...names(changed), ...names(fresh)]);
  return migrations.filter((one) => touched.has(fileOf(one))).map(({ tag }) => tag);
}
