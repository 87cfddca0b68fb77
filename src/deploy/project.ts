import type { Catalog } from "../catalog/index.ts";
import type { Finding } from "../finding.ts";
import type { Sql } from "../postgres/index.ts";
import type { Target } from "./step.ts";

/**
 * What the engine is handed of a project. It knows nothing else of one: any Drizzle migrations folder will do, and
 * any schema.
 */
export interface Project {
  /** For messages and the log. */
  readonly name: string;
  readonly migrationsFolder: string;
  /** The schemas whose objects the migrations manage. */
  readonly schemas: readonly [string, ...string[]];
  /** What a database looks like after a migration; throws for a tag that it does not know. */
  readonly expectedCatalog: (tag: string) => Catalog;
  /** What has to hold after a deployment beyond the catalog: the project's own checks. */
  readonly validate: (sql: Sql) => Promise<readonly Finding[]>;
  /** What the project alone can tell before a deployment: duplicates that a new rule would refuse. */
  readonly preflight: (sql: Sql) => Promise<readonly Finding[]>;
  /** Why a step's object is to be left out of this database, or null. */
  readonly leaveOut: (target: Target, actual: Catalog) => string | null;
}
