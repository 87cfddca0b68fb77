import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const engine = fileOf("packages/drizzle-deploy/src");

// Processes that tests start run from the source too, whatever folder they are in.
process.env["TSX_TSCONFIG_PATH"] = fileOf("tsconfig.json");

const titles = ["tests/support/unique-titles.ts"];

/** A project of tests by what they need: the folder that they are in. */
const project = (name: "unit" | "server" | "scenarios", groupOrder: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    // Only what needs a server gets one: a unit test that asks for it fails.
    ...(name === "unit"
      ? { setupFiles: titles }
      : {
          globalSetup: ["tests/support/global-setup.ts"],
          setupFiles: [...titles, "tests/support/after-file.ts"],
        }),
    // One after the other, so that a worker goes on with files of the same project.
    sequence: { groupOrder },
  },
});

export default defineConfig({
  resolve: {
    // As `paths` of tsconfig.json: the source of the engine, and not its build.
    alias: [
      { find: /^drizzle-deploy$/, replacement: `${engine}/index.ts` },
      { find: /^drizzle-deploy\/(.+)$/, replacement: `${engine}/$1/index.ts` },
    ],
  },
  test: {
    projects: [project("unit", 0), project("server", 1), project("scenarios", 2)],
    // Where CI is set the commands' output would be coloured, and its lines not equal to what tests expect.
    env: { NO_COLOR: "1" },
    // The files of a worker share the modules, which take longer to load than most files to run. So no module of the
    // tests may keep what one file leaves to the next, and none is mocked.
    isolate: false,
    // Parsers of SQL leave much behind that lives shortly.
    execArgv: ["--max-semi-space-size=32"],
    // A worker waits for PostgreSQL about as long as it computes: one per core, and two at least. At most eight,
    // because every worker holds several of the server's 100 connections.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 8),
    // The titles of cases are long enough to say what they are: they are not cut.
    chaiConfig: { truncateThreshold: 300 },
    // Generous, because they only end what hangs: no test is about time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
