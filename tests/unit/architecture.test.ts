import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "../support/states.ts";

const engine = join(projectFolder, "packages", "drizzle-deploy", "src");
const own = join(projectFolder, "src");

/** The rooms of the engine, lowest first: what is in one imports from itself and from those before it. */
const rooms = [
  "findings",
  "sql",
  "postgres",
  "scratch",
  "migrations",
  "catalog",
  "model",
  "kinds",
  "records",
  "statements",
  "lint",
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
  "check",
  "rehearsal",
  "config",
  "index.ts",
  "project",
  "report",
  "cli",
];

/** The share of the house that its largest room may have. */
const largestShare = 1 / 5;

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));

const files = [...filesOf(engine), ...filesOf(own)];

/** What a module imports, also what it loads when it is needed, as it is written. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
}

const isRelative = (specifier: string): boolean => /^\.{1,2}\//.test(specifier);
const nameOf = (file: string): string => relative(projectFolder, file).replaceAll(sep, "/");
const isOfEngine = (file: string): boolean => file.startsWith(engine + sep);
const roomOf = (file: string): string => relative(isOfEngine(file) ? engine : own, file).split(sep)[0] ?? "";
const graph = new Map(
  files.map((file) => [
    file,
    importsOf(file)
      .filter(isRelative)
      .map((one) => resolve(dirname(file), one)),
  ]),
);

const page = readFileSync(join(projectFolder, "docs", "architecture.md"), "utf8");
const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** The cells of the table under a heading of the page, without its head. */
function rowsOf(heading: string): string[][] {
  const section = page.slice(page.indexOf(heading) + heading.length).split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\|(.*)\|$/gm)].slice(2).map(([, row = ""]) => row.split("|"));
}

describe("the house", () => {
  it("has every file that a module imports", () => {
    const missing = [...graph].flatMap(([file, imports]) =>
      imports.filter((one) => !graph.has(one)).map((one) => `${nameOf(file)} → ${nameOf(one)}`),
    );
    expect(missing).toEqual([]);
  });

  it("has an engine whose rooms import downwards only, and all of them are listed", () => {
    const upwards = [...graph].flatMap(([file, imports]) => {
      if (!isOfEngine(file)) return [];
      const from = rooms.indexOf(roomOf(file));
      return imports
        .filter((one) => !isOfEngine(one) || rooms.indexOf(roomOf(one)) > from)
        .map((one) => `${nameOf(file)} → ${nameOf(one)}`);
    });
    expect(upwards).toEqual([]);
    expect(new Set(files.filter(isOfEngine).map(roomOf))).toEqual(new Set(rooms));
  });

  it("has an engine that knows nothing of SPFP", () => {
    const mentions = files
      .filter(isOfEngine)
      .filter((file) => /spfp/i.test(readFileSync(file, "utf8")))
      .map(nameOf);
    expect(mentions).toEqual([]);
  });

  it("has modules of SPFP that enter the engine through its doors", () => {
    const doors = new Set(["drizzle-deploy", ...rooms.map((room) => `drizzle-deploy/${room}`)]);
    const others = files
      .filter((file) => !isOfEngine(file))
      .flatMap((file) =>
        importsOf(file)
          .filter((one) => one.includes("drizzle-deploy") && !doors.has(one))
          .map((one) => `${nameOf(file)} → ${one}`),
      );
    expect(others).toEqual([]);
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

  it("has a page that tells of each room, lowest first, what it imports", () => {
    const told = rowsOf("## The engine's rooms").map(([room = "", , imports = ""]) => [
      ...namesIn(room),
      namesIn(imports),
    ]);
    const found = rooms.map((room) => {
      const seen = files
        .filter((file) => isOfEngine(file) && roomOf(file) === room)
        .flatMap((file) => graph.get(file) ?? [])
        .map(roomOf);
      return [room, rooms.filter((other) => other !== room && seen.includes(other))];
    });
    expect(told).toEqual(found);
    const ours = files.filter((file) => !isOfEngine(file)).map(roomOf);
    expect(
      rowsOf("## SPFP's rooms")
        .flatMap(([room = ""]) => namesIn(room))
        .sort(),
    ).toEqual([...new Set(ours)].sort());
  });

  it("has a page whose walks go through what is there, into each room once", () => {
    for (const walk of ["## How a statement becomes", "## How a `--database-url` becomes"]) {
      const stations = rowsOf(walk).map(([, room = "", station = ""]) => ({
        room: namesIn(room).join(),
        named: namesIn(station),
      }));
      expect(stations.map(({ room }) => room)).toEqual([...new Set(stations.map(({ room }) => room))]);
      const gone = stations.filter(({ room, named: [name = "", file = ""] }) => {
        const text = file.startsWith(`${room}/`) ? readFileSync(join(engine, file), "utf8") : "";
        return !new RegExp(`\\b(function|const|class) ${name}\\b`).test(text);
      });
      expect(stations).not.toEqual([]);
      expect(gone).toEqual([]);
    }
  });

  it("has no room that is much larger than the others", () => {
    const sizes = new Map<string, number>();
    for (const file of files) {
      const room = `${isOfEngine(file) ? "engine" : "spfp"}/${roomOf(file)}`;
      sizes.set(room, (sizes.get(room) ?? 0) + readFileSync(file, "utf8").split("\n").length);
    }
    const all = [...sizes.values()].reduce((sum, one) => sum + one, 0);
    const large = [...sizes].filter(([, lines]) => lines > all * largestShare);
    expect(large).toEqual([]);
  });
});
