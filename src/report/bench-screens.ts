import { dress, formatCount, formatDuration, formatTable, plural } from "drizzle-deploy/report";
import { type BenchReport, promisedAtScale, type ScreenResult, type Verdict } from "../promises/index.ts";
import { formatRatio, formatVerdict, screenColumns, screenRow } from "./bench-tables.ts";

const heading = (text: string): string => `\n${dress.strong(text)}`;

const dressedVerdicts: Record<Verdict, (text: string) => string> = {
  exceeded: dress.good,
  kept: dress.good,
  "nothing to gain": dress.quiet,
  "not kept": dress.doubtful,
};

/** What a verdict with less data is worth; nothing where there is as much as was promised for. */
function formatScaleNote(scale: number): string {
  if (scale >= promisedAtScale) return "";
  return `Judged at scale ${scale}; promised for scale ${promisedAtScale}. The less data, the less there is to gain, on some screens nothing.`;
}

/** The screens of each tenant, query by query: before, after, what was promised and what became of it. */
export function formatScreens({
  screens,
  tenants,
  scale,
}: Pick<BenchReport, "screens" | "tenants"> & { scale: number }): string[] {
  const note = formatScaleNote(scale);
  return tenants.flatMap((tenant) => {
    const own = screens.filter((one) => one.tenant === tenant.size);
    if (own.length === 0) return [];
    const rows = own.map((one) => [
      ...screenRow(one),
      formatVerdict(one, (verdict) => dressedVerdicts[verdict](verdict)),
    ]);
    const head = [...screenColumns, ""].map(dress.quiet);
    return [
      heading(
        `Screens of the ${tenant.size} tenant, ${plural(tenant.rows, "row")}, through row-level security`,
      ),
      formatTable([head, ...rows], [1, 2, 3, 4, 5, 6]),
      ...(note !== "" && own.some(({ verdict }) => verdict !== null) ? [dress.quiet(`  ${note}`)] : []),
    ];
  });
}

/** The plans behind the verdicts: what says why. */
export function formatPlans(screens: readonly ScreenResult[]): string[] {
  const own = screens.filter(({ verdict }) => verdict === "not kept" || verdict === "nothing to gain");
  if (own.length === 0) return [];
  return [
    heading("Why"),
    ...own.flatMap((one) => [
      `  ${one.title}, ${one.query}: ${formatRatio(one.ratio)}, ${formatRatio(one.promised)} promised`,
      ...(["before", "after", "floor"] as const).map(
        (side) =>
          `    ${side.padEnd(6)} ${formatDuration(one[side].milliseconds.median)}, ${plural(one[side].pages, "page")}, ${formatCount(one[side].rowsRead)} rows read for ${formatCount(one[side].rows)}\n           ${dress.quiet(one[side].plan)}`,
      ),
    ]),
  ];
}
