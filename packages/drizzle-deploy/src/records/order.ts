import { type Catalog, mergeCatalogs, withoutObjects } from "../catalog/index.ts";
import { readMigrations } from "../migrations/index.ts";
import { areNamed } from "../migrations/names.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { type MigrationState, matchNames, readJournal } from "./migration-state.ts";

/** A catalog with the columns of its tables in the order that they have in another. */
function withColumnsAsIn(catalog: Catalog, other: Catalog): Catalog {
  return {
    ...catalog,
    tables: catalog.tables.map((table) => {
      const names = other.tables
        .find(({ schema, name }) => schema === table.schema && name === table.name)
        ?.columns.map(({ name }) => name);
      const place = (name: string): number => names?.indexOf(name) ?? 0;
      return { ...table, columns: table.columns.toSorted((one, two) => place(one.name) - place(two.name)) };
    }),
  };
}

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
  /** What a migration changes in the folder's order, changed in a catalog. */
  const apply = (tag: string, ours: (own: Catalog) => Catalog): Catalog => {
    const theirs = project.expectedCatalog(tag);
    const previous = folder[folder.indexOf(tag) - 1];
    const base = previous === undefined ? withoutObjects(theirs) : project.expectedCatalog(previous);
    return mergeCatalogs({ base, ours: ours(theirs), theirs, found: "kept" });
  };
  const expected = (tag: string): Catalog => {
    const at = order.indexOf(tag);
    if (at < moved) return project.expectedCatalog(tag);
    const found = known.get(tag);
    if (found) return found;
    const previous = order[at - 1];
    const stepwise = apply(tag, (own) => (previous === undefined ? withoutObjects(own) : expected(previous)));
    const late = lateUpTo(order.slice(0, at + 1), folder);
    const last = folder[at];
    // With the last of those that came late, all is as in the folder, but for what these had the last word on.
    const catalog =
      late.includes(tag) &&
      last !== undefined &&
      folder.slice(0, at + 1).every((one) => order.indexOf(one) <= at)
        ? withColumnsAsIn(
            late.reduce((ours, one) => apply(one, () => ours), project.expectedCatalog(last)),
            stepwise,
          )
        : stepwise;
    known.set(tag, catalog);
    return catalog;
  };
  return { ...project, expectedCatalog: expected };
}

/** Those that were applied after one that is behind them in the folder. */
const lateUpTo = (order: readonly string[], folder: readonly string[]): string[] =>
  order.filter((tag, at) =>
    order.slice(0, at).some((earlier) => folder.indexOf(earlier) > folder.indexOf(tag)),
  );

/** As `inOrder`, by the journal as it is, whether or not it agrees with the folder. Changes nothing. */
export async function inOrderOfJournal(sql: Queryable, project: Project): Promise<Project> {
  const migrations = readMigrations(project.migrationsFolder);
  if (!areNamed(migrations)) return project;
  const { rows } = await readJournal(sql, project);
  return inOrder(project, matchNames(rows, migrations));
}
