import { join } from "node:path";
import { type Catalog, generateExpected } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { readMigrations } from "../migrations/index.ts";
import { findMigration } from "../migrations/names.ts";
import { defaultNames, type Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Sql } from "../postgres/index.ts";

/** What a folder alone does not tell of its project. */
export interface FolderProject
  extends Pick<
    Project,
    "name" | "migrationsFolder" | "schemas" | "migrationsTable" | "migrationsSchema" | "sharesJournal"
  > {
  /** Default: `defaultNames`. */
  readonly names?: Names;
  /**
   * Where it is kept what the scratch database said, so that it says it once: under a hash of the files, the server, the
   * schemas and all else that it depends on. Null keeps nothing. Default: `catalogs` in the folder of `names`.
   */
  readonly cacheFolder?: string | null;
}

/**
 * A project of any Drizzle migrations folder, to plan, deploy and roll back. What a database has to look like after
 * each migration is found out by running them in `scratch`, an empty database that is used for nothing else; once for the
 * same files on the same server. What the
 * project asks for beyond its catalog may be added: `{ ...project, validate }`.
 *
 * @throws DeployError FILE_MISSING, FILE_INVALID, and STATEMENT_FAILED for a migration that does not run on an empty
 * database
 * @example
 * const shop = await projectOfFolder(scratch, { name: "shop", migrationsFolder: "drizzle", schemas: ["public"] });
 * await deploy(shop, parseDatabaseUrl(url), { mode: "quick", backupId: "2026-02-14" });
 */
export async function projectOfFolder(
  scratch: Sql,
  { cacheFolder, ...folder }: FolderProject,
): Promise<Project> {
  const { names = defaultNames, migrationsFolder, schemas } = folder;
  const migrations = readMigrations(migrationsFolder);
  const catalogs = await generateExpected(scratch, {
    migrations,
    schemas,
    cacheFolder: cacheFolder === undefined ? join(names.folder, "catalogs") : cacheFolder,
  });
  return { ...projectWith(catalogs, folder), scratch };
}

/** A project of a migrations folder whose catalogs are known, by the tags of its migrations. */
export function projectWith(
  catalogs: ReadonlyMap<string, Catalog>,
  { names = defaultNames, migrationsFolder, ...rest }: Omit<FolderProject, "cacheFolder">,
): Project {
  const migrations = readMigrations(migrationsFolder);
  return {
    ...rest,
    names,
    migrationsFolder,
    baselineTag: null,
    expectedCatalog: (tag) => {
      const catalog = catalogs.get(findMigration(migrations, tag)?.tag ?? tag);
      if (catalog) return catalog;
      throw new DeployError(
        "MIGRATION_MISSING",
        `${tag} was not in ${migrationsFolder} when the project was read`,
        "Read the project again from the folder as it is now.",
      );
    },
    requires: [],
    validate: async () => [],
    preflight: [],
    leaveOut: () => null,
  };
}
