import type { PreflightReport } from "../index.ts";
import { formatFindings } from "./findings.ts";
import { dress, formatDuration, plural, type ReportExtent, visible } from "./text.ts";

const marks = { pass: dress.good("✓"), warn: dress.doubtful("!"), block: dress.bad("✗") };

/** How many findings of an item are shown one by one, those that block first. */
const shown = 10;

const weight = { error: 0, warning: 1, info: 2 } as const;

function formatItem({ title, verdict, evidence, findings }: PreflightReport["items"][number]): string {
  const ordered = findings.toSorted((one, other) => weight[one.severity] - weight[other.severity]);
  const told = ordered.filter(({ severity }) => severity !== "info");
  const more = told.length - shown;
  const label = `  ${marks[verdict]} ${title.padEnd(36)}  `;
  return [
    `${label}${dress.quiet(visible(evidence))}`,
    ...formatFindings(told.slice(0, shown)),
    ...(more > 0 ? [dress.quiet(`    … and ${more} more: see --json`)] : []),
  ].join("\n");
}

/** A preflight's result for a person: a line an item, what is wrong under it, and one line that says it all. */
export function formatPreflightReport(
  { ok, items, milliseconds, database }: PreflightReport,
  { quiet }: ReportExtent = {},
): string {
  const count = (verdict: PreflightReport["items"][number]["verdict"]): number =>
    items.filter((item) => item.verdict === verdict).length;
  const warnings = count("warn") > 0 ? `, with ${plural(count("warn"), "warning")}` : "";
  const took = dress.quiet(`(${database}, ${formatDuration(milliseconds)})`);
  const verdict = ok
    ? dress.good(`Ready to deploy${warnings}.`)
    : dress.bad(`Not ready to deploy: ${plural(count("block"), "item blocks", "items block")}${warnings}.`);
  if (quiet) {
    const told = items.filter((item) => item.verdict !== "pass");
    return [...told.map(formatItem), ...(ok ? [] : [verdict])].join("\n");
  }
  return [...items.map(formatItem), "", `${verdict} ${took}`].join("\n");
}
