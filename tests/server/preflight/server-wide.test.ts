import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { preflight } from "../../../packages/drizzle-deploy/src/index.ts";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { createDatabase } from "../../support/database.ts";
import { startPooler } from "../../support/pooler.ts";
import { scratchFolder } from "../../support/processes.ts";

/*
 * What is of a whole server, and not of a database, on a server of its own: other tests would see it.
 */
describe("a server", () => {
  const folder = scratchFolder();
  let server: EmbeddedServer;
  beforeAll(async () => {
    const dataDirectory = join(folder.path, "data");
    server = await startServer({ dataDirectory });
    const administrator = await connect(server.adminUrl);
    await administrator`alter system set max_prepared_transactions = 2`;
    await administrator.end();
    await server.stop();
    server = await startServer({ dataDirectory });
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  it("with a prepared transaction blocks: nobody who comes or goes ends it", async () => {
    const administrator = await connect(server.adminUrl);
    await administrator
      .unsafe("begin; create table prepared (id int); prepare transaction 'left-over'")
      .simple();
    const looked = await preflight(spfpProject, server.adminUrl, {
      mode: "quick",
      backupId: "b",
      sample: 50,
    });
    await administrator.unsafe("rollback prepared 'left-over'");
    await administrator.end();
    expect(looked.items.find(({ id }) => id === "activity")).toMatchObject({
      verdict: "block",
      findings: [
        {
          check: "activity.prepared",
          object: "prepared transaction left-over",
          remedy: expect.stringContaining("ROLLBACK PREPARED 'left-over';"),
        },
      ],
    });
  });

  it("with an inactive replication slot is warned about: the log that is kept for it will grow", async () => {
    const administrator = await connect(server.adminUrl);
    await administrator`select pg_create_physical_replication_slot('forgotten', true)`;
    const looked = await preflight(spfpProject, server.adminUrl, {
      mode: "quick",
      backupId: "b",
      sample: 50,
    });
    await administrator`select pg_drop_replication_slot('forgotten')`;
    await administrator.end();
    expect(looked.items.find(({ id }) => id === "replication")).toMatchObject({
      verdict: "warn",
      findings: [{ check: "replication.slot", object: "replication slot forgotten" }],
    });
  });

  it("without Supabase's roles and functions blocks, and says what brings them", async () => {
    const looked = await preflight(spfpProject, server.adminUrl, {
      mode: "quick",
      backupId: "b",
      sample: 50,
    });
    const found = looked.items.find(({ id }) => id === "dependencies");
    expect(found?.verdict).toBe("block");
    expect(found?.findings.map(({ object }) => object)).toEqual(
      expect.arrayContaining(["auth.users", "auth.uid()"]),
    );
    expect(found?.findings.every(({ remedy }) => remedy.includes("spfp-db bootstrap"))).toBe(true);
  });
});

describe("a pooler", async () => {
  const database = await createDatabase("production");

  it.each([
    ["transaction", "block"],
    ["session", "pass"],
  ] as const)("in %s mode: %s", async (mode, verdict) => {
    const pooler = await startPooler(database.url, mode);
    const looked = await preflight(spfpProject, pooler.url, { mode: "quick", backupId: "b", sample: 50 });
    await pooler.stop();
    const server = looked.items.find(({ id }) => id === "server");
    expect(server?.verdict).toBe(verdict);
    if (verdict === "block") expect(server?.findings).toMatchObject([{ check: "server.pooler" }]);
  });
});
