import { dress, formatDuration, formatTable, plural, type ReportExtent } from "drizzle-deploy/report";
import type { RehearsalReport } from "../rehearsal/index.ts";
import { spfpNames } from "../spfp.ts";
import { formatPlans, formatScreens } from "./bench-screens.ts";
import { formatCheckReport } from "./check.ts";

/** How many groups of duplicates are shown one by one. */
const shownGroups = 5;

/** Characters on a line of figures, less the indentation: those of a terminal. */
const pageWidth = 74;

const heading = (text: string): string => `\n${dress.strong(text)}`;

function formatDuplicates({ duplicates: { categories, templates, changes } }: RehearsalReport): string {
  const more = (all: readonly unknown[]): string =>
    all.length > shownGroups ? `  … and ${plural(all.length - shownGroups, "more group")}` : "";
  return [
    heading("Duplicates, merged"),
    ...categories
      .slice(0, shownGroups)
      .map(
        ({ names, transactions, budgets }) =>
          `  ${names.map((name) => `"${name}"`).join(" = ")}  ${dress.quiet(
            `${plural(transactions, "transaction")}, ${plural(budgets, "budget")}`,
          )}`,
      ),
    more(categories),
    ...templates
      .slice(0, shownGroups)
      .map(({ type, names }) => `  ${names.length} default templates of type ${type}`),
    more(templates),
    `  ${changes.map(({ table: name, rows }) => `${name}: ${plural(rows, "row")}`).join(", ")} changed; none deleted`,
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** Whether a screen uses its index, in words; a small table is read faster without. */
function indexUse({ index, usesItsIndex, canUseItsIndex }: RehearsalReport["screens"][number]) {
  if (usesItsIndex) return { mark: dress.good("✓"), text: `uses ${index}` };
  return canUseItsIndex
    ? { mark: dress.doubtful("!"), text: `could use ${index}; at this size another way is cheaper` }
    : { mark: dress.bad("✗"), text: `cannot use ${index}` };
}

function formatIndexUse({ screens }: RehearsalReport): string {
  const rows = screens.map((screen) => {
    const { mark, text } = indexUse(screen);
    return [`${mark} ${dress.strong(screen.title)}`, text];
  });
  return [heading("Indexes of the screens, for the largest tenant"), formatTable(rows, [])].join("\n");
}

function formatPromises({ promises: { screens, tenant, scale } }: RehearsalReport): string {
  return [...formatScreens({ screens, tenants: [tenant], scale }), ...formatPlans(screens)].join("\n");
}

/** Figures side by side, as many on a line as fit the width of a page. */
function wrapFigures(row: readonly (readonly [string, string | null])[]): string[] {
  const lines: { width: number; figures: string[] }[] = [];
  for (const [column, value] of row) {
    const width = column.length + (value ?? "null").length + 3;
    const figure = `${dress.quiet(column)} ${value ?? "null"}`;
    const line = lines.at(-1);
    if (line && line.width + width <= pageWidth) {
      line.width += width;
      line.figures.push(figure);
    } else {
      lines.push({ width, figures: [figure] });
    }
  }
  return lines.map(({ figures }, at) => `    ${at === 0 ? "" : "  "}${figures.join("  ")}`);
}

function formatViews({ views, businessDate }: RehearsalReport): string {
  const lines = views.flatMap(({ view, rows }) => [
    `  ${dress.strong(view)}`,
    ...(rows.length === 0 ? [dress.quiet("    no row")] : rows.flatMap(wrapFigures)),
  ]);
  return [heading(`Views, as the same user reads them (business date ${businessDate})`), ...lines].join("\n");
}

function formatTimes({ phases }: RehearsalReport): string {
  const rows = phases.map(({ title, milliseconds, summary }) => [
    title,
    formatDuration(milliseconds),
    summary,
  ]);
  const total = phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return [heading("Phases"), formatTable([...rows, ["in all", formatDuration(total), ""]], [1])].join("\n");
}

/** A rehearsal's result for a person; the last line says whether it went well. */
export function formatRehearsalReport(report: RehearsalReport, { quiet }: ReportExtent = {}): string {
  const verdict = report.ok
    ? [
        dress.quiet(
          `Recorded as the rehearsal of plan ${report.record.planId.slice(0, 12)}, for seven days.`,
        ),
        dress.good(spfpNames.success),
      ]
    : [
        dress.bad(`The rehearsal failed: ${plural(report.problems.length, "problem")}.`),
        ...report.problems.map((problem) => `  ${dress.bad("✗")} ${problem}`),
      ];
  if (quiet) {
    const checks = formatCheckReport(report.checks, { quiet });
    return [...(checks === "" ? [] : [checks]), ...(report.ok ? [] : verdict)].join("\n");
  }
  return [
    formatDuplicates(report),
    heading("Checks"),
    formatCheckReport(report.checks),
    formatIndexUse(report),
    formatPromises(report),
    formatViews(report),
    formatTimes(report),
    "",
    ...verdict,
  ].join("\n");
}
