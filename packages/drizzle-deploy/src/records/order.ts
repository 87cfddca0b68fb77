import { type Catalog, mergeCatalogs, withoutObjects } from "../catalog/index.ts";
import { areNamed, readMigrations } from "../migrations/index.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { type MigrationState, matchNames, readJournal } from "./migration-state.ts";

/**
 * A project whose catalogs are those of a database that had the migrations in another order than the folder's: Drizzle 1.0
 * also applies one that stands before others which were applied, as a branch that is merged late has it. What each changes
 * in the folder's order it changes in this one. Where the orders are the same, the project itself.
 */
export function inOrder(project: Project, { applied, pending }: MigrationState): Project {
  if (!areNamed([...applied, ...pending])) return project;
  const folder = readMigrations(project.migrationsFolder).map(({ tag }) => tag);
  const order = [...applied, ...pending].map(({ tag }) => tag);
  const moved = order.findIndex((tag, at) => folder[at] !== tag);
  if (moved < 0) return project;
  const known = new Map<string, Catalog>();
  const expected = (tag: string): Catalog => {
    const at = order.indexOf(tag);
    const own = project.expectedCatalog(tag);
    if (at < moved) return own;
    const found = known.get(tag);
    if (found) return found;
    const before = (tags: readonly string[], of: Project["expectedCatalog"]): Catalog => {
      const previous = tags[tags.indexOf(tag) - 1];
      return previous === undefined ? withoutObjects(own) : of(previous);
    };
    const merged = mergeCatalogs({
      base: before(folder, project.expectedCatalog),
      ours: before(order, expected),
      theirs: own,
      found: "kept",
    });
    known.set(tag, merged);
    return merged;
  };
  return { ...project, expectedCatalog: expected };
}

/** As `inOrder`, by the journal as it is, whether or not it agrees with the folder. Changes nothing. */
export async function inOrderOfJournal(sql: Queryable, project: Project): Promise<Project> {
  const migrations = readMigrations(project.migrationsFolder);
  if (!areNamed(migrations)) return project;
  const { rows } = await readJournal(sql, project);
  return inOrder(project, matchNames(rows, migrations));
}
