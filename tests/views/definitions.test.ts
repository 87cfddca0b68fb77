import { getViewConfig } from "drizzle-orm/pg-core";
import { expect, it } from "vitest";
import { readCatalog } from "../../packages/drizzle-deploy/src/catalog/index.ts";
import { createViewStatement, viewDefinitions } from "../../src/views/index.ts";
import { testDatabase } from "../support/database.ts";

const database = await testDatabase("deployed");

it.each(viewDefinitions.map((definition) => [getViewConfig(definition.view).name, definition] as const))(
  "src/views has %s as the migrations made it",
  async (name, definition) => {
    const [migrated, created] = await database.transaction(async (sql) => {
      const view = async () => {
        const { views } = await readCatalog(sql, { schemas: ["public"] });
        return views.find((each) => each.name === name);
      };
      const before = await view();
      // Dropped first, because replacing a view keeps column names and options that the statement does not mention.
      await sql.unsafe(`drop view ${name}`);
      await sql.unsafe(createViewStatement(definition));
      return [before, await view()];
    });
    const { grants: _, ...expected } = migrated ?? {};
    expect(migrated?.securityInvoker).toBe(true);
    expect(created).toMatchObject(expected);
  },
);
