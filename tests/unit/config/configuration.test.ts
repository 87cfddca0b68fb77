import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readConfiguration } from "../../../packages/drizzle-deploy/src/config/configuration.ts";
import { parseDatabaseUrl, redactUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { refusal } from "../../support/processes.ts";

/** A folder with these files. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "drizzle-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const read = (content: object) =>
  readConfiguration(folderWith({ "drizzle.config.json": JSON.stringify(content) }));

describe("where a configuration is", () => {
  const typescript = 'const out: string = "./ts"; export default { dialect: "postgresql", out };';
  const commonJs = 'module.exports = { dialect: "postgresql", out: "./js" };';
  const json = JSON.stringify({ dialect: "postgresql", out: "./json" });

  test.each([
    ["drizzle.config.ts", { "drizzle.config.ts": typescript, "drizzle.config.js": commonJs }, "ts"],
    ["drizzle.config.js", { "drizzle.config.js": commonJs, "drizzle.config.json": json }, "js"],
    ["drizzle.config.json", { "drizzle.config.json": json }, "json"],
  ])("%s is read, in drizzle-kit's order", async (_, files, out) => {
    const folder = folderWith(files);
    expect((await readConfiguration(folder)).migrationsFolder).toBe(join(folder, out));
  });

  test("a module that imports another without its ending is read", async () => {
    const folder = folderWith({
      "drizzle.config.ts": 'import { out } from "./where"; export default { dialect: "postgresql", out };',
      "where.ts": 'export const out: string = "there";',
    });
    expect((await readConfiguration(folder)).migrationsFolder).toBe(join(folder, "there"));
  });

  test("another file is read where it is named, and its paths are of the folder", async () => {
    const folder = folderWith({});
    mkdirSync(join(folder, "config"));
    writeFileSync(join(folder, "config", "prod.mts"), typescript);
    const { migrationsFolder } = await readConfiguration(folder, "config/prod.mts");
    expect(migrationsFolder).toBe(join(folder, "ts"));
  });

  test("none, and a named one that is not there, are refused", async () => {
    const folder = folderWith({});
    expect(await refusal(readConfiguration(folder))).toMatchObject({ code: "FILE_MISSING" });
    const error = await refusal(readConfiguration(folder, "other.ts"));
    expect(error).toMatchObject({ code: "FILE_MISSING" });
    expect(error.message).toContain("other.ts");
  });
});

describe("a configuration that cannot be loaded is told with its file, line and reason", () => {
  const broken = 'export default {\n  dialect: "postgresql"\n  out: "there",\n};\n';

  test.each([
    [
      "TypeScript that does not parse",
      "drizzle.config.ts",
      { "drizzle.config.ts": broken },
      "drizzle.config.ts:3",
    ],
    [
      "JavaScript that does not parse",
      "drizzle.config.js",
      { "drizzle.config.js": broken },
      "drizzle.config.js:3",
    ],
    [
      "a module that it imports",
      "drizzle.config.ts",
      { "drizzle.config.ts": 'import "./part";\nexport default {};', "part.ts": broken },
      "part.ts:3",
    ],
    [
      "JSON with a line that is wrong",
      "drizzle.config.json",
      { "drizzle.config.json": '{\n  "dialect": "postgresql",\n  out: 1\n}\n' },
      "drizzle.config.json:3",
    ],
    [
      "JSON that ends early",
      "drizzle.config.json",
      { "drizzle.config.json": '{\n  "dialect": "postgresql",\n' },
      "drizzle.config.json:3",
    ],
  ])("%s", async (_what, name, files, place) => {
    const error = await refusal(readConfiguration(folderWith(files)));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).toContain(name);
    expect(error.message).toContain(place);
    expect(error.message).not.toContain("\n");
  });

  test("the text of JSON, which may have a password, is not repeated", async () => {
    const files = { "drizzle.config.json": '{ "dbCredentials": { "password": s3cret } }' };
    const error = await refusal(readConfiguration(folderWith(files)));
    expect(`${error.message} ${error.remedy}`).not.toContain("s3cret");
  });
});

describe("what a configuration says", () => {
  test("of little is drizzle-kit's default", async () => {
    const folder = folderWith({
      "drizzle.config.json": JSON.stringify({ dialect: "postgresql" }),
      "package.json": JSON.stringify({ name: "shop" }),
    });
    const configuration = await readConfiguration(folder);
    expect(configuration).toMatchObject({
      name: "shop",
      migrationsFolder: join(folder, "drizzle"),
      migrationsTable: undefined,
      migrationsSchema: undefined,
      schemas: null,
      projectModule: null,
      scratchSetup: null,
    });
    expect(configuration.url()).toBeNull();
  });

  test.each([
    ["app", ["app"]],
    [
      ["public", "app"],
      ["public", "app"],
    ],
    [[], null],
  ])("of schemas, %j, is what is managed", async (schemaFilter, schemas) => {
    expect((await read({ dialect: "postgresql", schemaFilter })).schemas).toEqual(schemas);
  });

  test("of the journal is taken over", async () => {
    const migrations = { table: "history", schema: "kit", prefix: "timestamp" };
    expect(await read({ dialect: "postgresql", migrations })).toMatchObject({
      migrationsTable: "history",
      migrationsSchema: "kit",
    });
  });
});

describe("the database that a configuration names", () => {
  const urlOf = async (dbCredentials: unknown, driver?: string) =>
    (await read({ dialect: "postgresql", dbCredentials, ...(driver && { driver }) })).url();
  const shown = async (dbCredentials: unknown) => {
    for (const name of ["PGUSER", "PGPORT", "PGSSLMODE"]) vi.stubEnv(name, "");
    onTestFinished(() => void vi.unstubAllEnvs());
    return redactUrl(parseDatabaseUrl((await urlOf(dbCredentials)) ?? ""));
  };

  test.each([
    ["a URL", { url: "postgresql://u:s3cret@h/d" }, "postgresql://u@h:5432/d"],
    [
      "parts, with a password that a URL would have to escape",
      { host: "h", port: 6543, user: "u", password: "s3cret/@?#", database: "d" },
      "postgresql://u@h:6543/d",
    ],
    ["a port as text", { host: "h", port: "6543", user: "u", database: "d" }, "postgresql://u@h:6543/d"],
    ["a socket", { host: "/run/pg", user: "u", database: "d" }, "postgresql://u@/d?host=/run/pg"],
    [
      "ssl: true",
      { host: "h", user: "u", database: "d", ssl: true },
      "postgresql://u@h:5432/d?sslmode=verify-full",
    ],
    [
      "ssl: false",
      { host: "h", user: "u", database: "d", ssl: false },
      "postgresql://u@h:5432/d?sslmode=disable",
    ],
    [
      "ssl: require",
      { host: "h", user: "u", database: "d", ssl: "require" },
      "postgresql://u@h:5432/d?sslmode=require",
    ],
    [
      "ssl without verification",
      { host: "h", user: "u", database: "d", ssl: { rejectUnauthorized: false } },
      "postgresql://u@h:5432/d?sslmode=require",
    ],
  ])("is told by %s", async (_, credentials, url) => {
    expect(await shown(credentials)).toBe(url);
  });

  test.each([[undefined], [{}], [{ url: "" }], [{ host: "", user: "u" }]])(
    "is none where a variable was not set: %j",
    async (credentials) => {
      expect(await urlOf(credentials)).toBeNull();
    },
  );

  test("is none of a driver without a server", async () => {
    expect(await urlOf({ url: "./data" }, "pglite")).toBeNull();
  });

  test.each([
    [{ host: "h", user: "u", password: "s3cret" }],
    [{ host: "h", database: "d", ssl: { ca: "s3cret" } }],
    [{ host: "h", database: "d", port: "s3cret" }],
    ["s3cret"],
  ])("is refused where it cannot be told, and no value is repeated: %#", async (credentials) => {
    const configuration = await read({ dialect: "postgresql", dbCredentials: credentials });
    expect(configuration.url).toThrow(/dbCredentials of .* name no database/);
    expect(configuration.url).not.toThrow(/s3cret/);
  });
});

describe("what is no configuration is refused in a line", () => {
  test.each([
    ["another dialect", '{ "dialect": "mysql" }', "Only PostgreSQL"],
    ["no dialect", "{}", "dialect"],
    ["no object", "3", "default export"],
    ["a wrong value", '{ "dialect": "postgresql", "out": 3 }', "out"],
    ["a word too many in deploy", '{ "dialect": "postgresql", "deploy": { "nam": "x" } }', "deploy"],
    ["no JSON", '{ "url": "s3cret" ', "is not JSON"],
  ])("%s", async (_, text, told) => {
    const error = await refusal(readConfiguration(folderWith({ "drizzle.config.json": text })));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(`${error.message} ${error.remedy}`).toContain(told);
    expect(`${error.message} ${error.remedy}`).not.toMatch(/s3cret|\n/);
  });

  test("a module that throws", async () => {
    const folder = folderWith({ "drizzle.config.ts": 'throw new Error("DATABASE_URL is not set\\nat x");' });
    const error = await refusal(readConfiguration(folder));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).toMatch(/drizzle\.config\.ts:1 cannot be loaded: DATABASE_URL is not set$/);
  });
});
