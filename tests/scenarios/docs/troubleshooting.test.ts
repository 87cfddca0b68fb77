import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createDatabase } from "../../support/database.ts";
import { openShell, withOutput } from "../../support/document.ts";
import { projectFolder } from "../../support/states.ts";

const file = join(projectFolder, "docs", "troubleshooting.md");
const document = readFileSync(file, "utf8");
const database = await createDatabase("production");
const adopted = await createDatabase("adopted");
const shell = openShell(database.url, { adopted: adopted.url });
afterAll(() => shell.end());

/** What stands in the way in the examples, in a database that is adopted. */
async function putInTheWay(): Promise<void> {
  const user = await adopted.createUser();
  await adopted.sql`insert into public.categories (user_id, name, created_at)
    values (${user}, 'Food', '2025-01-01'), (${user}, 'food', '2025-02-01')`;
  await adopted.sql`create index idx_goals_user_deadline on public.goals (name)`;
}

// `npm run runbook` writes what the commands print into the document.
test("the commands print what it says, the code of their entry in it", { timeout: 600_000 }, async () => {
  await putInTheWay();
  // A session that was forgotten, for the time of the examples.
  const generated = await adopted.sql.begin(async (forgotten) => {
    await forgotten`set local application_name = 'psql'`;
    await forgotten`update public.accounts set name = name`;
    await forgotten`lock table public.goals in row exclusive mode`;
    return withOutput(document, shell);
  });
  for (const section of generated.split(/^## /m).slice(1)) {
    const code = /`([A-Z_]+)`\n/.exec(section)?.[1];
    const output = /<!-- output -->([\s\S]*?)<!-- \/output -->/.exec(section)?.[1];
    if (output?.includes("spfp-db: ")) expect(output, `the example of ${code}`).toContain(`${code}: `);
  }
  await expect(generated).toMatchFileSnapshot(file);
});
