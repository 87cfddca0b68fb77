import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  addressOf,
  parseDatabaseUrl,
  redactUrl,
  urlOfEnvironment,
} from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { findService } from "../../../packages/drizzle-deploy/src/postgres/service-file.ts";

const names = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"];
const others = ["PGSSLROOTCERT", "PGOPTIONS", "PGAPPNAME", "PGCONNECT_TIMEOUT", "PGSERVICE", "PGSERVICEFILE"];

/** Has the environment hold these variables of libpq's, and no other, until the test is over. */
function setEnvironment(variables: Readonly<Record<string, string>>): void {
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const name of [...names, ...others]) vi.stubEnv(name, variables[name] ?? "");
}

function serviceFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "spfp-service-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "pg_service.conf");
  writeFileSync(file, text);
  return file;
}

describe("the variables of libpq", () => {
  test("say what the URL does not", () => {
    setEnvironment({
      PGHOST: "h",
      PGPORT: "6543",
      PGUSER: "u",
      PGPASSWORD: "s3cret",
      PGDATABASE: "d",
      PGSSLMODE: "require",
      PGSSLROOTCERT: "/ca.crt",
      PGOPTIONS: "-c work_mem=1MB",
      PGAPPNAME: "mine",
      PGCONNECT_TIMEOUT: "3",
    });
    expect(addressOf(parseDatabaseUrl("postgresql://"))).toMatchObject({
      host: "h",
      port: 6543,
      user: "u",
      password: "s3cret",
      database: "d",
      sslMode: "require",
      sslRootCertificate: "/ca.crt",
      options: "-c work_mem=1MB",
      applicationName: "mine",
      connectTimeoutSeconds: 3,
    });
  });

  test("give way to what the URL says", () => {
    setEnvironment({ PGHOST: "x", PGPORT: "1", PGUSER: "x", PGDATABASE: "x", PGSSLMODE: "require" });
    const url = parseDatabaseUrl("postgresql://u@h:5433/d?sslmode=disable");
    expect(redactUrl(url)).toBe("postgresql://u@h:5433/d?sslmode=disable");
  });

  test("name no address of another host", () => {
    setEnvironment({ PGHOST: "x", PGHOSTADDR: "192.0.2.1" });
    expect(addressOf(parseDatabaseUrl("postgresql://u@h/d")).hostAddress).toBeUndefined();
    expect(addressOf(parseDatabaseUrl("postgresql://u@/d")).hostAddress).toBe("192.0.2.1");
  });

  test("name a database, or do not", () => {
    setEnvironment({ PGUSER: "u", PGPASSWORD: "s3cret", PGPORT: "5432" });
    expect(urlOfEnvironment()).toBeUndefined();
    setEnvironment({ PGHOST: "h", PGUSER: "u" });
    const url = urlOfEnvironment();
    expect(url === undefined ? undefined : redactUrl(url)).toBe("postgresql://u@h:5432/u");
  });

  test("are named where their value is wrong, without it", () => {
    setEnvironment({ PGSSLMODE: "s3cret" });
    expect(() => parseDatabaseUrl("postgresql://u@h/d")).toThrow(/^The variable PGSSLMODE has a wrong value/);
    expect(() => parseDatabaseUrl("postgresql://u@h/d")).not.toThrow(/s3cret/);
  });
});

describe("a service", () => {
  const text = [
    "# of the company",
    "[other]",
    "host=other",
    "[shop]",
    "  host=db.example.com  ",
    "port=6543",
    "user=ana",
    "password=s3cret = & ?",
    "dbname=shop",
    "options=-c search_path=app",
    "user=late",
    "[last]",
    "host=last",
  ].join("\n");

  test.each([
    ["the URL", "postgresql:///?service=shop", {}],
    ["PGSERVICE", "postgresql://", { PGSERVICE: "shop" }],
  ])("is named by %s", (_, url, variables) => {
    setEnvironment({ ...variables, PGSERVICEFILE: serviceFile(text), PGUSER: "x" });
    expect(addressOf(parseDatabaseUrl(url))).toMatchObject({
      host: "db.example.com",
      port: 6543,
      user: "ana",
      password: "s3cret = & ?",
      database: "shop",
      options: "-c search_path=app",
    });
  });

  test("gives way to what the URL says itself", () => {
    setEnvironment({ PGSERVICEFILE: serviceFile(text) });
    const url = parseDatabaseUrl("postgresql://bob@/stock?service=shop");
    expect(redactUrl(url)).toBe("postgresql://bob@db.example.com:6543/stock");
  });

  test("that nobody defined is refused", () => {
    setEnvironment({ PGSERVICEFILE: serviceFile(text) });
    expect(() => parseDatabaseUrl("postgresql:///?service=sho")).toThrow(/"sho" is not defined in /);
  });

  test("whose file is missing is refused", () => {
    setEnvironment({ PGSERVICEFILE: "/nowhere/pg_service.conf" });
    expect(() => parseDatabaseUrl("postgresql:///?service=shop")).toThrow(/cannot be read/);
  });

  test.each(["s3cret", "service=x", "ldap://x/s3cret"])("with the line %s is refused without it", (line) => {
    expect(() => findService(`[a]\nhost=h\n${line}`, "a", "file")).toThrow(/^Line 3 of file/);
    expect(() => findService(`[a]\n${line}`, "a", "file")).not.toThrow(/s3cret/);
    expect(findService(`[a]\nhost=h\n[b]\n${line}`, "a", "file")).toEqual(new Map([["host", "h"]]));
  });
});

test.each(["require", "prefer"])("the system's authorities with sslmode=%s are refused", (mode) => {
  setEnvironment({});
  const url = `postgresql://u@h/d?sslrootcert=system&sslmode=${mode}`;
  expect(() => parseDatabaseUrl(url)).toThrow(/requires sslmode=verify-full/);
  expect(addressOf(parseDatabaseUrl("postgresql://u@h/d?sslrootcert=system")).sslMode).toBe("verify-full");
});
