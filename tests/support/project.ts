import { type Project, projectOfFolder } from "../../packages/drizzle-deploy/src/index.ts";
import { spfpNames } from "../../src/spfp.ts";
import { createDatabase } from "./database.ts";

/** A project of nothing but a migrations folder; its catalogs are read from a database made for that. */
export async function projectIn(
  migrationsFolder: string,
  schemas: Project["schemas"],
  name: string,
  journal: Pick<Project, "migrationsTable" | "migrationsSchema" | "sharesJournal"> = {},
): Promise<Project> {
  const scratch = await createDatabase("empty");
  return await projectOfFolder(scratch.sql, {
    name,
    migrationsFolder,
    schemas,
    names: spfpNames,
    cacheFolder: null,
    ...journal,
  });
}
