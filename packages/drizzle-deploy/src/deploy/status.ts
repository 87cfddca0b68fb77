import { z } from "zod";
import { aboutKey, compareCatalogs, readCatalog } from "../catalog/index.ts";
import { DeployError } from "../findings/errors.ts";
import { readMigrations } from "../migrations/index.ts";
import { isLeftOutOf, type Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { type MigrationState, readState } from "../records/migration-state.ts";
import { inOrder } from "../records/order.ts";
import { expectedHere, readOrigin } from "../records/origin.ts";
import { hasRecords, recordTables } from "../records/records.ts";

const migrationSchema = z.strictObject({ tag: z.string(), when: z.iso.datetime() });

const deploymentSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(["deploy", "rollback", "baseline", "fix"]),
  executor: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  /** Null for one that runs, or was killed. */
  outcome: z.enum(["completed", "stopped", "failed", "interrupted"]).nullable(),
  /** Whether a session of it is there. */
  isRunning: z.boolean(),
  /** Its steps that it did, those of them that were undone since, and those that its plan has. */
  done: z.int(),
  undone: z.int(),
  planned: z.int(),
});

/** Where a database stands in a project's migrations, and what was done to it. */
export const statusSchema = z.strictObject({
  project: z.string(),
  /** `unadopted`: it has the project's tables, and no journal. */
  state: z.enum(["empty", "unadopted", "behind", "current"]),
  applied: z.array(migrationSchema),
  pending: z.array(migrationSchema),
  /** The newest first. */
  deployments: z.array(deploymentSchema),
  /** The deployment or rollback that was begun and did not get to its end; the same command continues it. */
  halfDone: deploymentSchema.nullable(),
  /** How far the catalog is from what the applied migrations make; null where none is applied. */
  catalog: z
    .strictObject({
      expected: z.string(),
      differences: z.array(
        z.strictObject({
          object: z.string(),
          property: z.string().nullable(),
          expected: z.string().nullable(),
          actual: z.string().nullable(),
        }),
      ),
    })
    .nullable(),
});

export type Status = z.infer<typeof statusSchema>;

/** How many deployments are told of. */
const shown = 5;

const rowsSchema = z.tuple([z.object({ deployments: z.string() })]);

/** The last deployments, and the last one that can be half done, however long ago. */
async function readDeployments(
  sql: Queryable,
  project: Project,
): Promise<{ last: Status["deployments"]; latest: Status["halfDone"] }> {
  if (!(await hasRecords(sql, project.names))) return { last: [], latest: null };
  const [row] = rowsSchema.parse([
    ...(await sql.unsafe(
      `select coalesce(json_agg(one order by one."startedAt" desc), '[]')::text as deployments from (
         select d.id::text, d.kind, d.executor, d.started_at as "startedAt", d.finished_at as "finishedAt", d.outcome,
           exists (select from pg_catalog.pg_stat_activity a
             where a.datname = current_database() and position(d.id::text in a.application_name) > 0) as "isRunning",
           (select count(*)::int from ${recordTables(project.names).steps} s
             where s.deployment_id = d.id and s.status in ('done', 'undone')) as done,
           (select count(*)::int from ${recordTables(project.names).steps} s
             where s.deployment_id = d.id and s.status = 'undone') as undone,
           coalesce(json_array_length(d.plan::json -> 'steps'), 0) as planned
         from (
           select *, row_number() over (order by started_at desc) as place,
             kind in ('deploy', 'rollback') and row_number() over (
               partition by kind in ('deploy', 'rollback') order by started_at desc) = 1 as "isLatest"
           from ${recordTables(project.names).deployments} where project = $1
         ) d where d.place <= ${shown} or d."isLatest") one`,
      [project.name],
    )),
  ]);
  const found = z.array(deploymentSchema).parse(JSON.parse(row.deployments));
  return {
    last: found.slice(0, shown),
    latest: found.find(({ kind }) => kind === "deploy" || kind === "rollback") ?? null,
  };
}

async function readCatalogState(
  sql: Queryable,
  project: Project,
  { applied }: MigrationState,
): Promise<Status["catalog"]> {
  const last = applied.at(-1);
  if (!last) return null;
  const actual = await readCatalog(sql, { schemas: project.schemas });
  const expected = expectedHere(project, await readOrigin(sql, project));
  const wrong = new Set(compareCatalogs(expected(last.tag), actual).map(aboutKey));
  const isLeftOut = isLeftOutOf(project, actual);
  const differences = compareCatalogs(project.expectedCatalog(last.tag), actual).flatMap((one) => {
    if (one.kind === "extra" || isLeftOut(one.object) || !wrong.has(aboutKey(one))) return [];
    return [
      {
        object: one.object.label,
        property: one.kind === "different" ? one.property : null,
        expected: one.expected,
        actual: one.kind === "different" ? one.actual : null,
      },
    ];
  });
  return { expected: last.tag, differences };
}

/**
 * Where a database stands. Reads only.
 * @throws DeployError MIGRATION_CHANGED, MIGRATION_MISSING, MIGRATION_OUT_OF_ORDER, MIGRATION_UNNAMED, and as `readCatalog`
 */
export async function status(sql: Queryable, project: Project): Promise<Status> {
  const migrations = readMigrations(project.migrationsFolder);
  let state: MigrationState = { applied: [], pending: migrations };
  let isAdopted = true;
  try {
    state = await readState(sql, project);
  } catch (error) {
    if (!(error instanceof DeployError) || error.code !== "NOT_ADOPTED") throw error;
    isAdopted = false;
  }
  const { applied, pending } = state;
  const { last: deployments, latest } = await readDeployments(sql, project);
  const list = (some: typeof applied) =>
    some.map(({ tag, when }) => ({ tag, when: new Date(when).toISOString() }));
  return {
    project: project.name,
    state: !isAdopted
      ? "unadopted"
      : pending.length === 0
        ? "current"
        : applied.length === 0
          ? "empty"
          : "behind",
    applied: list(applied),
    pending: list(pending),
    deployments,
    halfDone: latest && latest.outcome !== "completed" ? latest : null,
    catalog: await readCatalogState(sql, inOrder(project, state), state),
  };
}
