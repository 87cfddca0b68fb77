import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "../../support/states.ts";
import { doorsOf, exportsOf, packages, packagesLoadedBy } from "./doors.ts";

const doors = packages.flatMap(doorsOf).map((door) => ({ ...door, exports: exportsOf(door.file) }));

const sorted = (names: Iterable<string>) => [...names].sort();

describe.each(doors)("$name", ({ file, exports }) => {
  it("has at run time the values that its text lists", async () => {
    const module: object = await import(file);
    const values = exports.filter(({ isType }) => !isType).map(({ name }) => name);
    expect(sorted(Object.keys(module))).toEqual(sorted(values));
  });

  it("documents everything that it exports", () => {
    expect(exports.filter(({ summary }) => !summary).map(({ name }) => name)).toEqual([]);
  });
});

it.each([
  ["spfp-db", ["drizzle-orm"]],
  ["spfp-db/bootstrap", []],
  ["spfp-db/schema", ["drizzle-orm"]],
  ["spfp-db/validation", ["drizzle-orm", "zod"]],
  ["spfp-db/views", ["drizzle-orm"]],
])("%s loads no package but %j", (name, expected) => {
  const door = doors.find((one) => one.name === name);
  expect(sorted(packagesLoadedBy(door?.file ?? ""))).toEqual(expected);
});

it("docs/api.md lists every export of every door, with what it is", async () => {
  const sections = doors.map(({ name, exports }) => {
    const lines = exports
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((one) => `- \`${one.name}\`${one.isType ? " (type)" : ""}: ${one.summary}`);
    return [`## ${name}`, "", ...lines, ""].join("\n");
  });
  const text = [
    "# Everything that can be imported",
    "",
    "Written by `npm run api` from the source of both packages; what is not listed here is private and may change.",
    "",
    ...sections,
  ].join("\n");
  await expect(text).toMatchFileSnapshot(join(projectFolder, "docs", "api.md"));
});

it("spfp-db/schema exports every managed table, each by its name", async () => {
  const { tableNames, tables } = await import("../../../src/schema/tables.ts");
  const door: Readonly<Record<string, unknown>> = await import("../../../src/schema/index.ts");
  expect(tableNames.filter((name) => door[name] !== tables[name])).toEqual([]);
});
