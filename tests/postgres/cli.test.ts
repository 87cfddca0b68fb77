import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { connect, parseDatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { cli, eventually, postmasterPid, scratchFolder, stopped } from "./processes.ts";

const scratch = scratchFolder();
writeFileSync(join(scratch.path, "package.json"), "{}");
const cwd = scratch.path;
const data = join(cwd, ".spfp", "data");
const note = join(cwd, ".spfp", "url");
afterAll(() => scratch.remove());

describe("bad input is met with one line and exit status 2", () => {
  test.concurrent.each<[string[], string]>([
    [["chek"], "USAGE"],
    [["--chek"], "USAGE"],
    [["dev", "--state", "gone"], "USAGE"],
    [["dev", "--port", "80x"], "USAGE"],
    [["dev", "--scale", "0.01"], "USAGE"],
    [["dev", "--state", "production", "--scale", "lots"], "USAGE"],
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

test("the version is the same asked for alone, in short, or with a command", async () => {
  const [alone, short, withCommand] = await Promise.all([
    cli(["--version"]).end,
    cli(["-V"]).end,
    cli(["--version", "check"]).end,
  ]);
  expect(short).toEqual(alone);
  expect(withCommand).toEqual(alone);
});

test("dev serves a database in its state, shares it, and is gone after Ctrl-C", async () => {
  const [dev, other] = [cli(["dev"], { cwd }), cli(["dev"], { cwd })];
  const url = await dev.line;
  expect(await other.line).toBe(url);
  other.child.kill("SIGINT");
  expect((await other.end).err).not.toContain("spfp-db:");
  const pid = postmasterPid(data);
  const sql = await connect(parseDatabaseUrl(url));
  const [row] =
    await sql`select current_user::text as who, to_regclass('drizzle.__drizzle_migrations')::text as journal`;
  expect(row).toEqual({ who: "postgres", journal: "drizzle.__drizzle_migrations" });
  await sql.end();
  expect(statSync(`${data}.json`).mode & 0o077).toBe(0);
  expect(readFileSync(join(cwd, ".spfp", ".gitignore"), "utf8")).toBe("*\n");

  const shared = await cli(["bootstrap"], { cwd }).end;
  expect(shared.status).toBe(0);
  expect(shared.out).toContain(`127.0.0.1:${new URL(url).port}/spfp`);
  expect(shared.out).not.toContain(new URL(url).password);

  dev.child.kill("SIGINT");
  expect((await dev.end).status).toBe(130);
  expect(existsSync(note)).toBe(false);
  expect(postmasterPid(data)).toBeUndefined();
  if (pid !== undefined) await stopped(data, pid);
});

test("dev keeps what is there, and says what to do where another state is asked for", async () => {
  const dev = cli(["dev", "--state", "empty", "--fresh"], { cwd });
  const url = await dev.line;
  expect(readFileSync(note, "utf8").split("\n")[0]).toBe(url);
  expect(statSync(note).mode & 0o077).toBe(0);
  const sql = await connect(parseDatabaseUrl(url));
  await sql`create table mine as select 1 as one`;
  await sql.end();
  dev.child.kill("SIGTERM");
  expect((await dev.end).status).toBe(143);

  const refused = await cli(["dev", "--state", "empty"], { cwd }).end;
  expect(refused.status).toBe(2);
  expect(refused.err).toMatch(/"production", not "empty".*--fresh/);

  const kept = cli(["dev"], { cwd });
  const again = await connect(parseDatabaseUrl(await kept.line));
  expect([...(await again`select * from mine`)]).toEqual([{ one: 1 }]);
  await again.end();
  kept.child.kill("SIGINT");
  await kept.end;
  await eventually("it has stopped", () => postmasterPid(data) === undefined);
});

test("dev fills production with data to practise on, once", async () => {
  const practice = ["dev", "--state", "production", "--scale", "0.002", "--data", "practice"];
  const rows = async (url: string): Promise<number> => {
    const sql = await connect(parseDatabaseUrl(url));
    const [row] = await sql`select count(*)::int as rows from transactions`.finally(() => sql.end());
    return Number(row?.["rows"]);
  };
  const dev = cli([...practice, "--fresh"], { cwd });
  const filled = await rows(await dev.line);
  expect(filled).toBeGreaterThan(1000);
  dev.child.kill("SIGINT");
  expect((await dev.end).err).toContain("rows were generated");
  const again = cli(practice, { cwd });
  expect(await rows(await again.line)).toBe(filled);
  again.child.kill("SIGINT");
  expect((await again.end).err).toContain("they stay");
});
