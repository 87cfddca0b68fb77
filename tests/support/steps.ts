import type { Catalog, Difference } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import { compareCatalogs, readCatalog } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import type { Facts, Plan, Project, Step } from "../../packages/drizzle-deploy/src/index.ts";
import type { Sql } from "./database.ts";

export const isToRun = ({ action }: Step): boolean =>
  action === "run" || action === "replace" || action === "rebuild";

/** Runs a step as an executor would, and no more of it than its SQL. */
export async function runStep(sql: Sql, step: Step): Promise<void> {
  if (step.transactional) {
    await sql.begin((transaction) => transaction.unsafe(step.sql).simple());
    return;
  }
  if (step.action === "rebuild" && step.target?.schema) {
    await sql.unsafe(`drop index concurrently "${step.target.schema}"."${step.target.name}"`);
  }
  await sql.unsafe(step.sql);
}

/** Writes the rows that say that a plan's migrations are applied. */
export async function recordMigrations(sql: Sql, { migrations }: Pick<Plan, "migrations">): Promise<void> {
  for (const { hash, when } of migrations) {
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${when})`;
  }
}

/** What keeps a database from being as a project wants it; what it has beside does not count. */
export async function drift(sql: Sql, project: Project, tag: string): Promise<Difference[]> {
  const actual: Catalog = await readCatalog(sql, { schemas: project.schemas });
  // In which order columns were added is of no consequence, and depends on what was there before.
  return compareCatalogs(project.expectedCatalog(tag), actual).filter(
    (one) => one.kind !== "extra" && !(one.kind === "different" && one.property === "columnOrder"),
  );
}

/** The facts after some steps of a plan were written down as done. */
export function withDone(facts: Facts, plan: Plan, steps: readonly Step[]): Facts {
  const hashes = new Map(plan.migrations.map(({ tag, hash }) => [tag, hash]));
  return {
    ...facts,
    // Its record tells what the database was like before.
    origin: null,
    done: steps.map((step) => ({ migration: hashes.get(step.migration) ?? "", step: step.id })),
  };
}

/** A plan in a line a step, for messages. */
export const outline = (steps: readonly Step[]): string[] =>
  steps.map(({ id, action, title, reason }) => `${id} ${action}: ${title}${reason ? ` (${reason})` : ""}`);
