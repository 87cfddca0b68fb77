import type { QualifiedName } from "../sql/names.ts";
import { quoteIdentifier } from "../sql/quote.ts";
import type { Catalog } from "./catalog.ts";

/**
 * Whether a type is printed without its schema: no other schema has one of its name, or it is `public`'s, which comes first
 * on most paths. PostgreSQL 17 manual, 9.28.3 "System Catalog Information Functions", `format_type`.
 */
export function isPrintedBare(
  { enums, domains, structures = [] }: Catalog,
  { schema, name }: QualifiedName,
): boolean {
  return (
    schema === "public" ||
    ![...enums, ...domains, ...structures].some((one) => one.name === name && one.schema !== schema)
  );
}

/** The forms in which the columns of a catalog name a type that they are of. */
export function printedTypes(catalog: Catalog, type: QualifiedName): string[] {
  const { schema, name } = type;
  return [
    ...[schema, quoteIdentifier(schema)].flatMap((one) => [
      `${one}.${name}`,
      `${one}.${quoteIdentifier(name)}`,
    ]),
    ...(isPrintedBare(catalog, type) ? [name, quoteIdentifier(name)] : []),
  ];
}
