import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createDatabase } from "../../support/database.ts";
import { cli } from "../../support/processes.ts";

const database = await createDatabase("deployed");
const folder = mkdtempSync(join(inject("scratchFolder"), "audit-"));

const spfp = (...args: string[]) =>
  cli(args, { env: { DATABASE_URL: database.url, NO_COLOR: "1" }, cwd: folder }).end;

const ana = await database.createUser();
await database.sql`update auth.users set email = 'ana@example.com' where id = ${ana}`;
await database.sql`
  insert into automation_permissions_audit (user_id, changed_at, changed_by, change_type, previous_value, new_value) values
    (${ana}, '2026-02-14 03:00:00.5+00', ${ana}, 'whitelist_added', null, 'bank.example'),
    (${ana}, '2026-02-14 03:00:00.6+00', 'service_role', 'setting_changed', 'allow_clicks=false', 'allow_clicks=true'),
    (${ana}, '2026-02-13 23:59:00+00', ${ana}, 'blacklist_added', null, ${"=cmd\u001b[31m"})`;

describe("spfp-db audit", () => {
  it("is a timeline by day, with names, and nothing in it moves the cursor", async () => {
    const { status, out, err } = await spfp("audit");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toBe(
      [
        "2026-02-14",
        "  03:00  service_role changed allow clicks from false to true for ana@example.com",
        "  03:00  ana@example.com allowed bank.example",
        "2026-02-13",
        "  23:59  ana@example.com blocked =cmd\\u001b[31m",
        "",
      ].join("\n"),
    );
  });

  it("shows what is asked for, and says when there is more", async () => {
    const some = await spfp("audit", "--user", ana, "--since", "2026-02-14T03:00", "--limit", "1");
    expect(some.out).toBe(
      [
        "2026-02-14",
        "  03:00  service_role changed allow clicks from false to true for ana@example.com",
        "There are older ones: --limit shows more, --until begins earlier.",
        "",
      ].join("\n"),
    );
    const none = await spfp(
      "audit",
      "--type",
      "enabled",
      "--type",
      "disabled,created",
      "--until",
      "2026-02-14",
    );
    expect(none).toMatchObject({
      status: 0,
      out: "No change of automation permissions is recorded there.\n",
    });
  });

  it.each([
    ["--user", "ana"],
    ["--since", "yesterday"],
    ["--until", "2026-02-31T99:00"],
    ["--type", "promoted"],
    ["--limit", "0"],
    ["--format", "xml"],
  ])("refuses %s %s in a line", async (...flags) => {
    const { status, err, out } = await spfp("audit", ...flags);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/^spfp-db: USAGE: [^\n]+\n$/);
  });

  it("writes CSV and JSON lines, to a file that was not there", async () => {
    const csv = await spfp("audit", "--format", "csv");
    expect(csv.out.split("\r\n")).toHaveLength(5);
    expect(csv.out).toContain("blacklist_added,,'=cmd");
    const written = await spfp("audit", "--format", "jsonl", "--out", "trail.jsonl", "--limit", "2");
    expect(written).toMatchObject({ status: 0, out: "", err: "" });
    const file = join(folder, "trail.jsonl");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { change_type: "setting_changed", changed_at: "2026-02-14T03:00:00.600000Z" },
      { change_type: "whitelist_added" },
    ]);
    const again = await spfp("audit", "--format", "jsonl", "--out", "trail.jsonl");
    expect(again.status).toBe(2);
    expect(again.err).toMatch(/^spfp-db: FILE_EXISTS: /);
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toEqual(lines);
  });

  it("is refused where there is no trail, or rows would be hidden, and leaves no file", async () => {
    const before = await createDatabase("production");
    const env = { DATABASE_URL: before.url, NO_COLOR: "1" };
    const missing = await cli(["audit", "--out", "none.txt"], { env, cwd: folder }).end;
    expect(missing.err).toMatch(/^spfp-db: NOT_DEPLOYED: /);
    const hidden = new URL(database.url);
    hidden.searchParams.set("options", "-c role=authenticated");
    const held = await spfp("audit", "--database-url", hidden.href, "--format", "csv", "--out", "none.txt");
    expect(held.status).toBe(2);
    expect(held.err).toMatch(/^spfp-db: PERMISSION_DENIED: .*row-level security/);
    expect(existsSync(join(folder, "none.txt"))).toBe(false);
  });
});

describe("a million entries", async () => {
  const million = 1_000_000;
  const large = await createDatabase("deployed");
  const user = await large.createUser();
  // Nothing that is kept up row by row, but the index that the order is read from.
  const table = "automation_permissions_audit";
  await large.sql.unsafe(`
    alter table ${table} drop constraint ${table}_pkey, drop constraint ${table}_user_id_fkey;
    drop index idx_${table}_user_id, idx_${table}_changed_at;
    insert into ${table} (user_id, changed_at, changed_by, change_type, new_value)
    select '${user}', timestamptz '2026-02-14 03:00+00' + i * interval '1 second', '${user}', 'whitelist_added', 'host' || i
    from generate_series(1, ${million}) i;
    create index idx_${table}_changed_at on ${table} (changed_at desc);
    analyze ${table};`);
  // Less than the text of a tenth of them; half of it is what the program itself takes.
  const env = { DATABASE_URL: large.url, NO_COLOR: "1", NODE_OPTIONS: "--max-old-space-size=40" };

  it("are exported in constant memory", { timeout: 600_000 }, async () => {
    const args = ["audit", "--format", "csv", "--out", "million.csv"];
    const done = await cli(args, { env, cwd: folder }).end;
    expect(done).toEqual({ status: 0, signal: null, out: "", err: "" });
    let lines = 0;
    for await (const chunk of createReadStream(join(folder, "million.csv"), { encoding: "utf8" }))
      lines += String(chunk).split("\n").length - 1;
    expect(lines).toBe(million + 1);
  });

  it("end quietly with a reader who has seen enough", async () => {
    const { NODE_OPTIONS: _, ...rest } = process.env;
    const program = inject("compiled").cli;
    const line = `{ "${process.execPath}" "${program}" audit --format jsonl; echo $? >&2; } | head -n 2`;
    const child = spawn("sh", ["-c", line], { env: { ...rest, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const text = { out: "", err: "" };
    child.stdout.on("data", (chunk) => {
      text.out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      text.err += chunk;
    });
    await once(child, "close");
    expect(text.out.split("\n")).toHaveLength(3);
    expect(text.err).toBe("0\n");
  });
});
