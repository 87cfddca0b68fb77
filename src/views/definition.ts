import { quoteQualified } from "drizzle-deploy/sql";
import { getViewConfig, type PgView } from "drizzle-orm/pg-core";

/** A view as the application sees it (typed columns) and as PostgreSQL gets it (its query, raw). */
export interface ViewDefinition {
  readonly view: PgView;
  readonly query: string;
}

/**
 * The statement that makes the view, or brings an older one to this definition. `security_invoker` makes it read
 * with the caller's rights, so that row-level security holds: CREATE VIEW, PostgreSQL 17 manual.
 */
export function createViewStatement({ view, query }: ViewDefinition): string {
  const { name, schema } = getViewConfig(view);
  return `CREATE OR REPLACE VIEW ${quoteQualified(schema ?? "public", name)} WITH (security_invoker = true) AS\n${query};`;
}
