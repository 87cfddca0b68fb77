export { keysOf as catalogKeys } from "./cache.ts";
export {
  type Catalog,
  type Column,
  type Constraint,
  catalogSchema,
  type DescribedKind,
  type DescribedObject,
  type Domain,
  type EnumType,
  type FunctionObject,
  type Grant,
  type Index,
  type Policy,
  type Sequence,
  type Structure,
  type Table,
  type Trigger,
  type View,
  withoutObjects,
} from "./catalog.ts";
export {
  aboutKey,
  type CompareOptions,
  compareCatalogs,
  type Difference,
  isIncidental,
  propertyKey,
} from "./compare.ts";
export { type Attribute, compositeAttributes, compositeDefinition } from "./composite.ts";
export { type Description, describeDifference } from "./describe.ts";
export { followsFrom, mentions } from "./follows.ts";
export { generateExpected, keptExpected, tryOnScratch } from "./generate.ts";
export { compactJson } from "./json.ts";
export { isDescribed, kindFiles, onOthers, restsOn } from "./kinds/index.ts";
export { memberName } from "./kinds/publication.ts";
export { isSameBody, unqualifiedNames, withoutValidity } from "./meaning.ts";
export { mergeCatalogs } from "./merge.ts";
export {
  catalogObjects,
  identityOf,
  lineageKeys,
  type ObjectIdentity,
  type ObjectKind,
  objectKey,
  objectKinds,
  rootOf,
} from "./objects.ts";
export { catalogQuery } from "./query.ts";
export { pinnedSettings, readCatalog } from "./read.ts";
export { schemasMadeBy } from "./schemas-made.ts";
export { runOnScratch } from "./scratch.ts";
export { isTakenOver, partOfWhole } from "./taken-over.ts";
export { isPrintedBare, printedTypes } from "./type-names.ts";
