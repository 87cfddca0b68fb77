import { z } from "zod";
import type { Migration } from "../migrations/index.ts";
import { findMigration } from "../migrations/names.ts";
import type { Project } from "../model/project.ts";
import type { Queryable } from "../postgres/index.ts";
import { hasRecords, recordTables } from "./records.ts";

const rowsSchema = z.array(z.object({ to: z.string().nullable() }));

/**
 * The migrations that a rollback which did not come to its end was taking back. Drizzle's journal has them until the
 * last step, so that its own migrator leaves the database alone; to a deployment they are pending, since some of what
 * they did is gone. A deployment that completes ends that. Changes nothing.
 *
 * @param order the migrations in the order in which this database has them
 * @param folder those of the folder in its order, for tags of an earlier time
 */
export async function halfTakenBack(
  sql: Queryable,
  project: Pick<Project, "name" | "names">,
  order: readonly Migration[],
  folder: readonly Migration[],
): Promise<readonly Migration[]> {
  if (!(await hasRecords(sql, project.names))) return [];
  const { deployments, steps } = recordTables(project.names);
  const [row] = rowsSchema.parse([
    ...(await sql.unsafe(
      `select r.plan ->> 'to' as to from ${deployments} r
       where r.kind = 'rollback' and r.project = $1 and r.outcome is distinct from 'completed'
         and exists (select from ${steps} s where s.deployment_id = r.id and s.status = 'done')
         and not exists (select from ${deployments} d
           where d.project = $1 and d.kind in ('deploy', 'rollback') and d.outcome = 'completed'
             and d.started_at > r.started_at)
       order by r.started_at desc limit 1`,
      [project.name],
    )),
  ]);
  if (!row) return [];
  if (row.to === null) return order;
  const last = findMigration(folder, row.to);
  return last ? order.slice(order.indexOf(last) + 1) : [];
}
