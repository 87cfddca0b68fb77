/** Writes `catalogs/`: the catalog after each migration. Run it whenever a migration is added or changed. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { compactJson, generateExpected } from "drizzle-deploy/catalog";
import { readMigrations } from "drizzle-deploy/migrations";
import { connect } from "drizzle-deploy/postgres";
import { createDatabase, emptyTemplate, startServer } from "../server/index.ts";
import { spfp } from "../spfp.ts";

const server = await startServer({ temporary: true, durable: false });
try {
  const maintenance = await connect(server.url("postgres"));
  await createDatabase(maintenance, "expected", { template: emptyTemplate });
  await maintenance.end();

  const sql = await connect(server.url("expected"));
  const migrations = readMigrations(spfp.migrationsFolder);
  const catalogs = await generateExpected(sql, { migrations, schemas: spfp.schemas });
  await sql.end();

  const folder = new URL("./catalogs/", import.meta.url);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [tag, catalog] of catalogs) {
    await writeFile(new URL(`${tag}.json`, folder), `${compactJson(catalog)}\n`);
  }
  const tags = migrations.map(({ tag }) => `  ${JSON.stringify(tag)},\n`).join("");
  const last = JSON.stringify(migrations.at(-1)?.tag);
  await writeFile(
    new URL("tags.ts", folder),
    `/** Written by expected/write.ts: the migrations in order. */\nexport const expectedTags = [\n${tags}] as const;\n\n/** The last of them. */\nexport const lastTag = ${last};\n`,
  );
} finally {
  await server.stop();
}
