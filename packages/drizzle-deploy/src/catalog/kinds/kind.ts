import type { DescribedKind, DescribedObject } from "../catalog.ts";

/**
 * All that there is to know of a kind of object that a catalog describes by its properties as text. Reading, comparing,
 * merging, following, planning, taking back and exporting go through this table alone: see `kindFiles`.
 */
export interface KindFile {
  /** The kind of what it is a part of; null for what stands by itself. */
  readonly of: DescribedKind | null;
  /**
   * A query over `managed`, the schemas that are read: `schema`, `of` and `name` as text, `properties` and `requires` as
   * JSON. PostgreSQL 15 and later.
   */
  readonly query: string;
  /** The properties that hold SQL expressions, or lists of such. */
  readonly expressions: readonly string[];
  /** Whether one in another form is made again without asking: it holds nothing, and nobody waits for it. */
  readonly isReplaceable: boolean;
  /** The name that follows from what it rests on; left out where it has one of its own. */
  readonly nameOn?: (one: DescribedObject) => string;
  /** The statements that make it, with its parts. */
  readonly create: (one: DescribedObject, parts: readonly DescribedObject[]) => string[];
  /** The statements that make one of another; null where it has to be made again. */
  readonly change: (from: DescribedObject, to: DescribedObject) => string[] | null;
  readonly drop: (one: DescribedObject) => string;
}

/** The columns of a relation that an object depends on, as a JSON array. PostgreSQL 17 manual, 51.18 "pg_depend". */
export const columnsNeeded = (catalog: string, object: string, relation: string): string =>
  `coalesce((select json_agg(distinct a.attname) from pg_depend d
        join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = '${catalog}'::regclass and d.objid = ${object} and d.refclassid = 'pg_class'::regclass
          and d.refobjid = ${relation} and d.refobjsubid > 0), '[]'::json)`;
