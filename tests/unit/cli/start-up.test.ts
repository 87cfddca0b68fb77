import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { projectFolder } from "../../support/states.ts";

/** The packages that a module brings with it, itself and through others; not those that are loaded when needed. */
async function packagesOf(...modules: string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: projectFolder,
    entryPoints: modules,
    tsconfig: join(projectFolder, "tsconfig.json"),
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "nowhere",
    write: false,
    metafile: true,
  });
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (module: string): void => {
    if (seen.has(module)) return;
    seen.add(module);
    for (const { path, kind, external } of metafile.inputs[module]?.imports ?? []) {
      if (kind !== "import-statement") continue;
      if (!external) visit(path);
      else if (!path.startsWith("node:")) packages.add(path);
    }
  };
  for (const module of modules) visit(module);
  return [...packages].sort();
}

describe("what a start has to wait for", () => {
  it("the command line loads its parser of arguments, and nothing else", async () => {
    expect(await packagesOf("src/cli/main.ts")).toEqual(["commander"]);
  });

  it("a check loads the driver, zod and PostgreSQL's parser, and Drizzle only where behaviour is tried", async () => {
    expect(await packagesOf("src/project.ts", "src/server/index.ts", "src/report/check.ts")).toEqual([
      "libpg-query",
      "picocolors",
      "postgres",
      "zod",
    ]);
  });
});
