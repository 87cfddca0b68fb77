import type { Catalog, Index } from "./catalog.ts";
import type { Difference } from "./compare.ts";

/** The index of a partition that a missing index or key is, as it is expected; undefined for what belongs to no whole. */
export function partOfWhole({ kind, object }: Difference, expected: Catalog): Index | undefined {
  const { parent } = object;
  if (kind !== "missing" || parent?.kind !== "table") return undefined;
  return expected.tables
    .find(({ schema, name }) => schema === parent.schema && name === parent.name)
    ?.indexes.find(
      ({ name, constraint, attachedTo }) =>
        attachedTo && (object.kind === "constraint" ? constraint : name) === object.name,
    );
}

/**
 * Whether a partition has what is missing under another name: where it has an index or a key that is like that of the
 * partitioned table, PostgreSQL takes that one.
 */
export function isTakenOver(difference: Difference, expected: Catalog, actual: Catalog): boolean {
  const whole = partOfWhole(difference, expected)?.attachedTo;
  const { parent } = difference.object;
  if (!whole || !parent) return false;
  return actual.tables.some(
    ({ schema, name, indexes }) =>
      schema === parent.schema &&
      name === parent.name &&
      indexes.some(({ attachedTo }) => attachedTo?.schema === whole.schema && attachedTo.name === whole.name),
  );
}
