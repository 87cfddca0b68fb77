import { asc, desc, eq } from "drizzle-orm";
import { leadStages, platforms, taskStatuses } from "../schema/index.ts";
import * as views from "../views/index.ts";
import { type OfUser, requireUser } from "./parameters.ts";
import type { Reader } from "./reading.ts";

/** The views that have one row a user, and the query of that row. */
export const figures = {
  dashboardMetrics: {
    view: views.dashboardMetrics,
    query: (db: Reader, user: string) =>
      db.select().from(views.dashboardMetrics).where(eq(views.dashboardMetrics.userId, user)),
  },
  crmHealthCheck: {
    view: views.crmHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(views.crmHealthCheck).where(eq(views.crmHealthCheck.userId, user)),
  },
  corporateHealthCheck: {
    view: views.corporateHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(views.corporateHealthCheck).where(eq(views.corporateHealthCheck.userId, user)),
  },
  salesHealthCheck: {
    view: views.salesHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(views.salesHealthCheck).where(eq(views.salesHealthCheck.userId, user)),
  },
  operationalHealthCheck: {
    view: views.operationalHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(views.operationalHealthCheck).where(eq(views.operationalHealthCheck.userId, user)),
  },
  marketingHealthCheck: {
    view: views.marketingHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(views.marketingHealthCheck).where(eq(views.marketingHealthCheck.userId, user)),
  },
};

/** What each view has of a user, by the name under which `spfp-db/views` exports it. */
export interface UserViews {
  readonly dashboardMetrics: typeof views.dashboardMetrics.$inferSelect | undefined;
  readonly crmHealthCheck: typeof views.crmHealthCheck.$inferSelect | undefined;
  readonly corporateHealthCheck: typeof views.corporateHealthCheck.$inferSelect | undefined;
  readonly salesHealthCheck: typeof views.salesHealthCheck.$inferSelect | undefined;
  readonly operationalHealthCheck: typeof views.operationalHealthCheck.$inferSelect | undefined;
  readonly marketingHealthCheck: typeof views.marketingHealthCheck.$inferSelect | undefined;
  /** In the order of the stages. */
  readonly salesPipelineSummary: readonly (typeof views.salesPipelineSummary.$inferSelect)[];
  /** In the order of the board's columns. */
  readonly tasksSummary: readonly (typeof views.tasksSummary.$inferSelect)[];
  readonly postsByPlatform: readonly (typeof views.postsByPlatform.$inferSelect)[];
  /** By the partners' names. */
  readonly partnershipSummaryByPartner: readonly (typeof views.partnershipSummaryByPartner.$inferSelect)[];
  /** The newest month first. */
  readonly partnershipMonthlyRevenue: readonly (typeof views.partnershipMonthlyRevenue.$inferSelect)[];
}

/** The one row there is, if there is one. */
async function only<Row>(rows: PromiseLike<readonly Row[]>): Promise<Row | undefined> {
  const [row] = await rows;
  return row;
}

/** Rows in the order that a list gives their values. */
async function inOrder<Row, Value>(
  rows: PromiseLike<readonly Row[]>,
  values: readonly Value[],
  of: (row: Row) => Value,
): Promise<readonly Row[]> {
  return (await rows).toSorted((a, b) => values.indexOf(of(a)) - values.indexOf(of(b)));
}

const readers: {
  readonly [Name in keyof typeof views]: (db: Reader, user: string) => PromiseLike<UserViews[Name]>;
} = {
  dashboardMetrics: (db, user) => only(figures.dashboardMetrics.query(db, user)),
  crmHealthCheck: (db, user) => only(figures.crmHealthCheck.query(db, user)),
  corporateHealthCheck: (db, user) => only(figures.corporateHealthCheck.query(db, user)),
  salesHealthCheck: (db, user) => only(figures.salesHealthCheck.query(db, user)),
  operationalHealthCheck: (db, user) => only(figures.operationalHealthCheck.query(db, user)),
  marketingHealthCheck: (db, user) => only(figures.marketingHealthCheck.query(db, user)),
  salesPipelineSummary: (db, user) =>
    inOrder(
      db.select().from(views.salesPipelineSummary).where(eq(views.salesPipelineSummary.userId, user)),
      leadStages,
      ({ stage }) => stage,
    ),
  tasksSummary: (db, user) =>
    inOrder(
      db.select().from(views.tasksSummary).where(eq(views.tasksSummary.userId, user)),
      taskStatuses,
      ({ status }) => status,
    ),
  postsByPlatform: (db, user) =>
    inOrder(
      db.select().from(views.postsByPlatform).where(eq(views.postsByPlatform.userId, user)),
      platforms,
      ({ platform }) => platform,
    ),
  partnershipSummaryByPartner: (db, user) =>
    db
      .select()
      .from(views.partnershipSummaryByPartner)
      .where(eq(views.partnershipSummaryByPartner.userId, user))
      .orderBy(
        asc(views.partnershipSummaryByPartner.partnerName),
        asc(views.partnershipSummaryByPartner.partnerId),
      ),
  partnershipMonthlyRevenue: (db, user) =>
    db
      .select()
      .from(views.partnershipMonthlyRevenue)
      .where(eq(views.partnershipMonthlyRevenue.userId, user))
      .orderBy(desc(views.partnershipMonthlyRevenue.month)),
};

/**
 * What a view has of a user. The six with one row a user give that row, or undefined where the user has nothing that
 * is live to count: no row is not a row of zeros. The other five give a list, in an order that is
 * always the same. The query names the user, as those of the screens do.
 *
 * @param view the name under which `spfp-db/views` exports it
 * @throws {ParameterInvalid}
 *
 * @example
 * const metrics = await userView(tx, "dashboardMetrics", { userId });
 * const net = metrics?.netToday ?? "0";
 */
export async function userView<Name extends keyof UserViews>(
  tx: Reader,
  view: Name,
  request: OfUser,
): Promise<UserViews[Name]> {
  return readers[view](tx, requireUser(request));
}
