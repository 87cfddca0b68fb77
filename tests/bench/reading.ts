import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Project, projectOfFolder } from "../../packages/drizzle-deploy/src/index.ts";
import { connect, type Sql } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { migrate } from "../../packages/drizzle-deploy/src/run/migrate.ts";
import { createDatabase, dropDatabase, startServer } from "../../src/server/index.ts";

/*
 * What it takes to read a migrations folder, as a ratio to Drizzle's own migrator on the same server in the same run:
 * `npm run bench:reading`, or `npm run bench:reading -- 25 400` for folders of so many migrations.
 */

const sizes = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), "drizzle-deploy-reading-"));

/** A table in every second migration, and in the others what happens to the one before. */
function statementsOf(at: number): string[] {
  const table = `shop_${Math.floor(at / 2)}`;
  if (at % 2 === 1) {
    return [
      `ALTER TABLE "${table}" ADD COLUMN "note" text DEFAULT '' NOT NULL`,
      `CREATE INDEX "${table}_note" ON "${table}" ("note", "at")`,
    ];
  }
  const parent = at >= 2 ? `, "parent" uuid REFERENCES "shop_${Math.floor(at / 2) - 1}" ("id")` : "";
  return [
    `CREATE TABLE "${table}" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "name" text NOT NULL, "price" numeric CHECK ("price" >= 0), "at" timestamptz DEFAULT now() NOT NULL${parent})`,
    `ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY`,
    `CREATE POLICY "${table}_all" ON "${table}" USING ("name" <> '')`,
    `CREATE INDEX "${table}_at" ON "${table}" ("at")`,
  ];
}

function writeFolder(size: number): string {
  const folder = join(root, `of-${size}`);
  mkdirSync(join(folder, "meta"), { recursive: true });
  const entries = Array.from({ length: size }, (_, idx) => {
    const tag = `${String(idx).padStart(4, "0")}_shop`;
    writeFileSync(join(folder, `${tag}.sql`), statementsOf(idx).join(";\n--> statement-breakpoint\n"));
    return { idx, version: "7", when: 1_780_000_000_000 + idx, tag, breakpoints: true };
  });
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  return folder;
}

const server = await startServer({ temporary: true, durable: false });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** How long something takes in an empty database of its own, in milliseconds. */
async function timed(work: (sql: Sql) => Promise<unknown>): Promise<number> {
  const maintenance = await connect(server.url("postgres"));
  try {
    await createDatabase(maintenance, "reading", {});
    const sql = await connect(server.url("reading"));
    const begun = performance.now();
    await work(sql);
    const milliseconds = performance.now() - begun;
    await sql.end();
    await dropDatabase(maintenance, "reading");
    return milliseconds;
  } finally {
    await maintenance.end();
  }
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** What is in use, in bytes. */
function heap(): number {
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed;
}

/** Of every reading, so that what they keep is counted. */
const projects: Project[] = [];

try {
  for (const size of sizes.length > 0 ? sizes : [25, 100, 400]) {
    const cacheFolder = join(root, `cache-${size}`);
    const folder = writeFolder(size);
    const read = (migrationsFolder: string) => async (scratch: Sql) => {
      projects.push(
        await projectOfFolder(scratch, { name: "shop", migrationsFolder, schemas: ["public"], cacheFolder }),
      );
    };
    await timed((sql) => migrate(sql, folder));
    const migrator = await timed((sql) => migrate(sql, folder));
    const before = heap();
    const first = await timed(read(folder));
    const kept = heap() - before;
    const again = await timed(read(folder));
    const more = await timed(read(writeFolder(size + 1)));
    const ratio = (milliseconds: number): string => `${(milliseconds / migrator).toFixed(2)}x`;
    print(
      `${size} migrations: Drizzle's migrator ${Math.round(migrator)} ms; read first ${ratio(first)}, again ${ratio(again)}, with one more ${ratio(more)}; kept ${Math.round(kept / 1024 / 1024)} MB of catalogs`,
    );
  }
} finally {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
}
