import { describe, expect, it } from "vitest";
import { batchSizes, nextBatchSize } from "../../../packages/drizzle-deploy/src/run/batches.ts";
import { batchTarget } from "../../../packages/drizzle-deploy/src/run/limits.ts";

describe("the next batch", () => {
  it("has as many rows as take the time that a batch is to take, and no more than twice as many", () => {
    expect(nextBatchSize(1_000, batchTarget, false)).toBe(1_000);
    expect(nextBatchSize(1_000, batchTarget * 4, false)).toBe(250);
    expect(nextBatchSize(1_000, 1, false)).toBe(2_000);
  });

  it("has half as many where somebody had to wait for the one before, however short that was", () => {
    expect(nextBatchSize(1_000, 1, true)).toBe(500);
  });

  it("has never fewer than the fewest, nor more than the most", () => {
    expect(nextBatchSize(batchSizes.fewest, batchTarget * 100, false)).toBe(batchSizes.fewest);
    expect(nextBatchSize(batchSizes.most, 1, false)).toBe(batchSizes.most);
  });
});
