import { dress, plural, type ReportExtent, visible } from "drizzle-deploy/report";
import type { CrossingsReport } from "../crossings/index.ts";
import type { FixReport } from "../duplicates/index.ts";
import type { KeptChange, RowsByTable } from "../fixes/index.ts";

/** How many groups, and how many rows left as they are, are shown one by one. */
const shown = 20;

function capped(lines: readonly string[], what: string): string[] {
  const more = lines.length - shown;
  return more > 0
    ? [...lines.slice(0, shown), dress.quiet(`  … and ${plural(more, what)} more: see --json`)]
    : [...lines];
}

function formatGroups({ categories, templates }: FixReport): string[] {
  return [
    ...capped(
      categories.map(({ userId, kept, categories: group }) => {
        const names = group.map(({ id, name, transactions, budgets }) => {
          const hangs = `${plural(transactions, "transaction")}, ${plural(budgets, "budget")}`;
          return `    ${id === kept ? dress.good("stays") : "merged"}  "${visible(name)}"  ${dress.quiet(`${id}, ${hangs}`)}`;
        });
        return [`  categories of user ${userId}`, ...names].join("\n");
      }),
      "group",
    ),
    ...capped(
      templates.map(({ userId, type, kept, templates: group }) => {
        const names = group.map(
          ({ id, name }) =>
            `    ${id === kept ? dress.good("stays default") : "no longer default"}  "${visible(name)}"  ${dress.quiet(id)}`,
        );
        return [`  default templates of type ${visible(type)} of user ${userId}`, ...names].join("\n");
      }),
      "group",
    ),
  ];
}

function verdict({ outcome, id, categories, templates, changed, kept }: FixReport): string {
  const groups = `${plural(categories.length, "group")} of categories and ${plural(templates.length, "group")} of default templates`;
  const rows = changed.map(({ table, rows: count }) => `${table} ${plural(count, "row")}`).join(", ");
  switch (outcome) {
    case "nothing to do":
      return dress.good("No duplicates: there is nothing to fix.");
    case "shown":
      return `${groups}. Nothing was changed; merge them with: spfp-db fix duplicates --apply`;
    case "merged":
      return dress.good(
        `Merged ${groups}: ${rows}; none deleted. Undo it with: spfp-db fix duplicates --undo ${id}`,
      );
    case "undone": {
      const left = kept.length > 0 ? `; ${plural(kept.length, "change")} left as they are` : "";
      return dress.good(`Undone: ${rows || "no row"} restored${left}.`);
    }
  }
}

/** Changes that an undo left as they are, under a heading; nothing where there are none. */
function formatKept(changes: readonly KeptChange[]): string[] {
  const lines = capped(
    changes.map(({ table, id, column, after, now, gone }) => {
      const what =
        column === "id"
          ? "the fix made it, and it is used or changed by now: it stays"
          : `${column} was set to ${after ?? "null"}, and is ${now ?? "null"} now`;
      return `  ${table} ${id}: ${gone ? "the row is gone" : what}`;
    }),
    "change",
  );
  return lines.length > 0 ? [dress.strong("Changed since, and left as they are"), ...lines] : [];
}

/** What an undo left, and the last line where there was something to do. */
function formatAttention({ outcome, kept }: FixReport | CrossingsReport, last: string): string {
  return [...formatKept(kept), ...(outcome === "nothing to do" ? [] : [last])].join("\n");
}

/** What a merge of duplicates found and did, for a person; the last line says it all. */
export function formatFixReport(report: FixReport, { quiet }: ReportExtent = {}): string {
  if (quiet) return formatAttention(report, verdict(report));
  return [...formatGroups(report), ...formatKept(report.kept), verdict(report)].join("\n");
}

const rowsIn = (tables: RowsByTable): string =>
  tables.map(({ table, rows }) => `${table} ${plural(rows, "row")}`).join(", ");

function crossingsVerdict({ outcome, id, crossings, made, changed, kept }: CrossingsReport): string {
  const found = `${plural(
    crossings.reduce((sum, { rows }) => sum + rows, 0),
    "reference",
  )} to rows of other users`;
  switch (outcome) {
    case "nothing to do":
      return dress.good("No row refers to another user's: there is nothing to fix.");
    case "shown":
      return `${found}. Nothing was changed; take them back with: spfp-db fix crossings --apply`;
    case "fixed": {
      const standIns = made.length > 0 ? `; made to stand in: ${rowsIn(made)}` : "";
      return dress.good(
        `Took back ${found}: ${rowsIn(changed)}${standIns}; none deleted. Undo it with: spfp-db fix crossings --undo ${id}`,
      );
    }
    case "undone": {
      const gone = made.length > 0 ? `; what had been made is gone: ${rowsIn(made)}` : "";
      const left = kept.length > 0 ? `; ${plural(kept.length, "change")} left as they are` : "";
      return dress.good(`Undone: ${rowsIn(changed) || "no row"} restored${gone}${left}.`);
    }
  }
}

/** What a fix of crossings found and did, for a person; the last line says it all. */
export function formatCrossingsReport(report: CrossingsReport, { quiet }: ReportExtent = {}): string {
  if (quiet) return formatAttention(report, crossingsVerdict(report));
  const crossings = capped(
    report.crossings.map(({ table, column, userId, rows, to, otherId, otherUserId, way }) => {
      const becomes = way === "null" ? "to none" : "to one of their own";
      return [
        `  ${plural(rows, "row")} of ${table} of user ${userId}: ${becomes}`,
        dress.quiet(`    ${column} is ${otherId} in ${to}, of user ${otherUserId}`),
      ].join("\n");
    }),
    "reference",
  );
  return [...crossings, ...formatKept(report.kept), crossingsVerdict(report)].join("\n");
}
