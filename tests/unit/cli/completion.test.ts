import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { createProgram } from "../../../packages/drizzle-deploy/src/cli/command-line.ts";
import { formatBashCompletion } from "../../../packages/drizzle-deploy/src/cli/completion/bash.ts";
import { describeCommands } from "../../../packages/drizzle-deploy/src/cli/completion/definition.ts";
import { formatFishCompletion } from "../../../packages/drizzle-deploy/src/cli/completion/fish.ts";
import { formatZshCompletion } from "../../../packages/drizzle-deploy/src/cli/completion/zsh.ts";
import * as engine from "../../../packages/drizzle-deploy/src/cli/configured.ts";
import * as spfp from "../../../src/cli/commands.ts";

const folder = mkdtempSync(join(tmpdir(), "completion-"));
const sandbox = join(folder, "here");
mkdirSync(join(sandbox, "subfolder"), { recursive: true });
writeFileSync(join(sandbox, "my script.sql"), "");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const definitionsOf = ({ context, commands, help }: typeof spfp) =>
  describeCommands(createProgram(context, commands, help));

function isInstalled(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A title that says why a test is skipped. */
const skippedWithout = (...programs: string[]): { missing: boolean; note: string } => {
  const missing = programs.filter((program) => !isInstalled(program));
  return {
    missing: missing.length > 0,
    note: missing.length > 0 ? ` (skipped: ${missing.join(", ")} not installed)` : "",
  };
};

/** What is typed, with a tab for each `⇥`, and the arguments that the command then gets. */
const typed: readonly (readonly [line: string, args: readonly string[]])[] = [
  ["spfp-db che⇥", ["check"]],
  ["spfp-db check --js⇥", ["check", "--json"]],
  ["spfp-db check --only indexes,rl⇥", ["check", "--only", "indexes,rls"]],
  ["spfp-db check --only=vie⇥", ["check", "--only=views"]],
  ["spfp-db check --only views --js⇥", ["check", "--only", "views", "--json"]],
  ["spfp-db fix dup⇥ --app⇥", ["fix", "duplicates", "--apply"]],
  // The value of an option is no command.
  ["spfp-db audit --user check --lim⇥ 5", ["audit", "--user", "check", "--limit", "5"]],
  ["spfp-db export --for ed⇥ --out my⇥", ["export", "--for", "editor", "--out", "my script.sql"]],
  ["spfp-db deploy --log sub⇥", ["deploy", "--log", "subfolder"]],
  ["spfp-db deploy --mode=ent⇥", ["deploy", "--mode=enterprise"]],
  ["spfp-db completion fi⇥", ["completion", "fish"]],
  ["spfp-db log --js⇥", ["log", "--json"]],
  ["spfp-db user erase --without⇥", ["user", "erase", "--without-export"]],
  ["drizzle-deploy reh⇥ --scr⇥ x", ["rehearse", "--scratch-url", "x"]],
  ["drizzle-deploy status --config my⇥", ["status", "--config", "my script.sql"]],
];

/** Types lines in a shell at a pseudo-terminal of its own; gives the arguments that each command got. */
async function type(command: string, lines: readonly string[]): Promise<string[][]> {
  const { CI: _, ...env } = process.env;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: sandbox,
    env: { ...env, TERM: "xterm", ZDOTDIR: folder },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const got: string[][] = [];
  try {
    let seen = "";
    let next = 0;
    for await (const chunk of terminal.stdout) {
      seen += String(chunk);
      got.splice(
        0,
        got.length,
        ...[...stripVTControlCharacters(seen).matchAll(/^\s*got:\[(.*?)\]\r?$/gm)].map(([, text = ""]) =>
          // A folder is completed with its separator by bash and fish, and by zsh without.
          text.split("|").map((word) => word.replace(/\/$/, "")),
        ),
      );
      if (got.length === lines.length) break;
      if (next > got.length || !seen.includes("ready>")) continue;
      terminal.stdin.write(`${(lines[next] ?? "").replaceAll("⇥", "\t")}\r`);
      next += 1;
    }
  } finally {
    terminal.kill("SIGKILL");
  }
  return got;
}

const recorder = ["spfp-db", "drizzle-deploy"]
  .map((name) => `${name}() { local IFS='|'; echo "got:[$*]"; }\n`)
  .join("");

const scriptsOf = (format: typeof formatBashCompletion): string =>
  `${format("spfp-db", definitionsOf(spfp))}\n${format("drizzle-deploy", definitionsOf(engine))}`;

describe("typed in a shell", () => {
  const bash = skippedWithout("bash", "script");
  it.skipIf(bash.missing)(`bash completes commands, options, values and files${bash.note}`, async () => {
    const start = join(folder, "start.bash");
    writeFileSync(start, `PS1='ready>'\n${recorder}\n${scriptsOf(formatBashCompletion)}`);
    const lines = typed.map(([line]) => line);
    expect(await type(`bash --noprofile --rcfile ${start} -i`, lines)).toEqual(typed.map(([, args]) => args));
  });

  const zsh = skippedWithout("zsh", "script");
  it.skipIf(zsh.missing)(`zsh completes commands, options, values and files${zsh.note}`, async () => {
    const setup = "PS1='ready>'\nautoload -U compinit\ncompinit -D -u\n";
    writeFileSync(join(folder, ".zshrc"), `${setup}${recorder}\n${scriptsOf(formatZshCompletion)}`);
    const lines = typed.map(([line]) => line);
    expect(await type("zsh -d -i", lines)).toEqual(typed.map(([, args]) => args));
  });

  const fish = skippedWithout("fish");
  it.skipIf(fish.missing)(`fish completes commands, options, values and files${fish.note}`, () => {
    const script = join(folder, "start.fish");
    writeFileSync(script, scriptsOf(formatFishCompletion));
    const complete = (line: string): string[] =>
      execFileSync("fish", ["--no-config", "-c", `source ${script}; complete -C '${line}'`], {
        cwd: sandbox,
        encoding: "utf8",
      })
        .split("\n")
        .map((one) => one.split("\t")[0] ?? "")
        .filter((one) => one !== "");
    for (const [line, args] of typed) {
      const [program = "", ...words] = line.split(" ");
      words.forEach((word, at) => {
        if (!word.endsWith("⇥")) return;
        const begun = [program, ...args.slice(0, at), word.slice(0, -1)].join(" ");
        // The one way to end it.
        expect(complete(begun).map((one) => one.replace(/\/$/, ""))).toEqual([args[at]]);
      });
    }
  });
});

describe.each([
  ["spfp-db", spfp],
  ["drizzle-deploy", engine],
])("%s", (name, line) => {
  const commands = definitionsOf(line);

  it("every command, option and value of a closed set is in the script of each shell", () => {
    for (const format of [formatBashCompletion, formatZshCompletion, formatFishCompletion]) {
      const script = format(name, commands);
      const words = commands.flatMap(({ path, options }) => [
        ...path,
        ...options.flatMap(({ flags, value }) => [
          ...flags.map((flag) => (format === formatFishCompletion ? flag.replace(/^-+/, "") : flag)),
          ...(value && "values" in value ? value.values : []),
        ]),
      ]);
      expect(words.filter((word) => !script.includes(word))).toEqual([]);
    }
  });

  it("an option that is given a file or a folder says so in its name, and is completed with one", () => {
    const named = commands.flatMap(({ path, options }) =>
      options.flatMap(({ flags, value, valueName }) =>
        valueName === "file" || valueName === "folder"
          ? [`${path.join(" ")} ${flags.at(-1)}: ${value?.kind}`]
          : [],
      ),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((one) => !/: (file|folder)$/.test(one))).toEqual([]);
  });
});
