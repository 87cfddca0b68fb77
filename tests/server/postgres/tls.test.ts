import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import {
  clientEnvironment,
  connect,
  parseDatabaseUrl,
} from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { dataFolder } from "../../support/memory.ts";
import { refusal, scratchFolder } from "../../support/processes.ts";

/* A server with TLS on, whose certificate is for `db.example.com` and `localhost`, signed by an authority of its own. */

let server: EmbeddedServer;
let folder: ReturnType<typeof scratchFolder>;
const file = (name: string): string => join(folder.path, name);

const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder.path, stdio: "pipe" });
const newKey = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeAuthority(name: string): void {
  openssl(...newKey, "-days", "2", "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.crt`);
}

function makeCertificate(name: string, authority: string, ...extra: string[]): void {
  const signed = ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`, "-days", "2"];
  openssl(...newKey, ...signed, ...extra, "-keyout", `${name}.key`, "-out", `${name}.crt`);
  chmodSync(file(`${name}.key`), 0o600);
}

const settingSchema = z.tuple([z.object({ data: z.string(), hba: z.string() })]);

beforeAll(async () => {
  folder = scratchFolder();
  server = await startServer({ temporary: dataFolder(), durable: false });
  makeAuthority("authority");
  makeAuthority("other");
  const names = "subjectAltName=DNS:localhost,DNS:db.example.com";
  makeCertificate("server", "authority", "-subj", "/CN=db.example.com", "-addext", names);
  makeCertificate("client", "authority", "-subj", "/CN=postgres");
  const admin = await connect(server.adminUrl);
  const [{ data, hba }] = settingSchema.parse([
    ...(await admin`select current_setting('data_directory') as data, current_setting('hba_file') as hba`),
  ]);
  const { uid, gid } = statSync(data);
  for (const name of ["server.crt", "server.key", "authority.crt"]) {
    copyFileSync(file(name), join(data, name));
    chmodSync(join(data, name), 0o600);
    chownSync(join(data, name), uid, gid);
  }
  const rule = "hostssl certified all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";
  writeFileSync(hba, rule + readFileSync(hba, "utf8"));
  await admin.unsafe("create database certified owner postgres");
  await admin.unsafe("alter system set ssl_ca_file = 'authority.crt'");
  await admin.unsafe("alter system set ssl = on");
  await admin`select pg_reload_conf()`;
  await admin.end();
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** The URL of a database of the server, by another host and with other parameters. */
function urlAt(host: string, parameters: Readonly<Record<string, string>>, database = "spfp") {
  const url = new URL(server.url(database));
  url.hostname = host;
  url.search = new URLSearchParams(parameters).toString();
  return parseDatabaseUrl(url.href);
}

const encryptedSchema = z.tuple([z.object({ ssl: z.boolean() })]);

/** Whether a connection is encrypted, as the server sees it. */
async function isEncrypted(url: ReturnType<typeof urlAt>): Promise<boolean> {
  const sql = await connect(url);
  try {
    const rows = await sql`select ssl from pg_catalog.pg_stat_ssl where pid = pg_backend_pid()`;
    return encryptedSchema.parse([...rows])[0].ssl;
  } finally {
    await sql.end();
  }
}

describe("a connection by TLS", () => {
  const ca = () => ({ sslrootcert: file("authority.crt") });

  test.each(["allow", "prefer", "require"])(
    "is encrypted with sslmode=%s, whoever signed",
    async (sslmode) => {
      expect(await isEncrypted(urlAt("127.0.0.1", { sslmode }))).toBe(true);
    },
  );

  test("is not encrypted with sslmode=disable", async () => {
    expect(await isEncrypted(urlAt("127.0.0.1", { sslmode: "disable" }))).toBe(false);
  });

  test("is verified with verify-full: the authority and the name", async () => {
    expect(await isEncrypted(urlAt("localhost", { sslmode: "verify-full", ...ca() }))).toBe(true);
  });

  test("is verified by the host that is named, wherever its address leads", async () => {
    const there = { sslmode: "verify-full", hostaddr: "127.0.0.1", ...ca() };
    expect(await isEncrypted(urlAt("db.example.com", there))).toBe(true);
    const error = await refusal(connect(urlAt("db.example.org", there)));
    expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(error.message).toContain("db.example.org");
  });

  test("to a host that the certificate is not for is refused with verify-full, and not with verify-ca", async () => {
    const error = await refusal(connect(urlAt("127.0.0.1", { sslmode: "verify-full", ...ca() })));
    expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(error.message).toContain("TLS");
    expect(await isEncrypted(urlAt("127.0.0.1", { sslmode: "verify-ca", ...ca() }))).toBe(true);
  });

  test.each(["verify-full", "verify-ca", "require"])(
    "that another authority signed is refused with sslmode=%s and a file of authorities",
    async (sslmode) => {
      const url = urlAt("localhost", { sslmode, sslrootcert: file("other.crt") });
      expect(await refusal(connect(url))).toMatchObject({ code: "SERVER_UNREACHABLE" });
    },
  );

  test("that no public authority signed is refused with sslrootcert=system", async () => {
    const error = await refusal(connect(urlAt("localhost", { sslrootcert: "system" })));
    expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
  });

  test("is verified as PGSSLMODE and PGSSLROOTCERT say", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("PGSSLMODE", "verify-full");
    vi.stubEnv("PGSSLROOTCERT", file("other.crt"));
    expect(await refusal(connect(urlAt("localhost", {})))).toMatchObject({ code: "SERVER_UNREACHABLE" });
    vi.stubEnv("PGSSLROOTCERT", file("authority.crt"));
    expect(await isEncrypted(urlAt("localhost", {}))).toBe(true);
  });

  test("shows the server a certificate where it asks for one", async () => {
    const certificate = { sslcert: file("client.crt"), sslkey: file("client.key") };
    expect(await refusal(connect(urlAt("127.0.0.1", { sslmode: "require" }, "certified")))).toMatchObject({
      code: "LOGIN_REFUSED",
    });
    expect(await isEncrypted(urlAt("127.0.0.1", { sslmode: "require", ...certificate }, "certified"))).toBe(
      true,
    );
  });

  test("is not made with a key that others may read", async () => {
    copyFileSync(file("client.key"), file("open.key"));
    chmodSync(file("open.key"), 0o644);
    const url = urlAt("127.0.0.1", { sslcert: file("client.crt"), sslkey: file("open.key") });
    expect(await refusal(connect(url))).toMatchObject({ code: "FILE_INVALID" });
  });

  test("is made by PostgreSQL's own programs in the same way", () => {
    const url = urlAt("localhost", { sslmode: "verify-full", ...ca() });
    expect(clientEnvironment(url, "test")).toMatchObject({
      PGHOST: "localhost",
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: file("authority.crt"),
    });
  });
});

describe("what stands beside the URL", () => {
  const passwordIn = (url: string): string => decodeURIComponent(new URL(url).password);
  function withoutPassword(): string {
    const url = new URL(server.url("spfp"));
    url.password = "";
    return url.href;
  }
  const settingOf = async (url: string, setting: string): Promise<unknown> => {
    const sql = await connect(parseDatabaseUrl(url));
    const rows = await sql`select current_setting(${setting}) as value`.finally(() => sql.end());
    return rows[0]?.["value"];
  };

  test("PGOPTIONS sets what a session begins with", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("PGOPTIONS", "-c statement_timeout=4321 -c search_path=one,two");
    expect(await settingOf(server.url("spfp"), "statement_timeout")).toBe("4321ms");
    expect(await settingOf(server.url("spfp"), "search_path")).toBe("one,two");
  });

  test("a password file has the password, unless others may read it", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const url = server.url("spfp");
    vi.stubEnv("PGPASSFILE", file("pgpass"));
    writeFileSync(file("pgpass"), `127.0.0.1:${server.port}:spfp:postgres:${passwordIn(url)}\n`);
    chmodSync(file("pgpass"), 0o600);
    expect(await settingOf(withoutPassword(), "server_version")).toMatch(/^\d/);
    chmodSync(file("pgpass"), 0o644);
    const error = await refusal(connect(parseDatabaseUrl(withoutPassword())));
    expect(error).toMatchObject({ code: "LOGIN_REFUSED" });
    expect(error.remedy).toContain("chmod 600");
    expect(`${error.message} ${error.remedy}`).not.toContain(passwordIn(url));
  });

  test("a service has all of it", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const url = server.url("spfp");
    writeFileSync(
      file("services"),
      `[here]\nhost=127.0.0.1\nport=${server.port}\nuser=postgres\ndbname=spfp\npassword=${passwordIn(url)}\n`,
    );
    vi.stubEnv("PGSERVICEFILE", file("services"));
    expect(await settingOf("postgresql:///?service=here", "port")).toBe(String(server.port));
  });
});
