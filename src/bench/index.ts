export {
  businessDate,
  type DataOptions,
  dataFingerprint,
  type FilledTable,
  generateData,
  rehearsalScale,
  removeSoftDeleted,
  softDeleteAfterDeployment,
  softDeletedShare,
} from "./data.ts";
export {
  type ExplainedQuery,
  type ExplainedScreen,
  explainScreen,
  type IndexUse,
  measure,
  type Run,
  type Statement,
  signIn,
} from "./explain.ts";
export { shareWithDuplicateTemplates } from "./fill-crm.ts";
export { shareWithDuplicateCategories } from "./fill-finance.ts";
export {
  type Screen,
  type ScreenContext,
  type ScreenId,
  type ScreenQuery,
  screenIds,
  screens,
  statementOf,
  writtenDown,
} from "./screens.ts";
export { findTenant, type Tenant } from "./tenants.ts";
