import { dress, formatCount, formatTable, plural, type ReportExtent, visible } from "drizzle-deploy/report";
import type { ErasurePreview, Receipt, UserManifest } from "../erasure/index.ts";

type Counts = readonly { readonly table: string; readonly rows: number }[];

const total = (counts: Counts): number => counts.reduce((sum, { rows }) => sum + rows, 0);

function formatCounts(counts: Counts): string {
  const rows = counts
    .filter((one) => one.rows > 0)
    .map(({ table, rows: count }) => [table, plural(count, "row")]);
  return rows.length === 0 ? "  no row" : formatTable(rows, [1]);
}

const formatUnlinked = (unlinked: Receipt["unlinked"]): string[] =>
  unlinked.map(({ table, column, rows }) => `  ${plural(rows, "row")} of others: ${table}.${column}`);

const formatLeft = (left: ErasurePreview["left"]): string[] =>
  left.map(
    ({ where, rows, why }) =>
      `  ${visible(where)}: ${rows === null ? "unknown" : plural(rows, "row")}, ${why}`,
  );

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [dress.strong(title), ...lines];

/** The rows of a user that an export is to write. */
export const formatUserRows = (userId: string, counts: Counts): string =>
  [`${plural(total(counts), "row")} of user ${userId}`, formatCounts(counts)].join("\n");

/** What an export wrote. */
export function formatManifest({ user, tables }: UserManifest, folder: string): string {
  const files = tables.filter(({ file }) => file !== null).length;
  return dress.good(
    `User ${user} exported to ${visible(folder)}: ${plural(total(tables), "row")} in ${plural(files, "file")}, and manifest.json.`,
  );
}

/** What an erasure is about to do, for whoever has to agree. */
export function formatErasurePreview(preview: ErasurePreview): string {
  const { user, database, tables, unlinked, login, erasesLogin, left, exportedAt } = preview;
  const there = login === "gone" ? "there is none" : "stays: --login deletes it too";
  return [
    dress.strong(`To be erased from ${visible(database)}: user ${user}, ${plural(total(tables), "row")}`),
    formatCounts(tables),
    `  login  ${erasesLogin && login !== "gone" ? "deleted" : there}`,
    `  export  ${exportedAt === null ? dress.bad("none: these rows cannot be restored") : `of ${exportedAt}, verified`}`,
    ...section("Will no longer point to the user", formatUnlinked(unlinked)),
    ...section("Stays, and mentions the user", formatLeft(left)),
  ].join("\n");
}

const logins: Readonly<Record<Receipt["login"], string>> = {
  deleted: "deleted",
  kept: "kept: the user can still sign in, and make new rows",
  "was gone": "was gone before",
  unknown: "unknown: this role may not look at auth.users",
};

/** How far an erasure is, in a line. */
export const formatErasureProgress = (table: string, erased: number, of: number): string =>
  `  ${table}: ${formatCount(erased)} of ${plural(of, "row")} erased`;

/** The receipt of an erasure; the last line says it all. */
export function formatReceipt(receipt: Receipt, { quiet }: ReportExtent = {}): string {
  const { user, database, executor, role, startedAt, finishedAt, runs, erased, left } = receipt;
  const came = receipt.cameIn > 0 ? `, of which ${receipt.cameIn} came in while it ran` : "";
  const rows = formatCounts(erased);
  const last = dress.good(
    `User ${user} erased: ${plural(total(erased), "row")}${came}; none is left in the managed tables.`,
  );
  if (quiet) return [...section("Stays, and mentions the user", formatLeft(left)), last].join("\n");
  return [
    dress.strong(`Receipt ${receipt.id}`),
    `  user  ${user}`,
    `  database  ${visible(database)}`,
    `  by  ${visible(executor)}, as ${visible(role)}`,
    `  from  ${startedAt} to ${finishedAt}, ${plural(runs, "run")}`,
    `  export  ${receipt.export === null ? "none" : `of ${receipt.export.exportedAt}, manifest ${receipt.export.manifest}`}`,
    `  login  ${logins[receipt.login]}`,
    ...(receipt.recordedChanges > 0
      ? [`  ${plural(receipt.recordedChanges, "change")} of theirs taken out of the records of fixes`]
      : []),
    ...section("Erased", [rows]),
    ...section("No longer points to the user", formatUnlinked(receipt.unlinked)),
    ...section("Stays, and mentions the user", formatLeft(left)),
    last,
  ].join("\n");
}
