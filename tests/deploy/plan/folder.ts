import { generateExpected } from "../../../src/catalog/index.ts";
import type { Project } from "../../../src/deploy/index.ts";
import { readMigrations } from "../../../src/migrations/index.ts";
import { createDatabase } from "../../support/database.ts";
import { projectFolder } from "../../support/states.ts";

/** A project of a folder of `tests/fixtures/migrations`; its catalogs are read from a database made for that. */
export async function folderProject(name: string, schemas: readonly [string, ...string[]]): Promise<Project> {
  const migrationsFolder = `${projectFolder}/tests/fixtures/migrations/${name}`;
  const database = await createDatabase("empty");
  try {
    const catalogs = await generateExpected(database.sql, {
      migrations: readMigrations(migrationsFolder),
      schemas,
    });
    return {
      name,
      migrationsFolder,
      baselineTag: null,
      schemas,
      expectedCatalog: (tag) => {
        const catalog = catalogs.get(tag);
        if (!catalog) throw new Error(`no migration ${tag}`);
        return catalog;
      },
      requires: [],
      validate: async () => [],
      preflight: async () => [],
      leaveOut: () => null,
    };
  } finally {
    await database.drop();
  }
}
