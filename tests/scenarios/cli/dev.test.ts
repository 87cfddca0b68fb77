import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { connect, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { cli, eventually, postmasterPid, scratchFolder, stopped } from "../../support/processes.ts";

const scratch = scratchFolder();
writeFileSync(join(scratch.path, "package.json"), "{}");
const cwd = scratch.path;
const data = join(cwd, ".spfp", "data");
const note = join(cwd, ".spfp", "url");
afterAll(() => scratch.remove());

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
