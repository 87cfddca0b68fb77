export { canHaveDuplicates, duplicateFindings } from "./duplicate-findings.ts";
export {
  type CategoryGroup,
  categoryGroupSchema,
  type Duplicates,
  findDuplicates,
  type Merge,
  mergeDuplicates,
  mergeDuplicatesWithin,
  type RowChange,
  rowChangeSchema,
  type TemplateGroup,
  templateGroupSchema,
} from "./duplicates.ts";
export {
  type Approvals,
  type Intent,
  type ItemReport,
  itemReportSchema,
  type PreflightContext,
  type Reader,
} from "./item.ts";
export type { Requirement } from "./requirement.ts";
export { runItems } from "./run.ts";
export { type KeptChange, keptChangeSchema, type Undo, undoMergeWithin } from "./undo.ts";
