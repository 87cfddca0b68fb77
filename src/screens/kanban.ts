import { and, asc, desc, eq, gt, lt, type SQL } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import {
  type Cursor,
  decodeCursor,
  encodeCursor,
  integerKey,
  type Page,
  pageOf,
  uuidKey,
} from "../client/cursor.ts";
import { operationalTasks, type TaskPriority, type TaskStatus, taskStatuses } from "../schema/index.ts";
import { type OfUser, type PageOf, requireLimit, requireOneOf, requireUser } from "./parameters.ts";
import { liveRowsOf, type Reader, type Scope } from "./reading.ts";

/** A card of the Kanban board. */
export interface KanbanTask {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly priority: TaskPriority;
  /** The higher, the higher up it stands; many tasks may have the same. */
  readonly position: number;
  /** `YYYY-MM-DD`. */
  readonly dueDate: string | null;
}

/** The last card of a page. */
interface KanbanKey {
  readonly position: number;
  readonly id: string;
}

const { id, title, status, priority, position, dueDate, userId, deletedAt } = operationalTasks;

const rowsPerPage = 50;

const order = () => [desc(position), asc(id)];

/**
 * One page of a column of the board. The order of the two keys is the index's, but no one condition on both of them is:
 * what stands as high as the last card is read by its id, what stands lower by its position, each from its own place in
 * the index. As `position <= x and (position < x or id > y)` every page would read again all cards that stand equally
 * high and were shown, and on a board that nobody has sorted all stand at 0. Each half has its own limit, since
 * PostgreSQL takes the order of an index for half of a `union all` only where that half asks for it.
 */
export function kanbanQuery(
  db: Reader,
  { own, live }: Scope,
  { of, after, limit }: { of: TaskStatus; after?: KanbanKey | undefined; limit: number },
) {
  const tasks = (beyond?: SQL) =>
    db
      .select({ id, title, status, priority, position, dueDate })
      .from(operationalTasks)
      .where(and(own(userId), eq(status, of), live(deletedAt), beyond))
      .orderBy(...order())
      .limit(limit);
  if (after === undefined) return tasks();
  return unionAll(
    tasks(and(eq(position, after.position), gt(id, after.id))),
    tasks(lt(position, after.position)),
  )
    .orderBy(...order())
    .limit(limit);
}

const listOf = (of: TaskStatus): string => `kanban ${of}`;

const afterTask =
  (of: TaskStatus) =>
  (task: KanbanTask): Cursor =>
    encodeCursor(listOf(of), [task.position, task.id]);

function keyOf(of: TaskStatus, cursor: string): KanbanKey {
  const [at, last] = decodeCursor<[number, string]>(listOf(of), cursor, [integerKey, uuidKey]);
  return { position: at, id: last };
}

/**
 * One page of a column of the Kanban board: the live tasks of a status, the highest position first.
 *
 * @param request `limit` is 50 if left out
 * @throws {ParameterInvalid}
 * @throws {CursorInvalid} where `after` is of another column
 *
 * @example
 * const { rows, next } = await kanbanColumn(tx, { userId, status: "todo", after: previous.next });
 */
export async function kanbanColumn(
  tx: Reader,
  request: OfUser & PageOf & { readonly status: TaskStatus },
): Promise<Page<KanbanTask>> {
  const scope = liveRowsOf(requireUser(request));
  const of = requireOneOf("status", request.status, taskStatuses);
  const limit = requireLimit(request, rowsPerPage);
  const after = request.after ? keyOf(of, request.after) : undefined;
  const rows = await kanbanQuery(tx, scope, { of, after, limit: limit + 1 });
  return pageOf(rows, limit, afterTask(of));
}

/**
 * The first page of every column of the Kanban board, by status; `kanbanColumn` has the pages that follow. It is one
 * statement: one way to the server, and a task that is moved meanwhile is in one column, never in two or in none.
 *
 * @param request `limit` is of each column, 50 if left out
 * @throws {ParameterInvalid}
 */
export async function kanbanBoard(
  tx: Reader,
  request: OfUser & Pick<PageOf, "limit">,
): Promise<Readonly<Record<TaskStatus, Page<KanbanTask>>>> {
  const scope = liveRowsOf(requireUser(request));
  const limit = requireLimit(request, rowsPerPage);
  const column = (of: TaskStatus) => kanbanQuery(tx, scope, { of, limit: limit + 1 });
  const rows = await unionAll(column("todo"), column("in_progress"), column("done")).orderBy(...order());
  const page = (of: TaskStatus) =>
    pageOf(
      rows.filter((task) => task.status === of),
      limit,
      afterTask(of),
    );
  return { todo: page("todo"), in_progress: page("in_progress"), done: page("done") };
}
