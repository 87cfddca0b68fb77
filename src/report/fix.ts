import { dress, plural, visible } from "drizzle-deploy/report";
import type { FixReport } from "../duplicates/index.ts";

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
            `    ${id === kept ? dress.good("stays default") : "is default no more"}  "${visible(name)}"  ${dress.quiet(id)}`,
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

/** What a fix found and did, for a person; the last line says it all. */
export function formatFixReport(report: FixReport): string {
  const kept = capped(
    report.kept.map(
      ({ table, id, column, after, now, gone }) =>
        `  ${table} ${id}: ${gone ? "the row is gone" : `${column} was set to ${after}, and is ${now ?? "null"} now`}`,
    ),
    "change",
  );
  return [
    ...formatGroups(report),
    ...(kept.length > 0 ? [dress.strong("Changed since, and left as they are"), ...kept] : []),
    verdict(report),
  ].join("\n");
}
