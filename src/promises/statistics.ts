/** A figure that was measured several times: the median, and between which values half of the runs lie. */
export interface Spread {
  readonly median: number;
  /** The first quartile. */
  readonly low: number;
  /** The third quartile. */
  readonly high: number;
  readonly runs: number;
}

/**
 * The value below which a share of the values lies, from 0 to 1, interpolated between neighbours.
 * @throws RangeError where there are none
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** Sums up what was measured. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    runs: values.length,
  };
}

/** Waits of clients, in milliseconds. */
export interface Waits {
  readonly requests: number;
  readonly failed: number;
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

/** Sums up the waits of many requests; zeros where there were none. */
export function waitsOf(milliseconds: readonly number[], failed: number): Waits {
  const any = milliseconds.length > 0 ? milliseconds : [0];
  return {
    requests: milliseconds.length,
    failed,
    median: quantile(any, 0.5),
    p99: quantile(any, 0.99),
    longest: any.reduce((longest, one) => Math.max(longest, one), 0),
  };
}
