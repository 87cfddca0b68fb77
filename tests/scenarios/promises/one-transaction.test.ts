import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { readCatalog } from "../../../packages/drizzle-deploy/src/catalog/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { deployInOneTransaction } from "../../../src/promises/deployments.ts";
import { findPsql } from "../../../src/promises/psql.ts";
import { spfp } from "../../../src/spfp.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";

async function catalogOf({ url }: TestDatabase) {
  const sql = await connect(url);
  return readCatalog(sql, { schemas: spfp.schemas }).finally(() => sql.end());
}

const psql = await findPsql(process.env);

describe("the pending migrations in one transaction", () => {
  it("end where Drizzle's migrator does, by the program's own driver where there is no psql", async () => {
    const database = await createDatabase("adopted");
    expect(await deployInOneTransaction(database.url, { PATH: "/nowhere" })).toContain("own driver");
    expect(await catalogOf(database)).toEqual(await catalogOf(await createDatabase("deployed")));
  });

  it.skipIf(psql === null)("end there too by psql, which is named with its version", async () => {
    const database = await createDatabase("adopted");
    expect(await deployInOneTransaction(database.url)).toBe(`psql ${psql?.version}`);
    expect(await catalogOf(database)).toEqual(await catalogOf(await createDatabase("deployed")));
  });

  it.skipIf(psql === null)(
    "leave nothing behind where psql ends in an error, and say what it said",
    async () => {
      const database = await createDatabase("adopted");
      // Tables and columns are made before this index, and have to go with it.
      await database.sql`create table public.idx_operational_tasks_kanban (id int)`;
      const before = await catalogOf(database);
      await expect(deployInOneTransaction(database.url)).rejects.toMatchObject({
        code: "STATEMENT_FAILED",
        message: expect.stringContaining("already exists"),
      });
      expect(await catalogOf(database)).toEqual(before);
    },
  );

  it("has its password in the environment and on no command line", async () => {
    const { url } = await createDatabase("empty");
    const folder = mkdtempSync(join(inject("scratchFolder"), "psql-"));
    const home = join(folder, "bin");
    mkdirSync(home);
    const file = join(home, "psql");
    writeFileSync(
      file,
      `#!/bin/sh\nif [ "$1" = --version ]; then echo "psql (PostgreSQL) 99.1"; exit 0; fi\necho "$@" > "${folder}/told"\nenv > "${folder}/environment"\ncat > "${folder}/script"\n`,
    );
    chmodSync(file, 0o755);
    expect(await deployInOneTransaction(url, { PATH: home })).toBe("psql 99.1");
    const secret = decodeURIComponent(new URL(url).password);
    expect(secret).not.toBe("");
    expect(readFileSync(join(folder, "told"), "utf8")).not.toContain(secret);
    expect(readFileSync(join(folder, "environment"), "utf8")).toContain(`PGPASSWORD=${secret}`);
    expect(readFileSync(join(folder, "script"), "utf8")).toContain("CREATE INDEX");
  });
});
