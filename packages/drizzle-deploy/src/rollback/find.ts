import type { QualifiedName } from "../sql/names.ts";

/** The object of a schema. */
export function find<T extends QualifiedName>(
  objects: readonly T[],
  { schema, name }: QualifiedName,
): T | undefined {
  return objects.find((one) => one.schema === schema && one.name === name);
}

/** Those first that others of the list need. */
export function inOrder<T>(items: readonly T[], needs: (item: T) => readonly T[]): T[] {
  const done = new Set<T>();
  const visit = (item: T, path: readonly T[]): void => {
    if (done.has(item) || path.includes(item)) return;
    for (const need of needs(item)) if (items.includes(need)) visit(need, [...path, item]);
    done.add(item);
  };
  for (const item of items) visit(item, []);
  return [...done];
}
