import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { type BackupTool, findBackupTool } from "../../../packages/drizzle-deploy/src/backup/backup-tools.ts";
import { DeployError } from "../../../packages/drizzle-deploy/src/findings/errors.ts";
import { backup } from "../../../packages/drizzle-deploy/src/index.ts";
import { createDatabase, only } from "../../support/database.ts";

const { url, sql } = await createDatabase("deployed");
const serverMajor = only(
  z.object({ major: z.number() }),
  await sql`select current_setting('server_version_num')::int / 10000 as major`,
).major;

/** The real pg_dump of this machine that a server of some version would get, or why there is none. */
async function realTool(major: number): Promise<BackupTool | string> {
  try {
    return await findBackupTool(major);
  } catch (error) {
    if (error instanceof DeployError) return error.code;
    throw error;
  }
}

const oldest = await realTool(0);
const fitting = await realTool(serverMajor);
const folder = mkdtempSync(join(inject("scratchFolder"), "backup-"));

/** Programs of the tests' own in place of PostgreSQL's, that say which version they are and what they were told. */
function standIn(name: string, version: string, ending = "exit 0"): string {
  const home = join(folder, name);
  mkdirSync(home);
  for (const program of ["pg_dump", "pg_restore"]) {
    const file = join(home, program);
    writeFileSync(
      file,
      `#!/bin/sh\nif [ "$1" = --version ]; then echo "${program} (PostgreSQL) ${version}"; exit 0; fi\necho "$@" > "${home}/told"\nenv > "${home}/environment"\n${ending}\n`,
    );
    chmodSync(file, 0o755);
  }
  return home;
}

describe("the program that dumps", () => {
  it("is the one nearest to the server that is not older", async () => {
    const path = [standIn("v98", "98.2"), standIn("v99", "99.1")].join(delimiter);
    expect(await findBackupTool(99, { PATH: path })).toMatchObject({ major: 99, version: "99.1" });
    expect(await findBackupTool(98, { PATH: path })).toMatchObject({ major: 98 });
  });

  it("is asked for where it is not", async () => {
    await expect(findBackupTool(17, { PG_DUMP: join(folder, "nowhere") })).rejects.toMatchObject({
      code: "BACKUP_TOOL_MISSING",
      remedy: expect.stringContaining("postgresql-client-17"),
    });
  });

  it("is refused where it is older than the server", async () => {
    const old = join(standIn("v9", "9.6.24"), "pg_dump");
    await expect(
      backup(url, { file: join(folder, "old.dump"), environment: { PG_DUMP: old } }),
    ).rejects.toMatchObject({
      code: "BACKUP_TOOL_TOO_OLD",
      message: expect.stringContaining(`PostgreSQL ${serverMajor}`),
    });
    expect(existsSync(join(folder, "old.dump"))).toBe(false);
  });

  it.skipIf(typeof oldest === "string")(
    "is told by its own version: a real one is too old for a server of tomorrow",
    async () => {
      await expect(findBackupTool(1000)).rejects.toMatchObject({ code: "BACKUP_TOOL_TOO_OLD" });
    },
  );
});

describe("a backup", () => {
  it("has its password in the environment and on no command line", async () => {
    const home = standIn("watched", "99.1", "echo 'pg_dump: error: disk is full' >&2; exit 1");
    const secret = new URL(url).password;
    const file = join(folder, "watched.dump");
    await expect(
      backup(url, { file, environment: { PG_DUMP: join(home, "pg_dump") } }),
    ).rejects.toMatchObject({
      code: "BACKUP_FAILED",
      message: "pg_dump: error: disk is full",
    });
    expect(readFileSync(join(home, "told"), "utf8")).not.toContain(decodeURIComponent(secret));
    expect(readFileSync(join(home, "environment"), "utf8")).toContain(
      `PGPASSWORD=${decodeURIComponent(secret)}`,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("watched.dump"))).toEqual([]);
  });

  it("is none where the dump lists nothing", async () => {
    const home = standIn("empty", "99.1");
    const file = join(folder, "empty.dump");
    await expect(
      backup(url, { file, environment: { PG_DUMP: join(home, "pg_dump") } }),
    ).rejects.toMatchObject({
      code: "BACKUP_FAILED",
    });
    expect(existsSync(file)).toBe(false);
  });

  it("overwrites nothing", async () => {
    const file = join(folder, "precious");
    writeFileSync(file, "precious");
    await expect(backup(url, { file })).rejects.toMatchObject({
      code: fitting instanceof Object ? "FILE_EXISTS" : fitting,
    });
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  it.runIf(typeof fitting === "string")("is refused where this machine cannot make one", async () => {
    await expect(backup(url, { file: join(folder, "real.dump") })).rejects.toMatchObject({ code: fitting });
  });

  it.skipIf(typeof fitting === "string")("is listed, and readable by its owner only", async () => {
    const file = join(folder, "real.dump");
    const report = await backup(url, { file });
    expect(report.id).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-[0-9a-f]{12}$/);
    expect(report.tables).toBeGreaterThan(20);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const list = execFileSync(
      report.tool.file.replace(/pg_dump(\.exe)?$/, "pg_restore$1"),
      ["--list", file],
      {
        encoding: "utf8",
      },
    );
    expect(list).toContain("TABLE DATA public transactions");
  });
});
