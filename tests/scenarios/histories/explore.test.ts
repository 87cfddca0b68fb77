import { readFileSync, writeFileSync } from "node:fs";
import { it } from "vitest";
import { walk } from "./walk.ts";
const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
const only = process.env["ONLY"]?.split(",");
for (const one of cases) {
  if (only && !only.includes(one.name)) continue;
  it(one.name, async () => {
    const wrong = await walk(one).catch((error) => [`THROWN ${error?.stack}`]);
    writeFileSync(`${process.env["WALKS"] ?? "/tmp/walks"}/${one.name}.txt`, wrong.join("\n") + "\n");
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  });
}
