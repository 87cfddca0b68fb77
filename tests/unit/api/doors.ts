import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { z } from "zod";
import { projectFolder } from "../../support/states.ts";

/** A name that a door exports. */
export interface Export {
  readonly name: string;
  /** False for what is at run time: a constant, a function, a class. */
  readonly isType: boolean;
  /** First sentence of its doc comment; null where it has none. */
  readonly summary: string | null;
}

/** One entry of a package's `exports`. */
export interface Door {
  /** As it is imported: `spfp-db/schema`. */
  readonly name: string;
  /** The module in the source that the build makes it from. */
  readonly file: string;
}

const packageSchema = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
});

/** The doors of the package in a folder of the repository, in the order of its `exports`. */
export function doorsOf(folder: string): Door[] {
  const path = join(projectFolder, folder, "package.json");
  const { name, exports } = packageSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === "string") return [];
    const source = target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
    return [{ name: name + subpath.slice(1), file: join(projectFolder, folder, source) }];
  });
}

/** The packages of this repository, by their folders. */
export const packages = [".", "packages/drizzle-deploy"] as const;

const doors = new Map(packages.flatMap(doorsOf).map(({ name, file }) => [name, file]));

/** The file behind an import; undefined where it is another's package. */
function fileOf(specifier: string, from: string): string | undefined {
  return specifier.startsWith(".") ? resolve(dirname(from), specifier) : doors.get(specifier);
}

/** First sentence of a doc comment's text, in one line. */
function firstSentence(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, ""));
  const paragraph =
    lines
      .join("\n")
      .trim()
      .split(/\n\n|\n(?=@)/)[0] ?? "";
  const text = paragraph.replaceAll(/\s+/g, " ").trim();
  return /^.*?[.!?](?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
}

/** What a module exports, by its text. A name is followed to where it is declared, and documented there. */
export function exportsOf(file: string): Export[] {
  const text = readFileSync(file, "utf8");
  const { module, comments } = parseSync(file, text);
  const documented = (start: number): string | null => {
    const before = comments.find(
      (comment) =>
        comment.type === "Block" &&
        comment.value.startsWith("*") &&
        comment.end <= start &&
        text.slice(comment.end, start).trim() === "",
    );
    return before === undefined ? null : firstSentence(before.value.slice(1));
  };
  // What a constant is, its type is too: `export type Mode = (typeof modes)[number]`.
  const ofConstant = (declaration: string): string | null => {
    const [, constant] = /^export type \w+ = [^;]*?\btypeof (\w+)/.exec(declaration) ?? [];
    const at = module.staticExports.find(({ entries }) =>
      entries.some(({ exportName }) => exportName.name === constant),
    );
    return at === undefined ? null : documented(at.start);
  };
  const found = module.staticExports.flatMap(({ start, end, entries }) =>
    entries.map(({ exportName, importName, isType, moduleRequest }): Export => {
      const name = exportName.name;
      if (name === null)
        throw new Error(`${file} exports everything of ${moduleRequest?.value}, and no list`);
      if (moduleRequest === null)
        return { name, isType, summary: documented(start) ?? ofConstant(text.slice(start, end)) };
      const source = fileOf(moduleRequest.value, file);
      if (source === undefined) return { name, isType, summary: `As in \`${moduleRequest.value}\`.` };
      const original = exportsOf(source).find((one) => one.name === importName.name);
      if (original === undefined) throw new Error(`${source} does not export ${importName.name}`);
      return { name, isType: isType || original.isType, summary: original.summary };
    }),
  );
  // A constant and a type may share a name: the door has both then.
  return [...new Set(found.map(({ name }) => name))].map((name) => {
    const same = found.filter((one) => one.name === name);
    return {
      name,
      isType: same.every(({ isType }) => isType),
      summary: same.find(({ summary }) => summary !== null)?.summary ?? null,
    };
  });
}

/** The packages that importing a module loads, by their names; Node's own modules are left out. */
export function packagesLoadedBy(file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  const loaded = new Set<string>();
  for (const node of parseSync(file, readFileSync(file, "utf8")).program.body) {
    // Erased by the compiler, unlike the type among others of `import { type A, b }`.
    if (node.type === "ImportDeclaration" && node.importKind === "type") continue;
    if (node.type === "ExportNamedDeclaration" && node.exportKind === "type") continue;
    if (!("source" in node) || node.source === null) continue;
    const specifier = node.source.value;
    if (specifier.startsWith("node:")) continue;
    if (!specifier.startsWith(".")) {
      loaded.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
      continue;
    }
    const next = resolve(dirname(file), specifier);
    if (!seen.has(next)) for (const one of packagesLoadedBy(next, seen)) loaded.add(one);
  }
  return loaded;
}
