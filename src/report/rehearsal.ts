import Table from "cli-table3";
import type { RehearsalReport } from "../rehearsal/index.ts";
import { formatCheckReport } from "./check.ts";
import { dress, formatCount, formatDuration, plural } from "./text.ts";

/** How many groups of duplicates are shown one by one. */
const shownGroups = 5;

function table(head: string[], rows: string[][], rightAligned: number[] = []): string {
  const drawn = new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (rightAligned.includes(column) ? "right" : "left")),
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: " ",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "  ",
    },
  });
  drawn.push(...rows);
  return drawn.toString();
}

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

function formatScreens({ screens }: RehearsalReport): string {
  const rows = screens.flatMap(({ title, index, usesItsIndex, queries }) => [
    [
      `${usesItsIndex ? dress.good("✓") : dress.bad("✗")} ${dress.strong(title)}`,
      "",
      "",
      `${usesItsIndex ? "uses" : "does not use"} ${index}`,
    ],
    ...queries.map(({ name, milliseconds, rows: returned, plan }) => [
      `    ${name}`,
      formatDuration(milliseconds),
      plural(returned, "row"),
      dress.quiet(plan),
    ]),
  ]);
  return [
    heading("Screens of the largest tenant, through row-level security"),
    table(["", "", "", ""], rows, [1, 2]),
  ]
    .join("\n")
    .replace(/\n\s*\n/, "\n");
}

function formatViews({ views, businessDate }: RehearsalReport): string {
  const lines = views.flatMap(({ view, rows }) => [
    `  ${dress.strong(view)}`,
    ...(rows.length === 0 ? [dress.quiet("    no row")] : []),
    ...rows.map(
      (row) => `    ${row.map(([column, value]) => `${dress.quiet(column)} ${value ?? "null"}`).join("  ")}`,
    ),
  ]);
  return [heading(`Views, as the same user reads them (business date ${businessDate})`), ...lines].join("\n");
}

function formatTimes({ phases, tables }: RehearsalReport): string {
  const rows = phases.map(({ title, milliseconds, summary }) => [
    title,
    formatDuration(milliseconds),
    summary,
  ]);
  const total = phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const filled = tables.map(({ table: name, rows: count }) => `${name} ${formatCount(count)}`).join(", ");
  return [
    heading("Phases"),
    table(["", "", ""], [...rows, ["in all", formatDuration(total), ""]], [1]).replace(/^\s*\n/, ""),
    dress.quiet(`  ${filled}`),
  ].join("\n");
}

/** The line with which a deployment ends on success, and only then. */
export const successLine = "Database optimizations completed successfully!";

/** A rehearsal's result for a person; the last line says whether it went well. */
export function formatRehearsalReport(report: RehearsalReport): string {
  return [
    formatDuplicates(report),
    heading("Checks"),
    formatCheckReport(report.checks),
    formatScreens(report),
    formatViews(report),
    formatTimes(report),
    "",
    ...(report.ok
      ? [dress.good(successLine)]
      : [
          dress.bad(`The rehearsal failed: ${plural(report.problems.length, "problem")}.`),
          ...report.problems.map((problem) => `  ${dress.bad("✗")} ${problem}`),
        ]),
  ].join("\n");
}
