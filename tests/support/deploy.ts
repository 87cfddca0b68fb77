import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { z } from "zod";
import { compareCatalogs, readCatalog } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import {
  type DeployOptions,
  deploy as deployProject,
  migrate,
  type Observer,
  type Project,
} from "../../packages/drizzle-deploy/src/index.ts";
import { connect, type DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../src/project.ts";
import type { TestDatabase } from "./database.ts";
import { migrationsFolder } from "./states.ts";

const quick = { mode: "quick", backupId: "2026-02-14" } as const;

/** Deploys SPFP, or another project, as a pipeline would. */
export function deploy(
  url: DatabaseUrl,
  options: Partial<DeployOptions> = {},
  { project = spfpProject, observer }: { project?: Project; observer?: Observer } = {},
) {
  return deployProject(project, url, { ...quick, ...options }, observer);
}

const journalSchema = z.looseObject({
  entries: z.array(z.looseObject({ idx: z.int(), when: z.int(), tag: z.string() })),
});

export type Entry = z.infer<typeof journalSchema>["entries"][number];

/** A copy of SPFP's migrations folder, to tamper with, and SPFP with that folder. */
export function copyOfMigrations(): {
  project: Project;
  folder: string;
  editJournal: (edit: (entries: Entry[]) => Entry[]) => void;
} {
  const folder = mkdtempSync(join(inject("scratchFolder"), "migrations-"));
  cpSync(migrationsFolder, folder, { recursive: true });
  const path = join(folder, "meta", "_journal.json");
  return {
    folder,
    project: { ...spfpProject, migrationsFolder: folder },
    editJournal: (edit) => {
      const journal = journalSchema.parse(JSON.parse(readFileSync(path, "utf8")));
      writeFileSync(path, JSON.stringify({ ...journal, entries: edit(journal.entries) }));
    },
  };
}

/** SPFP with its migrations up to one of them. */
export function projectUpTo(tag: string): Project {
  const { project, editJournal } = copyOfMigrations();
  editJournal((entries) => entries.slice(0, entries.findIndex((entry) => entry.tag === tag) + 1));
  return { ...project, validate: async () => [] };
}

/** Applies the migrations of a folder with Drizzle's own migrator. */
export async function migrateWithDrizzle(url: DatabaseUrl, folder = migrationsFolder): Promise<void> {
  const sql = await connect(url);
  await migrate(sql, folder).finally(() => sql.end());
}

export const publicCatalog = ({ sql }: TestDatabase) => readCatalog(sql, { schemas: ["public"] });

/** Every way in which the managed schema of two databases differs, extra objects included. */
export async function differencesBetween(one: TestDatabase, other: TestDatabase): Promise<string[]> {
  const differences = compareCatalogs(await publicCatalog(one), await publicCatalog(other), { owners: true });
  return differences.map(({ kind, object }) => `${kind} ${object.kind} ${object.label}`);
}

/** Drizzle's journal, in its order. */
export async function journalOf({ sql }: TestDatabase): Promise<{ hash: string; when: number }[]> {
  const rows = await sql`select hash, created_at as when from drizzle.__drizzle_migrations order by id`;
  return z.array(z.object({ hash: z.string(), when: z.coerce.number() })).parse([...rows]);
}
