import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { startServer } from "../../../src/server/index.ts";
import {
  eventually,
  hold,
  isAlive,
  postmasterPid,
  scratchFolder,
  stopped,
  supervisorPid,
} from "../../support/processes.ts";

const scratch = scratchFolder();
const data = join(scratch.path, "data");
afterAll(() => scratch.remove());

/** Starts in this process; given up with the test at the latest. */
async function start(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({ dataDirectory: data, durable: false, ...options });
  onTestFinished(() => server.stop());
  return server;
}

function runningPid(): number {
  const pid = postmasterPid(data);
  if (pid === undefined) throw new Error("no server runs");
  return pid;
}

describe("leases", () => {
  test("two commands that start at once from nothing share a server, which ends with the second, killed", async () => {
    const [one, two] = [hold(data), hold(data)];
    expect(await one.line).toBe(await two.line);
    const pid = runningPid();
    one.child.kill("SIGKILL");
    await one.end;
    const server = await start();
    expect(String(server.port)).toBe(await two.line);
    await server.stop();
    expect(isAlive(pid)).toBe(true);
    two.child.kill("SIGKILL");
    await stopped(data, pid);
  });

  test.runIf(existsSync("/proc/self/fd"))(
    "no socket of the supervisor's gets the number of a standard stream, under which it would never be closed",
    async () => {
      await start();
      const streams = [0, 1].map((fd) => readlinkSync(`/proc/${supervisorPid(data)}/fd/${fd}`));
      expect(streams).toEqual(["/dev/null", "/dev/null"]);
    },
  );

  test("a command that Ctrl-C ends leaves nothing running", async () => {
    const command = hold(data);
    await command.line;
    const pid = runningPid();
    command.child.kill("SIGINT");
    expect((await command.end).signal).toBe("SIGINT");
    await stopped(data, pid);
  });

  test("a command that crashes leaves nothing running", async () => {
    const command = hold(data, "crash");
    await command.line;
    const pid = postmasterPid(data);
    expect((await command.end).status).toBe(1);
    if (pid !== undefined) await stopped(data, pid);
    expect(postmasterPid(data)).toBeUndefined();
  });

  test("when stop returns and nobody else uses the server, it has stopped", async () => {
    const server = await start();
    const pid = runningPid();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(postmasterPid(data)).toBeUndefined();
  });

  test("commands that come while the server stops get one that runs", async () => {
    const rounds = async () => {
      for (let round = 0; round < 2; round += 1) {
        const server = await startServer({ dataDirectory: data, durable: false });
        const sql = await connect(server.url("spfp"));
        expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
        await sql.end();
        await server.stop();
      }
    };
    await Promise.all([rounds(), rounds(), rounds()]);
    expect(postmasterPid(data)).toBeUndefined();
  });

  test("when the supervisor is killed, the next command takes over, and the data is there", async () => {
    const server = await start();
    const sql = await connect(server.url("spfp"));
    await sql`create table kept as select 42 as answer`;
    const pid = runningPid();
    process.kill(supervisorPid(data), "SIGKILL");
    await server.ended();
    await sql.end({ timeout: 1 });
    expect(isAlive(pid)).toBe(true);

    const next = await start();
    await eventually("the orphan is gone", () => !isAlive(pid));
    const again = await connect(next.url("spfp"));
    expect([...(await again`select * from kept`)]).toEqual([{ answer: 42 }]);
    await again`drop table kept`;
    await again.end();
    await next.stop();
  });

  test("when PostgreSQL is killed, its users learn of it, and the next command recovers", async () => {
    const server = await start();
    process.kill(runningPid(), "SIGKILL");
    await server.ended();
    const next = await start();
    const sql = await connect(next.url("spfp"));
    expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
    await sql.end();
  });
});
