import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tables } from "../../../src/schema/tables.ts";
import { createDatabase } from "../../support/database.ts";
import { commandsWithoutOutput, openShell, withOutput } from "../../support/document.ts";
import { insertRow } from "../../support/rows.ts";
import { projectFolder } from "../../support/states.ts";

/** The id that stands for every other in a document. */
const ana = "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60";

const database = await createDatabase("deployed");
const { sql } = database;
await sql`insert into auth.users (id, email) values (${ana}, 'ana@example.com')`;
await database.asUser(
  ana,
  async (mine) => {
    await mine`insert into automation_permissions (user_id, blocked_domains) values (${ana}, '{}')`;
    await mine`update automation_permissions set enabled = true, allowed_domains = '{bank.example}'`;
    await mine`update automation_permissions set max_actions_per_hour = 50`;
  },
  "commit",
);
// A time of day by itself looks like any other number to who makes an output steady.
await sql`
  update automation_permissions_audit a set changed_at = timestamptz '2026-02-14 03:00+00' + place * interval '1 minute'
  from (select id, row_number() over (order by changed_at) as place from automation_permissions_audit) b
  where a.id = b.id`;
await insertRow(sql, tables.transactions, ana);
await insertRow(sql, tables.goals, ana, { deleted_at: "2026-02-14T03:00:00Z" });

const shell = openShell(database.url);
afterAll(() => shell.end());

// `npm run runbook` writes what the commands print into the documents.
test.each(["audit.md", "erasure.md"])(
  "the commands of docs/%s print what it says",
  { timeout: 600_000 },
  async (name) => {
    const file = join(projectFolder, "docs", name);
    const document = readFileSync(file, "utf8");
    expect(commandsWithoutOutput(document)).toEqual([]);
    await expect(await withOutput(document, shell)).toMatchFileSnapshot(file);
  },
);
