import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import type { Project } from "../../packages/drizzle-deploy/src/index.ts";
import { projectIn } from "./project.ts";
import { projectFolder } from "./states.ts";

/** A project of a folder of `tests/fixtures/migrations`; its catalogs are read from a database made for that. */
export async function folderProject(name: string, schemas: readonly [string, ...string[]]): Promise<Project> {
  return projectIn(`${projectFolder}/tests/fixtures/migrations/${name}`, schemas, name);
}

/** A project of migrations that are given as their statements, in a folder made for them. */
export async function writtenProject(
  name: string,
  migrations: readonly (readonly string[])[],
  schemas: readonly [string, ...string[]] = ["public"],
): Promise<Project> {
  const folder = mkdtempSync(join(inject("scratchFolder"), "migrations-"));
  mkdirSync(join(folder, "meta"));
  const entries = migrations.map((statements, idx) => {
    const tag = `${String(idx).padStart(4, "0")}_${name}`;
    writeFileSync(join(folder, `${tag}.sql`), statements.join(";\n--> statement-breakpoint\n"));
    return { idx, tag, when: 1_780_000_000_000 + idx, version: "7", breakpoints: true };
  });
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return projectIn(folder, schemas, name);
}
