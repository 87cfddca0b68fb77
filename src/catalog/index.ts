export * from "./catalog.ts";
export { type CompareOptions, compareCatalogs, type Difference } from "./compare.ts";
export { expectedTags } from "./expected/tags.ts";
export { type ExpectedTag, expectedCatalog } from "./expected.ts";
export { generateExpected } from "./generate.ts";
export { mergeCatalogs } from "./merge.ts";
export { catalogObjects, type ObjectIdentity, type ObjectKind, objectKinds } from "./objects.ts";
export { catalogQuery } from "./query.ts";
export { pinnedSettings, readCatalog } from "./read.ts";
