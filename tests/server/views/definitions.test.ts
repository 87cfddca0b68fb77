import { getViewConfig } from "drizzle-orm/pg-core";
import { expect, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { viewDefinitions } from "../../../src/views/definitions.ts";
import { createDatabase } from "../../support/database.ts";

const database = await createDatabase("deployed");

it.each(viewDefinitions.map((definition) => [getViewConfig(definition.view).name, definition] as const))(
  "src/views has %s as the migrations made it",
  async (name, { query }) => {
    const [migrated, created] = await database.transaction(async (sql) => {
      const view = async () => {
        const { views } = await readCatalog(sql, { schemas: ["public"] });
        return views.find((each) => each.name === name);
      };
      const before = await view();
      await sql.unsafe(`drop view ${name}`);
      await sql.unsafe(`create view public.${name} with (security_invoker = true) as ${query}`);
      return [before, await view()];
    });
    const { grants: _, ...expected } = migrated ?? {};
    expect(migrated?.securityInvoker).toBe(true);
    expect(created).toMatchObject(expected);
  },
);
