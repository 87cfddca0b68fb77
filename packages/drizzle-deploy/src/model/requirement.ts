/** Something outside the managed objects, or older than the pending migrations, that a project builds upon. */
export interface Requirement {
  readonly kind: "role" | "schema" | "table" | "function";
  /** As `role`, `schema`, `schema.table`, or `schema.function(argument types)`. */
  readonly name: string;
  /** What needs it, and what to do where it is missing. */
  readonly remedy: string;
  /** The migration that makes it: asked for only once that is applied. Null for what no migration makes. */
  readonly madeBy: string | null;
}
