import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { type Project, projectOfFolder } from "../../../src/deploy/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectFolder } from "../../support/states.ts";

/** A project of a folder of `tests/fixtures/migrations`; its catalogs are read from a database made for that. */
export async function folderProject(name: string, schemas: readonly [string, ...string[]]): Promise<Project> {
  return projectOf(name, `${projectFolder}/tests/fixtures/migrations/${name}`, schemas);
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
  return projectOf(name, folder, schemas);
}

async function projectOf(
  name: string,
  migrationsFolder: string,
  schemas: readonly [string, ...string[]],
): Promise<Project> {
  const scratch = await createDatabase("empty");
  try {
    return await projectOfFolder(scratch.sql, { name, migrationsFolder, schemas });
  } finally {
    await scratch.drop();
  }
}
