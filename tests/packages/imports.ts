import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);

/** What an import costs a process that has loaded nothing yet. */
export interface ImportCost {
  readonly modules: number;
  /** Milliseconds: the least of some fresh processes, since a busy machine only ever adds. */
  readonly milliseconds: number;
}

/** Fresh processes that each time is the least of. */
const processes = 11;

// The hooks run in a thread of their own, which would make the import slower: they count, and another process times.
const hooks = `let modules = 0;
export function initialize({ port }) { port.on("message", () => port.postMessage(modules)); port.unref(); }
export async function load(url, context, next) { if (!url.startsWith("node:")) modules += 1; return next(url, context); }`;

const counting = (specifier: string) => `
import { register } from "node:module";
import { once } from "node:events";
const { port1, port2 } = new MessageChannel();
register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)},
  { data: { port: port2 }, transferList: [port2] });
await import(${JSON.stringify(specifier)});
port1.postMessage("how many?");
const [modules] = await once(port1, "message");
console.log(modules);
process.exit();`;

const timing = (specifier: string) => `
const start = performance.now();
await import(${JSON.stringify(specifier)});
console.log(performance.now() - start);`;

async function print(folder: string, program: string): Promise<number> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder });
  return z.coerce.number().positive().parse(stdout.trim());
}

/** Imports each of these in fresh processes, in turn so that a busy machine is busy for all of them. */
export async function costOfImports(
  folder: string,
  specifiers: readonly string[],
): Promise<Map<string, ImportCost>> {
  const times = new Map<string, number[]>(specifiers.map((specifier) => [specifier, []]));
  for (let round = 0; round < processes; round += 1) {
    for (const [specifier, taken] of times) taken.push(await print(folder, timing(specifier)));
  }
  const costs = new Map<string, ImportCost>();
  for (const [specifier, taken] of times) {
    const modules = await print(folder, counting(specifier));
    costs.set(specifier, { modules, milliseconds: Math.min(...taken) });
  }
  return costs;
}
