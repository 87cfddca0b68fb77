export { duplicateFindings } from "./duplicate-findings.ts";
export {
  type CategoryGroup,
  type Duplicates,
  findDuplicates,
  type Merge,
  mergeDuplicates,
  mergeDuplicatesWithin,
  type RowChange,
  rowChangeSchema,
  type TemplateGroup,
} from "./duplicates.ts";
export type { Requirement } from "./requirement.ts";
