import { and, asc, count, type SQL, sql } from "drizzle-orm";
import { dateKey, decodeCursor, encodeCursor, type Page, pageOf, uuidKey } from "../client/cursor.ts";
import { operationalTasks, type TaskPriority, type TaskStatus } from "../schema/index.ts";
import { type OnDay, type PageOf, requireDay, requireLimit, requireUser } from "./parameters.ts";
import { dayOf, isNot, liveRowsOf, type Reader, type Scope } from "./reading.ts";

/** A task that was due before today and is not done. */
export interface OverdueTask {
  readonly id: string;
  readonly title: string;
  readonly status: Exclude<TaskStatus, "done">;
  readonly priority: TaskPriority;
  /** `YYYY-MM-DD`. */
  readonly dueDate: string;
  readonly assignee: string | null;
}

/** The last task of a page. */
interface OverdueKey {
  /** `YYYY-MM-DD`. */
  readonly dueDate: string;
  readonly id: string;
}

const { id, title, status, priority, dueDate, assignee, userId, deletedAt } = operationalTasks;

const rowsPerPage = 50;

/** What has no due date is never overdue: null is not before any day. */
const isOverdue = ({ own, live }: Scope, today: SQL): SQL | undefined =>
  and(own(userId), isNot(status, "done"), live(deletedAt), sql`${dueDate} < ${today}`);

/** One page of the overdue tasks, the longest overdue first. */
export const overdueQuery = (
  db: Reader,
  scope: Scope,
  { today, after, limit }: { today: SQL; after?: OverdueKey | undefined; limit: number },
) =>
  db
    .select({ id, title, status, priority, dueDate, assignee })
    .from(operationalTasks)
    .where(
      and(
        isOverdue(scope, today),
        after === undefined
          ? undefined
          : sql`(${dueDate}, ${id}) > (${after.dueDate}::date, ${after.id}::uuid)`,
      ),
    )
    .orderBy(asc(dueDate), asc(id))
    .limit(limit);

/** How many tasks are overdue in all. */
export const overdueCountQuery = (db: Reader, scope: Scope, { today }: { today: SQL }) =>
  db
    .select({ overdue: count().as("overdue") })
    .from(operationalTasks)
    .where(isOverdue(scope, today));

type Row = Awaited<ReturnType<typeof overdueQuery>>[number];

const isOverdueTask = (row: Row): row is Row & OverdueTask => row.dueDate !== null && row.status !== "done";

/**
 * One page of the overdue tasks: live, not done and due before today, the longest overdue first.
 *
 * @param request `limit` is 50 if left out
 * @throws {ParameterInvalid}
 * @throws {CursorInvalid} where `after` is of another list
 */
export async function overdueTasks(tx: Reader, request: OnDay & PageOf): Promise<Page<OverdueTask>> {
  const scope = liveRowsOf(requireUser(request));
  const today = dayOf(requireDay("today", request.today));
  const limit = requireLimit(request, rowsPerPage);
  const keys = request.after
    ? decodeCursor<[string, string]>("overdue", request.after, [dateKey, uuidKey])
    : undefined;
  const after = keys && { dueDate: keys[0], id: keys[1] };
  const rows = await overdueQuery(tx, scope, { today, after, limit: limit + 1 });
  return pageOf(rows.filter(isOverdueTask), limit, (task) =>
    encodeCursor("overdue", [task.dueDate, task.id]),
  );
}

/**
 * How many tasks are overdue in all.
 *
 * @throws {ParameterInvalid}
 */
export async function overdueCount(tx: Reader, request: OnDay): Promise<number> {
  const today = dayOf(requireDay("today", request.today));
  const [row] = await overdueCountQuery(tx, liveRowsOf(requireUser(request)), { today });
  return row?.overdue ?? 0;
}
