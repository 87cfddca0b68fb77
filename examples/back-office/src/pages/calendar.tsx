import { Hono } from "hono";
import { asUser, type CalendarDay, calendarDay, marketingCalendar, softDelete } from "spfp-db";
import { marketingPosts } from "spfp-db/schema";
import { z } from "zod";
import type { Database } from "../database.ts";
import { count, dayInMonth, longDay, monthName, moved, today } from "../format.ts";
import { idSchema } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Nothing, Pager } from "../parts.tsx";
import { claimsOf, type Env, goTo, reading } from "../session.ts";
import { platformNames, postStatusNames } from "../words.ts";

const monthSchema = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/);
const daySchema = z.iso.date();
const onPage = 20;

const monthOf = (day: string): string => day.slice(0, "YYYY-MM".length);

/** The days of a month. */
function daysOf(month: string): string[] {
  const days: string[] = [];
  for (let day = `${month}-01`; monthOf(day) === month; day = moved(day, 1)) days.push(day);
  return days;
}

/** How many days of the week are before a month's first, weeks beginning on Monday. */
const before = (month: string): number => (new Date(`${month}-01T00:00:00Z`).getUTCDay() + 6) % 7;

/** The marketing calendar, month by month, and its days. */
export function calendarPages(db: Database) {
  return new Hono<Env>()
    .get("/", async (c) => {
      const { person } = c.var;
      const asked = monthSchema.safeParse(c.req.query("month") ?? monthOf(today()));
      if (!asked.success) return c.notFound();
      const month = asked.data;
      const days = daysOf(month);
      const [from = "", to = ""] = [days[0], days.at(-1)];
      const found = await asUser(
        db,
        claimsOf(person),
        (tx) => marketingCalendar(tx, { userId: person.id, from, to }),
        reading,
      );
      const scheduled = new Map<string, CalendarDay>(found.map((day) => [day.day, day]));
      const link = (day: string) => `/calendar?month=${monthOf(day)}`;
      return page(
        c,
        { title: `Calendar, ${monthName(month)}`, person },
        <>
          <div class="heading">
            <h1>{monthName(month)}</h1>
            <nav class="months" aria-label="Months">
              <a href={link(moved(from, -1))}>« {monthName(monthOf(moved(from, -1)))}</a>
              {month !== monthOf(today()) && <a href="/calendar">This month</a>}
              <a href={link(moved(to, 1))}>{monthName(monthOf(moved(to, 1)))} »</a>
            </nav>
          </div>
          {scheduled.size === 0 && <Nothing>Nothing is scheduled this month.</Nothing>}
          <ol class="month">
            {Array.from({ length: before(month) }, () => (
              <li class="outside" aria-hidden="true" />
            ))}
            {days.map((day) => {
              const of = scheduled.get(day);
              return (
                <li class={[of ? "" : "free", day === today() ? "today" : ""].join(" ").trim()}>
                  <p class="day">
                    {of ? (
                      <a href={`/calendar/${day}`}>
                        <time datetime={day}>{dayInMonth(day)}</time>
                        <span class="count">{count(of.posts, "post")}</span>
                      </a>
                    ) : (
                      <time datetime={day}>{dayInMonth(day)}</time>
                    )}
                  </p>
                  {of && (
                    <ul>
                      {of.first.map((post) => (
                        <li class={`post ${post.status}`}>
                          <span class="unseen">{postStatusNames[post.status]}, </span>
                          {post.title} <span class="muted">{platformNames[post.platform]}</span>
                        </li>
                      ))}
                      {of.posts > of.first.length && (
                        <li class="muted">and {of.posts - of.first.length} more</li>
                      )}
                    </ul>
                  )}
                </li>
              );
            })}
          </ol>
        </>,
      );
    })
    .get("/:day", async (c) => {
      const { person } = c.var;
      const day = daySchema.safeParse(c.req.param("day"));
      if (!day.success) return c.notFound();
      const after = c.req.query("after");
      const { rows, next } = await asUser(
        db,
        claimsOf(person),
        (tx) => calendarDay(tx, { userId: person.id, day: day.data, after, limit: onPage }),
        reading,
      );
      return page(
        c,
        { title: longDay(day.data), person },
        <>
          <div class="heading">
            <h1>{longDay(day.data)}</h1>
            <a href={`/calendar?month=${monthOf(day.data)}`}>To the month</a>
          </div>
          {rows.length === 0 && <Nothing>Nothing is scheduled on this day.</Nothing>}
          <ul class="list">
            {rows.map((post) => (
              <li>
                <div class="grow">
                  <p class="title">{post.title}</p>
                  <p class="facts">
                    <span class={`pill ${post.status}`}>{postStatusNames[post.status]}</span>{" "}
                    <span class="muted">{platformNames[post.platform]}</span>
                  </p>
                </div>
                <Act to={`/calendar/${day.data}/${post.id}/delete`} about={post.title} quiet>
                  Delete
                </Act>
              </li>
            ))}
          </ul>
          <Pager path={`/calendar/${day.data}`} next={next} first={after === undefined} of="posts" />
        </>,
      );
    })
    .post("/:day/:id/delete", async (c) => {
      const { person } = c.var;
      const day = daySchema.safeParse(c.req.param("day"));
      const id = idSchema.safeParse(c.req.param("id"));
      if (!day.success || !id.success) return c.notFound();
      const [gone] = await asUser(db, claimsOf(person), (tx) => softDelete(tx, marketingPosts, [id.data]));
      if (gone === undefined) return c.notFound();
      return goTo(c, `/calendar/${day.data}`, {
        kind: "done",
        text: "The post is in the bin.",
        undo: { bin: "posts", id: gone },
      });
    });
}
