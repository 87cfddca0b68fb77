import { is } from "drizzle-orm";
import { PgTable } from "drizzle-orm/pg-core";
import * as definitions from "./definitions.ts";

type Definitions = typeof definitions;

/** The name of a managed table, as its module exports it. */
export type TableName = {
  [Name in keyof Definitions]: Definitions[Name] extends PgTable ? Name : never;
}[keyof Definitions];

/** Every managed table by its name: what is exported from a module of `definitions.ts` is one. */
export const tables: Pick<Definitions, TableName> = definitions;

export type Tables = typeof tables;

const isTableName = (name: string): name is TableName =>
  Object.entries(definitions).some(([exported, value]) => exported === name && is(value, PgTable));

export const tableNames: readonly TableName[] = Object.keys(definitions).filter(isTableName);

/** Tables that a trigger alone writes to; everybody else reads them. */
export type ReadOnlyName = "automationPermissionsAudit";

/** Tables that users write to, within their rights. */
export type WritableName = Exclude<TableName, ReadOnlyName>;

const readOnly: Readonly<Record<ReadOnlyName, true>> = { automationPermissionsAudit: true };

const isWritable = (name: TableName): name is WritableName => !(name in readOnly);

export const writableNames: readonly WritableName[] = tableNames.filter(isWritable);
