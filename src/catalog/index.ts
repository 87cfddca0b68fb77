export * from "./catalog.ts";
export { type CompareOptions, compareCatalogs, type Difference } from "./compare.ts";
export { type ObjectIdentity, type ObjectKind, objectKinds } from "./objects.ts";
export { readCatalog } from "./read.ts";
