import {
  type Catalog,
  type Column,
  type DescribedObject,
  describedKinds,
  type Grant,
  type Index,
  type Trigger,
} from "./catalog.ts";
import { kindFiles } from "./kinds/index.ts";

/** Every kind of object that a catalog holds. */
export const objectKinds = [
  "schema",
  "extension",
  "table",
  "view",
  "column",
  "constraint",
  "index",
  "policy",
  "trigger",
  "function",
  "type",
  "domain",
  "sequence",
  "grant",
  "default privilege",
  ...describedKinds,
] as const;

export type ObjectKind = (typeof objectKinds)[number];

/** Which object it is. */
export interface ObjectIdentity {
  readonly kind: ObjectKind;
  /** Null for what lives in no schema. */
  readonly schema: string | null;
  /** The object's own name; a function's comes with its argument types, a grant's is the grantee. */
  readonly name: string;
  /** What it is part of: the table of a column, the column of a column's grant. */
  readonly parent: ObjectIdentity | null;
  /** Qualified as far as needed to find it: `public.accounts.balance`. */
  readonly label: string;
}

const keys = new WeakMap<ObjectIdentity, string>();

/** Tells objects apart; the same object of two catalogs has the same key. */
export function objectKey(object: ObjectIdentity): string {
  const known = keys.get(object);
  if (known !== undefined) return known;
  const { kind, schema, name, parent } = object;
  const key = JSON.stringify([kind, schema, name, parent && objectKey(parent)]);
  keys.set(object, key);
  return key;
}

/** The keys of an object and of everything that it is part of, its own first. */
export function lineageKeys(object: ObjectIdentity): string[] {
  return [objectKey(object), ...(object.parent ? lineageKeys(object.parent) : [])];
}

/** The object that an object is part of, or itself: the table of a column's grant. */
export function rootOf(object: ObjectIdentity): ObjectIdentity {
  return object.parent ? rootOf(object.parent) : object;
}

/** An object with every property that can differ, as text that a person can read. */
export interface CatalogObject {
  readonly identity: ObjectIdentity;
  readonly properties: Readonly<Record<string, string | null>>;
}

const yesNo = (value: boolean): string => (value ? "yes" : "no");
/** A property that catalogs of earlier versions do not have. */
const known = <T>(
  property: string,
  value: T | null | undefined,
  print: (value: T) => string,
): Record<string, string | null> =>
  value === undefined ? {} : { [property]: value === null ? null : print(value) };
const joined = (values: readonly string[]): string => values.join(", ");

function child(parent: ObjectIdentity, kind: ObjectKind, name: string): ObjectIdentity {
  const label = kind === "grant" ? `${parent.label} to ${name}` : `${parent.label}.${name}`;
  return { kind, schema: parent.schema, name, parent, label };
}

function inSchema(kind: ObjectKind, schema: string, name: string): ObjectIdentity {
  return { kind, schema, name, parent: null, label: `${schema}.${name}` };
}

function topLevel(kind: ObjectKind, name: string): ObjectIdentity {
  return { kind, schema: null, name, parent: null, label: name };
}

/**
 * What tells a not-null constraint from one that nobody has named. One with a name that PostgreSQL chose is called after
 * the table as it was then, or as a dump or an upgrade found it: that is nobody's difference.
 */
function notNullText({ name, validated, inherits }: NonNullable<Column["notNull"]>): string {
  return [
    ...(/_not_null\d*$/.test(name) ? ["NOT NULL"] : [`CONSTRAINT ${name} NOT NULL`]),
    ...(inherits ? [] : ["NO INHERIT"]),
    ...(validated ? [] : ["NOT VALID"]),
  ].join(" ");
}

function grantText(grant: Grant): string {
  const grantable = grant.grantable.length > 0 ? ` (with grant option: ${joined(grant.grantable)})` : "";
  return joined(grant.privileges) + grantable;
}

function grantObjects(parent: ObjectIdentity, grants: readonly Grant[]): CatalogObject[] {
  return grants.map((grant) => ({
    identity: child(parent, "grant", grant.grantee),
    properties: { privileges: grantText(grant) },
  }));
}

/** An index that implements a constraint is the constraint's business and is left out. */
function indexObjects(parent: ObjectIdentity, indexes: readonly Index[]): CatalogObject[] {
  return indexes
    .filter((index) => index.constraint === null)
    .map((index) => ({
      identity: child(parent, "index", index.name),
      properties: {
        definition: index.definition,
        valid: yesNo(index.valid),
        ready: yesNo(index.ready),
        ...known("attachedTo", index.attachedTo, ({ schema, name }) => `${schema}.${name}`),
      },
    }));
}

function triggerObjects(parent: ObjectIdentity, triggers: readonly Trigger[]): CatalogObject[] {
  return triggers.map((trigger) => ({
    identity: child(parent, "trigger", trigger.name),
    properties: {
      definition: trigger.definition,
      enabled: trigger.enabled,
      ...known("inherited", trigger.inherited, yesNo),
    },
  }));
}

function tableObjects(table: Catalog["tables"][number]): CatalogObject[] {
  const identity = inSchema("table", table.schema, table.name);
  return [
    {
      identity,
      properties: {
        kind: table.kind,
        owner: table.owner,
        comment: table.comment,
        persistence: table.persistence,
        rowSecurity: yesNo(table.rowSecurity),
        forceRowSecurity: yesNo(table.forceRowSecurity),
        options: joined(table.options),
        ...known("replicaIdentity", table.replicaIdentity, String),
        partitionKey: table.partitionKey,
        partition:
          table.partition &&
          `${table.partition.of.schema}.${table.partition.of.name} ${table.partition.bound}${table.partition.detachPending ? " (half detached)" : ""}`,
      },
    },
    ...table.columns.flatMap((column) => {
      const part = child(identity, "column", column.name);
      return [
        {
          identity: part,
          properties: {
            type: column.type,
            nullable: yesNo(column.nullable),
            ...known("notNull", column.notNull, notNullText),
            default: column.default,
            generated: column.generated,
            virtual: yesNo(column.virtual),
            identity: column.identity,
            collation: column.collation,
            comment: column.comment,
            ...known("storage", column.storage, String),
            ...known("compression", column.compression, String),
            ...known("statistics", column.statistics, String),
            ...known("options", column.options, joined),
          },
        },
        ...grantObjects(part, column.grants),
      ];
    }),
    ...table.constraints.map((constraint) => ({
      identity: child(identity, "constraint", constraint.name),
      properties: {
        definition: constraint.definition,
        validated: yesNo(constraint.validated),
        enforced: yesNo(constraint.enforced),
        ...known("inherited", constraint.inherited, yesNo),
      },
    })),
    ...indexObjects(identity, table.indexes),
    ...table.policies.map((policy) => ({
      identity: child(identity, "policy", policy.name),
      properties: {
        permissive: yesNo(policy.permissive),
        command: policy.command,
        roles: joined(policy.roles),
        using: policy.using,
        check: policy.check,
      },
    })),
    ...triggerObjects(identity, table.triggers),
    ...grantObjects(identity, table.grants),
  ];
}

function viewObjects(view: Catalog["views"][number]): CatalogObject[] {
  const identity = inSchema("view", view.schema, view.name);
  return [
    {
      identity,
      properties: {
        kind: view.kind,
        owner: view.owner,
        comment: view.comment,
        definition: view.definition,
        securityInvoker: yesNo(view.securityInvoker),
        securityBarrier: yesNo(view.securityBarrier),
        checkOption: view.checkOption,
      },
    },
    ...view.columns.flatMap((column) => {
      const part = child(identity, "column", column.name);
      return [
        { identity: part, properties: { type: column.type, comment: column.comment } },
        ...grantObjects(part, column.grants),
      ];
    }),
    ...indexObjects(identity, view.indexes),
    ...triggerObjects(identity, view.triggers),
    ...grantObjects(identity, view.grants),
  ];
}

function functionObjects(one: Catalog["functions"][number]): CatalogObject[] {
  const identity = inSchema("function", one.schema, `${one.name}(${one.argumentTypes})`);
  return [
    {
      identity,
      properties: {
        kind: one.kind,
        arguments: one.fullArguments,
        returns: one.returns,
        language: one.language,
        volatility: one.volatility,
        strict: yesNo(one.strict),
        leakproof: yesNo(one.leakproof),
        parallel: one.parallel,
        securityDefiner: yesNo(one.securityDefiner),
        config: joined(one.config),
        body: one.body,
        owner: one.owner,
        comment: one.comment,
      },
    },
    ...grantObjects(identity, one.grants),
  ];
}

function domainObjects(domain: Catalog["domains"][number]): CatalogObject[] {
  const identity = inSchema("domain", domain.schema, domain.name);
  return [
    {
      identity,
      properties: {
        type: domain.type,
        nullable: yesNo(domain.nullable),
        default: domain.default,
        collation: domain.collation,
        owner: domain.owner,
        comment: domain.comment,
      },
    },
    ...domain.constraints.map((constraint) => ({
      identity: child(identity, "constraint", constraint.name),
      properties: { definition: constraint.definition, validated: yesNo(constraint.validated) },
    })),
  ];
}

function sequenceObjects(sequence: Catalog["sequences"][number]): CatalogObject[] {
  const identity = inSchema("sequence", sequence.schema, sequence.name);
  const { ownedBy } = sequence;
  return [
    {
      identity,
      properties: {
        type: sequence.type,
        start: sequence.start,
        increment: sequence.increment,
        minimum: sequence.minimum,
        maximum: sequence.maximum,
        cache: sequence.cache,
        cycle: yesNo(sequence.cycle),
        ownedBy:
          ownedBy &&
          `${ownedBy.schema}.${ownedBy.table}.${ownedBy.column}${ownedBy.identity ? " (identity)" : ""}`,
        owner: sequence.owner,
      },
    },
    ...grantObjects(identity, sequence.grants),
  ];
}

/** Which object a catalog describes. */
export function identityOf({ kind, schema, name, of }: DescribedObject): ObjectIdentity {
  const { of: whole } = kindFiles[kind];
  if (whole !== null && of !== null) return child(topLevel(whole, of), kind, name);
  return schema === null ? topLevel(kind, name) : inSchema(kind, schema, name);
}

function describedObject(one: DescribedObject): CatalogObject {
  const on = one.requires.map(({ schema, table }) => (table === null ? schema : `${schema}.${table}`));
  return {
    identity: identityOf(one),
    properties: { ...one.properties, ...(on.length === 0 ? {} : { on: joined(on) }) },
  };
}

/** Every object of a catalog, each after what it is part of. */
export function catalogObjects(catalog: Catalog): CatalogObject[] {
  return [
    ...catalog.schemas.flatMap((schema) => {
      const identity = topLevel("schema", schema.name);
      return [
        { identity, properties: { owner: schema.owner, comment: schema.comment } },
        ...grantObjects(identity, schema.grants),
      ];
    }),
    ...catalog.extensions.map((extension) => ({
      identity: topLevel("extension", extension.name),
      properties: { schema: extension.schema },
    })),
    ...catalog.enums.map((one) => ({
      identity: inSchema("type", one.schema, one.name),
      properties: {
        labels: joined(one.labels.map((label) => `'${label}'`)),
        owner: one.owner,
        comment: one.comment,
      },
    })),
    ...(catalog.structures ?? []).map((one) => ({
      identity: inSchema("type", one.schema, one.name),
      properties: { kind: one.kind, definition: one.definition, owner: one.owner, comment: one.comment },
    })),
    ...catalog.domains.flatMap(domainObjects),
    ...catalog.sequences.flatMap(sequenceObjects),
    ...catalog.tables.flatMap(tableObjects),
    ...catalog.views.flatMap(viewObjects),
    ...catalog.functions.flatMap(functionObjects),
    ...catalog.defaultPrivileges.flatMap((one) => {
      const where = one.schema === null ? "" : ` in schema ${one.schema}`;
      const identity = topLevel("default privilege", `${one.objects} of ${one.role}${where}`);
      return [{ identity, properties: {} }, ...grantObjects(identity, one.grants)];
    }),
    ...(catalog.objects ?? []).map(describedObject),
  ];
}
