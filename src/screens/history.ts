import { and, desc, type SQL, sql } from "drizzle-orm";
import { dateKey, decodeCursor, encodeCursor, type Page, pageOf, uuidKey } from "../client/cursor.ts";
import { type TransactionType, transactions } from "../schema/index.ts";
import {
  type DayRange,
  type OfUser,
  type OnDay,
  type PageOf,
  requireDay,
  requireLimit,
  requireRange,
  requireUser,
  requireWhole,
} from "./parameters.ts";
import { dayOf, liveRowsOf, movedBy, type Reader, type Scope } from "./reading.ts";

/** A transaction of the history. */
export interface HistoryEntry {
  readonly id: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly description: string | null;
  /** Exact to the cent, and positive whatever the type: "12.50". */
  readonly amount: string;
  readonly type: TransactionType;
  readonly paid: boolean | null;
  readonly accountId: string;
  readonly categoryId: string;
}

/** Which days of the history: the last ones up to today, or from one day to another. */
export type HistoryDays =
  | (OnDay & {
      /** How many, with today; 90 if left out. */
      readonly days?: number | undefined;
      readonly from?: undefined;
      readonly to?: undefined;
    })
  | (OfUser & DayRange & { readonly days?: undefined; readonly today?: undefined });

/** The last transaction of a page: the next page starts after it. */
interface HistoryKey {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly id: string;
}

const { id, date, description, amount, type, paid, accountId, categoryId, userId, deletedAt } = transactions;

const rowsPerPage = 100;
export const daysOfHistory = 90;
/** A hundred years. */
const longestHistory = 36_525;

/**
 * One page of the transactions of some days, newest first. Pages go by key: an offset would read
 * all pages before it again, and skip or repeat rows when some are added meanwhile. The tie-break is the id and not
 * `created_at`, which may be null and is finer than a JavaScript Date.
 */
export function historyQuery(
  db: Reader,
  { own, live }: Scope,
  { within, after, limit }: { within: SQL; after?: HistoryKey | undefined; limit: number },
) {
  return db
    .select({ id, date, description, amount, type, paid, accountId, categoryId })
    .from(transactions)
    .where(
      and(
        own(userId),
        live(deletedAt),
        within,
        after === undefined ? undefined : sql`(${date}, ${id}) < (${after.date}::date, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(date), desc(id))
    .limit(limit);
}

/** That a transaction is of the last days up to one. */
export const withinLast = (days: number, today: SQL): SQL =>
  sql`${date} > ${movedBy(today, -days)} and ${date} <= ${today}`;

function within(request: HistoryDays): SQL {
  if (request.from !== undefined) {
    const { from, to } = requireRange(request, longestHistory);
    return sql`${date} >= ${from}::date and ${date} <= ${to}::date`;
  }
  const days = requireWhole("days", request.days ?? daysOfHistory, longestHistory);
  return withinLast(days, dayOf(requireDay("today", request.today)));
}

/**
 * One page of the transaction history: live transactions, the newest first. What follows a page is the same in every
 * range, so that the next page may be of more days than the one before.
 *
 * @param request `limit` is 100 if left out
 * @throws {ParameterInvalid}
 * @throws {CursorInvalid} where `after` is of another list
 *
 * @example
 * const recent = await transactionHistory(tx, { userId });
 * const february = await transactionHistory(tx, { userId, from: "2026-02-01", to: "2026-02-28", limit: 20 });
 */
export async function transactionHistory(
  tx: Reader,
  request: HistoryDays & PageOf,
): Promise<Page<HistoryEntry>> {
  const scope = liveRowsOf(requireUser(request));
  const limit = requireLimit(request, rowsPerPage);
  const keys = request.after
    ? decodeCursor<[string, string]>("history", request.after, [dateKey, uuidKey])
    : undefined;
  const after = keys && { date: keys[0], id: keys[1] };
  const rows = await historyQuery(tx, scope, { within: within(request), after, limit: limit + 1 });
  return pageOf(rows, limit, (row) => encodeCursor("history", [row.date, row.id]));
}
