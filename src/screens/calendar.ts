import { and, asc, count, gt, type SQL, sql } from "drizzle-orm";
import { decodeCursor, encodeCursor, type Page, pageOf, uuidKey } from "../client/cursor.ts";
import { marketingPosts, type Platform, type PostStatus } from "../schema/index.ts";
import {
  type DayRange,
  type OfUser,
  type OnDay,
  type PageOf,
  requireDay,
  requireLimit,
  requireRange,
  requireUser,
} from "./parameters.ts";
import { dayOf, isNot, liveRowsOf, movedBy, type Reader, type Scope } from "./reading.ts";

/** A post as the marketing calendar shows it. */
export interface CalendarPost {
  readonly id: string;
  readonly title: string;
  readonly platform: Platform;
  readonly status: Exclude<PostStatus, "rejected">;
}

/** A day of the marketing calendar on which something is scheduled. */
export interface CalendarDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** How many, but for the rejected. */
  readonly posts: number;
  /** The first three of them; `calendarDay` has all. */
  readonly first: readonly CalendarPost[];
}

/** Which days of the calendar: 30 before today to 30 after it, or from one day to another. */
export type CalendarDays =
  | (OnDay & { readonly from?: undefined; readonly to?: undefined })
  | (OfUser & DayRange & { readonly today?: undefined });

const { id, title, platform, status, scheduledDate, userId, deletedAt } = marketingPosts;

/** Posts of a day that the calendar shows in full; of the others it shows the number. */
export const postsShown = 3;

/** Days before today, and after it, where no range is asked for. */
const daysAround = 30;
/** A leap year. */
const longestCalendar = 366;
const rowsPerPage = 50;

/** The posts that the calendar has of some days. */
export const onCalendar = ({ own, live }: Scope, days: SQL): SQL | undefined =>
  and(own(userId), isNot(status, "rejected"), live(deletedAt), days);

const onDay = (scope: Scope, day: SQL): SQL | undefined => onCalendar(scope, sql`${scheduledDate} = ${day}`);

/**
 * The days on which something is scheduled, latest first: how many posts there are, and the first of them. A day's
 * posts are counted in the index alone; to show each would read a page for each, of what nobody can look at.
 */
export function calendarQuery(db: Reader, scope: Scope, { from, to }: { from: SQL; to: SQL }) {
  const onTheDay = onDay(scope, sql`days.day`);
  const counted = db
    .select({ posts: count().as("posts") })
    .from(marketingPosts)
    .where(onTheDay)
    .as("counted");
  const first = db
    .select({ id, title, platform, status })
    .from(marketingPosts)
    .where(onTheDay)
    .orderBy(asc(id))
    .limit(postsShown)
    .as("first");
  return db
    .select({
      // A driver may give a date that is no column's as an instant.
      day: sql<string>`days.day::text`.as("day"),
      posts: counted.posts,
      id: first.id,
      title: first.title,
      platform: first.platform,
      status: first.status,
    })
    .from(sql`generate_series(${to}, ${from}, interval '-1 day') as series(at)`)
    .crossJoinLateral(sql`(select series.at::date as day) days`)
    .crossJoinLateral(counted)
    .innerJoinLateral(first, sql`true`)
    .orderBy(sql`days.day desc`, asc(first.id));
}

/** The days around one that the calendar shows by itself. */
export const around = (today: SQL): { from: SQL; to: SQL } => ({
  from: movedBy(today, -daysAround),
  to: movedBy(today, daysAround),
});

/** One page of the posts of a day. */
export const calendarDayQuery = (
  db: Reader,
  scope: Scope,
  { day, after, limit }: { day: SQL; after?: string | undefined; limit: number },
) =>
  db
    .select({ id, title, platform, status })
    .from(marketingPosts)
    .where(and(onDay(scope, day), after === undefined ? undefined : gt(id, after)))
    .orderBy(asc(id))
    .limit(limit);

function rangeOf(request: CalendarDays): { from: SQL; to: SQL } {
  if (request.from === undefined) return around(dayOf(requireDay("today", request.today)));
  const { from, to } = requireRange(request, longestCalendar);
  return { from: dayOf(from), to: dayOf(to) };
}

type PostRow = Awaited<ReturnType<typeof calendarDayQuery>>[number];

const isShown = (row: PostRow): row is PostRow & CalendarPost => row.status !== "rejected";

/**
 * The marketing calendar: the days on which something is scheduled, latest first, each with how many posts there are,
 * but for the rejected, and the first three.
 *
 * @param request a range has 366 days at most
 * @throws {ParameterInvalid}
 */
export async function marketingCalendar(tx: Reader, request: CalendarDays): Promise<readonly CalendarDay[]> {
  const rows = await calendarQuery(tx, liveRowsOf(requireUser(request)), rangeOf(request));
  const days = new Map<string, { day: string; posts: number; first: CalendarPost[] }>();
  for (const { day, posts, ...post } of rows) {
    const of = days.get(day) ?? { day, posts, first: [] };
    if (isShown(post)) of.first.push(post);
    days.set(day, of);
  }
  return [...days.values()];
}

/**
 * One page of the posts of a day of the marketing calendar, the rejected left out, in the order in which the calendar
 * has the first of them.
 *
 * @param request `limit` is 50 if left out
 * @throws {ParameterInvalid}
 * @throws {CursorInvalid} where `after` is of another day
 */
export async function calendarDay(
  tx: Reader,
  request: OfUser & PageOf & { readonly day: string },
): Promise<Page<CalendarPost>> {
  const scope = liveRowsOf(requireUser(request));
  const day = requireDay("day", request.day);
  const limit = requireLimit(request, rowsPerPage);
  const list = `calendar ${day}`;
  const [after] = request.after ? decodeCursor<[string]>(list, request.after, [uuidKey]) : [];
  const rows = await calendarDayQuery(tx, scope, { day: dayOf(day), after, limit: limit + 1 });
  return pageOf(rows.filter(isShown), limit, (post) => encodeCursor(list, [post.id]));
}
