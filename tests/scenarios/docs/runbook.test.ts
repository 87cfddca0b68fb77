import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { generateData } from "../../../src/bench/index.ts";
import { createDatabase } from "../../support/database.ts";
import { openShell, withOutput } from "../../support/document.ts";
import { byHand } from "../../support/productions.ts";
import { projectFolder } from "../../support/states.ts";

const file = join(projectFolder, "docs", "runbook.md");
const document = readFileSync(file, "utf8");
// As people wrote it in an editor, and not by our own baseline.
const database = await createDatabase("empty");
await database.sql.unsafe(byHand);
const shell = openShell(database.url);
afterAll(() => shell.end());

// `npm run runbook` writes what the commands print into the document.
test("the runbook's commands print what it says", { timeout: 600_000 }, async () => {
  await generateData(database.url, { scale: 0.005, seed: 1 });
  await expect(await withOutput(document, shell)).toMatchFileSnapshot(file);
});
