import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { cli, scratchFolder } from "../../support/processes.ts";

const scratch = scratchFolder();
const cwd = scratch.path;
writeFileSync(join(cwd, "package.json"), "{}");
afterAll(() => scratch.remove());

describe("bad input is met with one line and exit status 2", () => {
  test.concurrent.each<[string[], string]>([
    [["chek"], "USAGE"],
    [["--chek"], "USAGE"],
    [["dev", "--state", "gone"], "USAGE"],
    [["dev", "--port", "80x"], "USAGE"],
    [["dev", "--scale", "0.01"], "USAGE"],
    [["dev", "--state", "production", "--scale", "lots"], "USAGE"],
    [["bench", "--only", "kanban,nothing"], "USAGE"],
    [["bench", "--scale", "0"], "USAGE"],
    [["bench", "--html", join("missing", "bench.html")], "FILE_UNWRITABLE"],
    [["bench", "--html", "package.json"], "FILE_EXISTS"],
    [["bootstrap", "--database-url"], "USAGE"],
    [["bootstrap", "--database-url", ""], "URL_INVALID"],
    [["bootstrap", "--database-url", "postgresql://u:s3cret@127.0.0.1:1/d"], "SERVER_UNREACHABLE"],
    [["dev", "--data", "package.json"], "DATA_DIRECTORY_UNUSABLE"],
  ])("%j: %s", async (args, code) => {
    const { status, out, err } = await cli(args, { cwd }).end;
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(new RegExp(`^spfp-db: ${code}: [^\\n]+\\.\\n$`));
    expect(err).not.toContain("s3cret");
  });
});

test("no command at all prints the help, with status 2; --help and --version are fine", async () => {
  const [none, help, version] = await Promise.all([cli([]).end, cli(["--help"]).end, cli(["--version"]).end]);
  expect(none).toMatchObject({ status: 2, err: expect.stringContaining("Usage: spfp-db") });
  expect(help).toMatchObject({ status: 0, out: expect.stringContaining("Examples:") });
  expect(version).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

describe("help", () => {
  it.each(["baseline", "preflight", "fix duplicates", "fix crossings"])(
    "%s: has examples",
    async (command) => {
      const { status, out } = await cli([...command.split(" "), "--help"]).end;
      expect(status).toBe(0);
      expect(out).toMatch(/Examples:\n {2}\$ spfp-db /);
    },
  );
});

test("the version is the same asked for alone, in short, or with a command", async () => {
  const [alone, short, withCommand] = await Promise.all([
    cli(["--version"]).end,
    cli(["-V"]).end,
    cli(["--version", "check"]).end,
  ]);
  expect(short).toEqual(alone);
  expect(withCommand).toEqual(alone);
});
