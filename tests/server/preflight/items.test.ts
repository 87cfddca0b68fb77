import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import {
  baseline,
  deployGuided,
  type PreflightOptions,
  type Project,
  preflight,
} from "../../../packages/drizzle-deploy/src/index.ts";
import { connect, parseDatabaseUrl } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { spfpProject } from "../../../src/project.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { makeProject } from "../../support/generic.ts";
import { projectFolder, type State, withDatabase } from "../../support/states.ts";

/** A database in a state, changed by hand. */
async function database(state: State, ...statements: string[]): Promise<TestDatabase> {
  const made = await createDatabase(state);
  for (const statement of statements) await made.sql.unsafe(statement);
  return made;
}

const quick = { mode: "quick", backupId: "b1", sample: 100 } as const;

async function look(one: TestDatabase, options: PreflightOptions = quick, project: Project = spfpProject) {
  const report = await preflight(project, one.url, options);
  const verdicts = Object.fromEntries(report.items.map(({ id, verdict }) => [id, verdict]));
  const findings = report.items.flatMap((item) => item.findings);
  const others = (id: string) => report.items.filter((item) => item.id !== id && item.verdict !== "pass");
  return { ...report, verdicts, findings, others };
}

const user = "00000000-0000-4000-8000-000000000001";

/** A module each of the engine's, and the project's own. */
const known = [
  ...readdirSync(join(projectFolder, "packages", "drizzle-deploy", "src", "preflight", "items")).map((file) =>
    file.replace(/\.ts$/, ""),
  ),
  ...spfpProject.preflight.map(({ id }) => id),
].sort();

/** A project with one index to make, where it is of no consequence which: SPFP takes twenty times as long to plan. */
const shelf = await makeProject(
  ["create table shelf (id integer, name text);", "create index shelf_name on shelf (name);"],
  ["public"],
  "shelf",
);

/** The database of that project, adopted before its index is made. */
async function shelfDatabase(...statements: string[]): Promise<TestDatabase> {
  const made = await createDatabase("empty");
  await made.sql`create table shelf (id integer, name text)`;
  expect(await baseline(shelf, made.url)).toMatchObject({
    outcome: "adopted",
    pending: [expect.any(String)],
  });
  for (const statement of statements) await made.sql.unsafe(statement);
  return made;
}

describe("a preflight", () => {
  it.each(["empty", "adopted", "deployed"] as const)(
    "lets %s pass, with evidence for each item",
    async (state) => {
      const report = await look(await database(state));
      expect(report).toMatchObject({ ok: true, mode: "quick" });
      expect(report.items.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
      expect(report.items.map(({ id }) => id).sort()).toEqual(known);
      expect(report.items.every(({ evidence }) => evidence.length > 0)).toBe(true);
      expect(report.database).not.toContain("password");
    },
  );

  it("writes nothing: what would write is refused by the server", async () => {
    const one = await database("adopted");
    const writing: Project = {
      ...spfpProject,
      preflight: [
        {
          id: "written",
          title: "Writes",
          run: async (sql) => {
            await sql`create table public.written (id int)`;
            return { evidence: "written", findings: [] };
          },
        },
      ],
    };
    await expect(preflight(writing, one.url, quick)).rejects.toMatchObject({ code: "25006" });
  });
});

describe("state", () => {
  it("blocks where the baseline is missing, and nothing else does", async () => {
    const one = await createDatabase("production");
    const report = await look(one);
    expect(report.verdicts["state"]).toBe("block");
    expect(report.findings).toMatchObject([{ check: "state.baseline" }]);
    expect(report.findings[0]?.remedy).toContain("spfp-db baseline");
    expect(report.others("state")).toEqual([]);
  });

  it("blocks where the catalog is not what the journal says", async () => {
    const report = await look(await database("adopted", "drop policy accounts_select on accounts"));
    expect(report.ok).toBe(false);
    expect(report.verdicts["state"]).toBe("block");
    expect(report.findings.map(({ object }) => object)).toContain("public.accounts.accounts_select");
  });

  it("warns where nothing pending touches what differs, and not of comments", async () => {
    const one = await database(
      "adopted",
      "drop index idx_operational_tasks_status",
      "comment on table sent_atas is 'mine'",
    );
    const report = await look(one);
    expect(report.ok).toBe(true);
    expect(report.verdicts["state"]).toBe("warn");
    expect(report.findings).toMatchObject([
      { severity: "info", object: "public.sent_atas" },
      { severity: "warning", object: "public.operational_tasks.idx_operational_tasks_status" },
    ]);
  });
});

describe("duplicates", () => {
  it("block, each group by name with what hangs on it", async () => {
    const one = await database(
      "adopted",
      `insert into auth.users (id) values ('${user}')`,
      `insert into categories (user_id, name) values ('${user}', 'Lazer'), ('${user}', 'LAZER')`,
      `insert into custom_templates (user_id, type, name, content, is_default) values
        ('${user}', 'reuniao', 'a', '', true), ('${user}', 'reuniao', 'b', '', true)`,
    );
    const report = await look(one);
    expect(report.verdicts["duplicates"]).toBe("block");
    expect(report.findings.map(({ check }) => check)).toEqual(["duplicates.category", "duplicates.template"]);
    expect(report.findings[0]?.actual).toContain('"LAZER"');
    expect(report.others("duplicates")).toEqual([]);
  });
});

describe("crossings", () => {
  it("block, each foreign key with how many rows of how many users", async () => {
    const other = "00000000-0000-4000-8000-0000000000c2";
    const one = await database(
      "adopted",
      `insert into auth.users (id) values ('${user}'), ('${other}')`,
      `insert into accounts (id, user_id, name, type) values ('${user}', '${user}', 'a', 'other'), ('${other}', '${other}', 'b', 'other')`,
      `insert into categories (id, user_id, name) values ('${user}', '${user}', 'a')`,
      `insert into transactions (user_id, account_id, category_id, amount, type, date) values
        ('${user}', '${other}', '${user}', 1, 'INCOME', '2026-01-01'), ('${user}', '${user}', '${user}', 1, 'INCOME', '2026-01-01')`,
    );
    const report = await look(one);
    expect(report.verdicts["crossings"]).toBe("block");
    expect(report.findings).toMatchObject([
      {
        check: "crossings.reference",
        object: "public.transactions.account_id",
        actual: `1 row of 1 user, for example of ${user} to ${other} of ${other}`,
        remedy: expect.stringContaining("spfp-db fix crossings --apply"),
      },
    ]);
    expect(report.others("crossings")).toEqual([]);
  });
});

describe("a policy beside ours on one of our tables", () => {
  it("blocks: the checks would refuse it once all is deployed", async () => {
    const one = await database(
      "adopted",
      "create policy mine on goals for select to authenticated using (user_id is not null)",
    );
    const report = await look(one);
    expect(report.findings).toMatchObject([{ check: "rls.policy-extra", object: "public.goals.mine" }]);
    expect(report.verdicts["state"]).toBe("block");
    expect(report.others("state")).toEqual([]);
  });
});

describe("dependencies", () => {
  it("block where one is missing", async () => {
    const remedy = "Create it.";
    const missing: Project = {
      ...spfpProject,
      requires: [
        ...spfpProject.requires,
        { kind: "role", name: "nobody_at_all", remedy, madeBy: null },
        { kind: "schema", name: "nowhere", remedy, madeBy: null },
        { kind: "table", name: "auth.nothing", remedy, madeBy: null },
        { kind: "function", name: "auth.uid(integer)", remedy, madeBy: null },
        { kind: "function", name: "public.business_date()", remedy, madeBy: "0003_functions_and_triggers" },
      ],
    };
    const report = await look(await database("adopted"), quick, missing);
    expect(report.verdicts["dependencies"]).toBe("block");
    expect(report.findings.map(({ object }) => object)).toEqual([
      "nobody_at_all",
      "nowhere",
      "auth.nothing",
      "auth.uid(integer)",
    ]);
    expect(report.others("dependencies")).toEqual([]);
  });

  it("block where the function of the triggers is gone", async () => {
    const report = await look(await database("adopted", "drop function update_updated_at_column() cascade"));
    expect(report.verdicts["dependencies"]).toBe("block");
  });
});

describe("server", () => {
  it("blocks where the database is read-only", async () => {
    const one = await shelfDatabase();
    const url = new URL(one.url);
    url.searchParams.set("options", "-c default_transaction_read_only=on");
    const report = await preflight(shelf, parseDatabaseUrl(url.href), quick);
    expect(report.items.find(({ id }) => id === "server")).toMatchObject({
      verdict: "block",
      findings: [{ check: "server.read-only" }],
    });
  });
});

describe("activity", () => {
  it("blocks where a transaction has been open for long", async () => {
    const one = await shelfDatabase();
    await one.sql.begin(async (transaction) => {
      await transaction`select 1`;
      const report = await look(one, { ...quick, longTransaction: 0 }, shelf);
      expect(report.verdicts["activity"]).toBe("block");
      expect(report.findings).toMatchObject([{ check: "activity.transaction" }]);
      expect(report.findings[0]?.actual).toContain("idle in transaction");
    });
  });
});

describe("traffic", () => {
  it("warns above what was called little, and blocks nothing", async () => {
    const one = await shelfDatabase();
    const busy = new AbortController();
    const traffic = (async () => {
      while (!busy.signal.aborted) await one.sql`select pg_stat_force_next_flush(), count(*) from shelf`;
    })();
    const report = await look(one, { ...quick, sample: 500, lowTraffic: 0 }, shelf);
    busy.abort();
    await traffic;
    expect(report.ok).toBe(true);
    expect(report.verdicts["traffic"]).toBe("warn");
  });
});

describe("many short transactions", () => {
  it("are in nobody's way", async () => {
    const one = await shelfDatabase();
    const busy = new AbortController();
    const traffic = Array.from({ length: 4 }, async () => {
      while (!busy.signal.aborted) await one.sql`select from shelf`;
    });
    const verdicts = new Set<string | undefined>();
    for (let time = 0; time < 8; time += 1) {
      verdicts.add((await look(one, { ...quick, sample: 20 }, shelf)).verdicts["activity"]);
    }
    busy.abort();
    await Promise.all(traffic);
    expect([...verdicts]).toEqual(["pass"]);
  });
});

describe("restore point", () => {
  it("blocks without a backup's name", async () => {
    const report = await look(await shelfDatabase(), { mode: "quick", sample: 100, backupId: " " }, shelf);
    expect(report.ok).toBe(false);
    expect(report.verdicts["restore-point"]).toBe("block");
    expect(report.others("restore-point")).toEqual([]);
  });
});

describe("approvals", () => {
  const enterprise = { ...quick, mode: "enterprise", executor: "Ana Souza" } as const;
  const checks = (report: { findings: readonly { check: string }[] }) =>
    report.findings.map(({ check }) => check);

  it("are asked for by enterprise mode: a ticket, another person, a rehearsal", async () => {
    const one = await shelfDatabase();
    const asked = await look(one, { ...enterprise, ticket: "", approvedBy: " " }, shelf);
    expect(asked.verdicts["approvals"]).toBe("block");
    expect(checks(asked)).toEqual(["approvals.ticket", "approvals.approver", "approvals.rehearsal"]);
    const own = await look(one, { ...enterprise, ticket: "CHG-1", approvedBy: " ana  SOUZA" }, shelf);
    expect(checks(own)).toEqual(["approvals.approver", "approvals.rehearsal"]);
    const guided = await look(one, { ...enterprise, mode: "guided" }, shelf);
    expect(guided.verdicts["approvals"]).toBe("pass");
  });

  it("are complete once this very plan ran to its end elsewhere", async () => {
    const [one, copy] = [await shelfDatabase(), await shelfDatabase()];
    const folder = mkdtempSync(join(inject("scratchFolder"), "rehearsals-"));
    const all = { ...enterprise, ticket: "CHG-1", approvedBy: "Bia", folder };
    expect(checks(await look(one, all, shelf))).toEqual(["approvals.rehearsal"]);
    const led = await deployGuided(shelf, copy.url, {
      mode: "quick",
      answers: { executor: "Ana Souza", backup: "b1" },
      folder,
      deployment: {},
      tell: () => {},
    });
    expect(led.ok).toBe(true);
    expect(await look(one, all, shelf)).toMatchObject({ ok: true, findings: [] });
  });

  it("need no rehearsal where nothing is pending", async () => {
    const report = await look(await database("deployed"), {
      ...enterprise,
      ticket: "CHG-1",
      approvedBy: "Bia",
    });
    expect(report.ok).toBe(true);
  });
});

describe("locks", () => {
  it("block where somebody has held for long what a step would wait for, and who does is named", async () => {
    const one = await database("adopted");
    await one.sql.begin(async (transaction) => {
      await transaction`set local application_name = 'nightly report'`;
      await transaction`lock table sent_atas in access share mode`;
      await transaction`select pg_sleep(1.1)`;
      const report = await look(one);
      expect(report.verdicts["activity"]).toBe("block");
      expect(report.findings).toMatchObject([{ check: "activity.lock" }]);
      expect(report.findings[0]?.actual).toContain("nightly report");
    });
  });

  it("of tables that no step works on do not matter", async () => {
    const one = await shelfDatabase("create table public.mine (id int)");
    await one.sql.begin(async (transaction) => {
      await transaction`lock table public.mine in share mode`;
      await transaction`select pg_sleep(1.1)`;
      expect((await look(one, quick, shelf)).ok).toBe(true);
    });
  });
});

describe("space", () => {
  it("tells what the indexes will take, those of large tables first", async () => {
    const one = await database("adopted");
    await one.sql`insert into auth.users (id) values (${user})`;
    await one.sql`insert into operational_tasks (user_id, title)
      select ${user}, 'x' from generate_series(1, 2000)`;
    await one.sql`analyze operational_tasks`;
    const report = await look(one);
    expect(report.items.find(({ id }) => id === "space")?.evidence).toMatch(
      /^about [1-9].* most of it idx_operational_tasks_/,
    );
  });
});

describe("rights", () => {
  it("tell what the role owns of what the plan changes", async () => {
    const report = await look(await database("adopted"));
    const evidence = report.items.find(({ id }) => id === "rights")?.evidence ?? "";
    const [, owned, all] = /(\d+) of (\d+) relations/.exec(evidence) ?? [];
    expect(owned).toBe(all);
    expect(Number(all)).toBeGreaterThan(20);
  });

  it("count a function of somebody else's as none of the relations", async () => {
    const one = await database("adopted");
    const { administrator } = inject("testServer");
    const admin = await connect(
      withDatabase(parseDatabaseUrl(administrator), new URL(one.url).pathname.slice(1)),
    );
    await admin.unsafe("alter function public.update_updated_at_column() owner to current_user");
    await admin.end();
    const report = await look(one);
    expect(report.findings.map(({ check }) => check)).toContain("rights.owner");
    const evidence = report.items.find(({ id }) => id === "rights")?.evidence ?? "";
    const [, owned, all] = /(\d+) of (\d+) relations/.exec(evidence) ?? [];
    expect(owned).toBe(all);
  });
});
