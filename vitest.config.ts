import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
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
