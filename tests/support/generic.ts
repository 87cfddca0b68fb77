import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import type { Project } from "../../packages/drizzle-deploy/src/index.ts";
import { projectIn } from "./project.ts";

/** Writes migrations as drizzle-kit does. */
function writeFolder(files: readonly string[]): string {
  const folder = mkdtempSync(join(inject("scratchFolder"), "migrations-"));
  mkdirSync(join(folder, "meta"));
  const entries = files.map((sql, idx) => {
    const tag = `000${idx}_${createHash("sha256").update(sql).digest("hex").slice(0, 6)}`;
    writeFileSync(join(folder, `${tag}.sql`), sql);
    return { idx, version: "7", when: 1_760_000_000_000 + idx, tag, breakpoints: true };
  });
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return folder;
}

/** A project of nothing but migrations. */
export function makeProject(
  files: readonly string[],
  schemas: Project["schemas"],
  name = "library",
): Promise<Project> {
  return projectIn(writeFolder(files), schemas, name);
}

/** A project of several migrations with only the first of them, as it was before the others were written. */
export function withMigrations(project: Project, files: readonly string[]): Project {
  return { ...project, migrationsFolder: writeFolder(files) };
}
