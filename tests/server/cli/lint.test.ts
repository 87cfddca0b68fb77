import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { writeMigrations } from "../../support/migration-folder.ts";
import { cli, engineCli } from "../../support/processes.ts";
import { projectFolder } from "../../support/states.ts";

const orders = "CREATE TABLE orders (id integer PRIMARY KEY, code text);";
const index = 'CREATE INDEX "orders_code" ON "orders" ("code");';

const git = (folder: string, ...args: string[]): string =>
  execFileSync(
    "git",
    [
      "-c",
      "user.name=Ana",
      "-c",
      "user.email=ana@example.org",
      "-c",
      "commit.gpgsign=false",
      "-C",
      folder,
      ...args,
    ],
    { encoding: "utf8" },
  );

/** A project in a repository of its own, with a first migration on main. */
function makeRepository(): string {
  const repository = mkdtempSync(join(inject("scratchFolder"), "lint-"));
  const folder = join(repository, "app");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop" }));
  writeFileSync(
    join(folder, "drizzle.config.json"),
    JSON.stringify({ dialect: "postgresql", out: "./migrations" }),
  );
  writeMigrations(join(folder, "migrations"), { "0000_orders": orders });
  git(repository, "init", "--quiet", "--initial-branch=main");
  git(repository, "add", ".");
  git(repository, "commit", "--quiet", "-m", "Begin");
  return folder;
}

const lint = (folder: string, ...args: string[]) => engineCli(["lint", ...args], { cwd: folder }).end;

describe("--since", () => {
  test("judges what the branch adds, committed or not, and nothing of what main got since", async () => {
    const folder = makeRepository();
    const write = (files: Readonly<Record<string, string>>) =>
      writeMigrations(join(folder, "migrations"), files);
    git(folder, "checkout", "--quiet", "-b", "feature");
    write({ "0000_orders": orders, "0001_committed": index });
    git(folder, "add", ".");
    git(folder, "commit", "--quiet", "-m", "Add an index");
    git(folder, "checkout", "--quiet", "main");
    write({ "0000_orders": orders, "0001_other": "DROP TABLE orders;" });
    git(folder, "add", ".");
    git(folder, "commit", "--quiet", "-m", "Drop");
    git(folder, "checkout", "--quiet", "feature");
    write({
      "0000_orders": orders,
      "0001_committed": index,
      "0002_new": "ALTER TABLE orders DROP COLUMN code;",
    });
    const { status, out } = await lint(folder, "--since", "main", "--format", "json");
    const { migrations, findings } = z
      .object({
        migrations: z.array(z.string()),
        findings: z.array(z.object({ rule: z.string(), file: z.string() })),
      })
      .parse(JSON.parse(out));
    expect({ status, migrations, findings }).toEqual({
      status: 1,
      migrations: ["0001_committed", "0002_new"],
      findings: [
        { rule: "create-index", file: "migrations/0001_committed.sql" },
        { rule: "drop-column", file: "migrations/0002_new.sql" },
      ],
    });
  });

  test("finds nothing where the branch adds none; folders of Drizzle 1.0 are read alike", async () => {
    const folder = makeRepository();
    expect(await lint(folder, "--since", "main")).toEqual({
      status: 0,
      signal: null,
      out: "No migration to judge.\n",
      err: "",
    });
    const named = join(folder, "named");
    for (const [name, text] of [
      ["20260101000000_a", orders],
      ["20260102000000_b", index],
    ] as const) {
      mkdirSync(join(named, name), { recursive: true });
      writeFileSync(join(named, name, "migration.sql"), text);
      git(folder, "add", ".");
      if (name.endsWith("a")) git(folder, "commit", "--quiet", "-m", "Begin with 1.0");
    }
    const { status, out } = await lint(folder, "named", "--since", "HEAD");
    expect(status).toBe(1);
    expect(out).toContain("create-index  named/20260102000000_b/migration.sql:1:1");
  });

  test.each([
    ["nowhere", "git knows no revision"],
    ["--upload-pack=x", "git knows no revision"],
  ])("of a revision that there is none of, as %s, is refused in one line", async (revision, message) => {
    const { status, out, err } = await lint(makeRepository(), `--since=${revision}`);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(new RegExp(`^drizzle-deploy: USAGE: ${message}[^\\n]+\\.\\n$`));
  });

  test("outside of a repository is refused", async () => {
    const folder = mkdtempSync(join(inject("scratchFolder"), "bare-"));
    writeMigrations(join(folder, "migrations"), { "0000_a": orders });
    const { status, err } = await engineCli(["lint", "migrations", "--since", "main"], {
      cwd: folder,
      env: { GIT_CEILING_DIRECTORIES: inject("scratchFolder") },
    }).end;
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining("is in no git repository") });
  });
});

describe("a folder with something to find", () => {
  const begin = (...more: string[]) => {
    const folder = makeRepository();
    writeMigrations(join(folder, "migrations"), {
      "0000_orders": orders,
      "0001_next": [index, ...more].join("\n"),
    });
    return folder;
  };
  const drop = "ALTER TABLE orders DROP COLUMN code;";

  test("is told as text: what, where, what deploy does, and what to write instead", async () => {
    const { status, out, err } = await lint(begin());
    expect({ status, err }).toEqual({ status: 1, err: "" });
    expect(out).toBe(`  ! public.orders_code  create-index  migrations/0001_next.sql:1:1
      Whoever writes to public.orders waits until the index orders_code is built.
      deploy   runs the safe form by itself. CONCURRENTLY: the table is scanned twice while others read and write; it waits for transactions, and makes none wait.
      instead  CREATE INDEX CONCURRENTLY orders_code ON public.orders (code);

1 warning in 2 migrations.
`);
  });

  test("is told to GitHub with paths from the root of the repository, on one line each", async () => {
    const { status, out } = await lint(begin(drop), "--format", "github");
    expect(status).toBe(1);
    const [first, second, ...rest] = out.split("\n");
    expect(first).toMatch(
      /^::warning file=app\/migrations\/0001_next\.sql,line=1,endLine=1,col=1,title=create-index%3A public\.orders_code::Whoever .*%0AInstead:%0ACREATE INDEX CONCURRENTLY /,
    );
    expect(second).toMatch(/^::error file=app\/migrations\/0001_next\.sql,line=2,/);
    expect(rest).toEqual(["1 error and 1 warning in 2 migrations.", ""]);
  });

  test("is told as SARIF 2.1.0, with what is accepted as suppressed", async () => {
    const { status, out } = await lint(
      begin("-- lint: accept drop-column: unread", drop),
      "--format",
      "sarif",
    );
    expect(status).toBe(1);
    const log = z
      .object({
        version: z.literal("2.1.0"),
        runs: z.tuple([
          z.object({
            tool: z.object({
              driver: z.object({ name: z.string(), rules: z.array(z.object({ id: z.string() })) }),
            }),
            results: z.array(
              z.object({
                ruleId: z.string(),
                ruleIndex: z.int().min(0),
                level: z.enum(["error", "warning"]),
                locations: z.tuple([
                  z.object({
                    physicalLocation: z.object({
                      artifactLocation: z.object({ uri: z.string() }),
                      region: z.object({ startLine: z.int(), startColumn: z.int(), endLine: z.int() }),
                    }),
                  }),
                ]),
                suppressions: z
                  .array(z.object({ kind: z.literal("inSource"), justification: z.string() }))
                  .optional(),
              }),
            ),
          }),
        ]),
      })
      .parse(JSON.parse(out));
    const [{ tool, results }] = log.runs;
    expect(tool.driver.name).toBe("drizzle-deploy");
    expect(results.map(({ ruleIndex }) => tool.driver.rules[ruleIndex]?.id)).toEqual([
      "create-index",
      "drop-column",
    ]);
    expect(results.map(({ suppressions }) => suppressions?.[0]?.justification)).toEqual([
      undefined,
      "unread",
    ]);
    expect(results[1]?.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: "app/migrations/0001_next.sql" },
      region: { startLine: 3, startColumn: 1, endLine: 3 },
    });
  });

  test("does not fail with --fail-on error where deploy makes it safe", async () => {
    expect((await lint(begin(), "--fail-on", "error")).status).toBe(0);
    expect((await lint(begin(drop), "--fail-on", "error")).status).toBe(1);
  });

  test("fails the action of this repository, whose script shows it to GitHub and writes SARIF", () => {
    const text = readFileSync(join(projectFolder, ".github", "actions", "lint", "action.yml"), "utf8");
    const script = (text.split(/^ {6}run: \|\n/m)[1] ?? "").replaceAll(/^ {8}/gm, "");
    expect(script).toContain("--format github");
    const folder = begin();
    const run = (failOn: string) => {
      const COMMAND = `${process.execPath} ${join(projectFolder, "packages", "drizzle-deploy", "bin", "drizzle-deploy.js")}`;
      const env = {
        ...process.env,
        COMMAND,
        SINCE: "main",
        FOLDER: "",
        FAIL_ON: failOn,
        SARIF: "lint.sarif",
      };
      try {
        // As GitHub runs `shell: bash`.
        const out = execFileSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
          cwd: folder,
          env,
          encoding: "utf8",
        });
        return { status: 0, out };
      } catch (error) {
        return z
          .object({ status: z.number(), stdout: z.string() })
          .transform(({ status, stdout }) => ({ status, out: stdout }))
          .parse(error);
      }
    };
    expect(run("warning")).toEqual({
      status: 1,
      out: expect.stringMatching(/^::warning file=app\/migrations\/0001_next\.sql/),
    });
    expect(readFileSync(join(folder, "lint.sarif"), "utf8")).toContain('"ruleId": "create-index"');
    expect(run("error").status).toBe(0);
  });
});

describe("spfp-db lint", () => {
  test("judges SPFP's own migrations, of which none waits for a decision but what the baseline found there", async () => {
    const { status, out } = await cli(["lint", "--fail-on", "error", "--format", "json"]).end;
    expect(status).toBe(1);
    const { findings } = z
      .object({ findings: z.array(z.object({ rule: z.string(), level: z.string(), migration: z.string() })) })
      .parse(JSON.parse(out));
    const errors = findings.filter(({ level }) => level === "error");
    // The views of production before the optimisation, which 0005_views closes.
    expect(new Set(errors.map(({ rule, migration }) => `${migration} ${rule}`))).toEqual(
      new Set(["0001_baseline_objects view-exposes-rows"]),
    );
  });

  test("explains a rule as its page does", async () => {
    const { status, out } = await cli(["lint", "--explain", "add-check"]).end;
    expect({ status, out }).toEqual({
      status: 0,
      out: readFileSync(join(projectFolder, "docs", "lint", "add-check.md"), "utf8"),
    });
  });
});
