import { Hono } from "hono";
import { asUser, calendarDay, overdueCount, overdueTasks, userView } from "spfp-db";
import type { Database } from "../database.ts";
import { count, longDay, money, shortDay, today } from "../format.ts";
import { page } from "../layout.tsx";
import { Figure, Nothing } from "../parts.tsx";
import { claimsOf, type Env, reading } from "../session.ts";
import { platformNames, postStatusNames } from "../words.ts";

/** Rows of the two lists, which are only the beginnings of others. */
const onPage = 5;

/** Where things stand, from the views. */
export const overviewPage = (db: Database) =>
  new Hono<Env>().get("/", async (c) => {
    const { person } = c.var;
    const of = { userId: person.id };
    const { overdue, late, tasks, sales, posts, due, metrics } = await asUser(
      db,
      claimsOf(person),
      async (tx) => ({
        overdue: await overdueCount(tx, of),
        late: await overdueTasks(tx, { ...of, limit: onPage }),
        tasks: await userView(tx, "operationalHealthCheck", of),
        sales: await userView(tx, "salesHealthCheck", of),
        posts: await userView(tx, "marketingHealthCheck", of),
        due: await calendarDay(tx, { ...of, day: today(), limit: onPage }),
        metrics: await userView(tx, "dashboardMetrics", of),
      }),
      reading,
    );
    return page(
      c,
      { title: "Overview", person },
      <>
        <p class="muted">{longDay(today())}</p>
        <h1>Hello, {person.name.split(" ")[0]}</h1>
        <dl class="figures">
          <Figure
            label="Overdue tasks"
            href="/tasks/overdue"
            value={overdue}
            note={`${count((tasks?.todoCount ?? 0) + (tasks?.inProgressCount ?? 0), "task")} open, ${tasks?.highPriorityOpen ?? 0} of high priority`}
          />
          <Figure
            label="Open pipeline"
            href="/pipeline"
            value={money(sales?.pipelineValue ?? "0")}
            note={`${count(sales?.activeCount ?? 0, "lead")} beyond prospecting, ${sales?.wonCount ?? 0} won`}
          />
          <Figure
            label="Upcoming posts"
            href="/calendar"
            value={posts?.upcomingPosts ?? 0}
            note={`${posts?.pendingApprovalCount ?? 0} to be approved`}
          />
          <Figure
            label="Income less expenses"
            href="/history"
            value={money(metrics?.netTotal ?? "0")}
            note={`today ${money(metrics?.netToday ?? "0")}`}
          />
        </dl>
        <div class="halves lists">
          <section aria-labelledby="late">
            <h2 id="late">Longest overdue</h2>
            {late.rows.length === 0 && <Nothing>Nothing is overdue.</Nothing>}
            <ul class="list">
              {late.rows.map(({ title, dueDate }) => (
                <li>
                  <p class="title grow">{title}</p>
                  <span class="late">
                    due <time datetime={dueDate}>{shortDay(dueDate)}</time>
                  </span>
                </li>
              ))}
            </ul>
          </section>
          <section aria-labelledby="due">
            <h2 id="due">To be posted today</h2>
            {due.rows.length === 0 && <Nothing>Nothing is scheduled today.</Nothing>}
            <ul class="list">
              {due.rows.map(({ title, platform, status }) => (
                <li>
                  <p class="title grow">
                    {title} <span class="muted">{platformNames[platform]}</span>
                  </p>
                  <span class={`pill ${status}`}>{postStatusNames[status]}</span>
                </li>
              ))}
            </ul>
          </section>
        </div>
      </>,
    );
  });
