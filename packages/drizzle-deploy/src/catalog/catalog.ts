import { z } from "zod";

const name = z.string().min(1);
const comment = z.string().nullable();

/*
 * Databases keep catalogs that earlier versions read. What those did not read is optional: where it is not there, nobody
 * knows, and nothing is held against it.
 */

/** A reference to an object by schema and name, both unquoted. */
export const qualifiedNameSchema = z.strictObject({ schema: name, name });

/**
 * What one role may do with one object, whoever granted it. Where nobody ever granted or revoked anything, these
 * are PostgreSQL's built-in defaults, so that "no ACL" and "the default ACL" read alike.
 * PostgreSQL 17 manual, 5.8 "Privileges".
 */
export const grantSchema = z.strictObject({
  /** `PUBLIC` for every role. */
  grantee: name,
  privileges: z.array(name).min(1),
  /** Those of `privileges` that the grantee may pass on. */
  grantable: z.array(name),
});
const grants = z.array(grantSchema);

/** The constraint that keeps a column from being empty. */
const notNullSchema = z.strictObject({
  name,
  /** False as long as older rows may be empty. */
  validated: z.boolean(),
  /** Whether partitions and children have it too. */
  inherits: z.boolean(),
});

/** A column of a table. */
export const columnSchema = z.strictObject({
  name,
  /** As `format_type` prints it: `character varying(255)`. */
  type: name,
  nullable: z.boolean(),
  /** Since PostgreSQL 18, of a column that is not nullable. */
  notNull: notNullSchema
    .nullable()
    .transform((one) => one ?? undefined)
    .optional(),
  /** The default's expression; null for generated and identity columns. */
  default: z.string().nullable(),
  /** The expression of a generated column. */
  generated: z.string().nullable(),
  /** Computed when read (PostgreSQL 18) rather than stored. */
  virtual: z.boolean(),
  identity: z.enum(["always", "by default"]).nullable(),
  /** Null where it is the type's own. */
  collation: name.nullable(),
  comment,
  /** How values that are too long are kept; null where it is the type's own way. */
  storage: z.enum(["plain", "external", "extended", "main"]).nullable().optional(),
  /** Null where it is the server's default. */
  compression: z.enum(["pglz", "lz4"]).nullable().optional(),
  /** How much ANALYZE gathers; null where it is the server's default. */
  statistics: z.int().nullable().optional(),
  /** `n_distinct` and its like as `name=value`, sorted. */
  options: z.array(name).optional(),
  /** Privileges given on this column alone. */
  grants,
});

/** `p` primary key, `u` unique, `f` foreign key, `c` check, `x` exclusion. */
export const constraintTypes = ["p", "u", "f", "c", "x"] as const;

/** A constraint of a table. */
export const constraintSchema = z.strictObject({
  name,
  type: z.enum(constraintTypes),
  /** As `pg_get_constraintdef` prints it. */
  definition: name,
  /** The constrained columns in the constraint's order; empty where only expressions are constrained. */
  columns: z.array(name),
  /** What a foreign key points at; null for every other type. */
  references: z.strictObject({ schema: name, table: name, columns: z.array(name) }).nullable(),
  validated: z.boolean(),
  /** False only for `NOT ENFORCED` (PostgreSQL 18). */
  enforced: z.boolean(),
  deferrable: z.boolean(),
  initiallyDeferred: z.boolean(),
  /** Whether a partition, or a child, has it of its parent: it stays and goes with that. */
  inherited: z.boolean().optional(),
});

export const indexKeySchema = z.strictObject({
  /** The key as the definition shows it: a column, quoted where it must be, or an expression. */
  expression: name,
  /** The column's own name; null where the key is an expression. */
  column: name.nullable(),
  order: z.enum(["asc", "desc"]),
  nulls: z.enum(["first", "last"]),
  /** Null where it is the type's own. */
  collation: name.nullable(),
  /** Null where it is the default for the type and access method. */
  operatorClass: name.nullable(),
});

/** An index, also one behind a constraint. */
export const indexSchema = z.strictObject({
  name,
  /** As `pg_get_indexdef` prints it. */
  definition: name,
  /** The access method: `btree`, `gin`, … */
  method: name,
  unique: z.boolean(),
  nullsNotDistinct: z.boolean(),
  /** False after a `CREATE INDEX CONCURRENTLY` that failed, or while it runs. */
  valid: z.boolean(),
  ready: z.boolean(),
  /** The primary key, unique or exclusion constraint that it implements. */
  constraint: name.nullable(),
  keys: z.array(indexKeySchema).min(1),
  include: z.array(name),
  predicate: z.string().nullable(),
  /** The index of the partitioned table that it is a part of: it goes with that. */
  attachedTo: qualifiedNameSchema.nullable().optional(),
});

export const policyCommands = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"] as const;

/** A row-level security policy. */
export const policySchema = z.strictObject({
  name,
  permissive: z.boolean(),
  command: z.enum(policyCommands),
  /** `public` for every role. */
  roles: z.array(name).min(1),
  using: z.string().nullable(),
  check: z.string().nullable(),
});

/** A trigger that somebody made; none behind a foreign key. */
export const triggerSchema = z.strictObject({
  name,
  /** As `pg_get_triggerdef` prints it. */
  definition: name,
  /** When it fires: `origin` is the ordinary state (not while replicating). */
  enabled: z.enum(["origin", "disabled", "replica", "always"]),
  function: qualifiedNameSchema,
  /** Whether a partition has it of its parent: it stays and goes with that. */
  inherited: z.boolean().optional(),
});

/** A table with all that belongs to it. */
export const tableSchema = z.strictObject({
  schema: name,
  name,
  kind: z.enum(["table", "partitioned"]),
  owner: name,
  comment,
  persistence: z.enum(["permanent", "unlogged"]),
  rowSecurity: z.boolean(),
  forceRowSecurity: z.boolean(),
  /** Storage parameters as `name=value`, sorted. */
  options: z.array(name),
  /** What tells rows apart for logical replication: `default`, `full`, `nothing`, or `index NAME`. */
  replicaIdentity: name.optional(),
  /** The partition key of a partitioned table. */
  partitionKey: z.string().nullable(),
  /** The table it is a partition of, and its bound. */
  partition: z
    .strictObject({
      of: qualifiedNameSchema,
      bound: name,
      /** What its rows satisfy for it to be one, as `pg_get_partition_constraintdef` prints it; null where all may be in it. */
      constraint: z.string().nullable().optional(),
      /** Whether a `DETACH PARTITION … CONCURRENTLY` was interrupted: it is to be finalized. */
      detachPending: z.literal(true).optional(),
    })
    .nullable(),
  /** In physical order. */
  columns: z.array(columnSchema),
  constraints: z.array(constraintSchema),
  indexes: z.array(indexSchema),
  policies: z.array(policySchema),
  triggers: z.array(triggerSchema),
  grants,
});

/** A view, plain or materialized. */
export const viewSchema = z.strictObject({
  schema: name,
  name,
  kind: z.enum(["view", "materialized"]),
  owner: name,
  comment,
  /** As `pg_get_viewdef` prints it, which differs between majors: see `compareCatalogs`. */
  definition: name,
  /** `security_invoker`: read with the caller's rights rather than the owner's. */
  securityInvoker: z.boolean(),
  securityBarrier: z.boolean(),
  checkOption: z.enum(["local", "cascaded"]).nullable(),
  columns: z.array(z.strictObject({ name, type: name, comment, grants })),
  /** Of materialized views only. */
  indexes: z.array(indexSchema),
  triggers: z.array(triggerSchema),
  grants,
});

/** A function or procedure. */
export const functionSchema = z.strictObject({
  schema: name,
  name,
  /** What tells overloads apart: the input arguments' types, comma-separated. */
  argumentTypes: z.string(),
  /** As `pg_get_function_identity_arguments` prints them: names and modes, no defaults. */
  arguments: z.string(),
  /** The same with defaults. */
  fullArguments: z.string(),
  kind: z.enum(["function", "procedure", "window"]),
  /** Null for procedures. */
  returns: name.nullable(),
  language: name,
  volatility: z.enum(["immutable", "stable", "volatile"]),
  strict: z.boolean(),
  leakproof: z.boolean(),
  parallel: z.enum(["safe", "restricted", "unsafe"]),
  securityDefiner: z.boolean(),
  /** Settings attached to it, as `name=value`. */
  config: z.array(name),
  /** The source text; for an SQL-standard body, as PostgreSQL prints it. */
  body: z.string(),
  owner: name,
  comment,
  grants,
});

/** An enumerated type. */
export const enumSchema = z.strictObject({
  schema: name,
  name,
  /** In the enum's own order. */
  labels: z.array(z.string()),
  owner: name,
  comment,
});

/** A domain. */
export const domainSchema = z.strictObject({
  schema: name,
  name,
  type: name,
  nullable: z.boolean(),
  default: z.string().nullable(),
  collation: name.nullable(),
  constraints: z.array(z.strictObject({ name, definition: name, validated: z.boolean() })),
  owner: name,
  comment,
});

/** A composite or range type. */
export const structureSchema = z.strictObject({
  schema: name,
  name,
  kind: z.enum(["composite", "range"]),
  /** What stands behind `CREATE TYPE … AS`. */
  definition: name,
  owner: name,
  comment,
});

/** A 64-bit integer as text, since JSON numbers lose digits beyond 2^53. */
const bigintText = z.string().regex(/^-?\d+$/);

/** A sequence. */
export const sequenceSchema = z.strictObject({
  schema: name,
  name,
  type: name,
  start: bigintText,
  increment: bigintText,
  minimum: bigintText,
  maximum: bigintText,
  cache: bigintText,
  cycle: z.boolean(),
  /** The serial or identity column that it lives and dies with. */
  ownedBy: z.strictObject({ schema: name, table: name, column: name, identity: z.boolean() }).nullable(),
  owner: name,
  grants,
});

export const namespaceSchema = z.strictObject({ name, owner: name, comment, grants });

export const extensionSchema = z.strictObject({ name, schema: name });

export const defaultPrivilegeSchema = z.strictObject({
  /** The role whose new objects get the grants. */
  role: name,
  /** Null where it holds in every schema. */
  schema: name.nullable(),
  objects: z.enum(["tables", "sequences", "functions", "types", "schemas", "large objects"]),
  grants,
});

/** The kinds of objects that a catalog describes by their properties: each has its file in `kinds`. */
export const describedKinds = ["statistics", "publication", "publication member"] as const;

export type DescribedKind = (typeof describedKinds)[number];

/** An object of a kind with a file of its own. */
export const describedObjectSchema = z.strictObject({
  kind: z.enum(describedKinds),
  /** Null for what lives in no schema. */
  schema: name.nullable(),
  name,
  /** The name of what it is a part of: the publication of a table that it publishes. */
  of: name.nullable(),
  /** As text that a person can read; what they are the kind's file says. */
  properties: z.record(name, z.string().nullable()),
  /** What it goes with: tables, with those of their columns that it names; all tables of a schema where that is null. */
  requires: z.array(z.strictObject({ schema: name, table: name.nullable(), columns: z.array(name) })),
});

/** Facts about the server and the reader, apart from the objects: they never count as a difference. */
export const serverSchema = z.strictObject({
  /** `server_version_num`: 170010 for 17.10. */
  version: z.int().min(150000),
  /** The role that read the catalog. */
  role: name,
  superuser: z.boolean(),
  /** In which the session reads times without a zone, where that is not UTC: constants are printed in UTC in any case. */
  timeZone: z.string().optional(),
});

/**
 * What one query reads from `pg_catalog` for the schemas asked for. Plain JSON; lists are sorted by name in byte
 * order, save where an order of their own is stated; nothing in it depends on the settings of the session that
 * read it. Objects that belong to an extension are left out, and so are kinds that no list here names: foreign
 * tables, aggregates, rules.
 */
export const catalogSchema = z.strictObject({
  server: serverSchema,
  schemas: z.array(namespaceSchema),
  /** All of the database's, whichever schema they live in. */
  extensions: z.array(extensionSchema),
  tables: z.array(tableSchema),
  views: z.array(viewSchema),
  functions: z.array(functionSchema),
  enums: z.array(enumSchema),
  domains: z.array(domainSchema),
  /** Composite and range types. */
  structures: z.array(structureSchema).optional(),
  sequences: z.array(sequenceSchema),
  defaultPrivileges: z.array(defaultPrivilegeSchema),
  /** All of whose kinds there is a file in `kinds`. */
  objects: z.array(describedObjectSchema).optional(),
});

export type Catalog = z.infer<typeof catalogSchema>;

/** A catalog of the same server that holds nothing. */
export function withoutObjects({ server }: Catalog): Catalog {
  return {
    server,
    schemas: [],
    extensions: [],
    tables: [],
    views: [],
    functions: [],
    enums: [],
    domains: [],
    structures: [],
    sequences: [],
    defaultPrivileges: [],
    objects: [],
  };
}

export type Column = z.infer<typeof columnSchema>;
export type Constraint = z.infer<typeof constraintSchema>;
export type DefaultPrivilege = z.infer<typeof defaultPrivilegeSchema>;
export type DescribedObject = z.infer<typeof describedObjectSchema>;
export type Domain = z.infer<typeof domainSchema>;
export type EnumType = z.infer<typeof enumSchema>;
export type Extension = z.infer<typeof extensionSchema>;
export type FunctionObject = z.infer<typeof functionSchema>;
export type Grant = z.infer<typeof grantSchema>;
export type Index = z.infer<typeof indexSchema>;
export type IndexKey = z.infer<typeof indexKeySchema>;
export type Namespace = z.infer<typeof namespaceSchema>;
export type Policy = z.infer<typeof policySchema>;
export type Sequence = z.infer<typeof sequenceSchema>;
export type Server = z.infer<typeof serverSchema>;
export type Structure = z.infer<typeof structureSchema>;
export type Table = z.infer<typeof tableSchema>;
export type Trigger = z.infer<typeof triggerSchema>;
export type View = z.infer<typeof viewSchema>;
