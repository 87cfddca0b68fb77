import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Columns side by side, without a frame; those of `rightAligned`, counted from 0, end at the same place. */
export function formatTable(rows: string[][], rightAligned: readonly number[] = []): string {
  const edges = ["top", "bottom"].flatMap((edge) => [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`]);
  const inner = ["left-mid", "mid", "mid-mid", "right", "right-mid"];
  // Loaded with the first table: few reports have one.
  const Table: typeof import("cli-table3") = require("cli-table3");
  const drawn = new Table({
    style: { head: [], border: [], compact: true },
    colAligns: (rows[0] ?? []).map((_, column) => (rightAligned.includes(column) ? "right" : "left")),
    chars: { ...Object.fromEntries([...edges, ...inner].map((part) => [part, ""])), left: " ", middle: "  " },
  });
  drawn.push(...rows);
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
