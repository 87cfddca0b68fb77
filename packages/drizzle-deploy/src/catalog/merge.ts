import { isDeepStrictEqual as isEqual } from "node:util";
import type { QualifiedName } from "../sql/names.ts";
import type {
  Catalog,
  Column,
  Constraint,
  DescribedObject,
  Domain,
  EnumType,
  FunctionObject,
  Grant,
  Index,
  Sequence,
  Structure,
  Table,
  View,
} from "./catalog.ts";

/** The three sides of a merge: of catalogs, of lists, or of one object. */
export interface Sides<T> {
  /** As the migrations leave it at some point. */
  readonly base: T;
  /** As it was found in a database that stands at that point. */
  readonly ours: T;
  /** As the migrations leave it at another point. */
  readonly theirs: T;
  /** What becomes of what only `ours` has. Default: it is not the migrations', and is left out. */
  readonly found?: "kept" | undefined;
}

const at = <T, Key extends keyof T>({ base, ours, theirs, found }: Sides<T>, key: Key): Sides<T[Key]> => ({
  found,
  base: base[key],
  ours: ours[key],
  theirs: theirs[key],
});

/** What the migrations change is theirs, all else is as it was found. */
const choose = <T>({ base, ours, theirs }: Sides<T>): T => (isEqual(base, theirs) ? ours : theirs);

/** Property by property. */
function mergeProperties<T extends object>(sides: Sides<T>): T {
  const merged = { ...sides.ours };
  for (const key in sides.theirs) merged[key] = choose(at(sides, key));
  return merged;
}

/** How the lists of one kind of object are merged. */
interface Kind<T> {
  readonly key: (object: T) => string;
  /** One that all three have. */
  readonly merge: (sides: Sides<T>) => T;
  /** One that the migrations make, and that was there before they did. */
  readonly adopt?: (ours: T, theirs: T) => T;
}

/**
 * What is only found is not the migrations', and left out. What was taken away by hand stays away, unless the migrations
 * change it since.
 */
function mergeLists<T>(
  { base, ours, theirs, found }: Sides<readonly T[]>,
  { key, merge, adopt }: Kind<T>,
): T[] {
  const byKey = (list: readonly T[]) => new Map(list.map((one) => [key(one), one]));
  const [before, present, after] = [byKey(base), byKey(ours), byKey(theirs)];
  const isOnlyFound = (one: T): boolean => !before.has(key(one)) && !after.has(key(one));
  const merged = theirs.flatMap((wanted): T[] => {
    const [was, here] = [before.get(key(wanted)), present.get(key(wanted))];
    if (was === undefined) return [here === undefined ? wanted : (adopt?.(here, wanted) ?? wanted)];
    if (here === undefined) return isEqual(was, wanted) ? [] : [wanted];
    return [merge({ base: was, ours: here, theirs: wanted, found })];
  });
  return found === "kept" ? [...ours.filter(isOnlyFound), ...merged] : merged;
}

const named = ({ name }: { readonly name: string }): string => name;
const qualified = ({ schema, name }: QualifiedName): string => JSON.stringify([schema, name]);

/** What of a set is left when the migrations have put in and taken out what they do. */
function mergeSets({ base, ours, theirs }: Sides<readonly string[]>): string[] {
  const kept = ours.filter((one) => theirs.includes(one) || !base.includes(one));
  return [...kept, ...theirs.filter((one) => !base.includes(one) && !kept.includes(one))];
}

/** Privilege by privilege; what was given to somebody whom no migration names is not the migrations'. */
function mergeGrants(sides: Sides<readonly Grant[]>): Grant[] {
  const known = [...sides.base, ...sides.theirs, ...(sides.found === "kept" ? sides.ours : [])];
  const grantees = new Set(known.map(({ grantee }) => grantee));
  return [...grantees].toSorted().flatMap((grantee) => {
    const of = (property: "privileges" | "grantable", grants: readonly Grant[]): readonly string[] =>
      grants.find((grant) => grant.grantee === grantee)?.[property] ?? [];
    const merged = (property: "privileges" | "grantable"): string[] =>
      mergeSets({
        base: of(property, sides.base),
        ours: of(property, sides.ours),
        theirs: of(property, sides.theirs),
      }).toSorted();
    const privileges = merged("privileges");
    const grantable = merged("grantable").filter((one) => privileges.includes(one));
    return privileges.length === 0 ? [] : [{ grantee, privileges, grantable }];
  });
}

/** What is revoked of a whole table or view is revoked of its columns too. PostgreSQL 17 manual, "REVOKE". */
function withoutRevoked<T extends { grants: Grant[] }>(
  list: readonly T[],
  { base, theirs }: Sides<readonly Grant[]>,
): T[] {
  const of = (grants: readonly Grant[], grantee: string): readonly string[] =>
    grants.find((grant) => grant.grantee === grantee)?.privileges ?? [];
  return list.map((column) => ({
    ...column,
    grants: column.grants.flatMap((grant) => {
      const left = of(theirs, grant.grantee);
      const revoked = of(base, grant.grantee).filter((one) => !left.includes(one));
      const isHeld = (privilege: string): boolean => !revoked.includes(privilege);
      const privileges = grant.privileges.filter(isHeld);
      return privileges.length === 0
        ? []
        : [{ ...grant, privileges, grantable: grant.grantable.filter(isHeld) }];
    }),
  }));
}

/** Made again as a whole where its definition changes. */
function mergeDefined<T extends Constraint | Index>(sides: Sides<T>): T {
  const { base, theirs } = sides;
  return base.definition === theirs.definition ? mergeProperties(sides) : theirs;
}

/** Comments that no migration sets are whoever's set them. */
const keepComment = <T extends { comment: string | null }>(ours: T, theirs: T): T => ({
  ...theirs,
  comment: theirs.comment ?? ours.comment,
});

const columns: Kind<Column> = {
  key: named,
  merge: (sides) => ({ ...mergeProperties(sides), grants: mergeGrants(at(sides, "grants")) }),
  adopt: keepComment,
};

/** Columns stand in the order in which they were found; what is new comes last. */
function mergeColumns(sides: Sides<readonly Column[]>): Column[] {
  const { base, ours, theirs } = sides;
  const has = (list: readonly Column[], { name }: Column): boolean => list.some((one) => one.name === name);
  // One that is renamed stands where it stood.
  const former = new Map(
    theirs.flatMap((column, at) => {
      const was = base[at];
      return was && !has(base, column) && !has(theirs, was) ? [[column.name, was.name] as const] : [];
    }),
  );
  const place = ({ name }: Column): number => {
    const found = ours.findIndex((one) => one.name === (former.get(name) ?? name));
    return found < 0 ? ours.length : found;
  };
  return mergeLists(sides, columns).toSorted((one, other) => place(one) - place(other));
}

const tables: Kind<Table> = {
  key: qualified,
  merge: (sides) => ({
    ...mergeProperties(sides),
    columns: withoutRevoked(mergeColumns(at(sides, "columns")), at(sides, "grants")),
    constraints: mergeLists(at(sides, "constraints"), { key: named, merge: mergeDefined }),
    indexes: mergeLists(at(sides, "indexes"), { key: named, merge: mergeDefined }),
    policies: mergeLists(at(sides, "policies"), { key: named, merge: mergeProperties }),
    triggers: mergeLists(at(sides, "triggers"), { key: named, merge: mergeProperties }),
    grants: mergeGrants(at(sides, "grants")),
  }),
  adopt: (ours, theirs) => ({
    ...keepComment(ours, theirs),
    options: theirs.options.length > 0 ? theirs.options : ours.options,
    columns: mergeColumns({ base: [], ours: ours.columns, theirs: theirs.columns }),
  }),
};

/**
 * A view that is made again reads the columns as they are: one whose type the migrations do not change keeps the one that
 * was found.
 */
function mergeViewColumns({ base, ours, theirs }: Sides<View>): View["columns"] {
  return theirs.columns.map((column) => {
    const was = base.columns.find(({ name }) => name === column.name);
    const here = ours.columns.find(({ name }) => name === column.name);
    if (!here) return column;
    return {
      ...column,
      type: was?.type === column.type ? here.type : column.type,
      comment: column.comment ?? here.comment,
      grants: was
        ? mergeGrants({ base: was.grants, ours: here.grants, theirs: column.grants })
        : column.grants,
    };
  });
}

/** A view that is not made again has the columns that were found, with what the migrations change of each. */
function changedViewColumns({ base, ours, theirs }: Sides<View>): View["columns"] {
  return ours.columns.map((column) => {
    const was = base.columns.find(({ name }) => name === column.name);
    const wanted = theirs.columns.find(({ name }) => name === column.name);
    if (!was || !wanted) return column;
    const sides = { base: was, ours: column, theirs: wanted };
    return { ...mergeProperties(sides), grants: mergeGrants(at(sides, "grants")) };
  });
}

const views: Kind<View> = {
  key: qualified,
  merge: (sides) => {
    const { base, theirs } = sides;
    const isRewritten = !isEqual([base.kind, base.definition], [theirs.kind, theirs.definition]);
    return {
      ...mergeProperties(sides),
      columns: withoutRevoked(
        isRewritten ? mergeViewColumns(sides) : changedViewColumns(sides),
        at(sides, "grants"),
      ),
      indexes: mergeLists(at(sides, "indexes"), { key: named, merge: mergeDefined }),
      triggers: mergeLists(at(sides, "triggers"), { key: named, merge: mergeProperties }),
      grants: mergeGrants(at(sides, "grants")),
    };
  },
  adopt: (ours, theirs) => ({
    ...keepComment(ours, theirs),
    columns: mergeViewColumns({ base: { ...theirs, columns: [] }, ours, theirs }),
  }),
};

/** Setting by setting, each as `name=value`. */
function mergeSettings(sides: Sides<readonly string[]>): string[] {
  const parsed = (settings: readonly string[]) =>
    settings.map((setting) => ({ name: setting.slice(0, setting.indexOf("=")), setting }));
  const ours = parsed(sides.ours);
  const merged = mergeLists(
    { base: parsed(sides.base), ours, theirs: parsed(sides.theirs) },
    { key: named, merge: mergeProperties },
  );
  const known = new Set(
    [...sides.base, ...sides.theirs].map((setting) => setting.slice(0, setting.indexOf("="))),
  );
  // What only a hand has set stays set.
  const added = ours.filter(({ name }) => !known.has(name));
  return [...merged, ...added].map(({ setting }) => setting).toSorted();
}

/** What `CREATE OR REPLACE` writes again together. PostgreSQL 17 manual, "CREATE FUNCTION". */
const written = ["kind", "fullArguments", "returns", "language", "body"] as const;

const functions: Kind<FunctionObject> = {
  key: ({ schema, name, argumentTypes }) => JSON.stringify([schema, name, argumentTypes]),
  merge: (sides) => {
    const { base, theirs } = sides;
    const grants = mergeGrants(at(sides, "grants"));
    const isRewritten = written.some((property) => base[property] !== theirs[property]);
    if (!isRewritten) {
      return { ...mergeProperties(sides), config: mergeSettings(at(sides, "config")), grants };
    }
    return {
      ...theirs,
      owner: choose(at(sides, "owner")),
      comment: choose(at(sides, "comment")),
      grants,
    };
  },
  adopt: keepComment,
};

/** The labels in the order of the migrations; those that somebody put in by hand stay where they are. */
function mergeLabels(sides: Sides<readonly string[]>): string[] {
  const { ours, theirs } = sides;
  const wanted = new Set(mergeSets(sides));
  const labels = ours.filter((label) => wanted.has(label));
  for (const [place, label] of theirs.entries()) {
    if (!wanted.has(label) || labels.includes(label)) continue;
    const before = theirs.slice(0, place).findLast((one) => labels.includes(one));
    labels.splice(before === undefined ? 0 : labels.indexOf(before) + 1, 0, label);
  }
  return labels;
}

const enums: Kind<EnumType> = {
  key: qualified,
  merge: (sides) => ({ ...mergeProperties(sides), labels: mergeLabels(at(sides, "labels")) }),
  adopt: keepComment,
};

const structures: Kind<Structure> = { key: qualified, merge: mergeProperties, adopt: keepComment };

const domains: Kind<Domain> = {
  key: qualified,
  merge: (sides) => ({
    ...mergeProperties(sides),
    constraints: mergeLists(at(sides, "constraints"), { key: named, merge: mergeProperties }),
  }),
  adopt: keepComment,
};

const sequences: Kind<Sequence> = {
  key: qualified,
  merge: (sides) => ({ ...mergeProperties(sides), grants: mergeGrants(at(sides, "grants")) }),
};

const objects: Kind<DescribedObject> = {
  key: ({ kind, schema, of, name }) => JSON.stringify([kind, schema, of, name]),
  merge: (sides) => {
    const { base, theirs } = sides;
    // Made again as a whole where it is something else.
    if (!isEqual(base.requires, theirs.requires)) return theirs;
    return { ...mergeProperties(sides), properties: mergeProperties(at(sides, "properties")) };
  },
};

/** Of a database that an earlier version found nobody knows what it had: what the migrations make since is expected. */
const mergeObjects = ({ base, ours, theirs }: Sides<Catalog>): Pick<Catalog, "objects"> =>
  base.objects && theirs.objects
    ? {
        objects: mergeLists(
          { base: base.objects, ours: ours.objects ?? [], theirs: theirs.objects },
          objects,
        ),
      }
    : {};

/**
 * What a database that was found at one point of a history, as people had made it, looks like at another point: what the
 * migrations between the two change is theirs, property by property, and all else is as it was found. It holds the
 * migrations' objects alone, unless what is found is to be kept. Pure.
 *
 * @example
 * const expectedHere = mergeCatalogs({ base: expected("0001"), ours: found, theirs: expected("0005") });
 */
export function mergeCatalogs(sides: Sides<Catalog>): Catalog {
  const withGrants = <T extends { readonly grants: Grant[] }>(one: Sides<T>): T => ({
    ...mergeProperties(one),
    grants: mergeGrants(at(one, "grants")),
  });
  return {
    server: sides.theirs.server,
    schemas: mergeLists(at(sides, "schemas"), { key: named, merge: withGrants, adopt: keepComment }),
    extensions: mergeLists(at(sides, "extensions"), { key: named, merge: mergeProperties }),
    tables: mergeLists(at(sides, "tables"), tables),
    views: mergeLists(at(sides, "views"), views),
    functions: mergeLists(at(sides, "functions"), functions),
    enums: mergeLists(at(sides, "enums"), enums),
    domains: mergeLists(at(sides, "domains"), domains),
    ...(sides.base.structures && sides.ours.structures && sides.theirs.structures
      ? {
          structures: mergeLists(
            {
              base: sides.base.structures,
              ours: sides.ours.structures,
              theirs: sides.theirs.structures,
              found: sides.found,
            },
            structures,
          ),
        }
      : {}),
    sequences: mergeLists(at(sides, "sequences"), sequences),
    defaultPrivileges: mergeLists(at(sides, "defaultPrivileges"), {
      key: ({ role, schema, objects }) => JSON.stringify([role, schema, objects]),
      merge: withGrants,
    }),
    ...mergeObjects(sides),
  };
}
