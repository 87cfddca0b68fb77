import { and, eq, isNull, sql } from "drizzle-orm";
import { type Context, Hono } from "hono";
import type { FC } from "hono/jsx";
import {
  asUser,
  type KanbanTask,
  kanbanBoard,
  kanbanColumn,
  overdueCount,
  overdueTasks,
  softDelete,
} from "spfp-db";
import { operationalTasks, type TaskPriority, taskStatuses } from "spfp-db/schema";
import { validators } from "spfp-db/validation";
import { z } from "zod";
import type { Database } from "../database.ts";
import { count, shortDay, shortened, today } from "../format.ts";
import { type Faults, faultsOf, formOf, given, idSchema, type Values } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Choice, Field, Nothing, Pager, tied } from "../parts.tsx";
import { claimsOf, type Env, goTo, reading } from "../session.ts";
import { priorityNames, statusNames } from "../words.ts";

const statusSchema = z.enum(taskStatuses);

/** Cards of a column that the board shows; a column's own page has the others. */
const onBoard = 8;
const onPage = 20;

const fields = ["title", "priority", "dueDate"] as const;
type TaskForm = Values<(typeof fields)[number]>;
const empty: TaskForm = { title: "", priority: "medium", dueDate: "" };

const Priority: FC<{ of: TaskPriority }> = ({ of }) => <span class={`pill ${of}`}>{priorityNames[of]}</span>;

const Due: FC<{ on: string | null; done?: boolean }> = ({ on, done = false }) =>
  on === null ? null : (
    <span class={!done && on < today() ? "late" : "muted"}>
      due <time datetime={on}>{shortDay(on)}</time>
    </span>
  );

const Card: FC<{ task: KanbanTask }> = ({ task }) => (
  <li class="card">
    <p class="title">{task.title}</p>
    <p class="facts">
      <Priority of={task.priority} /> <Due on={task.dueDate} done={task.status === "done"} />
    </p>
    <div class="acts">
      {taskStatuses
        .filter((status) => status !== task.status)
        .map((status) => (
          <form method="post" action={`/tasks/${task.id}/status`}>
            <button type="submit" class="small" name="status" value={status}>
              {taskStatuses.indexOf(status) < taskStatuses.indexOf(task.status) ? "← " : "→ "}
              {statusNames[status]}
              <span class="unseen"> {task.title}</span>
            </button>
          </form>
        ))}
      <Act to={`/tasks/${task.id}/delete`} about={task.title} quiet>
        Delete
      </Act>
    </div>
  </li>
);

const AddTask: FC<{ values: TaskForm; faults: Faults }> = ({ values, faults }) => (
  <form class="sheet row" method="post" action="/tasks" novalidate aria-label="Add a task">
    <Field name="title" label="New task" faults={faults} wide>
      <input {...tied("title", faults)} type="text" value={values.title} autocomplete="off" />
    </Field>
    <Field name="priority" label="Priority" faults={faults}>
      <Choice name="priority" names={priorityNames} chosen={values.priority} faults={faults} />
    </Field>
    <Field name="dueDate" label="Due" faults={faults}>
      <input {...tied("dueDate", faults)} type="date" value={values.dueDate} />
    </Field>
    <button type="submit">Add</button>
  </form>
);

/** The Kanban board, its columns, and what is overdue. */
export function taskPages(db: Database) {
  async function board(c: Context<Env>, values: TaskForm = empty, faults: Faults = {}) {
    const { person } = c.var;
    const { columns, overdue } = await asUser(
      db,
      claimsOf(person),
      async (tx) => ({
        columns: await kanbanBoard(tx, { userId: person.id, limit: onBoard }),
        overdue: await overdueCount(tx, { userId: person.id }),
      }),
      reading,
    );
    return page(
      c,
      { title: "Tasks", person, status: Object.keys(faults).length === 0 ? 200 : 422 },
      <>
        <div class="heading">
          <h1>Tasks</h1>
          <a href="/tasks/overdue">{overdue === 0 ? "Nothing is overdue" : `${overdue} overdue`}</a>
        </div>
        <AddTask values={values} faults={faults} />
        <div class="board">
          {taskStatuses.map((status) => (
            <section class="column" aria-labelledby={`column-${status}`}>
              <h2 id={`column-${status}`}>{statusNames[status]}</h2>
              {columns[status].rows.length === 0 && <Nothing>No tasks.</Nothing>}
              <ul>
                {columns[status].rows.map((task) => (
                  <Card task={task} />
                ))}
              </ul>
              {columns[status].next && (
                <a href={`/tasks/in/${status}?after=${encodeURIComponent(columns[status].next)}`}>
                  More in {statusNames[status]} »
                </a>
              )}
            </section>
          ))}
        </div>
      </>,
    );
  }

  return new Hono<Env>()
    .get("/", (c) => board(c))
    .post("/", async (c) => {
      const { person } = c.var;
      const values = await formOf(c, fields);
      const task = validators.operationalTasks.insert.safeParse({
        userId: person.id,
        title: given(values.title),
        priority: values.priority,
        dueDate: given(values.dueDate),
      });
      if (!task.success) return board(c, values, faultsOf(task.error, values));
      await asUser(db, claimsOf(person), (tx) => tx.insert(operationalTasks).values(task.data));
      return goTo(c, "/tasks", { kind: "done", text: `“${shortened(values.title)}” was added.` });
    })
    .get("/in/:status", async (c) => {
      const { person } = c.var;
      const status = statusSchema.safeParse(c.req.param("status"));
      if (!status.success) return c.notFound();
      const after = c.req.query("after");
      const { rows, next } = await asUser(
        db,
        claimsOf(person),
        (tx) => kanbanColumn(tx, { userId: person.id, status: status.data, after, limit: onPage }),
        reading,
      );
      const name = statusNames[status.data];
      return page(
        c,
        { title: name, person },
        <>
          <div class="heading">
            <h1>{name}</h1>
            <a href="/tasks">To the board</a>
          </div>
          {rows.length === 0 && <Nothing>No tasks.</Nothing>}
          <ul class="cards">
            {rows.map((task) => (
              <Card task={task} />
            ))}
          </ul>
          <Pager path={`/tasks/in/${status.data}`} next={next} first={after === undefined} of={name} />
        </>,
      );
    })
    .get("/overdue", async (c) => {
      const { person } = c.var;
      const after = c.req.query("after");
      const { overdue, rows, next } = await asUser(
        db,
        claimsOf(person),
        async (tx) => ({
          overdue: await overdueCount(tx, { userId: person.id }),
          ...(await overdueTasks(tx, { userId: person.id, after, limit: onPage })),
        }),
        reading,
      );
      return page(
        c,
        { title: "Overdue", person },
        <>
          <div class="heading">
            <h1>{overdue === 0 ? "Nothing is overdue" : `${count(overdue, "task")} overdue`}</h1>
            <a href="/tasks">To the board</a>
          </div>
          <ul class="list">
            {rows.map((task) => (
              <li>
                <div class="grow">
                  <p class="title">{task.title}</p>
                  <p class="facts">
                    <Priority of={task.priority} /> <Due on={task.dueDate} />{" "}
                    <span class="muted">
                      {statusNames[task.status]}
                      {task.assignee && `, with ${task.assignee}`}
                    </span>
                  </p>
                </div>
                <form method="post" action={`/tasks/${task.id}/status`}>
                  <button type="submit" class="small" name="status" value="done">
                    Done<span class="unseen"> {task.title}</span>
                  </button>
                </form>
              </li>
            ))}
          </ul>
          <Pager path="/tasks/overdue" next={next} first={after === undefined} of="overdue tasks" />
        </>,
      );
    })
    .post("/:id/status", async (c) => {
      const { person } = c.var;
      const id = idSchema.safeParse(c.req.param("id"));
      const status = statusSchema.safeParse((await formOf(c, ["status"])).status);
      if (!id.success || !status.success) return c.notFound();
      const mine = and(
        eq(operationalTasks.userId, person.id),
        eq(operationalTasks.id, id.data),
        isNull(operationalTasks.deletedAt),
      );
      // To the top of its new column: the highest position stands highest.
      const [moved] = await asUser(db, claimsOf(person), (tx) =>
        tx
          .update(operationalTasks)
          .set({
            status: status.data,
            position: sql`(select coalesce(max(t.position), 0) + 1 from operational_tasks t where t.user_id = ${person.id} and t.status = ${status.data} and t.deleted_at is null)`,
            completedAt: status.data === "done" ? sql`now()` : null,
          })
          .where(mine)
          .returning({ title: operationalTasks.title }),
      );
      if (moved === undefined) return c.notFound();
      return goTo(c, "/tasks", {
        kind: "done",
        text: `“${shortened(moved.title)}” is in ${statusNames[status.data]}.`,
      });
    })
    .post("/:id/delete", async (c) => {
      const { person } = c.var;
      const id = idSchema.safeParse(c.req.param("id"));
      if (!id.success) return c.notFound();
      const [gone] = await asUser(db, claimsOf(person), (tx) => softDelete(tx, operationalTasks, [id.data]));
      if (gone === undefined) return c.notFound();
      return goTo(c, "/tasks", {
        kind: "done",
        text: "The task is in the bin.",
        undo: { bin: "tasks", id: gone },
      });
    });
}
