import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createDatabase } from "../../support/database.ts";

const spfp = inject("compiled").cli;

/** A command line of a shell, in which `spfp-db` is known. */
async function shell(line: string, environment: Record<string, string> = {}) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn("sh", ["-c", `spfp() { "${process.execPath}" "${spfp}" "$@"; }; ${line}`], {
    cwd: mkdtempSync(join(inject("scratchFolder"), "output-")),
    env: { ...env, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.err += chunk;
  });
  await once(child, "close");
  return { status: child.exitCode, ...text };
}

describe.concurrent("output that nobody can have", () => {
  it("a reader who has seen enough changes nothing of the exit status", async (context) => {
    const { url } = await createDatabase("production", context);
    // The reader is gone before anything is written.
    const { status, err, out } = await shell("{ spfp check; echo $? >&2; } | true", { DATABASE_URL: url });
    expect({ status, err, out }).toEqual({ status: 0, err: "1\n", out: "" });
  });

  it.skipIf(!existsSync("/dev/full"))("a full disk is said in one line", async () => {
    const { status, err } = await shell("spfp export --for validate > /dev/full");
    expect(err).toMatch(/^spfp-db: FILE_UNWRITABLE: the output cannot be written: ENOSPC[^\n]*\.\n$/);
    expect(status).toBe(2);
  });
});

describe.concurrent("a file that cannot be written", () => {
  it.each([
    ["below a file", "touch a; spfp export --for editor --out a/b.sql", "FILE_UNWRITABLE"],
    ["without a name", "spfp export --for editor --out ''", "USAGE"],
  ])("%s: one line, status 2", async (_what, line, code) => {
    const { status, err, out } = await shell(line);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(new RegExp(`^spfp-db: ${code}: [^\\n]+\\.\\n$`));
  });

  it.skipIf(process.platform === "win32")("nothing of it stays where the disk is full", async () => {
    // 8 blocks: less than the script.
    const line = "(trap '' XFSZ; ulimit -f 8; spfp export --for editor --out a.sql); echo $?; ls";
    const { out, err } = await shell(line);
    expect(err).toMatch(/^spfp-db: FILE_UNWRITABLE: a\.sql cannot be written: EFBIG[^\n]*\n$/);
    expect(out).toBe("2\n");
  });
});
