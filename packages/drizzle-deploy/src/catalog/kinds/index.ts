import { type DescribedKind, type DescribedObject, describedKinds } from "../catalog.ts";
import type { KindFile } from "./kind.ts";
import { publication, publicationMember } from "./publication.ts";
import { statistics } from "./statistics.ts";

/** The file of every kind that a catalog describes by its properties. */
export const kindFiles: Readonly<Record<DescribedKind, KindFile>> = {
  statistics,
  publication,
  "publication member": publicationMember,
};

/** Whether a kind of object has a file of its own. */
export const isDescribed = (kind: string): kind is DescribedKind =>
  describedKinds.some((known) => known === kind);

/** SQL for the rows of all that is described: `kind`, and what `KindFile.query` gives. */
export const describedRows: string = describedKinds
  .map((kind) => `select '${kind}' as kind, q.* from (${kindFiles[kind].query}) q`)
  .join("\nunion all\n");

type Place = Pick<DescribedObject["requires"][number], "schema" | "table">;

/** Whether an object rests on a table, or on one column of it. */
export const restsOn = (
  { requires }: DescribedObject,
  { schema, table }: Place,
  column: string | null = null,
): boolean =>
  requires.some(
    (one) =>
      one.schema === schema && one.table === table && (column === null || one.columns.includes(column)),
  );

/** The object with what it rests on under other names: its texts and, where that follows from it, its name too. */
export function onOthers(
  one: DescribedObject,
  {
    place,
    text,
  }: {
    readonly place: (on: DescribedObject["requires"][number]) => DescribedObject["requires"][number];
    readonly text: (expression: string, on: DescribedObject["requires"][number]) => string;
  },
): DescribedObject {
  const { expressions, nameOn } = kindFiles[one.kind];
  const [first] = one.requires;
  const properties = Object.fromEntries(
    Object.entries(one.properties).map(([property, value]) => [
      property,
      value !== null && first && expressions.includes(property) ? text(value, first) : value,
    ]),
  );
  const moved = { ...one, properties, requires: one.requires.map(place) };
  return nameOn ? { ...moved, name: nameOn(moved) } : moved;
}
