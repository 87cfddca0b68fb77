import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lintRules } from "../../../packages/drizzle-deploy/src/index.ts";
import { formatRuleIndex, formatRulePage } from "../../../packages/drizzle-deploy/src/report/index.ts";
import { projectFolder } from "../../support/states.ts";

const folder = join(projectFolder, "docs", "lint");

it.each(lintRules.map((rule) => [rule.id, rule] as const))(
  "docs/lint/%s.md is what its rule says",
  async (id, rule) => {
    await expect(formatRulePage(rule)).toMatchFileSnapshot(join(folder, `${id}.md`));
  },
);

it("docs/lint/README.md lists every rule", async () => {
  await expect(formatRuleIndex(lintRules)).toMatchFileSnapshot(join(folder, "README.md"));
});

it("docs/lint has no page of a rule that is gone", () => {
  const pages = lintRules.map(({ id }) => `${id}.md`);
  expect(readdirSync(folder).sort()).toEqual(["README.md", ...pages].sort());
});
