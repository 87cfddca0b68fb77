import type { RangeVar } from "libpg-query";
import type { Target } from "../model/step.ts";
import type { QualifiedName } from "../sql/names.ts";
import { functionsIn, relationsIn } from "../sql/tree.ts";
import { part, target } from "./draft.ts";

/** Where a name without a schema belongs: drizzle-kit writes none for `public`, first of every search path. */
const home = "public";

/** Where a relation is. */
export function resolve(range: RangeVar | undefined): QualifiedName {
  return { schema: range?.schemaname ?? home, name: range?.relname ?? "" };
}

/** The same of a name's parts, as `ARRAY['public', 'x']` in the nodes of DROP and COMMENT. */
export function resolveName(path: readonly string[]): QualifiedName {
  return { schema: path.at(-2) ?? home, name: path.at(-1) ?? "" };
}

/** The relations that a tree mentions, each once. */
export function relationsOf(tree: unknown): QualifiedName[] {
  const found = new Map<string, QualifiedName>();
  for (const range of relationsIn(tree)) {
    const relation = resolve(range);
    if (relation.schema === "pg_catalog" || relation.schema === "information_schema") continue;
    // An unqualified name of the system's: pg_extension and its like.
    if (range.schemaname === undefined && relation.name.startsWith("pg_")) continue;
    found.set(JSON.stringify(relation), relation);
  }
  return [...found.values()];
}

/** What an expression or query needs: the relations it reads, and the functions it calls by a qualified name. */
export function needsOf(tree: unknown): Target[] {
  const functions = functionsIn(tree).flatMap((path): Target[] => {
    const [schema, name] = path.slice(-2);
    return path.length < 2 || schema === undefined || name === undefined || schema === "pg_catalog"
      ? []
      : [target("function", { schema, name })];
  });
  return unique([...relationsOf(tree).map((relation) => target("table", relation)), ...functions]);
}

/** Columns of a table, as needs. */
export function columns(relation: QualifiedName, names: readonly string[]): Target[] {
  return [...new Set(names)].map((name) => part("column", relation, name));
}

/** Each target once. */
export function unique(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((one) => [JSON.stringify(one), one])).values()];
}
