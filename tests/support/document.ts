import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { inject } from "vitest";
import type { DatabaseUrl } from "../../packages/drizzle-deploy/src/postgres/index.ts";
import { projectFolder } from "./states.ts";

/*
 * Documents whose output is what the commands print. A fenced block of `sh` runs where `<!-- output -->` follows it;
 * `<!-- output: first 2, last 3 -->` shows those lines only. `<!-- run: … -->` runs too, and the reader does not see
 * it. Blocks share a folder, and what one exports the next has.
 */

/** Where the commands of a document run: an empty folder, with spfp-db on the path. */
export interface Shell {
  readonly folder: string;
  run(commands: string): Promise<string>;
  end(): void;
}

/** Only ends what hangs, in milliseconds. */
const timeLimit = 100_000;

/**
 * A shell whose commands work on `url`, as in a pipe: no terminal, no colours.
 * @param environment other databases, by the variables that name them
 */
export function openShell(url: DatabaseUrl, environment: Readonly<Record<string, DatabaseUrl>> = {}): Shell {
  const root = mkdtempSync(join(tmpdir(), "spfp-docs-"));
  const folder = join(root, "empty");
  const tools = join(root, "tools");
  const state = join(root, "state");
  // As root, the account that PostgreSQL runs as has to get there.
  if (process.getuid?.() === 0) chmodSync(root, 0o711);
  mkdirSync(folder);
  mkdirSync(tools);
  const program = join(tools, "spfp-db");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${inject("compiled").cli}" "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(state, "");
  const env = {
    PATH: `${tools}${delimiter}${process.env["PATH"]}`,
    HOME: root,
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    CI: "1",
    DATABASE_URL: url,
    ...environment,
  };
  const run = (commands: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const script = `. "${state}"\nexec 2>&1\n${commands}\nstatus=$?\nexport -p > "${state}"\nexit $status`;
      // A group of its own, so that what hangs can be ended with all that it started.
      const child = spawn("bash", ["-c", script], {
        cwd: folder,
        env,
        detached: true,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
      const limit = setTimeout(() => {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
        reject(new Error(`these commands do not end:\n${commands}\n${output}`));
      }, timeLimit);
      child.once("error", reject);
      child.once("close", (status) => {
        clearTimeout(limit);
        const ending = status === 0 ? "" : `(exit status ${status})\n`;
        resolve(normalise(`${output}${ending}`, folder, [url, ...Object.values(environment)]));
      });
    });
  return { folder, run, end: () => rmSync(root, { recursive: true, force: true }) };
}

// What differs from run to run, and what stands for it.
const volatile: readonly [RegExp, string][] = [
  [
    /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    "5f0c2a1e-7d3b-4c58-9a60-1b2c3d4e5f60",
  ],
  [/\b\d{4}-\d{2}-\d{2}T\d{2}[:-]?\d{2}[:-]?\d{2}(\.\d+)?Z?\b/g, "2026-02-14T03:00:00Z"],
  [/\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?( UTC)?/g, "2026-02-14 03:00:00 UTC"],
  [/\b\d{8}T\d{4,6}Z?/g, "20260214T030000Z"],
  [/\b[0-9a-f]{64}\b/g, `4f1c7a${"0".repeat(58)}`],
  [/(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12}(?![\w-])/g, "4f1c7a000000"],
  [/-(?=[0-9a-f]*\d)[0-9a-f]{8}(?=\.(md|json))/g, "-5f0c2a1e"],
  [/\b20\d{2}-\d{2}-\d{2}\b(?! \d{2}:)/g, "2026-02-14"],
  [/\b\d+ commits?\b/g, "100 commits"],
  [/\b\d+ min \d+ s\b/g, "1 s"],
  [/(?<![\w.])\d[\d,]*(\.\d+)? ?(ms|s|min)\b(?! timeout)/g, "1 s"],
  [/(?<![\w.])[\d,]+(\.\d+)? (bytes|[kMGT]i?B)\b/g, "1 MB"],
  [/\b[\d.]+ transactions per second/g, "1.0 transactions per second"],
  [/\b\d+ other sessions?\b/g, "2 other sessions"],
  [/\bpid \d+/g, "pid 4711"],
  [/PostgreSQL \d+\.\d+/g, "PostgreSQL 17.10"],
];

/** An output as it is the same in every run: times, sizes, ids, folders and addresses replaced. */
export function normalise(text: string, folder: string, urls: readonly DatabaseUrl[]): string {
  const known: [string, string][] = [
    [`${folder}/`, ""],
    [folder, "."],
    [projectFolder, "…"],
    [userInfo().username, "operator"],
    ...urls.flatMap((url): [string, string][] => {
      const { host, port, pathname, username } = new URL(url);
      return [
        [host, "127.0.0.1:5432"],
        [`:${port}`, ":5432"],
        [decodeURIComponent(pathname.slice(1)), "spfp"],
        [`//${username}@`, "//postgres@"],
        [`"${username}"`, '"postgres"'],
      ];
    }),
  ];
  return inOrderOfSteps(text.split("\n"))
    .map((line) => {
      const plain = known.reduce(
        (replaced, [from, to]) => replaced.replaceAll(from, to),
        // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
        line.replaceAll(/\u001b\[[0-9;]*m/g, "").trimEnd(),
      );
      const steady = volatile.reduce((replaced, [form, to]) => replaced.replaceAll(form, to), plain);
      // Columns are as wide as what stood in them.
      return steady === plain ? plain : steady.replaceAll(/(?<=\S) {2,}/g, "  ");
    })
    .join("\n")
    .trimEnd();
}

// Indexes of several tables are built side by side, and whichever is done first is printed first.
function inOrderOfSteps(lines: readonly string[]): string[] {
  const isBuild = (line: string) => /^\S+\/\d+ {2}create index /.test(line);
  const number = (line: string) => Number(/\/(\d+)/.exec(line)?.[1]);
  const ordered: string[] = [];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && isBuild(lines[end] ?? "")) end++;
    const builds = lines.slice(at, end).toSorted((a, b) => number(a) - number(b));
    ordered.push(...builds, ...lines.slice(end, end + 1));
    at = end + 1;
  }
  return ordered;
}

/** A document in parts: what stays as it is, and what runs. */
type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "hidden"; readonly text: string; readonly commands: string }
  | { readonly type: "output"; readonly marker: string; readonly commands: string };

const fence = "```";

/** Splits a document; throws where a marker has no commands before it. */
export function partsOf(markdown: string): Part[] {
  const parts: Part[] = [];
  const pattern =
    /^<!-- run: (?<hidden>[\s\S]*?) -->$|^```sh\n(?<commands>[\s\S]*?)\n```$|^(?<marker><!-- output(?:: first \d+, last \d+)? -->)\n(?:[\s\S]*?\n)??<!-- \/output -->$/gm;
  let at = 0;
  let last: string | undefined;
  for (const match of markdown.matchAll(pattern)) {
    parts.push({ type: "text", text: markdown.slice(at, match.index) });
    at = match.index + match[0].length;
    const { hidden, commands, marker = "" } = match.groups ?? {};
    if (hidden !== undefined) {
      parts.push({ type: "hidden", text: match[0], commands: hidden });
    } else if (commands !== undefined) {
      parts.push({ type: "text", text: match[0] });
      last = commands;
    } else {
      if (last === undefined) throw new Error("an output without the commands that print it");
      parts.push({ type: "output", marker, commands: last });
      last = undefined;
    }
  }
  return [...parts, { type: "text", text: markdown.slice(at) }];
}

/** The lines that a marker asks for. */
function excerpt(output: string, marker: string): string {
  const [, first, last] = /first (\d+), last (\d+)/.exec(marker) ?? [];
  if (first === undefined || last === undefined) return output;
  const lines = output.split("\n");
  if (lines.length <= Number(first) + Number(last)) return output;
  return [...lines.slice(0, Number(first)), "…", ...lines.slice(lines.length - Number(last))].join("\n");
}

/** The document with each output as the commands print it now. */
export async function withOutput(markdown: string, shell: Shell): Promise<string> {
  const texts: string[] = [];
  for (const part of partsOf(markdown)) {
    if (part.type === "text") {
      texts.push(part.text);
      continue;
    }
    const output = await shell.run(part.commands);
    texts.push(
      part.type === "hidden"
        ? part.text
        : `${part.marker}\n${fence}text\n${excerpt(output, part.marker)}\n${fence}\n<!-- /output -->`,
    );
  }
  return texts.join("");
}

/** The blocks of commands in a document that nobody runs, but for those that say why. */
export function commandsWithoutOutput(markdown: string): string[] {
  const parts = partsOf(markdown);
  const run = new Set(parts.flatMap((part) => (part.type === "output" ? [part.commands] : [])));
  return [...markdown.matchAll(/(<!-- not run: [^\n]+ -->\n)?^```sh\n([\s\S]*?)\n```$/gm)].flatMap(
    ([, excuse, commands]) =>
      excuse === undefined && commands !== undefined && !run.has(commands) ? [commands] : [],
  );
}
