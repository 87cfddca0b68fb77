import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkIds, findingSchema } from "../../../packages/drizzle-deploy/src/findings/index.ts";
import { spfpCheckIds } from "../../../src/checks/check-ids.ts";
import { projectFolder } from "../../support/states.ts";

const listed: Readonly<Record<string, string>> = { ...checkIds, ...spfpCheckIds };
const areas = new Set(Object.keys(listed).map((id) => id.split(".")[0]));

const sources = ["packages/drizzle-deploy/src", "src"].flatMap((folder) =>
  readdirSync(join(projectFolder, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("check-ids.ts"))
    .map((name) => readFileSync(join(projectFolder, folder, name), "utf8")),
);

it("every rule that a module names is listed, with what it finds", () => {
  const named = sources.flatMap((text) =>
    [...text.matchAll(/"([a-z]+(?:-[a-z]+)*)\.([a-z]+(?:-[a-z]+)*)"/g)].flatMap(([, area = "", rule = ""]) =>
      areas.has(area) && !text.includes(`name: "${area}.${rule}"`) ? [`${area}.${rule}`] : [],
    ),
  );
  expect([...new Set(named)].filter((id) => !(id in listed)).sort()).toEqual([]);
});

it("every rule that is listed can be found, in the form that findings have", () => {
  // Those of one family are put together: what an item cannot look at, what differs, what is tried.
  const families = [".unknown", "catalog.", "dependencies.", "behaviour.", "columns.", "rls.", "indexes."];
  const literal = Object.keys(listed).filter((id) => !families.some((part) => id.includes(part)));
  expect(literal.filter((id) => !sources.some((text) => text.includes(`"${id}"`)))).toEqual([]);
  const { check } = findingSchema.shape;
  expect(Object.keys(listed).filter((id) => !check.safeParse(id).success)).toEqual([]);
});

it("docs/findings.md lists them", async () => {
  const table = (ids: Readonly<Record<string, string>>): string =>
    [
      "| rule | finds |",
      "| --- | --- |",
      ...Object.entries(ids).map(([id, text]) => `| \`${id}\` | ${text} |`),
    ].join("\n");
  const page = `# Findings

What checks, preflight, adoption, validation and watch can find, by the \`check\` of a finding. \`npx vitest run
tests/unit/findings --update\` writes this page from \`packages/drizzle-deploy/src/findings/check-ids.ts\` and
\`src/checks/check-ids.ts\`.

## The engine's

${table(checkIds)}

## SPFP's

${table(spfpCheckIds)}
`;
  await expect(page).toMatchFileSnapshot(join(projectFolder, "docs/findings.md"));
});
