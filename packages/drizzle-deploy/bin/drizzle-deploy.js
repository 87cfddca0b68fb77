#!/usr/bin/env node
// Runs the published build, or, in a checkout, the source: there is no build step to develop.
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const source = new URL("../src/cli/main.ts", import.meta.url);
const built = new URL("../dist/cli/main.js", import.meta.url);

const [asked, ...others] = process.argv.slice(2);

if (others.length === 0 && (asked === "--version" || asked === "-V")) {
  // Answered before anything is loaded; among other arguments the command line answers it.
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`${version}\n`);
} else if (existsSync(source)) {
  // Also for the processes that a command starts: the configuration says where the source of the engine is.
  process.env.TSX_TSCONFIG_PATH = fileURLToPath(new URL("../../../tsconfig.json", import.meta.url));
  const { register } = await import("tsx/esm/api");
  register();
  await import(source.href);
} else {
  // Node 22.8 and later keep what they compiled for the next start.
  module.enableCompileCache?.();
  await import(built.href);
}
