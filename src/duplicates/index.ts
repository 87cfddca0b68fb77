export { canHaveDuplicates, duplicateFindings, duplicatesItem } from "./duplicate-findings.ts";
export {
  type CategoryGroup,
  categoryGroupSchema,
  type Duplicates,
  findDuplicates,
  type Merge,
  mergeDuplicates,
  mergeDuplicatesWithin,
  type TemplateGroup,
  templateGroupSchema,
} from "./duplicates.ts";
export { type FixReport, fixDuplicates, fixReportSchema, undoFix } from "./fix-duplicates.ts";
