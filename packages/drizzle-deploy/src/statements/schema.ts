import type { CreateExtensionStmt, CreateSchemaStmt } from "libpg-query";
import { catalogChange, type Draft, refused } from "./draft.ts";

/** `CREATE SCHEMA`. */
export function createSchema(statement: CreateSchemaStmt, sql: string): Draft[] {
  const name = statement.schemaname;
  if (name === undefined || (statement.schemaElts ?? []).length > 0) {
    return [
      refused(
        sql,
        "A schema that is made together with its objects can't be taken step by step.",
        "CREATE SCHEMA, then a statement for each object.",
      ),
    ];
  }
  const itself = { kind: "schema" as const, schema: null, name, table: null };
  return [
    catalogChange({
      kind: "create schema",
      title: `create schema ${name}`,
      sql,
      target: itself,
      safety: "A new schema: nothing is in it.",
      goal: { does: "create", target: itself, parts: [] },
    }),
  ];
}

/** `CREATE EXTENSION`. */
export function createExtension(statement: CreateExtensionStmt, sql: string): Draft[] {
  const name = statement.extname ?? "";
  const itself = { kind: "extension" as const, schema: null, name, table: null };
  return [
    catalogChange({
      kind: "create extension",
      title: `create extension ${name}`,
      sql,
      target: itself,
      safety: "It adds objects of its own; yours are not touched.",
      goal: { does: "create", target: itself, parts: [], ignore: ["schema"] },
    }),
  ];
}
