import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { adoptionRefusals, baseline } from "../../packages/drizzle-deploy/src/index.ts";
import { spfpErrorCodes } from "../../src/errors.ts";
import { spfpProject } from "../../src/project.ts";
import { testDatabase } from "../support/database.ts";
import { projectFolder } from "../support/states.ts";
import { commandsWithoutOutput, openShell, withOutput } from "./commands.ts";

const file = join(projectFolder, "docs", "troubleshooting.md");
const document = readFileSync(file, "utf8");
const database = await testDatabase("production");
const adopted = await testDatabase("production");
const shell = openShell(database.url, { adopted: adopted.url });
afterAll(() => shell.end());

/** What stands in the way in the examples, in a database that is adopted. */
async function putInTheWay(): Promise<void> {
  await baseline(spfpProject, adopted.url);
  const user = await adopted.createUser();
  await adopted.sql`insert into public.categories (user_id, name, created_at)
    values (${user}, 'Food', '2025-01-01'), (${user}, 'food', '2025-02-01')`;
  await adopted.sql`create index idx_goals_user_deadline on public.goals (name)`;
}

interface Entry {
  readonly heading: string;
  readonly code: string | undefined;
  readonly text: string;
}

const entries: Entry[] = document
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [heading = "", ...lines] = section.split("\n");
    return { heading, code: /`([A-Z_]+)`$/.exec(heading)?.[1], text: lines.join("\n") };
  });

/** What the runbook that this replaces had an answer for, in its order. */
const known: readonly [string, string][] = [
  ["Timeout", "LOCK_TIMEOUT"],
  ["Duplicate names", "DATA_REFUSED"],
  ["Index already exists", "PLAN_BLOCKED"],
  ["Function not found", "NOT_BOOTSTRAPPED"],
  ["Permission denied", "PERMISSION_DENIED"],
];

test("every code has one entry, and every entry is of a code", () => {
  expect(entries.map(({ code }) => code).sort()).toEqual([...spfpErrorCodes].sort());
});

test("every reason for which an adoption is refused has its paragraph", () => {
  const paragraphs = [...document.matchAll(/^### `([a-z.-]+)`$/gm)].map(([, id]) => id);
  expect(paragraphs.sort()).toEqual([...adoptionRefusals].sort());
});

test("the five of the old runbook come first, by their names there, and the rest by their codes", () => {
  expect(entries.slice(0, known.length).map(({ heading }) => heading)).toEqual(
    known.map(([name, code]) => `${name}: \`${code}\``),
  );
  const rest = entries.slice(known.length).map(({ code }) => code ?? "");
  expect(rest).toEqual([...rest].sort());
});

test.each(entries.map(({ heading, text }) => [heading, text]))(
  "%s: what it means and what to do",
  (_, text) => {
    expect(text).toMatch(/^\n[A-Z`]/);
    expect(text.match(/^\*\*What to do\.\*\* \S/gm)).toHaveLength(1);
  },
);

test("every command runs, or says why it does not", () => {
  expect(commandsWithoutOutput(document)).toEqual([]);
});

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
