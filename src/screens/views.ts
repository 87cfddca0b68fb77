import { asc, desc, eq } from "drizzle-orm";
import { leadStages, platforms, taskStatuses } from "../schema/index.ts";
import {
  corporateHealthCheck,
  crmHealthCheck,
  dashboardMetrics,
  marketingHealthCheck,
  operationalHealthCheck,
  partnershipMonthlyRevenue,
  partnershipSummaryByPartner,
  postsByPlatform,
  salesHealthCheck,
  salesPipelineSummary,
  tasksSummary,
} from "../views/index.ts";
import { type OfUser, requireUser } from "./parameters.ts";
import type { Reader } from "./reading.ts";

/** The views that have one row a user, and the query of that row. */
export const figures = {
  dashboardMetrics: {
    view: dashboardMetrics,
    query: (db: Reader, user: string) =>
      db.select().from(dashboardMetrics).where(eq(dashboardMetrics.userId, user)),
  },
  crmHealthCheck: {
    view: crmHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(crmHealthCheck).where(eq(crmHealthCheck.userId, user)),
  },
  corporateHealthCheck: {
    view: corporateHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(corporateHealthCheck).where(eq(corporateHealthCheck.userId, user)),
  },
  salesHealthCheck: {
    view: salesHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(salesHealthCheck).where(eq(salesHealthCheck.userId, user)),
  },
  operationalHealthCheck: {
    view: operationalHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(operationalHealthCheck).where(eq(operationalHealthCheck.userId, user)),
  },
  marketingHealthCheck: {
    view: marketingHealthCheck,
    query: (db: Reader, user: string) =>
      db.select().from(marketingHealthCheck).where(eq(marketingHealthCheck.userId, user)),
  },
};

/** What each view has of a user, by the name under which `spfp-db/views` exports it. */
export interface UserViews {
  readonly dashboardMetrics: typeof dashboardMetrics.$inferSelect | undefined;
  readonly crmHealthCheck: typeof crmHealthCheck.$inferSelect | undefined;
  readonly corporateHealthCheck: typeof corporateHealthCheck.$inferSelect | undefined;
  readonly salesHealthCheck: typeof salesHealthCheck.$inferSelect | undefined;
  readonly operationalHealthCheck: typeof operationalHealthCheck.$inferSelect | undefined;
  readonly marketingHealthCheck: typeof marketingHealthCheck.$inferSelect | undefined;
  /** In the order of the stages. */
  readonly salesPipelineSummary: readonly (typeof salesPipelineSummary.$inferSelect)[];
  /** In the order of the board's columns. */
  readonly tasksSummary: readonly (typeof tasksSummary.$inferSelect)[];
  readonly postsByPlatform: readonly (typeof postsByPlatform.$inferSelect)[];
  /** By the partners' names. */
  readonly partnershipSummaryByPartner: readonly (typeof partnershipSummaryByPartner.$inferSelect)[];
  /** The newest month first. */
  readonly partnershipMonthlyRevenue: readonly (typeof partnershipMonthlyRevenue.$inferSelect)[];
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
  readonly [Name in keyof UserViews]: (db: Reader, user: string) => PromiseLike<UserViews[Name]>;
} = {
  dashboardMetrics: (db, user) => only(figures.dashboardMetrics.query(db, user)),
  crmHealthCheck: (db, user) => only(figures.crmHealthCheck.query(db, user)),
  corporateHealthCheck: (db, user) => only(figures.corporateHealthCheck.query(db, user)),
  salesHealthCheck: (db, user) => only(figures.salesHealthCheck.query(db, user)),
  operationalHealthCheck: (db, user) => only(figures.operationalHealthCheck.query(db, user)),
  marketingHealthCheck: (db, user) => only(figures.marketingHealthCheck.query(db, user)),
  salesPipelineSummary: (db, user) =>
    inOrder(
      db.select().from(salesPipelineSummary).where(eq(salesPipelineSummary.userId, user)),
      leadStages,
      ({ stage }) => stage,
    ),
  tasksSummary: (db, user) =>
    inOrder(
      db.select().from(tasksSummary).where(eq(tasksSummary.userId, user)),
      taskStatuses,
      ({ status }) => status,
    ),
  postsByPlatform: (db, user) =>
    inOrder(
      db.select().from(postsByPlatform).where(eq(postsByPlatform.userId, user)),
      platforms,
      ({ platform }) => platform,
    ),
  partnershipSummaryByPartner: (db, user) =>
    db
      .select()
      .from(partnershipSummaryByPartner)
      .where(eq(partnershipSummaryByPartner.userId, user))
      .orderBy(asc(partnershipSummaryByPartner.partnerName), asc(partnershipSummaryByPartner.partnerId)),
  partnershipMonthlyRevenue: (db, user) =>
    db
      .select()
      .from(partnershipMonthlyRevenue)
      .where(eq(partnershipMonthlyRevenue.userId, user))
      .orderBy(desc(partnershipMonthlyRevenue.month)),
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
