import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { connect, type Sql } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { cli, eventually, scratchFolder } from "../../support/processes.ts";

// A server of its own: other tests make scratch databases on the run's.
let server: EmbeddedServer;
let sql: Sql;
const scratch = scratchFolder();
beforeAll(async () => {
  server = await startServer({ temporary: true, durable: false });
  sql = await connect(server.url("postgres"));
});
afterAll(async () => {
  await sql.end();
  await server.stop();
  scratch.remove();
});

const scratchDatabases = async (): Promise<string[]> =>
  z
    .array(z.object({ name: z.string() }))
    .parse([...(await sql`select datname as name from pg_database where datname like 'spfp\_scratch\_%'`)])
    .map(({ name }) => name);

test.each([
  ["bench", 1],
  ["rehearse", 1],
  // The copy of before, beside the one that is deployed to.
  ["rehearse", 2],
])(
  "%s that is interrupted while it has %i databases leaves none of them and no file behind",
  async (command, databases) => {
    const page = join(scratch.path, "bench.html");
    const more = command === "bench" ? ["--html", page] : [];
    const { child, end } = cli([
      command,
      "--scale",
      databases === 2 ? "0.002" : "0.01",
      ...more,
      "--database-url",
      server.url("postgres"),
    ]);
    await eventually("it is at work", async () => (await scratchDatabases()).length === databases);
    child.kill("SIGINT");
    expect(await end).toMatchObject({ status: 130, err: expect.not.stringContaining("Error") });
    expect(await scratchDatabases()).toEqual([]);
    expect(existsSync(page)).toBe(false);
  },
);
