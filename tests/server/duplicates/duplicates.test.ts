import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { generateData } from "../../../src/bench/index.ts";
import { findDuplicates, mergeDuplicates, mergeDuplicatesWithin } from "../../../src/duplicates/index.ts";
import { rowChangeSchema } from "../../../src/fixes/index.ts";
import { createDatabase, only, type Sql } from "../../support/database.ts";
import { deploy } from "../../support/deploy-by-statements.ts";
import { merged, type State } from "../../support/duplicates-model.ts";
import { insertState, readState, sorted, undo } from "../../support/duplicates-rows.ts";

const database = await createDatabase("production");

const names = ["Saúde", "SAÚDE", "saúde", "Lazer", "LAZER", "Lázer", "ÇÃO", "ção", " Lazer"];

// What two names have in common is PostgreSQL's word, not JavaScript's.
const foldings = new Map(
  z
    .array(z.object({ name: z.string(), folded: z.string() }))
    .parse([
      ...(await database.sql`
        select name, lower(name) as folded from json_array_elements_text(${JSON.stringify(names)}::text::json) name`),
    ])
    .map(({ name, folded }) => [name, folded]),
);
const fold = (name: string) => foldings.get(name) ?? name;

const users = ["00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"];
const [user = ""] = users;

const created = fc.option(fc.integer({ min: 1, max: 3 }));
const someUser = fc.constantFrom(...users);
const stateArbitrary: fc.Arbitrary<State> = fc
  .uniqueArray(
    fc.record({
      id: fc.uuid({ version: 4 }),
      user: someUser,
      name: fc.constantFrom(...names),
      created,
      deleted: fc.constantFrom(false, false, true),
    }),
    { minLength: 1, maxLength: 10, selector: ({ id }) => id },
  )
  .chain((categories) => {
    const category = fc.constantFrom(...categories.map(({ id }) => id));
    const row = { id: fc.uuid({ version: 4 }), category, deleted: fc.boolean() };
    const unique = { maxLength: 12, selector: ({ id }: { id: string }) => id };
    return fc.record({
      categories: fc.constant(categories),
      budgets: fc.uniqueArray(fc.record({ ...row, created }), unique),
      transactions: fc.uniqueArray(fc.record(row), unique),
      templates: fc.uniqueArray(
        fc.record({
          id: fc.uuid({ version: 4 }),
          user: someUser,
          type: fc.constantFrom("reuniao", "investimentos"),
          created: fc.integer({ min: 1, max: 3 }),
          isDefault: fc.constantFrom(true, true, false, null),
        }),
        unique,
      ),
    });
  });

const nothing: State = { categories: [], budgets: [], transactions: [], templates: [] };

// Ids in the order of their letters, so that a case can say which is smaller.
const id = (letter: string) =>
  `${letter.charCodeAt(0).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
const category = (letter: string, name: string, at: number | null, deleted = false) => ({
  id: id(letter),
  user,
  name,
  created: at,
  deleted,
});
const budget = (letter: string, of: string, at: number | null, deleted = false) => ({
  id: id(letter),
  category: id(of),
  created: at,
  deleted,
});
const template = (letter: string, at: number, isDefault: boolean | null = true) => ({
  id: id(letter),
  user,
  type: "reuniao",
  created: at,
  isDefault,
});

describe("a merge", () => {
  it("does what the specification says, records each change, and can be undone from the record", async () => {
    await fc.assert(
      fc.asyncProperty(stateArbitrary, async (state) => {
        await database.transaction(async (sql) => {
          await insertState(sql, users, state);
          const before = await readState(sql);
          expect(before).toEqual(sorted(state));
          const found = await findDuplicates(sql);
          const { changes, ...reported } = await mergeDuplicatesWithin(sql);
          expect(reported).toEqual(found);
          expect(await readState(sql)).toEqual(sorted(merged(state, fold)));
          expect(await findDuplicates(sql)).toEqual({ categories: [], templates: [] });
          expect((await mergeDuplicatesWithin(sql)).changes).toEqual([]);
          await undo(sql, z.array(rowChangeSchema).parse(JSON.parse(JSON.stringify(changes))));
          expect(await readState(sql)).toEqual(before);
        });
      }),
      { numRuns: 60 },
    );
  });

  it.each<[what: string, state: Partial<State>, left: string[]]>([
    [
      "keeps the oldest category",
      { categories: [category("a", "LAZER", 2), category("b", "Lazer", 1)] },
      ["b"],
    ],
    [
      "keeps the smaller id of two as old",
      { categories: [category("b", "LAZER", 1), category("a", "Lazer", 1)] },
      ["a"],
    ],
    [
      "takes one without a time for the youngest",
      { categories: [category("a", "LAZER", null), category("b", "Lazer", 9)] },
      ["b"],
    ],
    [
      "keeps the smaller id where no time is known",
      { categories: [category("b", "LAZER", null), category("a", "Lazer", null)] },
      ["a"],
    ],
    [
      "leaves a deleted category out, however old",
      { categories: [category("a", "LAZER", 1, true), category("b", "Lazer", 2), category("c", "lazer", 3)] },
      ["b"],
    ],
    [
      "leaves names alone that differ in more than case",
      { categories: [category("a", "Lazer", 1), category("b", " Lazer", 2), category("c", "Lázer", 3)] },
      ["a", "b", "c"],
    ],
    [
      "keeps the kept category's budget, although another is older",
      {
        categories: [category("a", "LAZER", 1), category("b", "Lazer", 2)],
        budgets: [budget("x", "a", 9), budget("y", "b", 1)],
      },
      ["a", "x"],
    ],
    [
      "keeps the oldest budget where the kept category has none",
      {
        categories: [category("a", "LAZER", 1), category("b", "Lazer", 2), category("c", "lazer", 3)],
        budgets: [budget("x", "b", 9), budget("y", "c", 1)],
      },
      ["a", "y"],
    ],
    [
      "does not count a deleted budget as the kept category's",
      {
        categories: [category("a", "LAZER", 1), category("b", "Lazer", 2)],
        budgets: [budget("x", "a", 1, true), budget("y", "b", 5)],
      },
      ["a", "y"],
    ],
    [
      "keeps the older of two that the kept category had",
      {
        categories: [category("a", "LAZER", 1), category("b", "Lazer", 2)],
        budgets: [budget("x", "a", 3), budget("y", "a", 2), budget("z", "b", 1)],
      },
      ["a", "y"],
    ],
    [
      "leaves several budgets of a category alone that needs no merge",
      { categories: [category("a", "LAZER", 1)], budgets: [budget("x", "a", 3), budget("y", "a", 2)] },
      ["a", "x", "y"],
    ],
    [
      "keeps the newest default template",
      { templates: [template("p", 1), template("q", 3), template("r", 2)] },
      ["q"],
    ],
    [
      "keeps the smaller id of two templates as new",
      { templates: [template("q", 3), template("p", 3)] },
      ["p"],
    ],
    [
      "leaves templates alone that are not default",
      { templates: [template("p", 1), template("q", 3, false), template("r", 2, null)] },
      ["p"],
    ],
  ])("%s", async (_, partial, left) => {
    await database.transaction(async (sql) => {
      await insertState(sql, users, { ...nothing, ...partial });
      await mergeDuplicatesWithin(sql);
      const after = await readState(sql);
      const live = [
        ...[...after.categories, ...after.budgets].filter(({ deleted }) => !deleted),
        ...after.templates.filter(({ isDefault }) => isDefault),
      ];
      expect(live.map((row) => row.id).sort()).toEqual(left.map(id).sort());
    });
  });

  it("reports each category with what refers to it, the oldest first, and each template, the newest first", async () => {
    await database.transaction(async (sql) => {
      await insertState(sql, users, {
        categories: [category("b", "LAZER", 5), category("a", "Lazer", 7), category("c", "ÇÃO", 1)],
        budgets: [budget("x", "a", 1), budget("y", "a", 1, true)],
        transactions: [
          { id: id("m"), category: id("b"), deleted: false },
          { id: id("n"), category: id("b"), deleted: true },
        ],
        templates: [template("p", 1), template("q", 2)],
      });
      await sql`set local time zone 'UTC'`;
      const at = (minute: number) => `2025-01-01T00:0${minute}:00`;
      expect(await findDuplicates(sql)).toEqual({
        categories: [
          {
            userId: user,
            foldedName: "lazer",
            kept: id("b"),
            categories: [
              { id: id("b"), name: "LAZER", createdAt: at(5), transactions: 2, budgets: 0, liveBudgets: 0 },
              { id: id("a"), name: "Lazer", createdAt: at(7), transactions: 0, budgets: 2, liveBudgets: 1 },
            ],
          },
        ],
        templates: [
          {
            userId: user,
            type: "reuniao",
            kept: id("q"),
            templates: [
              { id: id("q"), name: "Modelo", createdAt: `${at(2)}+00:00` },
              { id: id("p"), name: "Modelo", createdAt: `${at(1)}+00:00` },
            ],
          },
        ],
      });
    });
  });

  it("writes the time of deletion in UTC, whatever the session's time zone, and leaves updated_at", async () => {
    await database.transaction(async (sql) => {
      await sql`set local time zone 'Asia/Tokyo'`;
      await insertState(sql, users, {
        ...nothing,
        categories: [category("a", "LAZER", 1), category("b", "Lazer", 2)],
        transactions: [{ id: id("m"), category: id("b"), deleted: false }],
      });
      const { changes } = await mergeDuplicatesWithin(sql);
      const { now } = only(
        z.object({ now: z.string() }),
        await sql`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as now`,
      );
      expect(changes).toEqual([
        { table: "transactions", id: id("m"), column: "category_id", before: id("b"), after: id("a") },
        { table: "categories", id: id("b"), column: "deleted_at", before: null, after: now },
      ]);
      expect([
        ...(await sql`select updated_at from transactions union select updated_at from categories`),
      ]).toEqual([{ updated_at: null }]);
    });
  });

  it("finds and changes nothing once the uniqueness rules are there", async () => {
    const deployed = await createDatabase("deployed");
    expect(await findDuplicates(deployed.sql)).toEqual({ categories: [], templates: [] });
    expect(await mergeDuplicates(deployed.sql)).toEqual({ categories: [], templates: [], changes: [] });
  });
});

/** Waits until somebody waits for a lock in this database, or, if nobody has to, until the merge is over. */
async function untilBlocked(sql: Sql, merging: Promise<unknown>): Promise<void> {
  let over = false;
  const end = () => {
    over = true;
  };
  merging.then(end, end);
  while (!over) {
    const { blocked } = only(
      z.object({ blocked: z.boolean() }),
      await sql`select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock') as blocked`,
    );
    if (blocked) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("beside other sessions, a merge", () => {
  const fileUnder = (sql: Pick<Sql, "unsafe">, transaction: string, under: string) =>
    sql.unsafe(
      `insert into transactions (id, user_id, account_id, category_id, amount, type, date)
       values ($1, $2, $2, $3, 1, 'EXPENSE', '2026-01-01')`,
      [transaction, user, under],
    );

  async function withDuplicates(run: (sql: Sql) => Promise<void>): Promise<void> {
    const own = await createDatabase("production");
    await own.transaction(
      (sql) =>
        insertState(sql, users, {
          ...nothing,
          categories: [category("a", "LAZER", 1), category("b", "Lazer", 2), category("c", "ÇÃO", 1)],
          budgets: [budget("x", "b", 1)],
        }),
      "commit",
    );
    await run(own.sql);
  }

  it("moves a transaction that was being filed under a merged category, once that is committed", async () => {
    await withDuplicates(async (sql) => {
      const late = randomUUID();
      let merging: ReturnType<typeof mergeDuplicates> | undefined;
      await sql.begin(async (writer) => {
        await fileUnder(writer, late, id("b"));
        merging = mergeDuplicates(sql);
        await untilBlocked(sql, merging);
      });
      expect((await merging)?.changes).toContainEqual({
        table: "transactions",
        id: late,
        column: "category_id",
        before: id("b"),
        after: id("a"),
      });
    });
  });

  it("keeps a budget that its user is deleting meanwhile from being taken for the one that stays", async () => {
    await withDuplicates(async (sql) => {
      await sql.unsafe(
        "insert into category_budgets (id, user_id, category_id, monthly_limit) values ($1, $2, $3, 1)",
        [id("y"), user, id("a")],
      );
      let merging: ReturnType<typeof mergeDuplicates> | undefined;
      await sql.begin(async (writer) => {
        await writer.unsafe("update category_budgets set deleted_at = now() where id = $1", [id("y")]);
        merging = mergeDuplicates(sql);
        await untilBlocked(sql, merging);
      });
      await merging;
      expect([...(await sql`select id, category_id from category_budgets where deleted_at is null`)]).toEqual(
        [{ id: id("x"), category_id: id("a") }],
      );
    });
  });

  it("takes turns with another merge, which then finds nothing", async () => {
    await withDuplicates(async (sql) => {
      const merges = await Promise.all([mergeDuplicates(sql), mergeDuplicates(sql)]);
      expect(merges.map(({ changes }) => changes.length).sort()).toEqual([0, 2]);
    });
  });

  it("lets everybody read, and write transactions of other categories", async () => {
    await withDuplicates(async (sql) => {
      await sql.begin(async (merging) => {
        await mergeDuplicatesWithin(merging);
        await sql.begin(async (other) => {
          await other.unsafe("set local lock_timeout = '10s'");
          await fileUnder(other, randomUUID(), id("c"));
          await other.unsafe("select from categories, custom_templates, category_budgets, transactions");
        });
      });
    });
  });

  it("lets no new duplicate in until it is done", async () => {
    await withDuplicates(async (sql) => {
      await expect(
        sql.begin(async (merging) => {
          await mergeDuplicatesWithin(merging);
          await sql.begin(async (other) => {
            await other.unsafe("set local lock_timeout = '1ms'");
            await other.unsafe("insert into categories (user_id, name) values ($1, 'lazer')", [user]);
          });
        }),
      ).rejects.toMatchObject({ code: "55P03" });
    });
  });

  it("changes nothing when it fails half-way", async () => {
    await withDuplicates(async (sql) => {
      const read = () => sql.begin((transaction) => readState(transaction));
      const before = await read();
      await sql.unsafe(`
        create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
        create trigger refuse before update on categories for each row execute function refuse();`);
      await expect(mergeDuplicates(sql)).rejects.toThrow("refused");
      expect(await read()).toEqual(before);
    });
  });
});

describe("merging generated data", () => {
  it("loses nothing, changes no user's figures per name, and lets the uniqueness rules come in", async () => {
    const own = await createDatabase("production");
    await generateData(own.url, { scale: 0.005 });
    const figures = async () => [
      ...(await own.sql`
          select t.user_id, lower(c.name) as name, count(*), sum(t.amount) as amount, min(t.id::text) as first,
            count(*) filter (where t.deleted_at is null) as live
          from transactions t join categories c on c.id = t.category_id
          group by 1, 2 order by 1, 2`),
    ];
    const dangling = async () =>
      only(
        z.object({ n: z.coerce.number() }),
        await own.sql`
            select count(*) as n from categories where deleted_at is not null
              and id in (select category_id from transactions union all select category_id from category_budgets)`,
      ).n;
    const before = await figures();
    const found = await findDuplicates(own.sql);
    expect(found.categories.length).toBeGreaterThan(0);
    expect(found.templates.length).toBeGreaterThan(0);
    expect(found.categories.some((group) => group.categories.length > 2)).toBe(true);
    expect(
      found.categories.some((group) => group.categories.reduce((n, one) => n + one.liveBudgets, 0) > 1),
    ).toBe(true);
    expect(found.categories.some((group) => group.categories.every((one) => one.transactions > 0))).toBe(
      true,
    );
    const danglingBefore = await dangling();
    await mergeDuplicates(own.sql);
    expect(await figures()).toEqual(before);
    expect(await dangling()).toBe(danglingBefore);
    expect(await findDuplicates(own.sql)).toEqual({ categories: [], templates: [] });
    await deploy(own.sql);
  });
});
