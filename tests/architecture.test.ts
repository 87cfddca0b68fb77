import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "./support/states.ts";

const source = join(projectFolder, "src");

/**
 * The rooms of the engine, lowest first: what is in one imports from itself and from those before it, and from nothing
 * of any one project.
 */
const rooms = [
  "errors.ts",
  "finding.ts",
  "text.ts",
  "sql",
  "postgres",
  "migrations",
  "catalog",
  "model",
  "kinds",
  "records",
  "plan",
  "run",
  "validate",
  "adopt",
  "approvals",
  "deploy",
  "rollback",
  "preflight",
  "export",
  "backup",
  "guided",
  "engine.ts",
];

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(source, name));

/** The modules of the house that a module imports, also those that it loads when they are needed. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)].map(([, path = ""]) =>
    resolve(dirname(file), path),
  );
}

const nameOf = (file: string): string => relative(source, file).replaceAll(sep, "/");
const roomOf = (file: string): string => nameOf(file).split("/")[0] ?? "";
const graph = new Map(files.map((file) => [file, importsOf(file)]));

describe("the house", () => {
  it("has every file that a module imports", () => {
    const missing = [...graph].flatMap(([file, imports]) =>
      imports.filter((one) => !graph.has(one)).map((one) => `${nameOf(file)} → ${nameOf(one)}`),
    );
    expect(missing).toEqual([]);
  });

  it("has engine rooms that import downwards only, and nothing of SPFP", () => {
    const upwards = [...graph].flatMap(([file, imports]) => {
      const from = rooms.indexOf(roomOf(file));
      if (from < 0) return [];
      return imports
        .filter((one) => {
          const to = rooms.indexOf(roomOf(one));
          return to < 0 || to > from;
        })
        .map((one) => `${nameOf(file)} → ${nameOf(one)}`);
    });
    expect(upwards).toEqual([]);
  });

  it("has no modules that import each other in a circle", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) circles.push([...path.slice(at), file].map(nameOf).join(" → "));
      if (at >= 0 || done.has(file)) return;
      for (const one of graph.get(file) ?? []) visit(one, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
