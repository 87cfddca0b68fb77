import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/*
 * What a start of the built command line takes, beside Node's own: `npm run bench:start-up`. The rounds take turns, so
 * that a busy machine slows all alike; processor time, of the command's process alone, hardly minds it at all.
 * `npm run bench:start-up -- FOLDER` measures the package that is installed in another folder.
 */

const runs = 21;

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "spfp-start-up-"));

/** The built package as it is published, without its source, and with the packages of this checkout. */
function install(): string {
  const folder = join(home, "package");
  mkdirSync(folder);
  for (const part of ["bin", "dist", "drizzle", "package.json"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  return folder;
}

const given = process.argv[2];
const program = join(given === undefined ? install() : resolve(given), "bin", "spfp-db.js");

/** Has a process of Node say on descriptor 3 what it took of the processor, in microseconds. */
const meter = join(home, "meter.cjs");
writeFileSync(
  meter,
  'process.on("exit", () => require("node:fs").writeSync(3, JSON.stringify(process.cpuUsage())));',
);
const usageSchema = z.object({ user: z.number(), system: z.number() });
const reportSchema = z.object({ milliseconds: z.number() });

/** Times in milliseconds. */
interface Sample {
  readonly wall: number;
  readonly processor: number;
  readonly output: string;
}

function run(args: readonly string[]): Sample {
  const begun = performance.now();
  const { status, output } = spawnSync(process.execPath, ["--require", meter, ...args], {
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const wall = performance.now() - begun;
  if (status !== 0) throw new Error(`${args.join(" ")} ended with status ${status}`);
  const usage = usageSchema.parse(JSON.parse(output[3] ?? ""));
  return { wall, processor: (usage.user + usage.system) / 1000, output: output[1] ?? "" };
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const commands = {
  "node -e 0": ["-e", "0"],
  "spfp-db --version": [program, "--version"],
  "spfp-db --help": [program, "--help"],
  "spfp-db check": [program, "check", "--json"],
};

const server = spawn(process.execPath, [program, "dev"], { cwd: home, stdio: ["ignore", "pipe", "inherit"] });
try {
  await once(createInterface(server.stdout), "line");
  const samples = new Map(Object.keys(commands).map((name) => [name, [] as Sample[]]));
  for (let round = 0; round <= runs; round += 1) {
    for (const [name, args] of Object.entries(commands)) {
      const sample = run(args);
      // The first round finds files that nobody has read yet.
      if (round > 0) samples.get(name)?.push(sample);
    }
  }
  const rows = [...samples].map(([name, taken]) => ({
    name,
    wall: median(taken.map((one) => one.wall)),
    processor: median(taken.map((one) => one.processor)),
  }));
  const checks = (samples.get("spfp-db check") ?? []).map(
    ({ output }) => reportSchema.parse(JSON.parse(output)).milliseconds,
  );
  const [node] = rows;
  print(`Node ${process.version}, medians of ${runs} runs, in milliseconds and as a multiple of Node's own`);
  for (const { name, wall, processor } of rows) {
    const figure = (value: number, base = value): string =>
      `${value.toFixed(0).padStart(6)} ${`${(value / base).toFixed(2)}×`.padStart(7)}`;
    print(
      `${name.padEnd(22)} in all ${figure(wall, node?.wall)}   processor ${figure(processor, node?.processor)}`,
    );
  }
  print(`${"the check itself".padEnd(22)} in all ${median(checks).toFixed(0).padStart(6)}`);
} finally {
  server.kill("SIGINT");
  if (server.exitCode === null) await once(server, "exit");
  rmSync(home, { recursive: true, force: true });
}
