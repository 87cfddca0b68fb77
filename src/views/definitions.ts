import type { PgView } from "drizzle-orm/pg-core";
import { corporateHealthCheck, corporateHealthCheckQuery } from "./corporate-health-check.ts";
import { crmHealthCheck, crmHealthCheckQuery } from "./crm-health-check.ts";
import { dashboardMetrics, dashboardMetricsQuery } from "./dashboard-metrics.ts";
import { marketingHealthCheck, marketingHealthCheckQuery } from "./marketing-health-check.ts";
import { operationalHealthCheck, operationalHealthCheckQuery } from "./operational-health-check.ts";
import { partnershipMonthlyRevenue, partnershipMonthlyRevenueQuery } from "./partnership-monthly-revenue.ts";
import {
  partnershipSummaryByPartner,
  partnershipSummaryByPartnerQuery,
} from "./partnership-summary-by-partner.ts";
import { postsByPlatform, postsByPlatformQuery } from "./posts-by-platform.ts";
import { salesHealthCheck, salesHealthCheckQuery } from "./sales-health-check.ts";
import { salesPipelineSummary, salesPipelineSummaryQuery } from "./sales-pipeline-summary.ts";
import { tasksSummary, tasksSummaryQuery } from "./tasks-summary.ts";

/** A view as the application sees it (typed columns) and as PostgreSQL gets it (its query, raw). */
export interface ViewDefinition {
  readonly view: PgView;
  readonly query: string;
}

/** All eleven: the six of the optimisation, with one row a user, then the five legacy ones as corrected. */
export const viewDefinitions: readonly ViewDefinition[] = [
  { view: dashboardMetrics, query: dashboardMetricsQuery },
  { view: crmHealthCheck, query: crmHealthCheckQuery },
  { view: corporateHealthCheck, query: corporateHealthCheckQuery },
  { view: salesHealthCheck, query: salesHealthCheckQuery },
  { view: operationalHealthCheck, query: operationalHealthCheckQuery },
  { view: marketingHealthCheck, query: marketingHealthCheckQuery },
  { view: salesPipelineSummary, query: salesPipelineSummaryQuery },
  { view: tasksSummary, query: tasksSummaryQuery },
  { view: postsByPlatform, query: postsByPlatformQuery },
  { view: partnershipSummaryByPartner, query: partnershipSummaryByPartnerQuery },
  { view: partnershipMonthlyRevenue, query: partnershipMonthlyRevenueQuery },
];
