import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { createDatabase, only } from "../../support/database.ts";

const baselineSchema = z.object({
  schema: z.string(),
  tables: z.record(
    z.string(),
    z.strictObject({
      comment: z.string().nullable(),
      rowSecurity: z.boolean(),
      columns: z.array(
        z.strictObject({
          name: z.string(),
          type: z.string(),
          nullable: z.boolean(),
          default: z.string().nullable(),
          generated: z.string().nullable(),
        }),
      ),
      constraints: z.array(z.strictObject({ name: z.string(), type: z.string(), definition: z.string() })),
      indexes: z.array(z.strictObject({ name: z.string(), definition: z.string() })),
      policies: z.array(
        z.strictObject({
          name: z.string(),
          permissive: z.boolean(),
          command: z.string(),
          roles: z.array(z.string()),
          using: z.string().nullable(),
          check: z.string().nullable(),
        }),
      ),
      triggers: z.array(z.string()),
    }),
  ),
  views: z.array(
    z.strictObject({
      name: z.string(),
      options: z.array(z.string()).nullable(),
      columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
    }),
  ),
  functions: z.array(
    z.strictObject({
      name: z.string(),
      arguments: z.string(),
      returns: z.string(),
      language: z.string(),
      securityDefiner: z.boolean(),
      config: z.array(z.string()).nullable(),
    }),
  ),
});

const baseline = baselineSchema.parse(
  JSON.parse(readFileSync(new URL("../../fixtures/production-baseline.json", import.meta.url), "utf8")),
);

const byName = <T extends { name: string }>(items: readonly T[]) =>
  Object.fromEntries(items.map((item) => [item.name, item]));

const database = await createDatabase("production");
const catalog = await readCatalog(database.sql, { schemas: ["public"] });

describe("the two baseline migrations make production as of 2026-02-14", () => {
  it("with the same tables", () => {
    expect(catalog.tables.map((table) => table.name).sort()).toEqual(Object.keys(baseline.tables).sort());
  });

  describe.each(Object.entries(baseline.tables))("%s", (name, expected) => {
    const live = catalog.tables.find((table) => table.name === name);
    if (live === undefined) throw new Error(`no table ${name}`);

    it("has the same comment and row security", () => {
      expect({ comment: live.comment, rowSecurity: live.rowSecurity }).toEqual({
        comment: expected.comment,
        rowSecurity: expected.rowSecurity,
      });
      expect(live).toMatchObject({
        kind: "table",
        persistence: "permanent",
        forceRowSecurity: false,
        options: [],
      });
    });

    it("has the same columns in the same order", () => {
      expect(
        live.columns.map(({ name, type, nullable, default: value, generated }) => ({
          name,
          type,
          nullable,
          default: value,
          generated,
        })),
      ).toEqual(expected.columns);
    });

    it("has the same constraints", () => {
      expect(
        byName(live.constraints.map(({ name, type, definition }) => ({ name, type, definition }))),
      ).toEqual(byName(expected.constraints));
    });

    it("has the same indexes besides those of its constraints", () => {
      const secondary = live.indexes.filter((index) => index.constraint === null);
      expect(byName(secondary.map(({ name, definition }) => ({ name, definition })))).toEqual(
        byName(expected.indexes),
      );
    });

    it("has the same policies", () => {
      expect(byName(live.policies)).toEqual(byName(expected.policies));
    });

    it("has the same triggers", () => {
      expect(live.triggers.map((trigger) => trigger.definition).sort()).toEqual(
        [...expected.triggers].sort(),
      );
    });
  });

  it("with the same views", () => {
    expect(
      byName(
        catalog.views.map((view) => ({
          name: view.name,
          options: view.securityInvoker || view.securityBarrier ? ["some"] : null,
          columns: view.columns.map(({ name, type }) => ({ name, type })),
        })),
      ),
    ).toEqual(byName(baseline.views));
  });

  it("with the same functions", () => {
    expect(
      byName(
        catalog.functions.map(({ name, arguments: args, returns, language, securityDefiner, config }) => ({
          name,
          arguments: args,
          returns,
          language,
          securityDefiner,
          config: config.length === 0 ? null : config,
        })),
      ),
    ).toEqual(byName(baseline.functions));
  });

  it("and nothing else in the schema", async () => {
    const counted = only(
      z.object({ relations: z.array(z.string()), types: z.array(z.string()), rules: z.array(z.string()) }),
      await database.sql`
        select
          (select coalesce(json_agg(relname order by relname), '[]') from pg_class
            where relnamespace = 'public'::regnamespace and relkind not in ('r', 'v', 'i')) as relations,
          (select coalesce(json_agg(typname order by typname), '[]') from pg_type
            where typnamespace = 'public'::regnamespace and typrelid = 0 and typelem = 0) as types,
          (select coalesce(json_agg(rulename), '[]') from pg_rewrite r join pg_class c on c.oid = r.ev_class
            where c.relnamespace = 'public'::regnamespace and rulename <> '_RETURN') as rules`,
    );
    expect(counted).toEqual({ relations: [], types: [], rules: [] });
  });

  it("and no trace of Drizzle", async () => {
    const rows = await database.sql`select nspname from pg_namespace where nspname = 'drizzle'`;
    expect([...rows]).toEqual([]);
  });
});
