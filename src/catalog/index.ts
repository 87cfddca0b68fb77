export * from "./catalog.ts";
export { aboutKey, type CompareOptions, compareCatalogs, type Difference, isComment } from "./compare.ts";
export { followsFrom, mentions } from "./follows.ts";
export { generateExpected } from "./generate.ts";
export { isSameBody, unqualifiedNames } from "./meaning.ts";
export { mergeCatalogs } from "./merge.ts";
export { catalogObjects, type ObjectIdentity, type ObjectKind, objectKinds, rootOf } from "./objects.ts";
export { catalogQuery } from "./query.ts";
export { pinnedSettings, readCatalog } from "./read.ts";
