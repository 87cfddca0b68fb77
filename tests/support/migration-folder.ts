import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a folder as drizzle-kit 0.45 does, of files by their tags; returns its path. */
export function writeMigrations(folder: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, "meta"), { recursive: true });
  const tags = Object.keys(files);
  for (const [tag, text] of Object.entries(files)) writeFileSync(join(folder, `${tag}.sql`), text);
  writeFileSync(
    join(folder, "meta", "_journal.json"),
    JSON.stringify({
      version: "7",
      dialect: "postgresql",
      entries: tags.map((tag, idx) => ({
        idx,
        version: "7",
        when: 1_700_000_000_000 + idx,
        tag,
        breakpoints: true,
      })),
    }),
  );
  return folder;
}
