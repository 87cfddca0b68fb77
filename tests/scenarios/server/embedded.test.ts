import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { startServer } from "../../../src/server/index.ts";
import { dataFolder } from "../../support/memory.ts";
import { refusal, scratchFolder } from "../../support/processes.ts";

const scratch = scratchFolder();
const data = join(scratch.path, "data");
afterAll(() => scratch.remove());

/** Starts in this process; given up with the test at the latest. */
async function start(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({ dataDirectory: data, durable: false, ...options });
  onTestFinished(() => server.stop());
  return server;
}

describe("the server", () => {
  test("listens on loopback only, and keeps its password where only its user can read it", async () => {
    const server = await start();
    const sql = await connect(server.adminUrl);
    const [row] =
      await sql`select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`;
    expect(row).toEqual({ addresses: "127.0.0.1", sockets: "" });
    await sql.end();
    for (const file of [`${data}.json`, `${data}.log`]) expect(statSync(file).mode & 0o077).toBe(0);
    const { password } = JSON.parse(readFileSync(`${data}.json`, "utf8"));
    expect(readFileSync(`${data}.log`, "utf8")).not.toContain(password);
  });

  test("of a temporary kind leaves nothing behind", async () => {
    const server = await startServer({ temporary: dataFolder(), durable: false });
    const sql = await connect(server.adminUrl);
    const [row] = await sql`select current_setting('data_directory') as folder`;
    await sql.end();
    const folder = dirname(String(row?.["folder"]));
    expect(existsSync(folder)).toBe(true);
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });

  test("begins again where making it was interrupted", async () => {
    const secrets = JSON.parse(readFileSync(`${data}.json`, "utf8"));
    writeFileSync(`${data}.json`, JSON.stringify({ ...secrets, ready: false }));
    rmSync(join(data, "global"), { recursive: true });
    const server = await start();
    const sql = await connect(server.url("spfp"));
    await sql.end();
  });

  test("begins again when that is asked for, unless another command uses it", async () => {
    const server = await start();
    const sql = await connect(server.url("spfp"));
    await sql`create table old as select 1`;
    await sql.end();
    expect(await refusal(startServer({ dataDirectory: data, fresh: true }))).toMatchObject({
      code: "DATA_DIRECTORY_UNUSABLE",
    });
    await server.stop();
    const fresh = await start({ fresh: true });
    const again = await connect(fresh.url("spfp"));
    const [row] = await again`select to_regclass('old') as old`;
    expect(row).toEqual({ old: null });
    await again.end();
  });

  test.runIf(process.getuid?.() === 0)(
    "runs for root in a folder that is closed to everybody else",
    async () => {
      const closed = scratchFolder();
      onTestFinished(closed.remove);
      chmodSync(closed.path, 0o700);
      const server = await startServer({ dataDirectory: join(closed.path, "data"), durable: false });
      const sql = await connect(server.adminUrl);
      const [row] = await sql`select current_setting('data_directory') as folder`;
      await sql.end();
      await server.stop();
      rmSync(dirname(String(row?.["folder"])), { recursive: true });
    },
  );
});

describe("what cannot be used is refused with its reason", () => {
  const folder = (name: string) => join(scratch.path, name);
  const from = (dataDirectory: string, options = {}) =>
    refusal(startServer({ dataDirectory, durable: false, ...options }));

  test("a port that is taken", async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void listener.close());
    const address = listener.address();
    const port = typeof address === "object" ? address?.port : undefined;
    expect(await from(data, { port })).toMatchObject({ code: "PORT_TAKEN" });
  });

  test("another port than that of the server which runs", async () => {
    const server = await start();
    expect(await from(data, { port: server.port + 1 })).toMatchObject({ code: "PORT_TAKEN" });
    const same = await startServer({ dataDirectory: data, port: server.port });
    await same.stop();
  });

  beforeAll(() => {
    for (const name of ["full", "foreign", "older", "mixed"]) mkdirSync(folder(name));
    writeFileSync(folder("file"), "");
    writeFileSync(join(folder("full"), "letter.txt"), "dear");
    writeFileSync(join(folder("foreign"), "PG_VERSION"), "17\n");
    const ours = (name: string, mark: string) => {
      writeFileSync(`${folder(name)}.json`, JSON.stringify({ id: "an-id", password: "p", ready: true }));
      writeFileSync(join(folder(name), "spfp-db.id"), `${mark}\n`);
      writeFileSync(join(folder(name), "PG_VERSION"), "16\n");
    };
    ours("older", "an-id");
    ours("mixed", "another-id");
  });

  test.each([
    ["full", "not empty", "letter.txt"],
    ["foreign", "did not make", "PG_VERSION"],
    ["mixed", "not the one", "PG_VERSION"],
    ["file", "file", "."],
  ])("a data directory that is %s, also to begin again", async (name, reason, kept) => {
    const errors = await Promise.all([from(folder(name)), from(folder(name), { fresh: true })]);
    for (const error of errors) {
      expect(error).toMatchObject({
        code: "DATA_DIRECTORY_UNUSABLE",
        message: expect.stringContaining(reason),
      });
    }
    expect(existsSync(name === "file" ? folder(name) : join(folder(name), kept))).toBe(true);
  });

  test("a data directory of another major version", async () => {
    const error = await from(folder("older"));
    expect(error).toMatchObject({ code: "DATA_DIRECTORY_UNUSABLE" });
    expect(error.message).toContain("PostgreSQL 16");
    expect(error.remedy).toContain("--fresh");
  });

  test("a data directory that is damaged, with what PostgreSQL says and its log", async () => {
    const control = join(data, "global", "pg_control");
    renameSync(control, `${control}.away`);
    try {
      const error = await from(data);
      expect(error).toMatchObject({ code: "SERVER_START_FAILED" });
      expect(error.message).toContain("pg_control");
      expect(error.remedy).toContain(`${data}.log`);
    } finally {
      renameSync(`${control}.away`, control);
    }
  });
});
