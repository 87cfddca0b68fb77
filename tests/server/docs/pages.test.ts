import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { expect, inject, test } from "vitest";
import { z } from "zod";
import { parseStatements } from "../../../packages/drizzle-deploy/src/sql/parser.ts";
import { spfpErrorCodes } from "../../../src/errors.ts";
import { cli } from "../../support/processes.ts";
import { projectFolder } from "../../support/states.ts";
import { doorsOf, exportsOf } from "../../unit/api/doors.ts";

/* What the pages say that is not printed by commands: code, paths, links, commands and scripts. */

const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...readdirSync(join(projectFolder, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.split(sep).join("/")}`),
].map((name) => ({ name, text: readFileSync(join(projectFolder, name), "utf8") }));

const textOf = (name: string): string => pages.find((page) => page.name === name)?.text ?? "";

/** The fenced blocks of a language; those in a list are indented. */
function blocksOf(language: string): { page: string; code: string }[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)]
      .filter(([, , of]) => of === language)
      .map(([, indent = "", , code = ""]) => ({
        page: name,
        code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      })),
  );
}

/** The examples in the doc comments of SPFP's modules, with the comment's signs taken away. */
function examplesOfComments(): { file: string; code: string }[] {
  const source = join(projectFolder, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return files.flatMap((file) =>
    [...readFileSync(join(source, file), "utf8").matchAll(/^ \* @example\n((?: \* ?.*\n)+?) \*\//gm)].map(
      ([, lines = ""]) => ({ file, code: lines.replaceAll(/^ \* ?/gm, "") }),
    ),
  );
}

/** What the examples of doc comments take as given: the doors of an application, and what it has at hand. */
const surroundings = (code: string): string => {
  const words = new Set(code.match(/\b[a-zA-Z]+\b/g));
  const imports = doorsOf(".")
    .filter(({ name }) => !/\/(checks|deploy)$/.test(name))
    .map(({ name, file }) => {
      const named = exportsOf(file).filter((one) => !one.isType && words.has(one.name));
      return `import { ${named.map((one) => one.name).join(", ")} } from "${name}";`;
    });
  return `${imports.join("\n")}
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { PGlite } from "@electric-sql/pglite";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from "drizzle-orm/pg-core";
import type * as spfp from "spfp-db";
import * as schema from "spfp-db/schema";
type Relations = import("drizzle-orm").ExtractTablesWithRelations<typeof schema>;
declare const db: PgDatabase<PgQueryResultHKT, typeof schema, Relations>;
declare const tx: PgTransaction<PgQueryResultHKT, typeof schema, Relations>;
declare const claims: spfp.UserClaims;
declare const userId: string;
declare const accountId: string;
declare const since: Date;
declare const request: Request;
declare const category: typeof schema.categories.$inferInsert;
declare const previous: spfp.Page<unknown>;
declare const rows: readonly spfp.AuditEntry[];
`;
};

/** Runs the compiler in a folder; what it says, which is nothing where all is well. */
function compile(folder: string): Promise<string> {
  return new Promise((resolve) => {
    const compiler = join(projectFolder, "node_modules", "typescript", "bin", "tsc");
    execFile(process.execPath, [compiler, "-p", folder], (_error, out, err) => resolve(`${out}${err}`));
  });
}

test("the TypeScript of the pages and of doc comments compiles, against the doors of the packages", async () => {
  const folder = mkdtempSync(join(inject("scratchFolder"), "pages-"));
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"));
  const source = join(projectFolder, "src");
  const engine = join(projectFolder, "packages", "drizzle-deploy", "src");
  const examples = blocksOf("ts");
  expect(examples.map(({ page }) => page)).toContain("README.md");
  for (const [at, { code }] of examples.entries()) writeFileSync(join(folder, `example-${at}.ts`), code);
  const ofComments = examplesOfComments();
  expect(ofComments.map(({ file }) => file)).toContain(join("client", "sessions.ts"));
  for (const [at, { file, code }] of ofComments.entries()) {
    const name = `${file.replaceAll(/\W/g, "-")}-${at}.ts`;
    // In a block of its own, where it may declare what the surroundings have.
    writeFileSync(join(folder, name), `${surroundings(code)}\nexport async function example() {\n${code}}\n`);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(projectFolder, "tsconfig.json"),
      compilerOptions: {
        // As an application writes it: `process.env.DATABASE_URL`.
        noPropertyAccessFromIndexSignature: false,
        // An example shows how something is read, and does nothing with it.
        noUnusedLocals: false,
        paths: {
          "spfp-db": [`${source}/index.ts`],
          "spfp-db/*": [`${source}/*/index.ts`],
          "drizzle-deploy": [`${engine}/index.ts`],
          "drizzle-deploy/*": [`${engine}/*/index.ts`],
        },
      },
      include: ["*.ts"],
    }),
  );
  expect(await compile(folder)).toBe("");
});

test("every module of an example is a door of its package", () => {
  const manifest = z.object({ name: z.string(), exports: z.record(z.string(), z.unknown()) });
  const doors = ["package.json", "packages/drizzle-deploy/package.json"].flatMap((file) => {
    const parsed = manifest.parse(JSON.parse(readFileSync(join(projectFolder, file), "utf8")));
    return Object.keys(parsed.exports).map((door) => door.replace(/^\./, parsed.name));
  });
  const entered = blocksOf("ts").flatMap(({ code }) =>
    [...code.matchAll(/from "((?:spfp-db|drizzle-deploy)[^"]*)"/g)].map(([, module = ""]) => module),
  );
  expect(entered.filter((module) => !doors.includes(module))).toEqual([]);
});

test("the SQL of the pages is SQL", () => {
  const blocks = blocksOf("sql");
  expect(blocks.length).toBeGreaterThan(0);
  for (const { code } of blocks) expect(parseStatements(code).length).toBeGreaterThan(0);
});

test("the scripts that the pages run are there", () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")));
  const named = pages.flatMap(({ text }) =>
    [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = ""]) => script),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

test("the files and the links that the pages name are there", () => {
  const gone = pages.flatMap(({ name, text }) => {
    const paths = [...text.matchAll(/`((?:src|tests|packages|docs|drizzle|bin|\.ci)\/[\w./-]+)`/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !/[A-Z]{4}/.test(path));
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) =>
      join(dirname(name), link),
    );
    return [...paths, ...links]
      .filter((path) => !existsSync(join(projectFolder, path)))
      .map((path) => `${name}: ${path}`);
  });
  expect(gone).toEqual([]);
});

test("a link into a page leads to a heading of it", () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-");
  const lost = pages.flatMap(({ name, text }) => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading));
    return [...text.matchAll(/\]\(#([^)]+)\)/g)]
      .map(([, anchor = ""]) => anchor)
      .filter((anchor) => !headings.includes(anchor))
      .map((anchor) => `${name}: #${anchor}`);
  });
  expect(lost).toEqual([]);
});

test("the README tells of every command, and each has an example in its help", async () => {
  const { out } = await cli(["--help"]).end;
  const listed = /Commands:\n([\s\S]*?)\n\n/.exec(`${out}\n\n`)?.[1] ?? "";
  const commands = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, command = ""]) => command);
  expect(commands.length).toBeGreaterThan(0);
  const told = [...textOf("README.md").matchAll(/^\| `spfp-db ([a-z]+)/gm)].map(
    ([, command = ""]) => command,
  );
  expect(told.sort()).toEqual(commands.toSorted());
  for (const command of commands) {
    const help = await cli([command, "--help"]).end;
    // A command of commands lists these.
    expect(help.out, command).toMatch(/^Examples?:$[\s\S]*^ {2}\$ spfp-db |^Commands:$/m);
  }
});

test("every error code is thrown somewhere", () => {
  const code = (folder: string): string =>
    readdirSync(join(projectFolder, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith("errors.ts"))
      .map((name) => readFileSync(join(projectFolder, folder, name), "utf8"))
      .join("\n");
  const text = `${code("src")}${code("packages/drizzle-deploy/src")}`;
  expect(spfpErrorCodes.filter((one) => !text.includes(`"${one}"`))).toEqual([]);
});
