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
