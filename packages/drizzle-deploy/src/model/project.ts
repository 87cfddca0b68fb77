import type { Catalog, Difference, ObjectIdentity } from "../catalog/index.ts";
import type { Finding } from "../findings/finding.ts";
import type { Reader, Sql } from "../postgres/index.ts";
import type { Names } from "./names.ts";
import type { Requirement } from "./requirement.ts";
import { type Target, targetOf } from "./step.ts";

/** What can be said before a deployment of the catalog after it. */
export interface Prospect {
  readonly actual: Catalog;
  /** The last migration that the deployment comes to. */
  readonly to: string | null;
  /** Whether a pending step takes a difference from the last migration's catalog away. */
  readonly isSettled: (difference: Difference) => boolean;
}

/** What an item of a preflight found: always something to show, and what is wrong, if anything is. */
export interface PreflightOutcome {
  /** What was looked at and found, in one line. */
  readonly evidence: string;
  readonly findings: readonly Finding[];
}

/** One thing of a project's own that has to be so before a deployment begins. Reads only. */
export interface ProjectPreflight {
  /** Lower-case words with hyphens, and none of the engine's own. */
  readonly id: string;
  readonly title: string;
  readonly run: (sql: Reader) => Promise<PreflightOutcome>;
}

/**
 * What the engine is handed of a project. It knows nothing else of one: any Drizzle migrations folder will do, and
 * any schema.
 */
export interface Project {
  /** For messages and the log. */
  readonly name: string;
  /** What its command line and its records are called. */
  readonly names: Names;
  readonly migrationsFolder: string;
  /** The table of Drizzle's journal, where Drizzle's migrator is given one. Default: Drizzle's, `__drizzle_migrations`. */
  readonly migrationsTable?: string | undefined;
  /** The schema of that table, where Drizzle's migrator is given one. Default: Drizzle's, `drizzle`. */
  readonly migrationsSchema?: string | undefined;
  /**
   * Whether what the journal has and the folder has not is other projects', which keep theirs in the same table. Default
   * false: only what the records say another project applied, one that has no schema in common with this.
   */
  readonly sharesJournal?: boolean | undefined;
  /**
   * The last migration that only describes what existed before Drizzle did: a database that Drizzle has never seen is
   * taken to stand there at least. Null where there was nothing before.
   */
  readonly baselineTag: string | null;
  /** The schemas whose objects the migrations manage. */
  readonly schemas: readonly [string, ...string[]];
  /** What a database looks like after a migration; throws for a tag that it does not know. */
  readonly expectedCatalog: (tag: string) => Catalog;
  /** What has to be there before a deployment. */
  readonly requires: readonly Requirement[];
  /**
   * What has to hold after a deployment beyond the catalog: the project's own checks.
   *
   * `here`: the catalog after the last migration, with what the database was met with
   */
  readonly validate: (sql: Sql, here: Catalog) => Promise<readonly Finding[]>;
  /** What the project alone can tell before a deployment. */
  readonly preflight: readonly ProjectPreflight[];
  /** What of the differences that stay the project's own checks would refuse once all is deployed. */
  readonly foresee?: (prospect: Prospect) => readonly Finding[];
  /**
   * What undoes, at a rollback, a step that changed what no catalog shows, by the step's id: it is done again by the
   * next deployment. What is not listed stays, and is never done twice.
   */
  readonly undo?: Readonly<Record<string, string>>;
  /**
   * A database that is empty, or is as the last of the migrations left it, and is used for nothing else: what a rollback
   * would run is run there first. Default: none; a rollback is then held against the catalog alone.
   */
  readonly scratch?: Sql | undefined;
  /** Why a step's object is to be left out of this database, or null. */
  readonly leaveOut: (target: Target, actual: Catalog) => string | null;
}

/** Tells of an object whether a project leaves it out of a database. */
export const isLeftOutOf =
  ({ leaveOut }: Pick<Project, "leaveOut">, actual: Catalog) =>
  (object: ObjectIdentity): boolean => {
    const target = targetOf(object);
    return target !== null && leaveOut(target, actual) !== null;
  };
