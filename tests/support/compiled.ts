import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { projectFolder } from "./states.ts";

/** The processes that tests start, by name: their entry in the source. */
const entries = {
  "cli/main": "src/cli/main.ts",
  // Under the name by which the module that starts it looks for it.
  supervisor: "src/server/supervisor.ts",
  "engine/main": "packages/drizzle-deploy/src/cli/main.ts",
  keeper: "packages/drizzle-deploy/src/scratch/keeper.ts",
  deployer: "tests/support/deployer.ts",
  hold: "tests/support/hold.ts",
} as const;

/** Programs for Node that load in a fifth of the time that their source takes, with all that they read beside them. */
export interface Compiled {
  /** `spfp-db`. */
  readonly cli: string;
  /** `drizzle-deploy`. */
  readonly engine: string;
  /** `tests/support/deployer.ts`. */
  readonly deployer: string;
  /** `tests/support/hold.ts`. */
  readonly hold: string;
}

/** Bundles the processes that tests start, which are hundreds in a run, into a folder. */
export async function compileProcesses(folder: string): Promise<Compiled> {
  const programs = join(folder, "compiled");
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(entries).map(([name, file]) => [name, join(projectFolder, file)]),
    ),
    outdir: programs,
    bundle: true,
    // What a command loads only when it is needed stays apart.
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    tsconfig: join(projectFolder, "tsconfig.json"),
    logLevel: "error",
    // They find their WebAssembly, or their compiler, beside themselves.
    external: ["libpg-query", "jiti"],
    // Some dependencies are CommonJS.
    banner: {
      js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);`,
    },
  });
  cpSync(join(projectFolder, "package.json"), join(folder, "package.json"));
  for (const [from, to] of [
    ["node_modules", "node_modules"],
    ["drizzle", "drizzle"],
    ["src/expected/catalogs", "compiled/catalogs"],
  ] as const)
    symlinkSync(join(projectFolder, from), join(folder, to), "junction");
  return {
    cli: join(programs, "cli", "main.js"),
    engine: join(programs, "engine", "main.js"),
    deployer: join(programs, "deployer.js"),
    hold: join(programs, "hold.js"),
  };
}
