import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LintReport, lint } from "../../../packages/drizzle-deploy/src/index.ts";
import { writeMigrations } from "../../support/migration-folder.ts";

/** What lint says of migrations, of some of them where they are named. */
export function lintOf(files: Readonly<Record<string, string>>, only?: readonly string[]): LintReport {
  const folder = mkdtempSync(join(tmpdir(), "lint-"));
  try {
    return lint(writeMigrations(folder, files), { only });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
