import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatherFacts, type Project } from "../../../packages/drizzle-deploy/src/index.ts";
import type { ParsedStatement } from "../../../packages/drizzle-deploy/src/plan/parse.ts";
import { contextOf, simulateCatalog } from "../../../packages/drizzle-deploy/src/plan/simulated-catalog.ts";
import {
  classify,
  type Draft,
  type StatementContext,
} from "../../../packages/drizzle-deploy/src/plan/statements/index.ts";
import { fingerprint, parseStatements, print } from "../../../packages/drizzle-deploy/src/sql/parser.ts";
import { spfpProject } from "../../../src/project.ts";
import { testDatabase } from "../../support/database.ts";
import { locksOf, locksOfConcurrent, relations, rewritten, saidLocks, scanned, scans } from "./locks.ts";
import { cases, setting } from "./statements.ts";

const database = await testDatabase("empty");
const connection = () => postgres(database.url, { max: 1, onnotice: () => {} });
const sql = connection();
const blocker = connection();
const watcher = connection();
afterAll(() => Promise.all([sql, blocker, watcher].map((one) => one.end())));

const schemas = ["area", "elsewhere"] as const;
const project: Project = { ...spfpProject, schemas: [...schemas] };

async function reset(): Promise<void> {
  await sql
    .unsafe(
      `drop schema if exists area cascade; drop schema if exists elsewhere cascade; drop extension if exists btree_gist; ${setting}`,
    )
    .simple();
}

beforeAll(async () => {
  await reset();
});

async function context(): Promise<StatementContext> {
  const facts = await gatherFacts(sql, project, { applied: [], pending: [] });
  // Nothing that is dropped comes back.
  const after = { ...facts.catalog, views: [], functions: [], sequences: [] };
  return contextOf(simulateCatalog(facts, schemas), facts, {
    schemas: [...schemas],
    before: facts.catalog,
    after,
  });
}

function parsed(text: string): Omit<ParsedStatement, "number"> {
  const [statement, ...others] = parseStatements(text);
  if (!statement || others.length > 0) throw new Error(`expected one statement: ${text}`);
  return statement;
}

const kindOf = ({ kind, transactional }: Draft) => (transactional ? kind : `/${kind}`);
const hazardsOf = (drafts: readonly Draft[]) => [
  ...new Set(drafts.flatMap(({ hazards }) => hazards.map(({ name }) => name))),
];

/** What belongs to the server, is not there, is not known, or is refused in any case. */
const isRunnable = ({ kind, hazards }: Draft) =>
  kind !== "role" && hazards.every(({ name }) => name !== "unsupported" && name !== "unknown");

class Undo extends Error {}

describe("a statement", () => {
  it.each(cases)("$sql takes the steps that it is said to take", async ({ sql: text, ...expected }) => {
    const drafts = classify(parsed(text), await context());
    expect(drafts.map(kindOf)).toEqual(expected.steps);
    expect(hazardsOf(drafts)).toEqual(expected.hazards ?? []);
    expect(drafts.map((draft) => draft.sql)).toEqual(expected.runs ?? [text]);
    for (const { safety, title, hazards } of drafts) {
      expect([
        title,
        safety,
        ...hazards.flatMap(({ message, safeForm }) => [message, safeForm]),
      ]).not.toContain("");
    }
  });

  it.each(cases)(
    "$sql locks what it is said to lock, for as long as it is said to",
    async ({ sql: text }) => {
      const drafts = classify(parsed(text), await context());
      let isDirty = false;
      for (const draft of drafts.filter(isRunnable)) {
        const known = await relations(sql);
        const said = saidLocks(draft.locks, known);
        if (!draft.transactional) {
          isDirty = true;
          const [first] = draft.locks;
          const table = `${first?.schema}.${first?.name}`;
          const write = `lock table ${table} in row exclusive mode; select pg_current_xact_id()`;
          expect(await locksOfConcurrent({ worker: sql, blocker, watcher }, draft.sql, write, known)).toEqual(
            said,
          );
          continue;
        }
        const seen = { locks: [""], read: [""], written: [""] };
        await sql
          .begin(async (transaction) => {
            const before = await scans(transaction);
            await transaction.unsafe(draft.sql).simple();
            seen.locks = await locksOf(transaction, "pg_backend_pid()", known);
            seen.read = scanned(before, await scans(transaction), known);
            seen.written = await rewritten(transaction, known);
            if (drafts.length === 1) throw new Undo();
            isDirty = true;
          })
          .catch((error: unknown) => {
            if (!(error instanceof Undo)) throw error;
          });
        // Nobody can say what code locks that only runs then.
        if (draft.kind === "opaque") expect(seen.locks).toEqual(expect.arrayContaining(said));
        else expect(seen.locks).toEqual(said);
        const stopping = draft.locks.filter(({ stopsWrites }) => stopsWrites);
        const momentary = stopping
          .filter(({ duration }) => duration === "short")
          .map(({ schema, name }) => `${schema}.${name}`);
        // TRUNCATE builds the indexes of what is then an empty table.
        if (draft.kind !== "change data") {
          expect(seen.read.filter((relation) => momentary.includes(relation))).toEqual([]);
        }
        if (stopping.some(({ duration }) => duration === "long")) expect(draft.hazards).not.toEqual([]);
        if (seen.written.length > 0) {
          expect(draft.hazards.map(({ name }) => name)).toEqual(
            expect.arrayContaining([draft.kind === "change data" ? expect.any(String) : "rewrite"]),
          );
        }
      }
      if (isDirty) await reset();
    },
  );

  it.each(cases)("$sql is the same statement after it was printed", ({ sql: text, runs = [] }) => {
    for (const one of runs.length > 0 ? runs : [text]) {
      const { node } = parsed(one);
      let printed: string;
      try {
        printed = print(node);
      } catch (error) {
        // What the printer gets wrong is noticed, and never run.
        expect(error).toBeInstanceOf(RangeError);
        continue;
      }
      expect(fingerprint(parsed(printed).node)).toBe(fingerprint(node));
      expect(print(parsed(printed).node)).toBe(printed);
    }
  });

  it("is planned as it was when its own steps are planned again", async () => {
    const around = await context();
    for (const { sql: text } of cases) {
      for (const { sql: own, kind, hazards } of classify(parsed(text), around)) {
        const again = classify(parsed(own), around);
        if (hazards.some(({ name }) => name === "unsupported")) continue;
        // One already in its safe form stays one step, but SET NOT NULL, which does not say what proves it.
        if (kind === "alter column" && again.length > 1) continue;
        expect({ text: own, kinds: again.map((draft) => draft.kind) }).toEqual({ text: own, kinds: [kind] });
        expect(again.map((draft) => fingerprint(parsed(draft.sql).node))).toEqual([
          fingerprint(parsed(own).node),
        ]);
      }
    }
  });
});

describe("a statement on a table that the same plan makes", () => {
  it.each([
    `CREATE INDEX at_idx ON area.fresh (at)`,
    `ALTER TABLE area.fresh ADD COLUMN n serial NOT NULL`,
    `ALTER TABLE area.fresh ALTER COLUMN at SET NOT NULL`,
    `ALTER TABLE area.fresh ADD CONSTRAINT k UNIQUE (at)`,
    `ALTER TABLE area.fresh ADD CONSTRAINT c CHECK (at > now())`,
    `ALTER TABLE area.fresh ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES area.parent (id)`,
    `ALTER TABLE area.fresh ALTER COLUMN at SET DATA TYPE text`,
    `ALTER TABLE area.fresh DROP COLUMN at`,
    `INSERT INTO area.fresh SELECT id FROM area.bin`,
  ])("%s is run as it is written", async (text) => {
    const facts = await gatherFacts(sql, project, { applied: [], pending: [] });
    const world = simulateCatalog(facts, schemas);
    const around = contextOf(world, facts, {
      schemas: [...schemas],
      before: facts.catalog,
      after: facts.catalog,
    });
    for (const draft of classify(parsed("CREATE TABLE area.fresh (id integer, at timestamptz)"), around))
      world.apply(draft, facts.catalog);
    const drafts = classify(parsed(text), around);
    expect(drafts.map((draft) => draft.sql)).toEqual([text]);
    expect(hazardsOf(drafts)).toEqual([]);
    expect(drafts.flatMap(({ locks }) => locks.filter(({ duration }) => duration === "long"))).toEqual([]);
  });
});
