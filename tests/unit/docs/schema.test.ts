import { join } from "node:path";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { expect, it } from "vitest";
import { managedTables } from "../../support/rows.ts";
import { projectFolder } from "../../support/states.ts";

/** A column's type in one word: Mermaid takes no spaces. */
const typeOf = (type: string): string =>
  type.replace("timestamp with time zone", "timestamptz").replaceAll(/, ?/g, "_");

/** A table as an entity, with its keys and what a column is for. */
function entity(table: PgTable): string[] {
  const { name, columns, foreignKeys } = getTableConfig(table);
  const pointing = new Set(
    foreignKeys.flatMap((key) => key.reference().columns.map((column) => column.name)),
  );
  const lines = columns.map((column) => {
    const key = column.primary ? " PK" : pointing.has(column.name) ? " FK" : "";
    const remarks = [column.notNull ? "" : "null", column.generated === undefined ? "" : "generated"];
    const remark = remarks.filter((one) => one !== "").join(", ");
    return `    ${typeOf(column.getSQLType())} ${column.name}${key}${remark === "" ? "" : ` "${remark}"`}`;
  });
  return [`  ${name} {`, ...lines, "  }"];
}

/** A line from the row that is pointed to, to those that point to it. */
function relations(table: PgTable): string[] {
  const { name, foreignKeys } = getTableConfig(table);
  const managed = managedTables.map(([, one]) => one);
  return foreignKeys.flatMap((key) => {
    const { columns, foreignTable } = key.reference();
    const parent = managed.find((one) => one === foreignTable);
    if (parent === undefined) return [];
    const optional = columns.some(({ notNull }) => !notNull);
    return [
      `  ${getTableConfig(parent).name} ${optional ? "|o" : "||"}--o{ ${name} : "${key.onDelete ?? "no action"}"`,
    ];
  });
}

it("docs/schema.md draws every managed table, with its columns and keys", async () => {
  const tables = managedTables.map(([, table]) => table);
  const text = [
    "# The schema",
    "",
    "Written by `npm run api` from `src/schema`. Every table has `user_id`, which points to `auth.users` and goes with the",
    "user; these lines are left out. A line between two tables says what a deletion of the row that is pointed to does.",
    "",
    "```mermaid",
    "erDiagram",
    ...tables.flatMap(relations),
    ...tables.flatMap(entity),
    "```",
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot(join(projectFolder, "docs", "schema.md"));
});
