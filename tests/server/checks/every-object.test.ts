import { describe, expect, it } from "vitest";
import { type Catalog, readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { quoteIdentifier, quoteQualified } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { type Area, areas, checkCatalog } from "../../../src/checks/index.ts";
import { spfp } from "../../../src/spfp.ts";
import { expected } from "../../support/check-report.ts";
import { createDatabase } from "../../support/database.ts";

type Table = Catalog["tables"][number];

/** An object of the catalog: how to be rid of it, and who must miss it under which name. */
interface Loss {
  readonly area: Area;
  readonly object: string;
  readonly sql: string;
}

const auditTable = "automation_permissions_audit";
const database = await createDatabase("deployed");

const label = ({ schema, name }: { schema: string; name: string }): string => `${schema}.${name}`;
const quoted = ({ schema, name }: { schema: string; name: string }): string => quoteQualified(schema, name);
const areaOf = (table: Table, area: Area): Area => (table.name === auditTable ? "audit" : area);

const part = (table: Table, area: Area, name: string, sql: string): Loss => ({
  area: areaOf(table, area),
  object: `${label(table)}.${name}`,
  sql,
});

/** The first of each list, then the second of each …: so many at a time, and no two of one list. */
function rounds<T>(lists: readonly (readonly T[])[]): T[][] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1)));
}

function constraintsOfType(type: string): Loss[][] {
  return rounds(
    expected.tables.map((table) =>
      table.constraints
        .filter((one) => one.type === type)
        .map(({ name }) =>
          part(
            table,
            "constraints",
            name,
            `alter table ${quoted(table)} drop constraint ${quoteIdentifier(name)} cascade`,
          ),
        ),
    ),
  );
}

/** Losses by kind; of those in one round no one follows from another. */
const losses: Readonly<Record<string, Loss[][]>> = {
  tables: expected.tables.map((table) => [
    { area: areaOf(table, "columns"), object: label(table), sql: `drop table ${quoted(table)} cascade` },
  ]),
  columns: rounds(
    expected.tables.map((table) =>
      table.columns.map(({ name }) =>
        part(
          table,
          "columns",
          name,
          `alter table ${quoted(table)} drop column ${quoteIdentifier(name)} cascade`,
        ),
      ),
    ),
  ),
  "primary keys": constraintsOfType("p"),
  "unique constraints": constraintsOfType("u"),
  "foreign keys": constraintsOfType("f"),
  "check constraints": constraintsOfType("c"),
  indexes: rounds(
    expected.tables.map((table) =>
      table.indexes
        .filter(({ constraint }) => constraint === null)
        .map(({ name, unique }) =>
          part(
            table,
            unique ? "constraints" : "indexes",
            name,
            `drop index ${quoteQualified(table.schema, name)}`,
          ),
        ),
    ),
  ),
  policies: rounds(
    expected.tables.map((table) =>
      table.policies.map(({ name }) =>
        part(table, "rls", name, `drop policy ${quoteIdentifier(name)} on ${quoted(table)}`),
      ),
    ),
  ),
  triggers: rounds(
    expected.tables.map((table) =>
      table.triggers.map(({ name }) => ({
        area: "triggers",
        object: `${label(table)}.${name}`,
        sql: `drop trigger ${quoteIdentifier(name)} on ${quoted(table)}`,
      })),
    ),
  ),
  views: expected.views.map((view) => [
    { area: "views", object: label(view), sql: `drop view ${quoted(view)}` },
  ]),
  functions: expected.functions.map((one) => [
    {
      area: "functions",
      object: `${label(one)}(${one.argumentTypes})`,
      sql: `drop function ${quoted(one)}(${one.argumentTypes}) cascade`,
    },
  ]),
};

function byArea(found: readonly { area: Area; object: string }[]): Partial<Record<Area, string[]>> {
  return Object.fromEntries(
    areas.flatMap((area) => {
      const objects = found.filter((one) => one.area === area).map(({ object }) => object);
      return objects.length > 0 ? [[area, objects.sort()]] : [];
    }),
  );
}

/** The objects that each area reports once these are lost, with everything that depends on them. */
async function lose(lost: readonly Loss[]): Promise<Partial<Record<Area, string[]>>> {
  return database.transaction(async (sql) => {
    await sql.unsafe(lost.map((loss) => loss.sql).join("; ")).simple();
    const actual = await readCatalog(sql, { schemas: spfp.schemas });
    return byArea(
      checkCatalog(expected, actual).flatMap(({ area, findings }) =>
        findings.map(({ object }) => ({ area, object })),
      ),
    );
  });
}

describe("each object that is lost is reported by its own area, and nothing else is:", () => {
  it.each(Object.entries(losses))("%s", async (_, kind) => {
    expect(kind.length).toBeGreaterThan(0);
    for (const round of kind) expect(await lose(round)).toEqual(byArea(round));
  });
});
