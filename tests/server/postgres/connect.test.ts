import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect, parseDatabaseUrl, translate } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { dataFolder } from "../../support/memory.ts";
import { refusal } from "../../support/processes.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startServer({ temporary: dataFolder(), durable: false });
});
afterAll(() => server.stop());

async function listen(listener: Server): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

function message(type: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) =>
  Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);

/** What speaks PostgreSQL's protocol, says that it is of a version, and answers any query with it. */
function pretender(version: number, banner: string): Server {
  const column = (name: string) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]);
  const value = (text: string) => Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)]);
  const ready = message("Z", "I");
  return createServer((socket: Socket) => {
    let started = false;
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      if (data.length === 8) return void socket.write("N");
      if (!started) {
        started = true;
        return void socket.write(Buffer.concat([message("R", int32(0)), ready]));
      }
      if (data[0] !== 80) return;
      socket.write(
        Buffer.concat([
          message("1"),
          message("T", int16(2), column("version"), column("banner")),
          message("2"),
          message("D", int16(2), value(String(version)), value(banner)),
          message("C", "SELECT 1\0"),
          ready,
        ]),
      );
    });
  });
}

describe("what cannot be worked with is refused with its reason", () => {
  const at = (port: number, parameters = "") =>
    connect(parseDatabaseUrl(`postgresql://u:s3cret@127.0.0.1:${port}/d${parameters}`));

  test("a port where nobody listens", async () => {
    const listener = createServer();
    const port = await listen(listener);
    await new Promise((resolve) => listener.close(resolve));
    expect(await refusal(at(port))).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test("a host that doesn't exist", async () => {
    const error = await refusal(connect(parseDatabaseUrl("postgresql://u:s3cret@no-such-host.invalid/d")));
    expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test.each(["", "?sslmode=disable", "?sslmode=require"])("a web server %s", async (parameters) => {
    const port = await listen(createHttpServer((_, response) => response.end()));
    expect(await refusal(at(port, parameters))).toMatchObject({ code: "NOT_POSTGRES" });
  });

  test.each(["", "?sslmode=disable"])("a server that greets in another protocol %s", async (parameters) => {
    const port = await listen(
      createServer((socket) => void socket.on("error", () => {}).write("SSH-2.0-x\r\n")),
    );
    expect(await refusal(at(port, parameters))).toMatchObject({ code: "NOT_POSTGRES" });
  });

  test.each(["?", "?sslmode=disable&"])("a server that says nothing %s", async (parameters) => {
    const port = await listen(createServer((socket) => void socket.on("error", () => {})));
    expect(await refusal(at(port, `${parameters}connect_timeout=1`))).toMatchObject({ code: "NOT_POSTGRES" });
  });

  test.each(["", "?sslmode=disable"])("a server that hangs up %s", async (parameters) => {
    const port = await listen(createServer((socket) => void socket.on("error", () => {}).end()));
    expect(await refusal(at(port, parameters))).toMatchObject({ code: "NOT_POSTGRES" });
  });

  test("PostgreSQL 14", async () => {
    const port = await listen(pretender(140_022, "PostgreSQL 14.22 on x86_64"));
    const error = await refusal(at(port));
    expect(error).toMatchObject({ code: "SERVER_TOO_OLD" });
    expect(error.message).toContain("PostgreSQL 14;");
  });

  test("another database that speaks the protocol", async () => {
    const port = await listen(pretender(160_000, "CockroachDB CCL v24"));
    expect(await refusal(at(port))).toMatchObject({ code: "NOT_POSTGRES" });
  });

  test("a wrong password, which no text repeats", async () => {
    const error = await refusal(at(server.port));
    expect(error).toMatchObject({ code: "LOGIN_REFUSED" });
    expect(`${error.message} ${error.remedy} ${error.stack}`).not.toContain("s3cret");
  });

  test("a database that doesn't exist", async () => {
    expect(await refusal(connect(server.url("nowhere")))).toMatchObject({ code: "DATABASE_MISSING" });
  });

  test("a database that the role may not enter", async () => {
    const admin = await connect(server.adminUrl);
    await admin.unsafe("create database closed");
    await admin.unsafe("revoke connect on database closed from public");
    await admin.end();
    expect(await refusal(connect(server.url("closed")))).toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("a server without TLS, where TLS is asked for", async () => {
    const url = parseDatabaseUrl(server.url("spfp").replace("disable", "require"));
    const error = await refusal(connect(url));
    expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(error.message).toContain("TLS");
  });

  test("a certificate file that is missing", async () => {
    const listener = createServer((socket) => void socket.on("error", () => {}).write("S"));
    const port = await listen(listener);
    const error = await refusal(at(port, "?sslmode=verify-full&sslrootcert=/no/such/file"));
    expect(error).toMatchObject({ code: "FILE_MISSING" });
  });
});

test("a connection is made where TLS is preferred and not offered", async () => {
  const sql = await connect(parseDatabaseUrl(server.url("spfp").replace("disable", "prefer")));
  expect([...(await sql`select current_user::text as who`)]).toEqual([{ who: "postgres" }]);
  await sql.end();
});

test("a lost connection is reported, and never replaced by another session", async () => {
  const sql = await connect(server.url("spfp"), { applicationName: "spfp-db test" });
  const admin = await connect(server.adminUrl);
  await sql`set statement_timeout = 12345`;
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spfp-db test'`;
  for (const attempt of ["at once", "later"]) {
    const error = await refusal(
      sql`show statement_timeout`.then(
        () => attempt,
        (cause) => {
          throw translate(cause);
        },
      ),
    );
    expect(error).toMatchObject({ code: "CONNECTION_LOST" });
  }
  await admin.end();
});

test("a running query can be cancelled", async () => {
  const sql = await connect(server.url("spfp"));
  const query = sql`select pg_sleep(600)`;
  const failed = query.then(
    () => "done",
    (error) => error.code,
  );
  // Cancelled as soon as the server has it: another session sees it run.
  const watcher = await connect(server.adminUrl);
  for (let seen = false; !seen; ) {
    seen =
      (await watcher`select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`)
        .length > 0;
  }
  query.cancel();
  expect(await failed).toBe("57014");
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
  await sql.end();
  await watcher.end();
});

test("what the server refuses later is translated, what it doesn't know is given back", async () => {
  const sql = await connect(server.url("spfp"));
  const failing = (text: string) =>
    refusal(sql.unsafe(text).catch((error) => Promise.reject(translate(error))));
  expect(await failing("create table auth.mine ()")).toMatchObject({ code: "PERMISSION_DENIED" });
  expect(await failing("select 1/0")).toMatchObject({
    code: "STATEMENT_FAILED",
    message: expect.stringContaining("22012"),
  });
  expect(await failing("begin read only; create table mine (); commit")).toMatchObject({
    code: "STATEMENT_FAILED",
    remedy: expect.stringContaining("default_transaction_read_only"),
  });
  await sql.unsafe("rollback");
  const bug = new TypeError("x is not a function");
  expect(translate(bug)).toBe(bug);
  await sql.end();
});
