import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const engine = fileOf("packages/drizzle-deploy/src");

// Processes that tests start run from the source too, whatever folder they are in.
process.env["TSX_TSCONFIG_PATH"] = fileOf("tsconfig.json");

export default defineConfig({
  resolve: {
    // As `paths` of tsconfig.json: the source of the engine, and not its build.
    alias: [
      { find: /^drizzle-deploy$/, replacement: `${engine}/index.ts` },
      { find: /^drizzle-deploy\/(.+)$/, replacement: `${engine}/$1/index.ts` },
    ],
  },
  test: {
    include: ["tests/**/*.test.ts"],
    // Where CI is set the commands' output would be coloured, and its lines not equal to what tests expect.
    env: { NO_COLOR: "1" },
    globalSetup: ["tests/support/global-setup.ts"],
    // A worker waits for PostgreSQL about as long as it computes: one per core, and two at least. At most eight,
    // because every worker holds several of the server's 100 connections.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 8),
    // Generous, because they only end what hangs: no test is about time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
