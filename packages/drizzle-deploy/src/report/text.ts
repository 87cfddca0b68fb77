import pc from "picocolors";

export { formatCount, plural, visible } from "../findings/text.ts";

// Not the library's own type, whose module a consumer's compiler does not find.
type Dress = (text: string) => string;

/** How much of a report is wanted. */
export interface ReportExtent {
  /** Only what needs attention: an empty text where nothing does. */
  readonly quiet?: boolean | undefined;
}

/** How text is dressed: with colours at a terminal, plain in a pipe (picocolors heeds NO_COLOR and FORCE_COLOR). */
export const dress: Record<"good" | "bad" | "doubtful" | "quiet" | "strong", Dress> = {
  good: pc.green,
  bad: pc.red,
  doubtful: pc.yellow,
  quiet: pc.dim,
  strong: pc.bold,
};

/** Milliseconds as a person reads them: `0.35 ms`, `12 ms`, `1.8 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
