import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandsWithoutOutput } from "../../support/document.ts";
import { projectFolder } from "../../support/states.ts";

const document = readFileSync(join(projectFolder, "docs", "runbook.md"), "utf8");

test("every command of the runbook runs, or says why it does not", () => {
  expect(commandsWithoutOutput(document)).toEqual([]);
});
