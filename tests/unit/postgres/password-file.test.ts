import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { addressOf, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { findPassword, passwordOf } from "../../../packages/drizzle-deploy/src/postgres/password-file.ts";

const address = { host: "db.example.com", port: 5432, database: "shop", user: "ana" };

describe("which line of a password file counts", () => {
  test.each([
    ["all that it names", "db.example.com:5432:shop:ana:s3cret", "s3cret"],
    ["wildcards", "*:*:*:*:s3cret", "s3cret"],
    ["the first that fits", "*:*:*:bob:no\n*:*:shop:*:s3cret\n*:*:*:*:late", "s3cret"],
    ["one behind comments and empty lines", "# db.example.com:5432:shop:ana:no\n\n*:*:*:*:s3cret", "s3cret"],
    ["one of a file of Windows", "x:1:y:z:no\r\n*:*:*:*:s3cret\r\n", "s3cret"],
    ["escapes of the password", "*:*:*:*:s3\\:cr\\\\et", "s3:cr\\et"],
    ["an empty password", "*:*:*:*:", ""],
    ["what is before a bare colon of the password", "*:*:*:*:s3cret:more", "s3cret"],
  ])("%s", (_, text, password) => {
    expect(findPassword(text, address)).toBe(password);
  });

  test.each([
    ["another host", "db:5432:shop:ana:s3cret"],
    ["another port", "*:5433:*:*:s3cret"],
    ["another database", "*:*:sho:*:s3cret"],
    ["another user", "*:*:*:an:s3cret"],
    ["a star that is part of a name", "db*:*:*:*:s3cret"],
    ["too few fields", "*:*:*:*"],
    ["an escaped star", "\\*:*:*:*:s3cret"],
  ])("not that of %s", (_, text) => {
    expect(findPassword(text, address)).toBeUndefined();
  });

  test("escapes of names", () => {
    const odd = { ...address, host: "::1", user: "back\\slash" };
    expect(findPassword("\\:\\:1:5432:shop:back\\\\slash:s3cret", odd)).toBe("s3cret");
  });

  test("localhost stands for the usual sockets, and another folder for itself", () => {
    const socket = { ...address, host: "/var/run/postgresql" };
    expect(findPassword("localhost:*:*:*:s3cret", socket)).toBe("s3cret");
    expect(findPassword("localhost:*:*:*:s3cret", { ...address, host: "/srv/pg" })).toBeUndefined();
    expect(findPassword("/srv/pg:*:*:*:s3cret", { ...address, host: "/srv/pg" })).toBe("s3cret");
  });
});

describe("the password of a URL", () => {
  function fileWith(text: string, mode: number): string {
    const folder = mkdtempSync(join(tmpdir(), "spfp-pgpass-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "pgpass");
    writeFileSync(file, text);
    chmodSync(file, mode);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("PGPASSFILE", file);
    vi.stubEnv("PGPASSWORD", "");
    return file;
  }
  const found = (text: string) => passwordOf(addressOf(parseDatabaseUrl(text)));

  test("is looked up in the file that PGPASSFILE names", () => {
    fileWith("h:*:*:*:s3cret", 0o600);
    expect(found("postgresql://u@h/d")).toEqual({ password: "s3cret", ignored: null });
    expect(found("postgresql://u@other/d")).toEqual({ password: "", ignored: null });
  });

  test("of its own goes before the file's", () => {
    fileWith("h:*:*:*:late", 0o600);
    expect(found("postgresql://u:s3cret@h/d").password).toBe("s3cret");
    vi.stubEnv("PGPASSWORD", "s3cret");
    expect(found("postgresql://u@h/d").password).toBe("s3cret");
  });

  test.skipIf(process.platform === "win32")("is not taken from a file that others may read", () => {
    const file = fileWith("*:*:*:*:s3cret", 0o640);
    const { password, ignored } = found("postgresql://u@h/d");
    expect(password).toBe("");
    expect(ignored).toContain(`chmod 600 ${file}`);
    expect(ignored).not.toContain("s3cret");
  });

  test("is none where the file is not there", () => {
    const file = fileWith("", 0o600);
    rmSync(file);
    expect(found("postgresql://u@h/d")).toEqual({ password: "", ignored: null });
  });
});
