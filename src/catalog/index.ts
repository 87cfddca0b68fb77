export * from "./catalog.ts";
export { readCatalog } from "./read.ts";
